# Of passkey-store-ldap. The directory's server is somewhere else: its schema and an example of its
# access rules are installed with the documentation.
if LDAP
systemdsystemunit_DATA += etc/passkey-store-ldap.service etc/passkey-store-ldap.socket
ldapsysusersdir = $(sysusersdir)
dist_ldapsysusers_DATA = etc/sysusers.d/passkey-store-ldap.conf
ldapexamplesdir = $(docdir)/examples
dist_ldapexamples_DATA = etc/store-ldap.conf
dist_man_MANS += doc/passkey-store-ldap.8
endif
EXTRA_DIST += etc/passkey-store-ldap.service.in etc/passkey-store-ldap.socket.in
openldapexamplesdir = $(docdir)/examples/openldap
dist_openldapexamples_DATA = \
	etc/openldap-passkeyd.ldif \
	etc/openldap-passkeyd.schema \
	etc/openldap-passkeyd-acl.conf
