# The store that every host has, in one file.
noinst_LTLIBRARIES += store/sqlite/libstoresqlite.la
store_sqlite_libstoresqlite_la_SOURCES = \
	store/sqlite/backup.c store/sqlite/backup.h \
	store/sqlite/commit.c store/sqlite/commit.h \
	store/sqlite/directory.c store/sqlite/directory.h store/sqlite/directory_lists.c \
	store/sqlite/integrity.c store/sqlite/integrity.h \
	store/sqlite/query.c store/sqlite/query.h \
	store/sqlite/schema.c store/sqlite/schema.h \
	store/sqlite/sqlite.c store/sqlite/sqlite.h \
	store/sqlite/verbs.c \
	store/sqlite/verbs_accounts.c \
	store/sqlite/verbs_decisions.c \
	store/sqlite/verbs_keys.c \
	store/sqlite/verbs_recovery.c \
	store/sqlite/verbs_tickets.c \
	store/sqlite/verbs_users.c
store_sqlite_libstoresqlite_la_CFLAGS = $(PK_CFLAGS) $(SQLITE_CFLAGS)
store_sqlite_libstoresqlite_la_LIBADD = $(SQLITE_LIBS)
