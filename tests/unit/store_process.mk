# Tests of a store in a process of its own: its protocol, and both sides of that.
store_process_tests = \
	tests/unit/test_store_lies \
	tests/unit/test_store_protocol \
	tests/unit/test_store_remote \
	tests/unit/test_store_server
check_PROGRAMS += $(store_process_tests)
TESTS += $(store_process_tests) tests/unit/store_vectors.py
EXTRA_DIST += tests/unit/store_vectors.py tests/vectors/store-protocol

check_LTLIBRARIES += tests/unit/libheldtime.la
tests_unit_libheldtime_la_SOURCES = tests/unit/held_time.c tests/unit/held_time.h
tests_unit_test_store_protocol_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_protocol_LDADD = tests/unit/libheldtime.la $(store_test_libs)
fake_store_sources = tests/unit/fake_store.c tests/unit/fake_store.h
tests_unit_test_store_remote_SOURCES = tests/unit/test_store_remote.c $(fake_store_sources)
tests_unit_test_store_remote_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_remote_LDADD = tests/unit/libheldtime.la $(store_test_libs)
tests_unit_test_store_lies_SOURCES = tests/unit/test_store_lies.c $(fake_store_sources)
tests_unit_test_store_lies_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_lies_LDADD = $(store_test_libs)
tests_unit_test_store_server_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_server_LDADD = store/server/libstoreserver.la $(store_test_libs)
