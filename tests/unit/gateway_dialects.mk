# Tests of the gateway's dialects, against a daemon that the test plays.
EXTRA_DIST += tests/vectors/http tests/vectors/page_calls tests/unit/http_schemas.py
TESTS += tests/unit/http_schemas.py
if HAVE_CMOCKA
dialect_tests = \
	tests/unit/test_canonical_json \
	tests/unit/test_credential_body \
	tests/unit/test_dialect_authsignal \
	tests/unit/test_dialect_authsignal_server \
	tests/unit/test_dialect_autional \
	tests/unit/test_dialect_autional_credentials \
	tests/unit/test_dialect_cloudreve \
	tests/unit/test_dialect_pages \
	tests/unit/test_dialect_pages_input \
	tests/unit/test_dialect_pages_own \
	tests/unit/test_token_call \
	tests/unit/test_dialect_hanko \
	tests/unit/test_dialect_hanko_credentials \
	tests/unit/test_dialect_hanko_errors
check_PROGRAMS += $(dialect_tests)
TESTS += $(dialect_tests)

dialect_test_support = tests/unit/fake_exchange.c tests/unit/fake_exchange.h \
	tests/unit/http_samples.c tests/unit/http_samples.h
dialect_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
dialect_test_libs = $(dialects_libs) $(JANSSON_LIBS) $(CMOCKA_LIBS)

tests_unit_test_canonical_json_CFLAGS = $(dialect_test_cflags)
tests_unit_test_canonical_json_LDADD = $(dialect_test_libs)
tests_unit_test_credential_body_CFLAGS = $(dialect_test_cflags)
tests_unit_test_credential_body_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_authsignal_SOURCES = tests/unit/test_dialect_authsignal.c \
	$(dialect_test_support) tests/unit/authsignal_exchanges.h
tests_unit_test_dialect_authsignal_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_authsignal_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_authsignal_server_SOURCES = tests/unit/test_dialect_authsignal_server.c \
	$(dialect_test_support) tests/unit/authsignal_exchanges.h
tests_unit_test_dialect_authsignal_server_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_authsignal_server_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_pages_input_SOURCES = tests/unit/test_dialect_pages_input.c $(dialect_test_support)
tests_unit_test_dialect_pages_input_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_pages_input_LDADD = $(dialect_test_libs)
tests_unit_test_dialect_pages_own_SOURCES = tests/unit/test_dialect_pages_own.c $(dialect_test_support)
tests_unit_test_dialect_pages_own_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_pages_own_LDADD = $(dialect_test_libs)
tests_unit_test_dialect_pages_SOURCES = tests/unit/test_dialect_pages.c $(dialect_test_support)
tests_unit_test_dialect_pages_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_pages_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_autional_SOURCES = tests/unit/test_dialect_autional.c \
	$(dialect_test_support) tests/unit/autional_exchanges.h
tests_unit_test_dialect_autional_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_autional_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_autional_credentials_SOURCES = tests/unit/test_dialect_autional_credentials.c \
	$(dialect_test_support) tests/unit/autional_exchanges.h
tests_unit_test_dialect_autional_credentials_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_autional_credentials_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_cloudreve_SOURCES = tests/unit/test_dialect_cloudreve.c \
	$(dialect_test_support)
tests_unit_test_dialect_cloudreve_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_cloudreve_LDADD = $(dialect_test_libs)
tests_unit_test_token_call_SOURCES = tests/unit/test_token_call.c \
	$(dialect_test_support)
tests_unit_test_token_call_CFLAGS = $(dialect_test_cflags)
tests_unit_test_token_call_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_hanko_SOURCES = tests/unit/test_dialect_hanko.c $(dialect_test_support) \
	tests/unit/hanko_exchanges.h
tests_unit_test_dialect_hanko_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_hanko_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_hanko_credentials_SOURCES = tests/unit/test_dialect_hanko_credentials.c $(dialect_test_support) \
	tests/unit/hanko_exchanges.h
tests_unit_test_dialect_hanko_credentials_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_hanko_credentials_LDADD = $(dialect_test_libs)

tests_unit_test_dialect_hanko_errors_SOURCES = tests/unit/test_dialect_hanko_errors.c $(dialect_test_support) \
	tests/unit/hanko_exchanges.h
tests_unit_test_dialect_hanko_errors_CFLAGS = $(dialect_test_cflags)
tests_unit_test_dialect_hanko_errors_LDADD = $(dialect_test_libs)
endif
