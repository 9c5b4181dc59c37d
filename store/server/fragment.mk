# The store's side, for each program that has one.
noinst_LTLIBRARIES += store/server/libstoreserver.la
store_server_libstoreserver_la_SOURCES = \
	store/server/serve.c \
	store/server/server.c store/server/server.h
