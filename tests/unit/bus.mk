EXTRA_DIST += tests/unit/fake_daemon.py
if HAVE_CMOCKA
bus_tests = \
	tests/unit/test_conversation \
	tests/unit/test_event_loop \
	tests/unit/test_open_socket
check_PROGRAMS += $(bus_tests)
TESTS += $(bus_tests)

tests_unit_test_conversation_SOURCES = tests/unit/test_conversation.c \
	tests/unit/private_bus.c tests/unit/private_bus.h
tests_unit_test_conversation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conversation_LDADD = common/bus/libbus.la common/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_event_loop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(DBUS_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_event_loop_LDADD = tests/unit/libscratch.la common/bus/libbusloop.la \
	common/base/libbase.la $(CMOCKA_LIBS) $(DBUS_LIBS) $(EVENT_LIBS)
tests_unit_test_open_socket_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_open_socket_LDADD = tests/unit/libscratch.la common/bus/libbus.la \
	common/base/libbase.la $(CMOCKA_LIBS)
endif
