# See Makefile.am.
noinst_LTLIBRARIES += common/webauthn/libwebauthn.la
common_webauthn_libwebauthn_la_SOURCES = \
	common/webauthn/algorithm.c common/webauthn/algorithm.h \
	common/webauthn/attest_android_key.c \
	common/webauthn/attest_apple.c \
	common/webauthn/attest_certificate.c common/webauthn/attest_certificate.h \
	common/webauthn/attest_compound.c \
	common/webauthn/attest_fido_u2f.c \
	common/webauthn/attest_none.c \
	common/webauthn/attest_packed.c \
	common/webauthn/attest_safetynet.c \
	common/webauthn/attest_tpm.c \
	common/webauthn/attest_x509.c common/webauthn/attest_x509.h \
	common/webauthn/attestation.c common/webauthn/attestation.h \
	common/webauthn/authdata.c common/webauthn/authdata.h \
	common/webauthn/checks.h common/webauthn/client.c common/webauthn/client.h \
	common/webauthn/client_data.c \
	common/webauthn/cose.c common/webauthn/cose.h \
	common/webauthn/credential_policy.c common/webauthn/credential_policy.h \
	common/webauthn/crypto.c common/webauthn/crypto.h \
	common/webauthn/crypto_seal.c common/webauthn/crypto_seal.h \
	common/webauthn/signature_edwards.c common/webauthn/signature_edwards.h \
	common/webauthn/der.c common/webauthn/der.h \
	common/webauthn/extensions.c common/webauthn/extensions.h \
	common/webauthn/foreign_key.c common/webauthn/foreign_key.h \
	common/webauthn/json.c common/webauthn/json.h \
	common/webauthn/json_text.c common/webauthn/json_text.h \
	common/webauthn/json_value.c \
	common/webauthn/options.c common/webauthn/options.h \
	common/webauthn/providers.c common/webauthn/providers.h \
	common/webauthn/requirements.c common/webauthn/requirements.h \
	common/webauthn/response.c common/webauthn/response.h \
	common/webauthn/results.h \
	common/webauthn/signature.c common/webauthn/signature.h \
	common/webauthn/tpm.c common/webauthn/tpm.h \
	common/webauthn/verify.c common/webauthn/verify.h
common_webauthn_libwebauthn_la_CFLAGS = $(PK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
common_webauthn_libwebauthn_la_LIBADD = $(CRYPTO_LIBS) $(JANSSON_LIBS)
