# The authentication methods.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/agent_connection.c daemon/methods/agent_connection.h \
	daemon/methods/agent_keys.c daemon/methods/agent_keys.h \
	daemon/methods/enrol_agent.c daemon/methods/enrol_agent.h \
	daemon/methods/enrol_ssh.c daemon/methods/enrol_ssh.h \
	daemon/methods/key_naming.c daemon/methods/key_naming.h \
	daemon/methods/road_agent.c daemon/methods/road_agent.h \
	daemon/methods/road_recovery.c daemon/methods/road_recovery.h \
	daemon/methods/road_ssh.c daemon/methods/road_ssh.h \
	daemon/methods/sign_in_agent.c \
	daemon/methods/sign_in_local.c \
	daemon/methods/sign_in_recovery.c \
	daemon/methods/sign_in_ssh.c
