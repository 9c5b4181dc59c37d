# Fuzz targets: each parses one kind of input from outside, or compares our verdict with another
# library's. With --enable-fuzzers they are linked with libFuzzer (CC=clang; see run); otherwise with a
# driver that replays seeds, which make check does.
EXTRA_DIST += tests/fuzz/seeds.py tests/fuzz/replay.py tests/fuzz/run tests/fuzz/corpus

fuzz_targets = \
	tests/fuzz/fuzz_client_data \
	tests/fuzz/fuzz_auth_data \
	tests/fuzz/fuzz_attestation_object \
	tests/fuzz/fuzz_cose_key \
	tests/fuzz/fuzz_response \
	tests/fuzz/fuzz_statement_none \
	tests/fuzz/fuzz_statement_packed \
	tests/fuzz/fuzz_statement_fido_u2f \
	tests/fuzz/fuzz_statement_tpm \
	tests/fuzz/fuzz_statement_android_key \
	tests/fuzz/fuzz_statement_safetynet \
	tests/fuzz/fuzz_statement_apple \
	tests/fuzz/fuzz_statement_compound \
	tests/fuzz/fuzz_agent \
	tests/fuzz/fuzz_askpass \
	tests/fuzz/fuzz_backup \
	tests/fuzz/fuzz_bluez \
	tests/fuzz/fuzz_dialects \
	tests/fuzz/fuzz_forward \
	tests/fuzz/fuzz_frames \
	tests/fuzz/fuzz_host_keys \
	tests/fuzz/fuzz_hybrid_advert \
	tests/fuzz/fuzz_hybrid_ctap \
	tests/fuzz/fuzz_hybrid_message \
	tests/fuzz/fuzz_hybrid_noise \
	tests/fuzz/fuzz_hybrid_qr \
	tests/fuzz/fuzz_hybrid_upgrade \
	tests/fuzz/fuzz_hybrid_websocket \
	tests/fuzz/fuzz_import \
	tests/fuzz/fuzz_ldap_entry \
	tests/fuzz/fuzz_sk \
	tests/fuzz/fuzz_ssh_connection \
	tests/fuzz/fuzz_store_protocol \
	tests/fuzz/fuzz_sudo_command \
	tests/fuzz/fuzz_sudo_flags \
	tests/fuzz/fuzz_token \
	tests/fuzz/fuzz_ceremony \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_pam_file \
	tests/fuzz/fuzz_certificates \
	tests/fuzz/fuzz_password_file \
	tests/fuzz/fuzz_router \
	tests/fuzz/fuzz_gateway_request \
	tests/fuzz/diff_cbor \
	tests/fuzz/diff_json \
	tests/fuzz/diff_libfido2
check_PROGRAMS += $(fuzz_targets)
TESTS += tests/fuzz/replay.py

if FUZZERS
fuzz_driver =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_driver = tests/fuzz/driver.c
fuzz_ldflags = $(AM_LDFLAGS)
endif
fuzz_webauthn = $(fuzz_driver) tests/fuzz/fuzz_target.c tests/fuzz/fuzz_target.h \
	tests/fuzz/registration.h

tests_fuzz_fuzz_client_data_SOURCES = tests/fuzz/fuzz_client_data.c $(fuzz_webauthn)
tests_fuzz_fuzz_client_data_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_client_data_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_auth_data_SOURCES = tests/fuzz/fuzz_auth_data.c $(fuzz_webauthn)
tests_fuzz_fuzz_auth_data_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_auth_data_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_attestation_object_SOURCES = tests/fuzz/fuzz_attestation_object.c $(fuzz_webauthn)
tests_fuzz_fuzz_attestation_object_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_attestation_object_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_cose_key_SOURCES = tests/fuzz/fuzz_cose_key.c $(fuzz_webauthn)
tests_fuzz_fuzz_cose_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_cose_key_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_response_SOURCES = tests/fuzz/fuzz_response.c $(fuzz_webauthn)
tests_fuzz_fuzz_response_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_response_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_none_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_none_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"none"'
tests_fuzz_fuzz_statement_none_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_none_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_packed_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_packed_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"packed"'
tests_fuzz_fuzz_statement_packed_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_packed_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_fido_u2f_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_fido_u2f_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"fido-u2f"'
tests_fuzz_fuzz_statement_fido_u2f_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_fido_u2f_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_tpm_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_tpm_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"tpm"'
tests_fuzz_fuzz_statement_tpm_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_tpm_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_android_key_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_android_key_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"android-key"'
tests_fuzz_fuzz_statement_android_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_android_key_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_safetynet_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_safetynet_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"android-safetynet"'
tests_fuzz_fuzz_statement_safetynet_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_safetynet_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_apple_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_apple_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"apple"'
tests_fuzz_fuzz_statement_apple_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_apple_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_statement_compound_SOURCES = tests/fuzz/fuzz_statement.c $(fuzz_webauthn)
tests_fuzz_fuzz_statement_compound_CPPFLAGS = $(AM_CPPFLAGS) -DFORMAT='"compound"'
tests_fuzz_fuzz_statement_compound_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_statement_compound_LDADD = $(webauthn_libs)

tests_fuzz_fuzz_askpass_SOURCES = tests/fuzz/fuzz_askpass.c $(fuzz_driver)
tests_fuzz_fuzz_askpass_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_askpass_LDADD = $(askpass_libs)

tests_fuzz_fuzz_host_keys_SOURCES = tests/fuzz/fuzz_host_keys.c $(fuzz_driver)
tests_fuzz_fuzz_host_keys_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_host_keys_LDADD = $(askpass_libs)

tests_fuzz_fuzz_agent_SOURCES = tests/fuzz/fuzz_agent.c $(fuzz_driver)
tests_fuzz_fuzz_agent_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_agent_LDADD = $(wire_libs)

tests_fuzz_fuzz_dialects_SOURCES = tests/fuzz/fuzz_dialects.c $(fuzz_driver)
tests_fuzz_fuzz_dialects_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_dialects_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dialects_LDADD = $(dialects_libs) $(JANSSON_LIBS)

tests_fuzz_fuzz_forward_SOURCES = tests/fuzz/fuzz_forward.c $(fuzz_driver)
tests_fuzz_fuzz_forward_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_forward_LDADD = $(wire_libs)

tests_fuzz_fuzz_backup_SOURCES = tests/fuzz/fuzz_backup.c $(fuzz_driver)
tests_fuzz_fuzz_backup_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_backup_LDADD = client/libctl.la $(webauthn_libs)

tests_fuzz_fuzz_bluez_SOURCES = tests/fuzz/fuzz_bluez.c $(fuzz_driver)
tests_fuzz_fuzz_bluez_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS)
tests_fuzz_fuzz_bluez_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_bluez_LDADD = $(phone_libs) $(DBUS_LIBS)

tests_fuzz_fuzz_hybrid_advert_SOURCES = tests/fuzz/fuzz_hybrid_advert.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_advert_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_advert_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_ctap_SOURCES = tests/fuzz/fuzz_hybrid_ctap.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_ctap_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_ctap_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_message_SOURCES = tests/fuzz/fuzz_hybrid_message.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_message_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_message_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_noise_SOURCES = tests/fuzz/fuzz_hybrid_noise.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_noise_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_noise_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_qr_SOURCES = tests/fuzz/fuzz_hybrid_qr.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_qr_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_qr_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_upgrade_SOURCES = tests/fuzz/fuzz_hybrid_upgrade.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_upgrade_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_upgrade_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_hybrid_websocket_SOURCES = tests/fuzz/fuzz_hybrid_websocket.c $(fuzz_driver)
tests_fuzz_fuzz_hybrid_websocket_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hybrid_websocket_LDADD = $(hybrid_phone_libs)

tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz_import.c $(fuzz_driver)
tests_fuzz_fuzz_import_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_import_LDADD = client/libctl.la common/wire/libwire.la $(webauthn_libs) \
	client/libclient.la client/libterminal.la common/bus/libbus.la common/base/libbase.la $(JANSSON_LIBS)

tests_fuzz_fuzz_ldap_entry_SOURCES = tests/fuzz/fuzz_ldap_entry.c $(fuzz_driver)
tests_fuzz_fuzz_ldap_entry_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_ldap_entry_LDADD = store/ldap/libldapentry.la store/libstore.la $(webauthn_libs)

tests_fuzz_fuzz_sk_SOURCES = tests/fuzz/fuzz_sk.c $(fuzz_driver)
tests_fuzz_fuzz_sk_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sk_LDADD = $(wire_libs)

tests_fuzz_fuzz_frames_SOURCES = tests/fuzz/fuzz_frames.c $(fuzz_driver)
tests_fuzz_fuzz_frames_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_frames_LDADD = $(wire_libs)

tests_fuzz_fuzz_ssh_connection_SOURCES = tests/fuzz/fuzz_ssh_connection.c $(fuzz_driver)
tests_fuzz_fuzz_ssh_connection_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_ssh_connection_LDADD = common/base/libbase.la

tests_fuzz_fuzz_store_protocol_SOURCES = tests/fuzz/fuzz_store_protocol.c $(fuzz_driver)
tests_fuzz_fuzz_store_protocol_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_store_protocol_LDADD = $(daemon_libs)

tests_fuzz_fuzz_sudo_command_SOURCES = tests/fuzz/fuzz_sudo_command.c $(fuzz_driver)
tests_fuzz_fuzz_sudo_command_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sudo_command_LDADD = $(daemon_libs)

tests_fuzz_fuzz_sudo_flags_SOURCES = tests/fuzz/fuzz_sudo_flags.c $(fuzz_driver)
tests_fuzz_fuzz_sudo_flags_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sudo_flags_LDADD = pam/libpampasskey.la common/bus/libbus.la \
	common/base/libbase.la $(PAM_LIBS)

tests_fuzz_fuzz_token_SOURCES = tests/fuzz/fuzz_token.c $(fuzz_driver)
tests_fuzz_fuzz_token_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_token_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_token_LDADD = $(daemon_libs)

tests_fuzz_fuzz_pam_file_SOURCES = tests/fuzz/fuzz_pam_file.c $(fuzz_driver)
tests_fuzz_fuzz_pam_file_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_pam_file_LDADD = client/libctl.la client/libclient.la client/libterminal.la \
	common/bus/libbus.la common/base/libbase.la $(JANSSON_LIBS)

tests_fuzz_fuzz_ceremony_SOURCES = tests/fuzz/fuzz_ceremony.c $(fuzz_driver)
tests_fuzz_fuzz_ceremony_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_ceremony_LDADD = $(daemon_libs)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(fuzz_driver)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDADD = $(daemon_libs)

tests_fuzz_fuzz_certificates_SOURCES = tests/fuzz/fuzz_certificates.c $(fuzz_driver)
tests_fuzz_fuzz_certificates_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_certificates_LDADD = $(daemon_libs)

tests_fuzz_fuzz_password_file_SOURCES = tests/fuzz/fuzz_password_file.c $(fuzz_driver)
tests_fuzz_fuzz_password_file_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_password_file_LDADD = $(daemon_libs)

tests_fuzz_fuzz_router_SOURCES = tests/fuzz/fuzz_router.c $(fuzz_driver)
tests_fuzz_fuzz_router_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_router_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_router_LDADD = $(gateway_libs)

tests_fuzz_fuzz_gateway_request_SOURCES = tests/fuzz/fuzz_gateway_request.c $(fuzz_driver)
tests_fuzz_fuzz_gateway_request_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_gateway_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_gateway_request_LDADD = $(gateway_libs)

tests_fuzz_diff_cbor_SOURCES = tests/fuzz/diff_cbor.c $(fuzz_webauthn)
tests_fuzz_diff_cbor_CFLAGS = $(AM_CFLAGS) $(CBOR_CFLAGS)
tests_fuzz_diff_cbor_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_diff_cbor_LDADD = $(webauthn_libs) $(CBOR_LIBS)

tests_fuzz_diff_json_SOURCES = tests/fuzz/diff_json.c $(fuzz_webauthn)
tests_fuzz_diff_json_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_diff_json_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_diff_json_LDADD = $(webauthn_libs) $(JANSSON_LIBS)

tests_fuzz_diff_libfido2_SOURCES = tests/fuzz/diff_libfido2.c $(fuzz_webauthn)
tests_fuzz_diff_libfido2_CFLAGS = $(AM_CFLAGS) $(FIDO2_CFLAGS)
tests_fuzz_diff_libfido2_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_diff_libfido2_LDADD = $(webauthn_libs) $(FIDO2_LIBS)
