# The credential store.
daemon_libdaemon_la_SOURCES += \
	daemon/store/backup.c daemon/store/backup.h \
	daemon/store/commit.c daemon/store/commit.h \
	daemon/store/integrity.c daemon/store/integrity.h \
	daemon/store/decision_records.c daemon/store/decision_records.h \
	daemon/store/key_records.c daemon/store/key_records.h \
	daemon/store/query.h \
	daemon/store/schema.c daemon/store/schema.h \
	daemon/store/sqlite.c \
	daemon/store/store.c daemon/store/store.h \
	daemon/store/verbs.c \
	daemon/store/verbs_accounts.c \
	daemon/store/verbs_decisions.c \
	daemon/store/verbs_keys.c \
	daemon/store/verbs_recovery.c \
	daemon/store/verbs_users.c
