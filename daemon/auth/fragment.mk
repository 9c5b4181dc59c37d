# Sign-in and enrolment: what the authentication methods have in common.
daemon_libdaemon_la_SOURCES += \
	daemon/auth/enrollment.c daemon/auth/enrollment.h \
	daemon/auth/registration.c daemon/auth/registration.h \
	daemon/auth/sign_in.c daemon/auth/sign_in.h \
	daemon/auth/sign_in_ceremonies.c \
	daemon/auth/sign_in_roads.h
