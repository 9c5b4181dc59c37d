# See Makefile.am.
noinst_LTLIBRARIES += common/webauthn/libwebauthn.la
common_webauthn_libwebauthn_la_SOURCES = \
	common/webauthn/crypto.h \
	common/webauthn/options.c common/webauthn/options.h \
	common/webauthn/requirements.c common/webauthn/requirements.h \
	common/webauthn/verify.h
common_webauthn_libwebauthn_la_CFLAGS = $(PK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
common_webauthn_libwebauthn_la_LIBADD = common/base/libbase.la $(CRYPTO_LIBS) $(JANSSON_LIBS)
