# The client side of the bus, for the PAM module and the command-line programs. The daemon has its own.
noinst_LTLIBRARIES += common/bus/libbus.la
common_bus_libbus_la_SOURCES = \
	common/bus/calls.c common/bus/calls.h \
	common/bus/connection.c common/bus/connection.h \
	common/bus/conversation.c common/bus/conversation.h \
	common/bus/message.c common/bus/message.h \
	common/bus/names.h \
	common/bus/open_socket.c common/bus/open_socket.h
common_bus_libbus_la_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS)
common_bus_libbus_la_LIBADD = $(DBUS_LIBS)

# For programs with an event loop, which the module has not.
noinst_LTLIBRARIES += common/bus/libbusloop.la
common_bus_libbusloop_la_SOURCES = common/bus/event_loop.c common/bus/event_loop.h
common_bus_libbusloop_la_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(EVENT_CFLAGS)
common_bus_libbusloop_la_LIBADD = $(DBUS_LIBS) $(EVENT_LIBS)
