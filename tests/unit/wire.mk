# The unit tests of common/wire.
TESTS += tests/unit/protocol_examples.py
EXTRA_DIST += tests/unit/protocol_examples.py \
	tests/unit/forward_support.h tests/unit/wire_support.h \
	tests/lib/forward.py tests/lib/frames.py \
	tests/vectors/agent tests/vectors/forward tests/vectors/frames \
	tests/vectors/host_keys tests/vectors/import tests/vectors/sk
if HAVE_CMOCKA
wire_tests = \
	tests/unit/test_agent \
	tests/unit/test_creation \
	tests/unit/test_foreign_key \
	tests/unit/test_forward \
	tests/unit/test_forward_answer \
	tests/unit/test_frames \
	tests/unit/test_host_key \
	tests/unit/test_members \
	tests/unit/test_sk
check_PROGRAMS += $(wire_tests)
TESTS += $(wire_tests)

wire_test_libs = $(wire_libs) $(CMOCKA_LIBS)
tests_unit_test_agent_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_agent_LDADD = $(wire_test_libs)
tests_unit_test_creation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_creation_LDADD = $(wire_test_libs)
tests_unit_test_foreign_key_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_foreign_key_LDADD = $(webauthn_libs) $(wire_test_libs)
tests_unit_test_forward_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_forward_LDADD = $(wire_test_libs)
tests_unit_test_forward_answer_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_forward_answer_LDADD = $(wire_test_libs)
tests_unit_test_frames_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_frames_LDADD = $(wire_test_libs)
tests_unit_test_host_key_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_host_key_LDADD = $(webauthn_libs) $(wire_test_libs)
tests_unit_test_members_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_members_LDADD = $(wire_test_libs)
tests_unit_test_sk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sk_LDADD = $(wire_test_libs)
endif
