# Tests of the gateway's parts that need neither sockets nor the bus.
EXTRA_DIST += tests/vectors/gateway
if HAVE_CMOCKA
gateway_tests = \
	tests/unit/test_address \
	tests/unit/test_connections \
	tests/unit/test_exchange \
	tests/unit/test_gateway_config \
	tests/unit/test_rate \
	tests/unit/test_router \
	tests/unit/test_target
check_PROGRAMS += $(gateway_tests)
TESTS += $(gateway_tests)

gateway_test_libs = $(gateway_libs) $(CMOCKA_LIBS)
gateway_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_address_CFLAGS = $(gateway_test_cflags)
tests_unit_test_address_LDADD = $(gateway_test_libs)
tests_unit_test_connections_CFLAGS = $(gateway_test_cflags)
tests_unit_test_connections_LDADD = $(gateway_test_libs)
tests_unit_test_exchange_CFLAGS = $(gateway_test_cflags)
tests_unit_test_exchange_LDADD = $(gateway_test_libs)
tests_unit_test_gateway_config_CFLAGS = $(gateway_test_cflags)
tests_unit_test_gateway_config_LDADD = tests/unit/libscratch.la $(gateway_test_libs)
tests_unit_test_rate_CFLAGS = $(gateway_test_cflags)
tests_unit_test_rate_LDADD = $(gateway_test_libs)
tests_unit_test_router_CFLAGS = $(gateway_test_cflags)
tests_unit_test_router_LDADD = $(gateway_test_libs)
tests_unit_test_target_CFLAGS = $(gateway_test_cflags)
tests_unit_test_target_LDADD = $(gateway_test_libs)
endif
