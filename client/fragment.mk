# What several command-line programs share, and passkey-enroll; each folder has a program's sources.
noinst_LTLIBRARIES += client/libclient.la
client_libclient_la_SOURCES = \
	client/command_line.c client/command_line.h \
	client/passkeys.c client/passkeys.h \
	client/polkit_agent.c client/polkit_agent.h \
	client/prompts.c client/prompts.h \
	client/ssh_agent.c client/ssh_agent.h
client_libclient_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

# Also for programs that do not use the bus.
noinst_LTLIBRARIES += client/libterminal.la
client_libterminal_la_SOURCES = \
	client/capture.c client/capture.h \
	client/outcome.c client/outcome.h \
	client/terminal.c client/terminal.h
client_libterminal_la_LIBADD = common/keys/libmessages.la

# For programs that use the security keys themselves.
noinst_LTLIBRARIES += client/libownkeys.la
client_libownkeys_la_SOURCES = client/own_keys.c client/own_keys.h
client_libownkeys_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
own_keys_libs = client/libownkeys.la client/libterminal.la $(keys_libs)

client_libs = client/libclient.la client/libterminal.la common/bus/libbus.la $(base_libs) \
	$(JANSSON_LIBS)

bin_PROGRAMS += client/passkey-enroll
client_passkey_enroll_SOURCES = client/passkey-enroll.c
client_passkey_enroll_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_enroll_LDADD = $(client_libs)
