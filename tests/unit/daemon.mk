# Tests of the daemon's parts that need neither bus nor keys, and ways to break the sources that
# unit tests must notice.
EXTRA_DIST += scripts/mutate tests/mutations tests/unit/mutations_apply.py tests/vectors/ceremonies
TESTS += tests/unit/mutations_apply.py
if HAVE_CMOCKA
daemon_tests = \
	tests/unit/test_agent_connection \
	tests/unit/test_arrivals \
	tests/unit/test_budget \
	tests/unit/test_caller \
	tests/unit/test_ceremonies \
	tests/unit/test_page_sessions \
	tests/unit/test_recent_decisions \
	tests/unit/test_decision_keeper \
	tests/unit/test_ceremony \
	tests/unit/test_ceremony_record \
	tests/unit/test_command \
	tests/unit/test_console \
	tests/unit/test_context \
	tests/unit/test_descriptors \
	tests/unit/test_dispatch \
	tests/unit/test_forwarded \
	tests/unit/test_gateway_user \
	tests/unit/test_jobs \
	tests/unit/test_logind \
	tests/unit/test_logind_properties \
	tests/unit/test_messages \
	tests/unit/test_methods \
	tests/unit/test_peers \
	tests/unit/test_polkit \
	tests/unit/test_privileges \
	tests/unit/test_request \
	tests/unit/test_sealed \
	tests/unit/test_seat \
	tests/unit/test_passed \
	tests/unit/test_secret_reader \
	tests/unit/test_sk_credential \
	tests/unit/test_socket \
	tests/unit/test_line_exchange \
	tests/unit/test_ssh_host_keys \
	tests/unit/test_subject \
	tests/unit/test_ticket_links \
	tests/unit/test_tickets \
	tests/unit/test_value \
	$(sd_login_tests) \
	$(heart_tests)
EXTRA_DIST += tests/unit/fake_sd_login.c tests/unit/fake_sd_login.h
if SD_LOGIN
sd_login_tests = tests/unit/test_logind_files
fake_sd_login = tests/unit/fake_sd_login.c tests/unit/fake_sd_login.h
endif
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)

daemon_test_libs = $(daemon_libs) $(CMOCKA_LIBS) $(EVENT_LIBS)
daemon_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_agent_connection_CFLAGS = $(daemon_test_cflags)
tests_unit_test_agent_connection_LDADD = $(daemon_test_libs)
tests_unit_test_budget_CFLAGS = $(daemon_test_cflags)
tests_unit_test_budget_LDADD = $(daemon_test_libs)
tests_unit_test_caller_CFLAGS = $(daemon_test_cflags)
tests_unit_test_caller_LDADD = $(daemon_test_libs)
tests_unit_test_decision_keeper_CFLAGS = $(daemon_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_decision_keeper_LDADD = $(daemon_test_libs)
tests_unit_test_recent_decisions_CFLAGS = $(daemon_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_recent_decisions_LDADD = $(daemon_test_libs)
tests_unit_test_page_sessions_CFLAGS = $(daemon_test_cflags)
tests_unit_test_page_sessions_LDADD = $(daemon_test_libs)
tests_unit_test_ceremonies_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ceremonies_LDADD = $(daemon_test_libs)
tests_unit_test_ceremony_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ceremony_LDADD = $(daemon_test_libs)
tests_unit_test_ceremony_record_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ceremony_record_LDADD = $(daemon_test_libs)
tests_unit_test_command_CFLAGS = $(daemon_test_cflags)
tests_unit_test_command_LDADD = $(daemon_test_libs)
tests_unit_test_console_CFLAGS = $(daemon_test_cflags)
tests_unit_test_console_LDADD = $(daemon_test_libs)
tests_unit_test_context_CFLAGS = $(daemon_test_cflags)
tests_unit_test_context_LDADD = $(daemon_test_libs)
tests_unit_test_forwarded_CFLAGS = $(daemon_test_cflags)
tests_unit_test_forwarded_LDADD = $(daemon_test_libs)
tests_unit_test_jobs_CFLAGS = $(daemon_test_cflags)
tests_unit_test_jobs_LDADD = $(daemon_test_libs)
tests_unit_test_messages_CFLAGS = $(daemon_test_cflags)
tests_unit_test_messages_LDADD = $(daemon_test_libs)
tests_unit_test_methods_CFLAGS = $(daemon_test_cflags)
tests_unit_test_methods_LDADD = $(daemon_test_libs)
# Replaces the functions of conversation.c.
tests_unit_test_line_exchange_CFLAGS = $(daemon_test_cflags)
tests_unit_test_line_exchange_LDADD = $(daemon_test_libs)
tests_unit_test_ssh_host_keys_SOURCES = tests/unit/test_ssh_host_keys.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_ssh_host_keys_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ssh_host_keys_LDADD = $(daemon_test_libs)
tests_unit_test_privileges_CFLAGS = $(daemon_test_cflags)
tests_unit_test_privileges_LDADD = $(daemon_test_libs)
tests_unit_test_descriptors_CFLAGS = $(daemon_test_cflags) $(DBUS_CFLAGS)
tests_unit_test_descriptors_LDADD = $(daemon_test_libs) $(DBUS_LIBS)
tests_unit_test_sealed_CFLAGS = $(daemon_test_cflags)
tests_unit_test_sealed_LDADD = $(daemon_test_libs)
tests_unit_test_seat_CFLAGS = $(daemon_test_cflags)
tests_unit_test_seat_LDADD = $(daemon_test_libs)
tests_unit_test_passed_CFLAGS = $(daemon_test_cflags)
tests_unit_test_passed_LDADD = $(daemon_test_libs)
tests_unit_test_secret_reader_CFLAGS = $(daemon_test_cflags)
tests_unit_test_secret_reader_LDADD = $(daemon_test_libs)
tests_unit_test_socket_SOURCES = tests/unit/test_socket.c \
	tests/unit/socket_clients.c tests/unit/socket_clients.h
tests_unit_test_socket_CFLAGS = $(daemon_test_cflags) $(DBUS_CFLAGS)
tests_unit_test_socket_LDADD = tests/unit/libscratch.la $(daemon_test_libs) $(DBUS_LIBS)
tests_unit_test_sk_credential_CFLAGS = $(daemon_test_cflags)
tests_unit_test_sk_credential_LDADD = $(daemon_test_libs)

# With a bus of their own.
check_LTLIBRARIES += tests/unit/libfakebus.la
tests_unit_libfakebus_la_SOURCES = tests/unit/fake_bus.c tests/unit/fake_bus.h
fake_bus_test_libs = tests/unit/libfakebus.la $(daemon_test_libs)
# Replaces account_watch_catch_up() and methods_dispatch().
tests_unit_test_arrivals_SOURCES = tests/unit/test_arrivals.c daemon/arrivals.c
tests_unit_test_arrivals_CFLAGS = $(daemon_test_cflags)
tests_unit_test_arrivals_LDADD = $(fake_bus_test_libs)
tests_unit_test_dispatch_CFLAGS = $(daemon_test_cflags)
tests_unit_test_dispatch_LDADD = $(fake_bus_test_libs)
tests_unit_test_gateway_user_CFLAGS = $(daemon_test_cflags)
tests_unit_test_gateway_user_LDADD = $(fake_bus_test_libs)
tests_unit_test_logind_CFLAGS = $(daemon_test_cflags) $(SD_LOGIN_CFLAGS)
tests_unit_test_logind_SOURCES = tests/unit/test_logind.c \
	tests/unit/scripted_logind.c tests/unit/scripted_logind.h tests/unit/logind_answers.h \
	$(fake_sd_login)
tests_unit_test_logind_files_CFLAGS = $(daemon_test_cflags) $(SD_LOGIN_CFLAGS)
tests_unit_test_logind_files_SOURCES = tests/unit/test_logind_files.c $(fake_sd_login)
tests_unit_test_logind_files_LDADD = $(daemon_test_libs)
tests_unit_test_logind_properties_CFLAGS = $(daemon_test_cflags)
tests_unit_test_logind_properties_LDADD = $(daemon_test_libs)
tests_unit_test_logind_LDADD = $(fake_bus_test_libs)
tests_unit_test_peers_CFLAGS = $(daemon_test_cflags)
tests_unit_test_peers_LDADD = $(fake_bus_test_libs)
tests_unit_test_polkit_CFLAGS = $(daemon_test_cflags)
tests_unit_test_polkit_LDADD = $(fake_bus_test_libs)
tests_unit_test_request_CFLAGS = $(daemon_test_cflags)
tests_unit_test_request_LDADD = $(fake_bus_test_libs)
tests_unit_test_subject_CFLAGS = $(daemon_test_cflags)
tests_unit_test_subject_LDADD = tests/unit/libfakebus.la tests/unit/libstorefixture.la $(store_test_libs) $(EVENT_LIBS)
tests_unit_test_ticket_links_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ticket_links_LDADD = tests/unit/libfakebus.la tests/unit/libstorefixture.la $(store_test_libs) $(EVENT_LIBS)
tests_unit_test_tickets_CFLAGS = $(daemon_test_cflags)
tests_unit_test_tickets_LDADD = tests/unit/libfakebus.la tests/unit/libstorefixture.la $(store_test_libs) $(EVENT_LIBS)
tests_unit_test_value_CFLAGS = $(daemon_test_cflags)
tests_unit_test_value_LDADD = $(daemon_test_libs)

# It compiles and links on its own, with what this build is made with.
TESTS += tests/unit/approval_is_opaque.py
tests/unit/approval_is_opaque.log: daemon/libdaemon.la

# What decides: a daemon without a bus, and keys of software.
heart_tests = \
	tests/unit/test_decision \
	tests/unit/test_dialogue \
	tests/unit/test_dispatcher \
	tests/unit/test_dispatcher_end \
	tests/unit/test_enrollment \
	tests/unit/test_gateway \
	tests/unit/test_gateway_ceremonies \
	tests/unit/test_gateway_own \
	tests/unit/test_gateway_passkeys \
	tests/unit/test_gateway_tickets \
	tests/unit/test_method_agent \
	tests/unit/test_method_agent_enroll \
	tests/unit/test_method_local \
	tests/unit/test_method_local_enroll \
	tests/unit/test_method_browser \
	tests/unit/test_method_browser_enroll \
	tests/unit/test_method_browser_orders \
	tests/unit/test_method_browser_page \
	tests/unit/test_method_phone \
	tests/unit/test_method_phone_enroll \
	tests/unit/test_method_recovery \
	tests/unit/test_method_ssh \
	tests/unit/test_method_ssh_enroll \
	tests/unit/test_numbered_choice \
	tests/unit/test_sign_in \
	tests/unit/test_sign_in_demands \
	tests/unit/test_sk_enrollment \
	tests/unit/test_slots \
	tests/unit/test_store_state \
	tests/unit/test_password \
	tests/unit/test_shared_ceremonies \
	tests/unit/test_tokens \
	tests/unit/test_tokens_taken \
	tests/unit/test_verification \
	tests/unit/test_verify_and_commit \
	tests/unit/test_verify_registration
check_LTLIBRARIES += tests/unit/libbaredaemon.la
tests_unit_libbaredaemon_la_SOURCES = \
	tests/unit/bare_daemon.c tests/unit/bare_daemon.h \
	tests/unit/soft_key.c tests/unit/soft_key.h
tests_unit_libbaredaemon_la_CFLAGS = $(daemon_test_cflags) $(CRYPTO_CFLAGS)
heart_test_libs = tests/unit/libbaredaemon.la tests/unit/libscratch.la $(daemon_test_libs) \
	$(CRYPTO_LIBS)
heart_test_cflags = $(daemon_test_cflags) $(CRYPTO_CFLAGS)
trial_sources = tests/unit/trial_attempt.c tests/unit/trial_attempt.h
tests_unit_test_dispatcher_SOURCES = tests/unit/test_dispatcher.c $(trial_sources)
tests_unit_test_dispatcher_CFLAGS = $(heart_test_cflags)
tests_unit_test_dispatcher_LDADD = $(heart_test_libs)
tests_unit_test_decision_CFLAGS = $(heart_test_cflags)
tests_unit_test_decision_LDADD = $(heart_test_libs)
talk_sources = tests/unit/talk.c tests/unit/talk.h
tests_unit_test_dialogue_SOURCES = tests/unit/test_dialogue.c $(talk_sources)
tests_unit_test_dialogue_CFLAGS = $(heart_test_cflags)
tests_unit_test_dialogue_LDADD = $(heart_test_libs)
tests_unit_test_dispatcher_end_SOURCES = tests/unit/test_dispatcher_end.c $(trial_sources)
tests_unit_test_dispatcher_end_CFLAGS = $(heart_test_cflags)
tests_unit_test_dispatcher_end_LDADD = $(heart_test_libs)
begin_sources = tests/unit/begin_enrollment.c tests/unit/begin_enrollment.h
sign_in_sources = tests/unit/begin_sign_in.c tests/unit/begin_sign_in.h
tests_unit_test_enrollment_SOURCES = tests/unit/test_enrollment.c $(begin_sources)
tests_unit_test_enrollment_CFLAGS = $(heart_test_cflags)
tests_unit_test_enrollment_LDADD = $(heart_test_libs)
scripted_agent_sources = tests/unit/scripted_agent.c tests/unit/scripted_agent.h $(sign_in_sources)
tests_unit_test_method_agent_SOURCES = tests/unit/test_method_agent.c $(scripted_agent_sources)
gateway_sources = tests/unit/gateway_scene.c tests/unit/gateway_scene.h \
	tests/unit/shared_store.c tests/unit/shared_store.h
tests_unit_test_gateway_SOURCES = tests/unit/test_gateway.c $(gateway_sources)
tests_unit_test_gateway_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_gateway_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_gateway_ceremonies_SOURCES = tests/unit/test_gateway_ceremonies.c $(gateway_sources)
tests_unit_test_gateway_ceremonies_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_gateway_ceremonies_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_gateway_own_SOURCES = tests/unit/test_gateway_own.c $(gateway_sources)
tests_unit_test_gateway_own_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_gateway_own_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_gateway_passkeys_SOURCES = tests/unit/test_gateway_passkeys.c $(gateway_sources)
tests_unit_test_gateway_passkeys_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_gateway_passkeys_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_gateway_tickets_SOURCES = tests/unit/test_gateway_tickets.c $(gateway_sources)
tests_unit_test_gateway_tickets_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_gateway_tickets_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_shared_ceremonies_SOURCES = tests/unit/test_shared_ceremonies.c $(gateway_sources)
tests_unit_test_shared_ceremonies_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_shared_ceremonies_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_method_agent_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_agent_LDADD = $(heart_test_libs)
tests_unit_test_method_agent_enroll_SOURCES = tests/unit/test_method_agent_enroll.c \
	$(scripted_agent_sources) $(begin_sources)
tests_unit_test_method_agent_enroll_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_agent_enroll_LDADD = $(heart_test_libs)
fake_keys_sources = tests/unit/fake_local_keys.c tests/unit/fake_local_keys.h $(sign_in_sources)
tests_unit_test_method_local_SOURCES = tests/unit/test_method_local.c $(fake_keys_sources)
tests_unit_test_method_local_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_local_LDADD = $(heart_test_libs)
tests_unit_test_method_local_enroll_SOURCES = tests/unit/test_method_local_enroll.c \
	$(fake_keys_sources) $(begin_sources)
tests_unit_test_method_local_enroll_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_local_enroll_LDADD = $(heart_test_libs)
# passkey-askpass's, with the daemon's software key.
check_PROGRAMS += tests/unit/test_askpass_phone_session
TESTS += tests/unit/test_askpass_phone_session
tests_unit_test_askpass_phone_session_CFLAGS = $(heart_test_cflags)
tests_unit_test_askpass_phone_session_LDADD = client/libaskpass_key.la $(heart_test_libs)
fake_phone_sources = tests/unit/fake_phone.c tests/unit/fake_phone.h $(sign_in_sources)
tests_unit_test_method_phone_SOURCES = tests/unit/test_method_phone.c $(fake_phone_sources)
tests_unit_test_method_phone_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_phone_LDADD = $(heart_test_libs)
tests_unit_test_method_phone_enroll_SOURCES = tests/unit/test_method_phone_enroll.c \
	$(fake_phone_sources) $(begin_sources)
tests_unit_test_method_phone_enroll_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_phone_enroll_LDADD = $(heart_test_libs)
tests_unit_test_method_recovery_SOURCES = tests/unit/test_method_recovery.c $(sign_in_sources)
tests_unit_test_method_recovery_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_recovery_LDADD = $(heart_test_libs)
browser_answers_sources = tests/unit/browser_answers.c tests/unit/browser_answers.h \
	$(begin_sources) $(sign_in_sources)
tests_unit_test_method_browser_enroll_SOURCES = tests/unit/test_method_browser_enroll.c \
	$(browser_answers_sources)
tests_unit_test_method_browser_enroll_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_browser_enroll_LDADD = $(heart_test_libs)
tests_unit_test_method_browser_orders_SOURCES = tests/unit/test_method_browser_orders.c \
	$(browser_answers_sources)
tests_unit_test_method_browser_orders_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_browser_orders_LDADD = $(heart_test_libs)
tests_unit_test_method_browser_page_SOURCES = tests/unit/test_method_browser_page.c \
	$(browser_answers_sources)
tests_unit_test_method_browser_page_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_browser_page_LDADD = $(heart_test_libs)
tests_unit_test_method_browser_SOURCES = tests/unit/test_method_browser.c \
	$(browser_answers_sources)
tests_unit_test_method_browser_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_browser_LDADD = $(heart_test_libs)
ssh_answers_sources = tests/unit/ssh_answers.c tests/unit/ssh_answers.h $(begin_sources) \
	$(sign_in_sources)
tests_unit_test_method_ssh_SOURCES = tests/unit/test_method_ssh.c $(ssh_answers_sources)
tests_unit_test_method_ssh_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_ssh_LDADD = $(heart_test_libs)
tests_unit_test_method_ssh_enroll_SOURCES = tests/unit/test_method_ssh_enroll.c \
	$(ssh_answers_sources)
tests_unit_test_method_ssh_enroll_CFLAGS = $(heart_test_cflags)
tests_unit_test_method_ssh_enroll_LDADD = $(heart_test_libs)
tests_unit_test_numbered_choice_CFLAGS = $(heart_test_cflags)
tests_unit_test_numbered_choice_LDADD = $(heart_test_libs)
watched_sources = tests/unit/watched_sign_in.c tests/unit/watched_sign_in.h $(sign_in_sources)
tests_unit_test_sign_in_SOURCES = tests/unit/test_sign_in.c $(watched_sources)
tests_unit_test_sign_in_CFLAGS = $(heart_test_cflags)
tests_unit_test_sign_in_LDADD = $(heart_test_libs)
tests_unit_test_sign_in_demands_SOURCES = tests/unit/test_sign_in_demands.c $(watched_sources)
tests_unit_test_sign_in_demands_CFLAGS = $(heart_test_cflags)
tests_unit_test_sign_in_demands_LDADD = $(heart_test_libs)
tests_unit_test_sk_enrollment_CFLAGS = $(heart_test_cflags)
tests_unit_test_sk_enrollment_LDADD = $(heart_test_libs)
tests_unit_test_slots_SOURCES = tests/unit/test_slots.c $(talk_sources)
tests_unit_test_slots_CFLAGS = $(heart_test_cflags)
tests_unit_test_slots_LDADD = $(heart_test_libs)
tests_unit_test_store_state_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_store_state_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_verification_SOURCES = tests/unit/test_verification.c $(trial_sources)
tests_unit_test_verification_CFLAGS = $(heart_test_cflags)
tests_unit_test_verification_LDADD = $(heart_test_libs)
tests_unit_test_password_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_password_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
token_sources = tests/unit/token_parties.c tests/unit/token_parties.h
tests_unit_test_tokens_SOURCES = tests/unit/test_tokens.c $(token_sources)
tests_unit_test_tokens_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_tokens_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_tokens_taken_SOURCES = tests/unit/test_tokens_taken.c $(token_sources)
tests_unit_test_tokens_taken_CFLAGS = $(heart_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_tokens_taken_LDADD = $(heart_test_libs) $(JANSSON_LIBS)
tests_unit_test_verify_and_commit_CFLAGS = $(heart_test_cflags)
tests_unit_test_verify_and_commit_LDADD = $(heart_test_libs)
tests_unit_test_verify_registration_CFLAGS = $(heart_test_cflags)
tests_unit_test_verify_registration_LDADD = $(heart_test_libs)
endif
EXTRA_DIST += tests/unit/approval_is_opaque.py
