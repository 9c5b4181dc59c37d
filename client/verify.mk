# passkeyctl verify; client/fragment.mk links it into passkeyctl.
noinst_LTLIBRARIES += client/libverify.la
client_libverify_la_SOURCES = \
	client/verify.c client/verify.h \
	client/verify_input.c \
	client/verify_keys.c client/verify_keys.h \
	client/verify_output.c
client_libverify_la_CFLAGS = $(PK_CFLAGS) -pthread
client_libverify_la_LIBADD = common/webauthn/libwebauthn.la -lpthread
