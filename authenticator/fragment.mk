# passkey-authenticator: the only folder with libfido2, and libcbor in one file of it.
noinst_LTLIBRARIES += authenticator/libauthenticator.la
authenticator_libauthenticator_la_SOURCES = \
	authenticator/assertion.c \
	authenticator/attestation_object.c authenticator/attestation_object.h \
	authenticator/care.c authenticator/care.h \
	authenticator/ceremony.c authenticator/ceremony.h \
	authenticator/choices.c authenticator/choices.h \
	authenticator/credential.c \
	authenticator/device.c authenticator/device.h \
	authenticator/handover.c authenticator/handover.h \
	authenticator/hid.c authenticator/hid.h \
	authenticator/key.c authenticator/key.h \
	authenticator/ready.c authenticator/ready.h \
	authenticator/sandbox.c authenticator/sandbox.h \
	authenticator/server.c authenticator/server.h \
	authenticator/session.c authenticator/session.h \
	authenticator/watch.c \
	authenticator/worker.c authenticator/worker.h
authenticator_libauthenticator_la_CPPFLAGS = $(helper_cppflags)
authenticator_libauthenticator_la_CFLAGS = $(AM_CFLAGS) $(FIDO2_CFLAGS) $(CBOR_CFLAGS) \
	$(SECCOMP_CFLAGS)
authenticator_libauthenticator_la_LIBADD = $(FIDO2_LIBS) $(CBOR_LIBS) $(SECCOMP_LIBS)

dist_man_MANS += doc/passkey-authenticator.8

passkeylibexec_PROGRAMS += authenticator/passkey-authenticator
authenticator_passkey_authenticator_SOURCES = authenticator/main.c
authenticator_passkey_authenticator_CFLAGS = $(AM_CFLAGS) $(FIDO2_CFLAGS)
authenticator_passkey_authenticator_LDADD = $(authenticator_libs)
