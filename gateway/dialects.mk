# The dialects and what they share: no sockets, no HTTP library, no bus, so that tests and a fuzz target
# drive them with requests of their own.
noinst_LTLIBRARIES += gateway/libdialects.la
gateway_libdialects_la_SOURCES = \
	gateway/canonical_json.c gateway/canonical_json.h \
	gateway/credential_body.c gateway/credential_body.h \
	gateway/dialect.h gateway/exchange.h gateway/party.h \
	gateway/dialect_authsignal.c gateway/dialect_authsignal.h \
	gateway/dialect_authsignal_server.c \
	gateway/dialect_autional.c gateway/dialect_autional.h \
	gateway/dialect_autional_credentials.c \
	gateway/dialect_cloudreve.c \
	gateway/dialect_hanko.c gateway/dialect_hanko.h \
	gateway/dialect_hanko_ceremonies.c \
	gateway/dialect_hanko_credentials.c \
	gateway/members.c gateway/members.h \
	gateway/options_shape.c gateway/options_shape.h \
	gateway/token_call.c gateway/token_call.h \
	gateway/user_agent.c gateway/user_agent.h
gateway_libdialects_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
gateway_libdialects_la_LIBADD = $(JANSSON_LIBS) -lm
dialects_libs = gateway/libdialects.la $(webauthn_libs)
