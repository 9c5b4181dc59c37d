# The local method: a security key in this machine.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/local/key_naming.c daemon/methods/local/key_naming.h \
	daemon/methods/local/local.c \
	daemon/methods/local/local_request.c daemon/methods/local/local_request.h
