# Tests of configuration, policy, accounts and the store.
if HAVE_CMOCKA
store_tests = \
	tests/unit/test_account \
	tests/unit/test_authority \
	tests/unit/test_certificates \
	tests/unit/test_config \
	tests/unit/test_config_check \
	tests/unit/test_config_ownership \
	tests/unit/test_decoy \
	tests/unit/test_decoy_keeper \
	tests/unit/test_domain \
	tests/unit/test_host_names \
	tests/unit/test_account_watch \
	tests/unit/test_open_store \
	tests/unit/test_passkey_name \
	tests/unit/test_ldap_entry \
	tests/unit/test_password_file \
	tests/unit/test_policy \
	tests/unit/test_presence \
	tests/unit/test_recovery \
	tests/unit/test_seed_pages \
	tests/unit/test_store_commits \
	tests/unit/test_store_decisions \
	tests/unit/test_store_directory \
	tests/unit/test_store_durability \
	tests/unit/test_store_integrity \
	tests/unit/test_store_keys \
	tests/unit/test_store_orphans \
	tests/unit/test_store_plans \
	tests/unit/test_store_power \
	tests/unit/test_store_backup \
	tests/unit/test_store_sqlite \
	tests/unit/test_store_races \
	tests/unit/test_store_verbs \
	tests/unit/test_store_statements \
	tests/unit/test_token_text
# Those of the verbs are run with a store in another process, too: tests/unit/store_fixture.h.
remote_store_tests = \
	tests/unit/remote_store_decisions \
	tests/unit/remote_store_keys \
	tests/unit/remote_store_orphans \
	tests/unit/remote_store_races \
	tests/unit/remote_store_verbs
check_PROGRAMS += $(store_tests) $(remote_store_tests)
TESTS += $(store_tests) $(remote_store_tests)

check_LTLIBRARIES += tests/unit/libscratch.la
tests_unit_libscratch_la_SOURCES = tests/unit/scratch.c tests/unit/scratch.h

store_test_libs = tests/unit/libscratch.la $(daemon_libs) $(CMOCKA_LIBS)
tests_unit_test_account_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_account_LDADD = $(store_test_libs)
tests_unit_test_certificates_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_certificates_LDADD = $(store_test_libs)
scene_sources = tests/unit/config_scene.c tests/unit/config_scene.h
tests_unit_test_config_SOURCES = tests/unit/test_config.c $(scene_sources)
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_LDADD = $(store_test_libs)
tests_unit_test_config_check_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_check_LDADD = $(store_test_libs)
tests_unit_test_config_ownership_SOURCES = tests/unit/test_config_ownership.c $(scene_sources)
tests_unit_test_config_ownership_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_ownership_LDADD = $(store_test_libs)
tests_unit_test_domain_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_domain_LDADD = $(store_test_libs)
tests_unit_test_host_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_host_names_LDADD = $(store_test_libs)
tests_unit_test_passkey_name_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_passkey_name_LDADD = $(store_test_libs)
tests_unit_test_password_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_password_file_LDADD = $(store_test_libs)
tests_unit_test_presence_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_presence_LDADD = $(store_test_libs)
tests_unit_test_policy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_policy_LDADD = $(store_test_libs)
tests_unit_test_recovery_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_recovery_LDADD = $(store_test_libs)
tests_unit_test_seed_pages_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_seed_pages_LDADD = $(store_test_libs) $(JANSSON_LIBS)

check_LTLIBRARIES += tests/unit/libstorefixture.la
tests_unit_libstorefixture_la_SOURCES = tests/unit/store_fixture.c tests/unit/store_fixture.h \
	tests/unit/store_open_sqlite.c
tests_unit_libstorefixture_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
check_LTLIBRARIES += tests/unit/libremotefixture.la
tests_unit_libremotefixture_la_SOURCES = tests/unit/store_fixture.c tests/unit/store_fixture.h \
	tests/unit/store_open_remote.c
tests_unit_libremotefixture_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
remote_store_libs = tests/unit/libremotefixture.la store/server/libstoreserver.la $(store_test_libs)
tests_unit_remote_store_decisions_SOURCES = tests/unit/test_store_decisions.c
tests_unit_remote_store_decisions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_remote_store_decisions_LDADD = $(remote_store_libs)
tests_unit_remote_store_keys_SOURCES = tests/unit/test_store_keys.c
tests_unit_remote_store_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_remote_store_keys_LDADD = $(remote_store_libs)
tests_unit_remote_store_orphans_SOURCES = tests/unit/test_store_orphans.c
tests_unit_remote_store_orphans_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_remote_store_orphans_LDADD = $(remote_store_libs)
tests_unit_remote_store_races_SOURCES = tests/unit/test_store_races.c
tests_unit_remote_store_races_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_remote_store_races_LDADD = $(remote_store_libs)
tests_unit_remote_store_verbs_SOURCES = tests/unit/test_store_verbs.c
tests_unit_remote_store_verbs_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_remote_store_verbs_LDADD = $(remote_store_libs)
tests_unit_test_decoy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_decoy_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_decoy_keeper_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_decoy_keeper_LDADD = tests/unit/libstorefixture.la $(store_test_libs) $(EVENT_LIBS)
tests_unit_test_open_store_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_open_store_LDADD = $(store_test_libs)
tests_unit_test_token_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_token_text_LDADD = $(store_test_libs)
tests_unit_test_authority_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_authority_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_integrity_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_integrity_LDADD = tests/unit/libstorefixture.la $(store_test_libs) \
	$(SQLITE_LIBS)
tests_unit_test_ldap_entry_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ldap_entry_LDADD = store/ldap/libldapentry.la store/libstore.la $(webauthn_libs) \
	$(CMOCKA_LIBS)
tests_unit_test_store_directory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_directory_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_decisions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_decisions_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_keys_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_statements_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_statements_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_commits_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_commits_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_durability_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_durability_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_account_watch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_account_watch_LDADD = tests/unit/libstorefixture.la $(store_test_libs) \
	$(EVENT_LIBS)
tests_unit_test_store_orphans_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_orphans_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_plans_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_plans_LDADD = tests/unit/libstorefixture.la $(store_test_libs) $(SQLITE_LIBS)
tests_unit_test_store_power_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_power_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_backup_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_backup_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_sqlite_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_sqlite_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_races_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_races_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
tests_unit_test_store_verbs_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_verbs_LDADD = tests/unit/libstorefixture.la $(store_test_libs)
endif
EXTRA_DIST += tests/vectors/config tests/vectors/pages tests/vectors/passwd tests/vectors/store \
	tests/vectors/tokens
