# Tests of a store in a process of its own: its protocol, and both sides of that.
store_process_tests = \
	tests/unit/test_store_protocol
check_PROGRAMS += $(store_process_tests)
TESTS += $(store_process_tests) tests/unit/store_vectors.py
EXTRA_DIST += tests/unit/store_vectors.py tests/vectors/store-protocol

check_LTLIBRARIES += tests/unit/libheldtime.la
tests_unit_libheldtime_la_SOURCES = tests/unit/held_time.c tests/unit/held_time.h
tests_unit_test_store_protocol_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_protocol_LDADD = tests/unit/libheldtime.la $(store_test_libs)
