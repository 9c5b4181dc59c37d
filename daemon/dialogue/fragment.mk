# Conversations with the person who signs in or enrols.
daemon_libdaemon_la_SOURCES += \
	daemon/dialogue/account_choice.c daemon/dialogue/account_choice.h \
	daemon/dialogue/conversation.c daemon/dialogue/conversation.h \
	daemon/dialogue/conversation_dialogue.c \
	daemon/dialogue/messages.c daemon/dialogue/messages.h
