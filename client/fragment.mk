# What people type. passkeyctl's verify brings its own sources in verify.mk.
bin_PROGRAMS += client/passkey-enroll client/passkeyctl

noinst_LTLIBRARIES += client/libclient.la
client_libclient_la_SOURCES = \
	client/agent.c client/agent.h \
	client/check_files.c client/check_files.h \
	client/command_line.c client/command_line.h \
	client/findings.c client/findings.h \
	client/passkeys.c client/passkeys.h \
	client/ssh_agent.c client/ssh_agent.h \
	client/prompts.c client/prompts.h
client_libclient_la_CPPFLAGS = $(AM_CPPFLAGS) -DPK_PAMDIR='"$(pamdir)"'
client_libclient_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_libclient_la_LIBADD = client/libterminal.la

# For programs that know no bus too.
noinst_LTLIBRARIES += client/libterminal.la
client_libterminal_la_SOURCES = client/terminal.c client/terminal.h

client_libs = client/libclient.la common/bus/libbus.la common/base/libbase.la $(JANSSON_LIBS)

client_passkey_enroll_SOURCES = client/passkey-enroll.c
client_passkey_enroll_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_enroll_LDADD = $(client_libs)

client_passkeyctl_SOURCES = \
	client/check.c \
	client/commands.h \
	client/credentials.c \
	client/import.c \
	client/passkeyctl.c \
	client/sign_in.c
client_passkeyctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkeyctl_LDADD = client/libverify.la $(client_libs)
