# Accounts, and the decoys, recovery codes and tickets of one.
daemon_libdaemon_la_SOURCES += \
	daemon/accounts/account.c daemon/accounts/account.h \
	daemon/accounts/account_watch.c daemon/accounts/account_watch.h \
	daemon/accounts/decoy.c daemon/accounts/decoy.h \
	daemon/accounts/decoy_keeper.c daemon/accounts/decoy_keeper.h \
	daemon/accounts/log_names.c daemon/accounts/log_names.h \
	daemon/accounts/passkey_json.c daemon/accounts/passkey_json.h \
	daemon/accounts/password_file.c daemon/accounts/password_file.h \
	daemon/accounts/presence.c daemon/accounts/presence.h \
	daemon/accounts/recovery_codes.c daemon/accounts/recovery_codes.h \
	daemon/accounts/subject.c daemon/accounts/subject.h
