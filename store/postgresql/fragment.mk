# The store of relying parties that several hosts serve: PostgreSQL.
store_postgresql_sources = \
	store/postgresql/connection.c store/postgresql/connection.h \
	store/postgresql/postgresql.c store/postgresql/postgresql.h \
	store/postgresql/query.c store/postgresql/query.h \
	store/postgresql/schema.c store/postgresql/schema.h \
	store/postgresql/setup.c store/postgresql/setup.h \
	store/postgresql/verbs.c store/postgresql/verbs.h \
	store/postgresql/verbs_accounts.c \
	store/postgresql/verbs_ceremonies.c \
	store/postgresql/verbs_credentials.c \
	store/postgresql/verbs_decisions.c \
	store/postgresql/verbs_keys.c \
	store/postgresql/verbs_recovery.c \
	store/postgresql/verbs_tickets.c \
	store/postgresql/verbs_users.c
if POSTGRESQL
noinst_LTLIBRARIES += store/postgresql/libstorepostgresql.la
store_postgresql_libstorepostgresql_la_SOURCES = $(store_postgresql_sources)
store_postgresql_libstorepostgresql_la_CFLAGS = $(PK_CFLAGS) $(POSTGRESQL_CFLAGS)
store_postgresql_libstorepostgresql_la_LIBADD = $(POSTGRESQL_LIBS)

passkeylibexec_PROGRAMS += store/postgresql/passkey-store-postgresql
store_postgresql_passkey_store_postgresql_SOURCES = store/postgresql/main.c
store_postgresql_passkey_store_postgresql_CFLAGS = $(PK_CFLAGS) $(POSTGRESQL_CFLAGS)
store_postgresql_passkey_store_postgresql_LDADD = store/postgresql/libstorepostgresql.la \
	$(store_server_libs) common/base/libconfigfile.la $(base_libs)
endif
