# What a person is told, also by programs that drive no keys.
noinst_LTLIBRARIES += common/keys/libmessages.la
common_keys_libmessages_la_SOURCES = common/keys/messages.c common/keys/messages.h \
	common/keys/phone_words.c common/keys/phone_words.h
common_keys_libmessages_la_CFLAGS = $(PK_CFLAGS)

# Security keys in this machine, for the programs that start passkey-authenticator.
noinst_LTLIBRARIES += common/keys/libkeys.la
common_keys_libkeys_la_SOURCES = \
	common/keys/child.c common/keys/child.h \
	common/keys/deadlines.c common/keys/deadlines.h \
	common/keys/dialogue.h \
	common/keys/helper.c common/keys/helper.h \
	common/keys/key_care.c common/keys/key_care.h \
	common/keys/key_session.c common/keys/key_session.h \
	common/keys/keys.c common/keys/keys.h \
	common/keys/known.c common/keys/known.h \
	common/keys/local_ceremony.c common/keys/local_ceremony.h \
	common/keys/local_candidates.c common/keys/local_notices.c common/keys/local_pin.c \
	common/keys/local_private.h \
	common/keys/pin_budget.c common/keys/pin_budget.h \
	common/keys/pin_dialogue.c common/keys/pin_dialogue.h \
	common/keys/place.c common/keys/place.h \
	common/keys/pin_text.c common/keys/pin_text.h \
	common/keys/ready.c common/keys/ready.h \
	common/keys/turns.c common/keys/turns.h
common_keys_libkeys_la_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS) $(UTF8PROC_CFLAGS)
common_keys_libkeys_la_LIBADD = common/keys/libmessages.la $(EVENT_LIBS) $(UTF8PROC_LIBS)

# Phones nearby, for the programs that start passkey-phone.
noinst_LTLIBRARIES += common/keys/libphone.la
common_keys_libphone_la_SOURCES = common/keys/phone_ceremony.c common/keys/phone_ceremony.h \
	common/keys/phone_messages.c common/keys/phone_messages.h
common_keys_libphone_la_CFLAGS = $(PK_CFLAGS) $(EVENT_CFLAGS)

# Pictures for a terminal, for the programs that have one.
noinst_LTLIBRARIES += common/keys/libqrcode.la
common_keys_libqrcode_la_SOURCES = common/keys/qr_code.c common/keys/qr_code.h
common_keys_libqrcode_la_CFLAGS = $(PK_CFLAGS) $(QRENCODE_CFLAGS)
common_keys_libqrcode_la_LIBADD = $(QRENCODE_LIBS)
