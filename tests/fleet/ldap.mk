# Tests with real OpenLDAP servers, which scripts/check --fleet runs.
EXTRA_DIST += \
	tests/fleet/hostile_directory.py \
	tests/fleet/kerberos.py \
	tests/fleet/ldap_directory.py \
	tests/fleet/ldap_host.py \
	tests/fleet/ldap_reset.py \
	tests/fleet/name_server.py \
	tests/fleet/separate_hosts.py \
	tests/fleet/test_directory_acl.py \
	tests/fleet/test_directory_servers.py \
	tests/fleet/test_ldap_attacks.py \
	tests/fleet/test_ldap_enroll.py \
	tests/fleet/test_ldap_failures.py \
	tests/fleet/test_ldap_hostile.py \
	tests/fleet/test_ldap_identities.py \
	tests/fleet/test_ldap_million.py \
	tests/fleet/test_ldap_mappings.py \
	tests/fleet/test_ldap_own_bind.py \
	tests/fleet/test_ldap_store.py \
	tests/fleet/test_three_hosts.py tests/fleet/test_ldap_tool.py \
	tests/fleet/test_ldap_verbs.py

check_PROGRAMS += tests/fleet/store_client
tests_fleet_store_client_SOURCES = tests/fleet/store_client.c
tests_fleet_store_client_LDADD = store/remote/libstoreremote.la store/libstore.la \
	common/webauthn/libwebauthn.la $(base_libs)
