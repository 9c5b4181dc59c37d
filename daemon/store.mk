# What the daemon knows and remembers: configuration, policy, accounts, the store.
daemon_libdaemon_la_SOURCES += \
	daemon/account.h \
	daemon/config.h \
	daemon/policy.c daemon/policy.h \
	daemon/recovery.h \
	daemon/store.c daemon/store.h \
	daemon/store_schema.c daemon/store_schema.h \
	daemon/store_sqlite.c
