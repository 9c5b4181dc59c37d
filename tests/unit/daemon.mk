# Tests of the daemon's pure parts.
if HAVE_CMOCKA
daemon_tests = \
	tests/unit/test_agent_connection \
	tests/unit/test_ceremony \
	tests/unit/test_context \
	tests/unit/test_forwarded \
	tests/unit/test_messages \
	tests/unit/test_methods \
	tests/unit/test_road_ssh \
	tests/unit/test_secret_reader \
	tests/unit/test_sk_credential \
	tests/unit/test_value
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)

daemon_test_libs = $(daemon_libs) $(CMOCKA_LIBS) $(EVENT_LIBS)
daemon_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_agent_connection_CFLAGS = $(daemon_test_cflags)
tests_unit_test_agent_connection_LDADD = $(daemon_test_libs)
tests_unit_test_ceremony_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ceremony_LDADD = $(daemon_test_libs)
tests_unit_test_context_CFLAGS = $(daemon_test_cflags)
tests_unit_test_context_LDADD = $(daemon_test_libs)
tests_unit_test_forwarded_CFLAGS = $(daemon_test_cflags)
tests_unit_test_forwarded_LDADD = $(daemon_test_libs)
tests_unit_test_messages_CFLAGS = $(daemon_test_cflags)
tests_unit_test_messages_LDADD = $(daemon_test_libs)
tests_unit_test_methods_CFLAGS = $(daemon_test_cflags)
tests_unit_test_methods_LDADD = $(daemon_test_libs)
# With a conversation of its own.
tests_unit_test_road_ssh_SOURCES = tests/unit/test_road_ssh.c daemon/methods/road_ssh.c daemon/dialogue/messages.c
tests_unit_test_road_ssh_CFLAGS = $(daemon_test_cflags)
tests_unit_test_road_ssh_LDADD = common/wire/libwire.la common/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_secret_reader_CFLAGS = $(daemon_test_cflags)
tests_unit_test_secret_reader_LDADD = $(daemon_test_libs)
tests_unit_test_sk_credential_CFLAGS = $(daemon_test_cflags)
tests_unit_test_sk_credential_LDADD = $(daemon_test_libs)
tests_unit_test_value_CFLAGS = $(daemon_test_cflags)
tests_unit_test_value_LDADD = $(daemon_test_libs)
endif
