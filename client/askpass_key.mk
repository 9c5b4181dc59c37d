# What of passkey-askpass drives security keys.
noinst_LTLIBRARIES += client/libaskpass_key.la
client_libaskpass_key_la_SOURCES = client/askpass_key.c client/askpass_key.h
client_libaskpass_key_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
client_libaskpass_key_la_LIBADD = client/libterminal.la common/keys/libkeys.la \
	common/webauthn/libwebauthn.la common/wire/libwire.la common/base/libbase.la $(EVENT_LIBS)
