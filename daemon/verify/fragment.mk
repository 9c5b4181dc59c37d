# Ceremonies, and the one place where an answer is verified and written down.
daemon_libdaemon_la_SOURCES += \
	daemon/verify/ceremony.c daemon/verify/ceremony.h \
	daemon/verify/context.c daemon/verify/context.h \
	daemon/verify/creation.c daemon/verify/creation.h \
	daemon/verify/forwarded.c daemon/verify/forwarded.h \
	daemon/verify/sk_credential.c daemon/verify/sk_credential.h \
	daemon/verify/sk_enrollment.c daemon/verify/sk_enrollment.h \
	daemon/verify/verify_and_commit.c daemon/verify/verify_and_commit.h
