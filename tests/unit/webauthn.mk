# The relying party's tests, and passkeyctl verify as its own program, for vectors and bench.
check_PROGRAMS += tests/unit/verify_cli
TESTS += tests/unit/verify_program.py
tests_unit_verify_cli_SOURCES = tests/unit/verify_cli.c
tests_unit_verify_cli_CFLAGS = $(PK_CFLAGS)
tests_unit_verify_cli_LDADD = client/libverify.la $(webauthn_libs)
# They run it.
tests/unit/verify_program.log tests/vectors/run.log: tests/unit/verify_cli$(EXEEXT)
EXTRA_DIST += tests/unit/verify_program.py tests/unit/webauthn_ceremony.h tests/unit/webauthn_samples.h tests/unit/webauthn_samples.py tests/unit/webauthn_support.h

if HAVE_CMOCKA
webauthn_tests = \
	tests/unit/test_attestation \
	tests/unit/test_authdata \
	tests/unit/test_cbor \
	tests/unit/test_client \
	tests/unit/test_certificate \
	tests/unit/test_client_data \
	tests/unit/test_cose \
	tests/unit/test_credential_policy \
	tests/unit/test_crypto \
	tests/unit/test_der \
	tests/unit/test_extensions \
	tests/unit/test_json \
	tests/unit/test_model_policy \
	tests/unit/test_providers \
	tests/unit/test_response \
	tests/unit/test_signature \
	tests/unit/test_signature_edwards \
	tests/unit/test_tpm \
	tests/unit/test_verify \
	tests/unit/test_x509
check_PROGRAMS += $(webauthn_tests)
TESTS += $(webauthn_tests)
tests_unit_test_attestation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_attestation_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_authdata_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_authdata_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_client_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_cbor_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cbor_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_certificate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_certificate_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_client_data_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_client_data_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_cose_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cose_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_credential_policy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_credential_policy_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_crypto_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_crypto_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_der_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_der_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_extensions_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_extensions_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_json_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_json_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_model_policy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_policy_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_providers_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_providers_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_response_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_response_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_signature_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_signature_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_signature_edwards_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_signature_edwards_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_tpm_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tpm_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_x509_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_x509_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
tests_unit_test_verify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_verify_LDADD = $(webauthn_libs) $(CMOCKA_LIBS)
endif
