# The agent method: a security key, through a forwarded ssh-agent.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/agent/agent.c daemon/methods/agent/agent.h \
	daemon/methods/agent/connection.c daemon/methods/agent/connection.h \
	daemon/methods/agent/enroll.c \
	daemon/methods/agent/keys.c daemon/methods/agent/keys.h \
	daemon/methods/agent/sign_in.c
