# The unit tests of common/wire.
EXTRA_DIST += tests/vectors/frames tests/lib/forward.py tests/lib/frames.py
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_frames
TESTS += tests/unit/test_frames
tests_unit_test_frames_SOURCES = tests/unit/test_frames.c
tests_unit_test_frames_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_frames_LDADD = common/wire/libwire.la common/base/libbase.la $(CMOCKA_LIBS)
endif
