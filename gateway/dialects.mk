# The dialects and what they share: no sockets, no HTTP library, no bus, so that tests and a fuzz target
# drive them with requests of their own.
noinst_LTLIBRARIES += gateway/libdialects.la
gateway_libdialects_la_SOURCES = \
	gateway/canonical_json.c gateway/canonical_json.h \
	gateway/cookies.c gateway/cookies.h \
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
	gateway/dialect_pages.c gateway/dialect_pages.h gateway/dialect_pages_own.c \
	gateway/members.c gateway/members.h \
	gateway/options_shape.c gateway/options_shape.h \
	gateway/own_words.h \
	gateway/page.c gateway/page.h gateway/page_write.h \
	gateway/page_own.c gateway/page_own.h \
	gateway/page_words.c gateway/page_words.h \
	gateway/token_call.c gateway/token_call.h \
	gateway/user_agent.c gateway/user_agent.h
nodist_gateway_libdialects_la_SOURCES = gateway/pages.h
gateway_libdialects_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
gateway_libdialects_la_LIBADD = $(JANSSON_LIBS) -lm
dialects_libs = gateway/libdialects.la $(webauthn_libs)

# What the pages load, as C strings.
page_files = \
	gateway/pages/style.css \
	gateway/pages/calls.js \
	gateway/pages/link.js \
	gateway/pages/parts.js \
	gateway/pages/passkeys.js \
	gateway/pages/ticket.js \
	gateway/pages/webauthn.js
BUILT_SOURCES += gateway/pages.h
CLEANFILES += gateway/pages.h
$(gateway_libdialects_la_OBJECTS): | gateway/pages.h
EXTRA_DIST += $(page_files)
gateway/pages.h: $(page_files) Makefile
	$(AM_V_GEN)$(MKDIR_P) gateway && { \
		for file in style.css calls.js link.js parts.js passkeys.js ticket.js webauthn.js; do \
			echo "static const char page_$${file%%.*}[] ="; \
			$(SED) -e 's|\\|\\\\|g' -e 's|"|\\"|g' -e 's|^|    "|' -e 's|$$|\\n"|' \
				$(srcdir)/gateway/pages/$$file; \
			echo '    ;'; \
		done; } >$@.tmp && mv $@.tmp $@

# The page that is one file, for any web server where there is no gateway: its parts put together.
page_parts = \
	gateway/own_words.h \
	gateway/page_words.h \
	gateway/pages/forward.js \
	gateway/pages/parts.js \
	gateway/pages/paste.html \
	gateway/pages/paste.js \
	gateway/pages/paste_words.h \
	gateway/pages/style.css \
	gateway/pages/webauthn.js
pkgdata_DATA = gateway/passkey.html
CLEANFILES += gateway/passkey.html
EXTRA_DIST += gateway/pages/forward.js gateway/pages/paste.html gateway/pages/paste.js \
	gateway/pages/paste_words.h scripts/make-page
gateway/passkey.html: $(page_parts) scripts/make-page
	$(AM_V_GEN)$(MKDIR_P) gateway && \
		$(srcdir)/scripts/make-page $(srcdir) $(CC) -E >$@.tmp && mv $@.tmp $@
