# The relying party over HTTP.
noinst_LTLIBRARIES += gateway/libgateway.la
gateway_libgateway_la_SOURCES = \
	gateway/address.c gateway/address.h \
	gateway/authority.c gateway/authority.h \
	gateway/bus_client.c gateway/bus_client.h \
	gateway/bus_message.c gateway/bus_message.h \
	gateway/connections.c gateway/connections.h \
	gateway/cors.c gateway/cors.h \
	gateway/dialect.h \
	gateway/dialect_standard.c \
	gateway/dialects.c gateway/dialects.h \
	gateway/exchange.c gateway/exchange.h gateway/exchange_private.h \
	gateway/gateway.c gateway/gateway.h \
	gateway/gateway_config.c gateway/gateway_config.h \
	gateway/judged.c gateway/judged.h \
	gateway/http_client.c gateway/http_client.h \
	gateway/listener.c gateway/listener.h \
	gateway/metrics.c gateway/metrics.h \
	gateway/store_watch.c gateway/store_watch.h \
	gateway/parties.c gateway/parties.h \
	gateway/party.c gateway/party.h \
	gateway/problem.c gateway/problem.h \
	gateway/rate.c gateway/rate.h \
	gateway/router.c gateway/router.h \
	gateway/server.c gateway/server.h gateway/server_private.h \
	gateway/server_requests.c \
	gateway/target.c gateway/target.h
nodist_gateway_libgateway_la_SOURCES = gateway/openapi.h
gateway_libgateway_la_CFLAGS = $(PK_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS) $(DBUS_CFLAGS) \
	$(MICROHTTPD_CFLAGS) $(CURL_CFLAGS)
gateway_libgateway_la_LIBADD = $(JANSSON_LIBS) $(EVENT_LIBS) $(DBUS_LIBS) $(MICROHTTPD_LIBS) \
	$(CURL_LIBS)

sbin_PROGRAMS += gateway/passkey-gateway
gateway_passkey_gateway_SOURCES = gateway/main.c
gateway_passkey_gateway_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS)
gateway_passkey_gateway_LDADD = $(gateway_libs)

# The document that is served as /openapi.yaml, as a C string.
BUILT_SOURCES += gateway/openapi.h
CLEANFILES += gateway/openapi.h
EXTRA_DIST += doc/openapi.yaml
gateway/openapi.h: doc/openapi.yaml Makefile
	$(AM_V_GEN)$(MKDIR_P) gateway && { \
		echo 'static const char openapi[] ='; \
		$(SED) -e 's|\\|\\\\|g' -e 's|"|\\"|g' -e 's|^|    "|' -e 's|$$|\\n"|' \
			$(srcdir)/doc/openapi.yaml; \
		echo '    ;'; } >$@.tmp && mv $@.tmp $@

dist_man_MANS += doc/passkey-gateway.8 doc/gateway.conf.5
