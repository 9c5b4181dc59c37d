EXTRA_DIST += tests/unit/fake_daemon.py
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_conversation tests/unit/test_open_socket
TESTS += tests/unit/test_conversation tests/unit/test_open_socket

tests_unit_test_conversation_SOURCES = tests/unit/test_conversation.c \
	tests/unit/private_bus.c tests/unit/private_bus.h
tests_unit_test_conversation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conversation_LDADD = common/bus/libbus.la common/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_open_socket_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_open_socket_LDADD = tests/unit/libscratch.la common/bus/libbus.la \
	common/base/libbase.la $(CMOCKA_LIBS)
endif
