# Conversations with the person who signs in or enrols.
daemon_libdaemon_la_SOURCES += \
	daemon/dialogue/account_choice.c daemon/dialogue/account_choice.h \
	daemon/dialogue/conversation.c daemon/dialogue/conversation.h \
	daemon/dialogue/conversation_calls.c \
	daemon/dialogue/conversation_private.h \
	daemon/dialogue/messages.c daemon/dialogue/messages.h \
	daemon/dialogue/network.c daemon/dialogue/network.h \
	daemon/dialogue/numbered_choice.c daemon/dialogue/numbered_choice.h \
	daemon/dialogue/slots.c daemon/dialogue/slots.h
