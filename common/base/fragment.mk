noinst_LTLIBRARIES += common/base/libbase.la
common_base_libbase_la_SOURCES = \
	common/base/bytes.c common/base/bytes.h \
	common/base/cbor.c common/base/cbor.h \
	common/base/cleanup.h \
	common/base/clock.c common/base/clock.h \
	common/base/correlation.c common/base/correlation.h \
	common/base/crockford.c common/base/crockford.h \
	common/base/give_up.c common/base/give_up.h \
	common/base/hidden.c common/base/hidden.h \
	common/base/io.c common/base/io.h \
	common/base/limits.h \
	common/base/log.c common/base/log.h \
	common/base/methods.c common/base/methods.h \
	common/base/pam_options.c common/base/pam_options.h \
	common/base/process.c common/base/process.h \
	common/base/quote.c common/base/quote.h \
	common/base/reader.c common/base/reader.h \
	common/base/ssh_connection.c common/base/ssh_connection.h \
	common/base/status.c common/base/status.h common/base/status_webauthn.h \
	common/base/terms.c common/base/terms.h \
	common/base/text.c common/base/text.h \
	common/base/writer.c common/base/writer.h

# The programs that have a configuration file; nobody else is to bring libini with it.
noinst_LTLIBRARIES += common/base/libconfigfile.la
common_base_libconfigfile_la_SOURCES = \
	common/base/config_file.c common/base/config_file.h \
	common/base/ownership.c common/base/ownership.h
common_base_libconfigfile_la_CFLAGS = $(PK_CFLAGS) $(INI_CFLAGS)
common_base_libconfigfile_la_LIBADD = $(INI_LIBS)

# The programs that serve others; nobody else is to bring libevent with it.
noinst_LTLIBRARIES += common/base/libmainloop.la
common_base_libmainloop_la_SOURCES = common/base/main_loop.c common/base/main_loop.h
common_base_libmainloop_la_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS)
common_base_libmainloop_la_LIBADD = $(EVENT_LIBS)
