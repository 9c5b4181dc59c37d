if HAVE_CMOCKA
client_tests = \
	tests/unit/test_backup_file \
	tests/unit/test_capture \
	tests/unit/test_check_files \
	tests/unit/test_check_host \
	tests/unit/test_check_pam \
	tests/unit/test_check_phone \
	tests/unit/test_client_outcome \
	tests/unit/test_import_lines \
	tests/unit/test_terminal \
	tests/unit/test_store_words \
	tests/unit/test_pam_line \
	tests/unit/test_passkeys
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)

client_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
client_test_libs = client/libctl.la client/libclient.la client/libterminal.la common/bus/libbus.la \
	common/base/libbase.la $(CMOCKA_LIBS) $(JANSSON_LIBS)
tests_unit_test_capture_CFLAGS = $(client_test_cflags)
tests_unit_test_capture_LDADD = $(client_test_libs)
tests_unit_test_check_files_CFLAGS = $(client_test_cflags)
tests_unit_test_check_files_LDADD = $(client_test_libs)
tests_unit_test_check_host_CFLAGS = $(client_test_cflags)
tests_unit_test_check_host_LDADD = tests/unit/libscratch.la $(client_test_libs)
tests_unit_test_check_pam_CFLAGS = $(client_test_cflags)
tests_unit_test_check_pam_LDADD = tests/unit/libscratch.la $(client_test_libs)
tests_unit_test_check_phone_CFLAGS = $(client_test_cflags)
tests_unit_test_check_phone_LDADD = tests/unit/libscratch.la $(client_test_libs)
tests_unit_test_terminal_CFLAGS = $(client_test_cflags)
tests_unit_test_terminal_LDADD = $(client_test_libs)
tests_unit_test_client_outcome_CFLAGS = $(client_test_cflags)
tests_unit_test_client_outcome_LDADD = $(client_test_libs)
tests_unit_test_backup_file_CFLAGS = $(client_test_cflags)
tests_unit_test_backup_file_LDADD = $(client_test_libs) common/wire/libwire.la $(webauthn_libs)
tests_unit_test_import_lines_CFLAGS = $(client_test_cflags)
tests_unit_test_import_lines_LDADD = $(client_test_libs) common/wire/libwire.la $(webauthn_libs)
tests_unit_test_pam_line_CFLAGS = $(client_test_cflags)
tests_unit_test_pam_line_LDADD = tests/unit/libscratch.la $(client_test_libs)
tests_unit_test_store_words_CFLAGS = $(client_test_cflags)
tests_unit_test_store_words_LDADD = $(client_test_libs)
tests_unit_test_passkeys_CFLAGS = $(client_test_cflags)
tests_unit_test_passkeys_LDADD = $(client_test_libs)
endif
EXTRA_DIST += tests/vectors/pam
