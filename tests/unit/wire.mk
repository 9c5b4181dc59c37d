# The unit tests of common/wire.
EXTRA_DIST += tests/vectors/forward tests/vectors/frames tests/lib/forward.py tests/lib/frames.py \
	tests/unit/wire_support.h
if HAVE_CMOCKA
wire_tests = \
	tests/unit/test_forward \
	tests/unit/test_frames
check_PROGRAMS += $(wire_tests)
TESTS += $(wire_tests)

wire_test_libs = common/wire/libwire.la common/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_forward_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_forward_LDADD = $(wire_test_libs)
tests_unit_test_frames_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_frames_LDADD = $(wire_test_libs)
endif
