# The ssh method: an authenticator at the other end of an ssh connection, asked in lines of text.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/ssh/host_keys.c daemon/methods/ssh/host_keys.h \
	daemon/methods/ssh/ssh.c
