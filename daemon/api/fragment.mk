# The methods on the bus, except those of conversations.
daemon_libdaemon_la_SOURCES += \
	daemon/api/backup.c \
	daemon/api/begun.c daemon/api/begun.h \
	daemon/api/credentials.c \
	daemon/api/gateway.c daemon/api/gateway.h \
	daemon/api/gateway_authentication.c \
	daemon/api/gateway_credentials.c \
	daemon/api/gateway_finish.c \
	daemon/api/gateway_json.c \
	daemon/api/gateway_password.c \
	daemon/api/gateway_recovery.c \
	daemon/api/gateway_links.c \
	daemon/api/gateway_own.c daemon/api/gateway_own.h \
	daemon/api/gateway_own_begin.c \
	daemon/api/gateway_own_finish.c \
	daemon/api/gateway_registration.c \
	daemon/api/gateway_tickets.c \
	daemon/api/gateway_store.c \
	daemon/api/gateway_tokens.c \
	daemon/api/import.c \
	daemon/api/keys.c \
	daemon/api/making.c daemon/api/making.h \
	daemon/api/manager.c \
	daemon/api/options.c daemon/api/options.h \
	daemon/api/relying_party.c \
	daemon/api/status.c daemon/api/status.h \
	daemon/api/store_state.c daemon/api/store_state.h \
	daemon/api/ticket_links.c daemon/api/ticket_links.h \
	daemon/api/tickets.c daemon/api/tickets.h
