# What the daemon knows and remembers: configuration, policy, accounts, the store.
daemon_libdaemon_la_SOURCES += \
	daemon/account.c daemon/account.h \
	daemon/certificates.c daemon/certificates.h \
	daemon/config.c daemon/config.h \
	daemon/config_file.c daemon/config_file.h \
	daemon/config_values.c daemon/config_values.h \
	daemon/policy.c daemon/policy.h \
	daemon/recovery.c daemon/recovery.h \
	daemon/store.c daemon/store.h \
	daemon/store_query.h \
	daemon/store_schema.c daemon/store_schema.h \
	daemon/store_sqlite.c \
	daemon/store_verbs.c
