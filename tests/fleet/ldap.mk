# Tests with real OpenLDAP servers, which scripts/check --fleet runs.
EXTRA_DIST += \
	tests/fleet/ldap_directory.py \
	tests/fleet/test_directory_acl.py \
	tests/fleet/test_directory_servers.py
