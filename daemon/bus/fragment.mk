# The bus: connection, calls, the table of methods, the identity of callers.
daemon_libdaemon_la_SOURCES += \
	daemon/bus/budget.c daemon/bus/budget.h \
	daemon/bus/bus.c daemon/bus/bus.h \
	daemon/bus/call.c daemon/bus/call.h \
	daemon/bus/caller.c daemon/bus/caller.h \
	daemon/bus/console.c daemon/bus/console.h \
	daemon/bus/connection.c daemon/bus/connection.h \
	daemon/bus/descriptors.c daemon/bus/descriptors.h \
	daemon/bus/gateway_user.c daemon/bus/gateway_user.h \
	daemon/bus/logind.c daemon/bus/logind.h \
	daemon/bus/logind_facts.c daemon/bus/logind_facts.h \
	daemon/bus/logind_files.c daemon/bus/logind_files.h \
	daemon/bus/logind_properties.c daemon/bus/logind_properties.h \
	daemon/bus/message.c daemon/bus/message.h \
	daemon/bus/method_table.c \
	daemon/bus/methods.c daemon/bus/methods.h \
	daemon/bus/peers.c daemon/bus/peers.h \
	daemon/bus/polkit.c daemon/bus/polkit.h \
	daemon/bus/received.c \
	daemon/bus/reply_errors.c daemon/bus/reply_errors.h \
	daemon/bus/request.c daemon/bus/request.h \
	daemon/bus/sealed.c daemon/bus/sealed.h \
	daemon/bus/seat.c daemon/bus/seat.h \
	daemon/bus/passed.c daemon/bus/passed.h \
	daemon/bus/secret_reader.c daemon/bus/secret_reader.h \
	daemon/bus/socket.c daemon/bus/socket.h \
	daemon/bus/value.c daemon/bus/value.h \
	daemon/bus/waiting.c daemon/bus/waiting.h
