# Accounts, and the decoys, recovery codes and tickets of one.
daemon_libdaemon_la_SOURCES += \
	daemon/accounts/account.c daemon/accounts/account.h \
	daemon/accounts/decoy.c daemon/accounts/decoy.h \
	daemon/accounts/passkey_json.c daemon/accounts/passkey_json.h \
	daemon/accounts/recovery_codes.c daemon/accounts/recovery_codes.h \
	daemon/accounts/subject.c daemon/accounts/subject.h
