# The tests of phone/; the end-to-end one is a pytest file that scripts/check runs.
EXTRA_DIST += tests/lib/fake_bluez.py
# What every test of a sandbox has.
shut_in = tests/unit/shut_in.c tests/unit/shut_in.h

if HAVE_CMOCKA
phone_tests = \
	tests/unit/test_passing \
	tests/unit/test_phone_course \
	tests/unit/test_phone_sandbox \
	tests/unit/test_phone_tls
check_PROGRAMS += $(phone_tests)
TESTS += $(phone_tests)
tests_unit_test_phone_course_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_phone_course_LDADD = $(phone_libs) $(CMOCKA_LIBS)
tests_unit_test_passing_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_passing_LDADD = $(helper_libs) $(CMOCKA_LIBS)
tests_unit_test_phone_sandbox_SOURCES = tests/unit/test_phone_sandbox.c $(shut_in)
tests_unit_test_phone_sandbox_CPPFLAGS = $(helper_cppflags)
tests_unit_test_phone_sandbox_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_phone_sandbox_LDADD = $(phone_libs) $(CMOCKA_LIBS)
tests_unit_test_phone_tls_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SSL_CFLAGS)
tests_unit_test_phone_tls_LDADD = $(phone_libs) $(SSL_LIBS) $(CMOCKA_LIBS)
endif
