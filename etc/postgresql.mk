# Of passkey-store-postgresql.
if POSTGRESQL
systemdsystemunit_DATA += etc/passkey-store-postgresql.service etc/passkey-store-postgresql.socket
dist_sysusers_DATA += etc/sysusers.d/passkey-store-postgresql.conf
postgresqlexamplesdir = $(docdir)/examples
dist_postgresqlexamples_DATA = etc/store-postgresql.conf
dist_man_MANS += doc/passkey-store-postgresql.8
endif
EXTRA_DIST += etc/passkey-store-postgresql.service.in etc/passkey-store-postgresql.socket.in
