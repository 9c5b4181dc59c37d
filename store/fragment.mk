# What a store is: the table of verbs and what it speaks of. Everybody who has a store links with it.
noinst_LTLIBRARIES += store/libstore.la
store_libstore_la_SOURCES = \
	store/backup.h \
	store/decision_records.c store/decision_records.h \
	store/key_records.c store/key_records.h \
	store/store.c store/store.h
