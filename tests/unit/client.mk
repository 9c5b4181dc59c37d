if HAVE_CMOCKA
client_tests = \
	tests/unit/test_check_files \
	tests/unit/test_passkeys
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)

client_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
client_test_libs = client/libctl.la client/libclient.la common/bus/libbus.la common/base/libbase.la \
	$(CMOCKA_LIBS) $(JANSSON_LIBS)
tests_unit_test_check_files_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_PAMDIR='"$(pamdir)"'
tests_unit_test_check_files_CFLAGS = $(client_test_cflags)
tests_unit_test_check_files_LDADD = $(client_test_libs)
tests_unit_test_passkeys_CFLAGS = $(client_test_cflags)
tests_unit_test_passkeys_LDADD = $(client_test_libs)
endif
