# The tests of authenticator/; the end-to-end ones are pytest files that scripts/check runs.
EXTRA_DIST += tests/lib/helper_client.py
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_choices tests/unit/test_attestation_object tests/unit/test_channel \
	tests/unit/test_device tests/unit/test_handover tests/unit/test_sandbox
TESTS += tests/unit/test_choices tests/unit/test_attestation_object tests/unit/test_channel \
	tests/unit/test_device tests/unit/test_handover tests/unit/test_sandbox
tests_unit_test_choices_SOURCES = tests/unit/test_choices.c
tests_unit_test_choices_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_choices_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
tests_unit_test_attestation_object_SOURCES = tests/unit/test_attestation_object.c
tests_unit_test_attestation_object_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_attestation_object_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
tests_unit_test_channel_SOURCES = tests/unit/test_channel.c
tests_unit_test_channel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_channel_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
tests_unit_test_device_SOURCES = tests/unit/test_device.c
tests_unit_test_device_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_device_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
tests_unit_test_handover_SOURCES = tests/unit/test_handover.c
tests_unit_test_handover_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_handover_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c $(shut_in)
tests_unit_test_sandbox_CPPFLAGS = $(helper_cppflags)
tests_unit_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sandbox_LDADD = $(authenticator_libs) $(CMOCKA_LIBS)
endif
