# passkey-askpass, and the part of it that passkey-ssh links.
noinst_LTLIBRARIES += client/libaskpass.la
client_libaskpass_la_SOURCES = \
	client/askpass/accept.c client/askpass/accept.h \
	client/askpass/ask.c client/askpass/ask.h \
	client/askpass/files.c client/askpass/files.h \
	client/askpass/hosts.c client/askpass/hosts.h \
	client/askpass/known_hosts.c client/askpass/known_hosts.h \
	client/askpass/openssh.c client/askpass/openssh.h \
	client/askpass/parts.c client/askpass/parts.h \
	client/askpass/paste.c client/askpass/paste.h \
	client/askpass/prompt.c client/askpass/prompt.h \
	client/askpass/record.c client/askpass/record.h \
	client/askpass/request.c client/askpass/request.h \
	client/askpass/server.c client/askpass/server.h \
	client/askpass/show.c client/askpass/show.h \
	client/askpass/ssh_process.c client/askpass/ssh_process.h \
	client/askpass/used.c client/askpass/used.h
client_libaskpass_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

# The part that drives security keys, apart because unit tests replace it.
noinst_LTLIBRARIES += client/libaskpass_key.la
client_libaskpass_key_la_SOURCES = client/askpass/key.c client/askpass/key.h \
	client/askpass/phone.c client/askpass/phone.h \
	client/askpass/phone_made.c client/askpass/phone_made.h \
	client/askpass/phone_session.c client/askpass/phone_session.h
client_libaskpass_key_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)

askpass_key_libs = client/libaskpass_key.la common/keys/libphone.la common/keys/libqrcode.la \
	$(own_keys_libs) $(webauthn_libs)

askpass_libs = client/libssh.la client/libaskpass.la client/libterminal.la common/wire/libwire.la \
	common/webauthn/libwebauthn.la common/base/libbase.la

bin_PROGRAMS += client/passkey-askpass
client_passkey_askpass_SOURCES = client/askpass/passkey-askpass.c
client_passkey_askpass_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_askpass_LDADD = client/libaskpass.la $(askpass_key_libs)
