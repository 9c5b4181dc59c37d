noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_SOURCES = \
	daemon/bus.c daemon/bus.h \
	daemon/call.c \
	daemon/ceremony.c daemon/ceremony.h \
	daemon/context.c daemon/context.h \
	daemon/conversation.c daemon/conversation.h \
	daemon/daemon.c daemon/daemon.h \
	daemon/devices.c daemon/devices.h \
	daemon/helper.c daemon/helper.h \
	daemon/manager.c \
	daemon/messages.c daemon/messages.h \
	daemon/methods.c daemon/methods.h \
	daemon/peers.c daemon/peers.h \
	daemon/polkit.c daemon/polkit.h \
	daemon/privileges.c daemon/privileges.h \
	daemon/secret_reader.c daemon/secret_reader.h \
	daemon/table.c \
	daemon/value.c daemon/value.h
daemon_libdaemon_la_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(EVENT_CFLAGS) \
	$(INI_CFLAGS) $(DBUS_CFLAGS)
daemon_libdaemon_la_LIBADD = common/webauthn/libwebauthn.la common/wire/libwire.la \
	common/base/libbase.la \
	$(JANSSON_LIBS) $(SQLITE_LIBS) $(EVENT_LIBS) $(INI_LIBS) $(DBUS_LIBS)
