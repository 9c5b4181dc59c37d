# The authentication methods; each has a folder with a fragment of its own.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/table.c
