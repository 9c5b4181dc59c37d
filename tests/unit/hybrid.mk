# The unit tests of common/hybrid.
EXTRA_DIST += tests/unit/hybrid_support.h tests/vectors/hybrid

# Whole sessions with a phone in software.
check_PROGRAMS += tests/lib/hybrid_client
tests_lib_hybrid_client_SOURCES = tests/lib/hybrid_client.c
tests_lib_hybrid_client_LDADD = $(hybrid_libs)
TESTS += tests/unit/hybrid_phone.py
tests/unit/hybrid_phone.log: tests/lib/hybrid_client$(EXEEXT)
EXTRA_DIST += tests/unit/hybrid_phone.py tests/lib/phone_tunnel.py tests/lib/software_phone.py

if HAVE_CMOCKA
hybrid_tests = \
	tests/unit/test_hybrid_advert \
	tests/unit/test_hybrid_ctap \
	tests/unit/test_hybrid_message \
	tests/unit/test_hybrid_noise \
	tests/unit/test_hybrid_qr \
	tests/unit/test_hybrid_upgrade \
	tests/unit/test_hybrid_vectors \
	tests/unit/test_hybrid_websocket
check_PROGRAMS += $(hybrid_tests)
TESTS += $(hybrid_tests)

hybrid_test_libs = $(hybrid_phone_libs) $(CMOCKA_LIBS)
tests_unit_test_hybrid_advert_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_advert_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_ctap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_ctap_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_message_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_noise_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_noise_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_qr_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_qr_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_upgrade_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_upgrade_LDADD = $(hybrid_test_libs)
tests_unit_test_hybrid_vectors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_hybrid_vectors_LDADD = $(hybrid_test_libs) $(JANSSON_LIBS)
tests_unit_test_hybrid_websocket_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hybrid_websocket_LDADD = $(hybrid_test_libs)
endif
