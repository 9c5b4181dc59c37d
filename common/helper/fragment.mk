# What the programs share that others start with a socket to speak frames on: that, and their sandbox.
noinst_LTLIBRARIES += common/helper/libhelper.la
common_helper_libhelper_la_SOURCES = \
	common/helper/channel.c common/helper/channel.h \
	common/helper/landlock.c common/helper/landlock.h \
	common/helper/passing.c common/helper/passing.h \
	common/helper/sandbox.c common/helper/sandbox.h
if SANITIZERS
helper_cppflags = $(AM_CPPFLAGS) -DSANITIZERS
else
helper_cppflags = $(AM_CPPFLAGS)
endif
common_helper_libhelper_la_CPPFLAGS = $(helper_cppflags)
common_helper_libhelper_la_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
common_helper_libhelper_la_LIBADD = $(SECCOMP_LIBS)
