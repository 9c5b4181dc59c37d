# The helper frames; see doc/protocol.md.
noinst_LTLIBRARIES += common/wire/libwire.la
common_wire_libwire_la_SOURCES = \
	common/wire/frames.c common/wire/frames.h
common_wire_libwire_la_LIBADD = common/base/libbase.la
