noinst_LTLIBRARIES += daemon/libdaemon.la
# Each folder's fragment adds its own sources.
daemon_libdaemon_la_SOURCES = \
	daemon/arrivals.c daemon/arrivals.h \
	daemon/configure.c daemon/configure.h \
	daemon/daemon.h \
	daemon/host_names.c daemon/host_names.h \
	daemon/open_store.c daemon/open_store.h \
	daemon/privileges.c daemon/privileges.h
daemon_libdaemon_la_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(EVENT_CFLAGS) \
	$(DBUS_CFLAGS) $(SD_LOGIN_CFLAGS) $(IDN_CFLAGS) $(PSL_CFLAGS) $(JOSE_CFLAGS) \
	$(UTF8PROC_CFLAGS)
daemon_libdaemon_la_LIBADD = $(JANSSON_LIBS) $(SQLITE_LIBS) $(EVENT_LIBS) $(DBUS_LIBS) \
	$(SD_LOGIN_LIBS) $(IDN_LIBS) $(PSL_LIBS) $(JOSE_LIBS) \
	$(UTF8PROC_LIBS)

sbin_PROGRAMS += daemon/passkeyd
daemon_passkeyd_SOURCES = daemon/main.c
daemon_passkeyd_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS)
daemon_passkeyd_LDADD = $(daemon_libs)

dist_man_MANS += doc/passkeyd.8
