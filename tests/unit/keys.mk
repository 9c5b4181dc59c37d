# Tests of common/keys.
if HAVE_CMOCKA
keys_tests = \
	tests/unit/test_helper \
	tests/unit/test_key_messages
check_PROGRAMS += $(keys_tests)
TESTS += $(keys_tests)

keys_test_libs = common/keys/libkeys.la $(CMOCKA_LIBS) $(EVENT_LIBS)
keys_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_helper_CFLAGS = $(keys_test_cflags)
tests_unit_test_helper_LDADD = $(keys_test_libs)
tests_unit_test_key_messages_CFLAGS = $(keys_test_cflags)
tests_unit_test_key_messages_LDADD = $(keys_test_libs)

# A helper that does what a good one never would; test_helper says which under its name.
check_PROGRAMS += tests/unit/bad_helper
tests_unit_bad_helper_LDADD = common/wire/libwire.la common/base/libbase.la
endif
