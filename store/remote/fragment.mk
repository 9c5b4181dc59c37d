# The daemon's side of a store in a process of its own.
noinst_LTLIBRARIES += store/remote/libstoreremote.la
store_remote_libstoreremote_la_SOURCES = \
	store/remote/call.c store/remote/call.h \
	store/remote/remote.h \
	store/remote/verbs.c
