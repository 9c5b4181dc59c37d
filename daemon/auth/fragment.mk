# Sign-in and enrolment: the code that all authentication methods share.
daemon_libdaemon_la_SOURCES += \
	daemon/auth/attempt.h \
	daemon/auth/authmethod.h \
	daemon/auth/credential_search.c daemon/auth/credential_search.h \
	daemon/auth/decision.c daemon/auth/decision.h \
	daemon/auth/decision_keeper.c daemon/auth/decision_keeper.h \
	daemon/auth/dispatcher.c \
	daemon/auth/enrollment.c daemon/auth/enrollment.h \
	daemon/auth/enrollment_attempt.h \
	daemon/auth/line_exchange.c daemon/auth/line_exchange.h \
	daemon/auth/links.c daemon/auth/links.h \
	daemon/auth/page_sessions.c daemon/auth/page_sessions.h \
	daemon/auth/recent_decisions.c daemon/auth/recent_decisions.h \
	daemon/auth/registration.c daemon/auth/registration.h \
	daemon/auth/sign_in.c daemon/auth/sign_in.h \
	daemon/auth/sign_in_attempt.h \
	daemon/auth/sign_in_ceremonies.c \
	daemon/auth/verification.c daemon/auth/verification.h
