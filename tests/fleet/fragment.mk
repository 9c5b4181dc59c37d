# The servers of a fleet, and stores that use them: scripts/check --fleet.
EXTRA_DIST += \
	tests/fleet/.npmrc \
	tests/fleet/conftest.py \
	tests/fleet/hosts.py \
	tests/fleet/package-lock.json \
	tests/fleet/package.json \
	tests/fleet/postgresql_servers.py \
	tests/fleet/test_fleet_document.py \
	tests/fleet/test_gateways.py \
	tests/fleet/test_postgresql_failures.py \
	tests/fleet/test_postgresql_million.py \
	tests/fleet/test_postgresql_patroni.py \
	tests/fleet/test_postgresql_program.py \
	tests/fleet/test_postgresql_rights.py \
	tests/fleet/test_postgresql_verbs.py

EXTRA_PROGRAMS += tests/fleet/store_driver
tests_fleet_store_driver_SOURCES = tests/fleet/store_driver.c
tests_fleet_store_driver_LDADD = store/remote/libstoreremote.la store/libstore.la \
	common/webauthn/libwebauthn.la $(base_libs)
