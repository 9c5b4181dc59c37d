# passkey-store-ldap: the store of an LDAP directory, in a process of its own.
noinst_LTLIBRARIES += store/ldap/libldapentry.la
store_ldap_libldapentry_la_SOURCES = \
	store/ldap/cookie.c store/ldap/cookie.h \
	store/ldap/entry.c store/ldap/entry.h

if LDAP
noinst_LTLIBRARIES += store/ldap/libstoreldap.la
store_ldap_libstoreldap_la_SOURCES = \
	store/ldap/changes.c \
	store/ldap/ldap_config.c store/ldap/ldap_config.h \
	store/ldap/ldap_private.h store/ldap/ldap_store.h \
	store/ldap/link.c store/ldap/link.h \
	store/ldap/login.c \
	store/ldap/poll.c \
	store/ldap/search.c store/ldap/search.h \
	store/ldap/session.c \
	store/ldap/sync.c \
	store/ldap/tool.h store/ldap/tool_private.h \
	store/ldap/tool_check.c \
	store/ldap/tool_copy.c \
	store/ldap/verbs.c
store_ldap_libstoreldap_la_CFLAGS = $(PK_CFLAGS) $(OPENLDAP_CFLAGS)
store_ldap_libstoreldap_la_LIBADD = $(OPENLDAP_LIBS)
store_ldap_libs = store/ldap/libstoreldap.la store/ldap/libldapentry.la $(store_server_libs) \
	store/sqlite/libstoresqlite.la store/libstore.la common/base/libconfigfile.la \
	common/webauthn/libwebauthn.la common/base/libbase.la

passkeylibexec_PROGRAMS += store/ldap/passkey-store-ldap
store_ldap_passkey_store_ldap_SOURCES = store/ldap/main.c
store_ldap_passkey_store_ldap_LDADD = $(store_ldap_libs)
endif
