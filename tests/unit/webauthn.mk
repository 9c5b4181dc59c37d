# The relying party's tests.
check_PROGRAMS += tests/unit/verify_cli
tests_unit_verify_cli_SOURCES = tests/unit/verify_cli.c
tests_unit_verify_cli_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_verify_cli_LDADD = client/libverify.la
