# The tests of phone/; the end-to-end one is a pytest file that scripts/check runs.
EXTRA_DIST += tests/lib/fake_bluez.py
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_phone_course tests/unit/test_phone_sandbox
TESTS += tests/unit/test_phone_course tests/unit/test_phone_sandbox
tests_unit_test_phone_course_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_phone_course_LDADD = $(phone_libs) $(CMOCKA_LIBS)
tests_unit_test_phone_sandbox_CPPFLAGS = $(helper_cppflags)
tests_unit_test_phone_sandbox_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_phone_sandbox_LDADD = $(phone_libs) $(CMOCKA_LIBS)
endif
