# Of passkey-store-ldap. The directory's server is somewhere else: its schema and an example of its
# access rules are installed with the documentation.
openldapexamplesdir = $(docdir)/examples/openldap
dist_openldapexamples_DATA = \
	etc/openldap-passkeyd.ldif \
	etc/openldap-passkeyd.schema \
	etc/openldap-passkeyd-acl.conf
