# API keys and tokens of relying parties over HTTP.
daemon_libdaemon_la_SOURCES += \
	daemon/tokens/authority.c daemon/tokens/authority.h \
	daemon/tokens/claims.c daemon/tokens/claims.h \
	daemon/tokens/keys.c daemon/tokens/keys.h \
	daemon/tokens/party.c daemon/tokens/party.h \
	daemon/tokens/private_keys.c daemon/tokens/private_keys.h \
	daemon/tokens/password.c daemon/tokens/password.h \
	daemon/tokens/password_checks.c daemon/tokens/password_checks.h \
	daemon/tokens/profiles.c daemon/tokens/profiles.h \
	daemon/tokens/signing.c daemon/tokens/signing.h \
	daemon/tokens/token_text.c daemon/tokens/token_text.h \
	daemon/tokens/tokens.c daemon/tokens/tokens.h
