# Formats between processes and between machines; see doc/protocol.md.
noinst_LTLIBRARIES += common/wire/libwire.la
common_wire_libwire_la_SOURCES = \
	common/wire/agent.c common/wire/agent.h \
	common/wire/creation.c common/wire/creation.h \
	common/wire/forward.c common/wire/forward.h common/wire/forward_answer.c \
	common/wire/forward_parts.c common/wire/forward_parts.h \
	common/wire/frame_contents.h \
	common/wire/fields.c common/wire/fields.h \
	common/wire/frames.c common/wire/frames.h \
	common/wire/frames_clear.c common/wire/frames_write.c \
	common/wire/host_key.c common/wire/host_key.h \
	common/wire/members.c common/wire/members.h \
	common/wire/sk.c common/wire/sk.h \
	common/wire/start.h
