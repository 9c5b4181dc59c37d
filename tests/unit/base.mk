EXTRA_DIST += tests/unit/run-program
if HAVE_CMOCKA
base_tests = \
	tests/unit/test_bytes \
	tests/unit/test_crockford \
	tests/unit/test_config_file \
	tests/unit/test_give_up \
	tests/unit/test_io \
	tests/unit/test_log \
	tests/unit/test_main_loop \
	tests/unit/test_method_names \
	tests/unit/test_process \
	tests/unit/test_quote \
	tests/unit/test_reader \
	tests/unit/test_ssh_connection \
	tests/unit/test_status \
	tests/unit/test_terms \
	tests/unit/test_text \
	tests/unit/test_writer
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

base_test_libs = common/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_bytes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_bytes_LDADD = $(base_test_libs)
tests_unit_test_config_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_file_LDADD = tests/unit/libscratch.la common/base/libconfigfile.la \
	$(base_test_libs)
tests_unit_test_crockford_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_crockford_LDADD = $(base_test_libs)
tests_unit_test_give_up_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_give_up_LDADD = $(base_test_libs)
tests_unit_test_io_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_io_LDADD = $(base_test_libs)
tests_unit_test_log_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_log_LDADD = $(base_test_libs)
tests_unit_test_main_loop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_main_loop_LDADD = common/base/libmainloop.la $(CMOCKA_LIBS) $(EVENT_LIBS)
tests_unit_test_method_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_method_names_LDADD = $(base_test_libs)
tests_unit_test_quote_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_quote_LDADD = $(base_test_libs)
tests_unit_test_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reader_LDADD = $(base_test_libs)
tests_unit_test_ssh_connection_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ssh_connection_LDADD = $(base_test_libs)
tests_unit_test_process_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_process_LDADD = $(base_test_libs) -lutil
tests_unit_test_status_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_status_LDADD = $(base_test_libs)
tests_unit_test_terms_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_terms_LDADD = $(base_test_libs)
tests_unit_test_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_text_LDADD = $(base_test_libs)
tests_unit_test_writer_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_writer_LDADD = $(base_test_libs)
endif
