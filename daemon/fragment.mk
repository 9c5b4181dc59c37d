noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_SOURCES = \
	daemon/account_choice.c daemon/account_choice.h \
	daemon/agent.c daemon/agent.h \
	daemon/agent_keys.c daemon/agent_keys.h \
	daemon/bus.c daemon/bus.h \
	daemon/call.c \
	daemon/ceremony.c daemon/ceremony.h \
	daemon/context.c daemon/context.h \
	daemon/conversation.c daemon/conversation.h \
	daemon/conversation_dialogue.c \
	daemon/credentials.c \
	daemon/daemon.c daemon/daemon.h \
	daemon/decoy.c daemon/decoy.h \
	daemon/enrol_agent.c daemon/enrol_agent.h \
	daemon/enrol_ssh.c daemon/enrol_ssh.h \
	daemon/enrolment.c daemon/enrolment.h \
	daemon/finish.c daemon/finish.h \
	daemon/forwarded.c daemon/forwarded.h \
	daemon/import.c \
	daemon/key_naming.c daemon/key_naming.h \
	daemon/manager.c \
	daemon/messages.c daemon/messages.h \
	daemon/methods.c daemon/methods.h \
	daemon/passkey_json.c daemon/passkey_json.h \
	daemon/peers.c daemon/peers.h \
	daemon/polkit.c daemon/polkit.h \
	daemon/privileges.c daemon/privileges.h \
	daemon/registration.c daemon/registration.h \
	daemon/remote.c daemon/remote.h \
	daemon/relying_party.c \
	daemon/road_agent.c daemon/road_agent.h \
	daemon/road_recovery.c daemon/road_recovery.h \
	daemon/road_ssh.c daemon/road_ssh.h \
	daemon/secret_reader.c daemon/secret_reader.h \
	daemon/sign_in.c daemon/sign_in.h daemon/sign_in_roads.h \
	daemon/sign_in_agent.c \
	daemon/sign_in_groups.c \
	daemon/sign_in_local.c \
	daemon/sign_in_recovery.c \
	daemon/sign_in_ssh.c \
	daemon/sk_credential.c daemon/sk_credential.h \
	daemon/sk_enrolment.c daemon/sk_enrolment.h \
	daemon/status.c \
	daemon/subject.c daemon/subject.h \
	daemon/table.c \
	daemon/tickets.c daemon/tickets.h \
	daemon/value.c daemon/value.h \
	daemon/verdict.c daemon/verdict.h
daemon_libdaemon_la_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(EVENT_CFLAGS) \
	$(INI_CFLAGS) $(DBUS_CFLAGS)
daemon_libdaemon_la_LIBADD = common/keys/libkeys.la common/webauthn/libwebauthn.la \
	common/wire/libwire.la common/base/libbase.la \
	$(JANSSON_LIBS) $(SQLITE_LIBS) $(EVENT_LIBS) $(INI_LIBS) $(DBUS_LIBS)

sbin_PROGRAMS += daemon/passkeyd
daemon_passkeyd_SOURCES = daemon/main.c
daemon_passkeyd_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS)
daemon_passkeyd_LDADD = daemon/libdaemon.la $(EVENT_LIBS)

dist_man_MANS += doc/passkeyd.8
