# What the daemon and a store in a process of its own say to each other.
store_libstore_la_SOURCES += \
	store/protocol/calls.c store/protocol/calls.h \
	store/protocol/channel.c store/protocol/channel.h \
	store/protocol/fields.c store/protocol/fields.h \
	store/protocol/frame.c store/protocol/frame.h
