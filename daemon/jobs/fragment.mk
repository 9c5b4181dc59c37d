# Work that can block, away from the event loop.
daemon_libdaemon_la_SOURCES += \
	daemon/jobs/jobs.c daemon/jobs/jobs.h
