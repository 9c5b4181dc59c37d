# Ceremonies, and the one place where an answer is verified and its outcome stored.
daemon_libdaemon_la_SOURCES += \
	daemon/verify/approval.h \
	daemon/verify/ceremonies.c \
	daemon/verify/ceremony.c daemon/verify/ceremony.h \
	daemon/verify/ceremony_record.c daemon/verify/ceremony_record.h \
	daemon/verify/command.c daemon/verify/command.h \
	daemon/verify/context.c daemon/verify/context.h \
	daemon/verify/creation.c daemon/verify/creation.h \
	daemon/verify/credential.c daemon/verify/credential.h \
	daemon/verify/decoy_answer.c daemon/verify/decoy_answer.h \
	daemon/verify/foreign_enrollment.c daemon/verify/foreign_enrollment.h \
	daemon/verify/forwarded.c daemon/verify/forwarded.h \
	daemon/verify/forwarded_page.c \
	daemon/verify/forwarded_request.c \
	daemon/verify/shared_ceremonies.c daemon/verify/shared_ceremonies.h \
	daemon/verify/sk_credential.c daemon/verify/sk_credential.h \
	daemon/verify/sk_enrollment.c daemon/verify/sk_enrollment.h \
	daemon/verify/verify_and_commit.c daemon/verify/verify_and_commit.h
