# Tests of requirements and of the options rendered from them.
if HAVE_CMOCKA
options_tests = \
	tests/unit/test_options \
	tests/unit/test_requirements
check_PROGRAMS += $(options_tests)
TESTS += $(options_tests)

tests_unit_test_options_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_options_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_requirements_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_requirements_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
endif
