# See Makefile.am.
noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_SOURCES =
daemon_libdaemon_la_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(EVENT_CFLAGS) \
	$(INIH_CFLAGS) $(DBUS_CFLAGS)
daemon_libdaemon_la_LIBADD = common/webauthn/libwebauthn.la common/base/libbase.la \
	$(JANSSON_LIBS) $(SQLITE_LIBS) $(EVENT_LIBS) $(INIH_LIBS) $(DBUS_LIBS)
