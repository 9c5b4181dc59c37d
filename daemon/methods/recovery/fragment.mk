# The recovery method: a recovery code.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/recovery/guesses.c daemon/methods/recovery/guesses.h \
	daemon/methods/recovery/recovery.c
