# Tests of common/keys, and of its use in passkey-askpass.
if HAVE_CMOCKA
keys_tests = \
	tests/unit/test_askpass_key \
	tests/unit/test_askpass_phone \
	tests/unit/test_contention \
	tests/unit/test_helper \
	tests/unit/test_key_care \
	tests/unit/test_key_messages \
	tests/unit/test_key_watch \
	tests/unit/test_local_ceremony \
	tests/unit/test_local_ceremony_pin \
	tests/unit/test_local_ceremony_plugging \
	tests/unit/test_local_ceremony_trouble \
	tests/unit/test_phone_ceremony \
	tests/unit/test_phone_messages \
	tests/unit/test_pin_budget \
	tests/unit/test_pin_dialogue \
	tests/unit/test_plugged \
	tests/unit/test_ready
check_PROGRAMS += $(keys_tests)
TESTS += $(keys_tests)

keys_test_libs = $(keys_libs) $(CMOCKA_LIBS) $(EVENT_LIBS)
keys_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_askpass_key_CFLAGS = $(keys_test_cflags)
tests_unit_test_askpass_key_LDADD = tests/unit/libscratch.la $(askpass_key_libs) $(CMOCKA_LIBS)
tests_unit_test_askpass_phone_CFLAGS = $(keys_test_cflags)
tests_unit_test_askpass_phone_LDADD = $(askpass_key_libs) $(CMOCKA_LIBS)
tests_unit_test_phone_messages_CFLAGS = $(keys_test_cflags)
tests_unit_test_phone_messages_LDADD = common/keys/libphone.la $(keys_test_libs)
tests_unit_test_helper_CFLAGS = $(keys_test_cflags)
tests_unit_test_helper_LDADD = $(keys_test_libs)
EXTRA_tests_unit_test_helper_DEPENDENCIES = tests/unit/bad_helper
tests_unit_test_ready_CFLAGS = $(keys_test_cflags)
tests_unit_test_ready_LDADD = $(keys_test_libs)
EXTRA_tests_unit_test_ready_DEPENDENCIES = tests/unit/bad_helper
tests_unit_test_key_messages_CFLAGS = $(keys_test_cflags)
tests_unit_test_key_messages_LDADD = $(keys_test_libs)
tests_unit_test_contention_SOURCES = tests/unit/test_contention.c $(scripted_sources)
tests_unit_test_contention_CFLAGS = $(keys_test_cflags)
tests_unit_test_contention_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_contention_DEPENDENCIES = tests/unit/relay_helper
scripted_sources = tests/unit/scripted_keys.c tests/unit/scripted_keys.h \
	tests/unit/scripted_person.c tests/unit/scripted_person.h
tests_unit_test_key_care_SOURCES = tests/unit/test_key_care.c $(scripted_sources)
tests_unit_test_key_care_CFLAGS = $(keys_test_cflags)
tests_unit_test_key_care_LDADD = tests/unit/libscratch.la $(keys_test_libs)
tests_unit_test_key_care_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pk_secret_clear
EXTRA_tests_unit_test_key_care_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_key_watch_SOURCES = tests/unit/test_key_watch.c $(scripted_sources)
tests_unit_test_key_watch_CFLAGS = $(keys_test_cflags)
tests_unit_test_key_watch_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_key_watch_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_local_ceremony_SOURCES = tests/unit/test_local_ceremony.c $(scripted_sources)
tests_unit_test_local_ceremony_CFLAGS = $(keys_test_cflags)
tests_unit_test_local_ceremony_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_local_ceremony_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_local_ceremony_pin_SOURCES = tests/unit/test_local_ceremony_pin.c $(scripted_sources)
tests_unit_test_local_ceremony_pin_CFLAGS = $(keys_test_cflags)
tests_unit_test_local_ceremony_pin_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_local_ceremony_pin_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_local_ceremony_plugging_SOURCES = tests/unit/test_local_ceremony_plugging.c \
	$(scripted_sources)
tests_unit_test_local_ceremony_plugging_CFLAGS = $(keys_test_cflags)
tests_unit_test_local_ceremony_plugging_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_local_ceremony_plugging_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_local_ceremony_trouble_SOURCES = tests/unit/test_local_ceremony_trouble.c \
	$(scripted_sources)
tests_unit_test_local_ceremony_trouble_CFLAGS = $(keys_test_cflags)
tests_unit_test_local_ceremony_trouble_LDADD = tests/unit/libscratch.la $(keys_test_libs)
EXTRA_tests_unit_test_local_ceremony_trouble_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_phone_ceremony_SOURCES = tests/unit/test_phone_ceremony.c \
	tests/unit/scripted_keys.c tests/unit/scripted_keys.h
tests_unit_test_phone_ceremony_CFLAGS = $(keys_test_cflags)
tests_unit_test_phone_ceremony_LDADD = tests/unit/libscratch.la common/keys/libphone.la \
	common/keys/libqrcode.la $(keys_test_libs)
EXTRA_tests_unit_test_phone_ceremony_DEPENDENCIES = tests/unit/relay_helper
tests_unit_test_pin_budget_CFLAGS = $(keys_test_cflags)
tests_unit_test_pin_budget_LDADD = $(keys_test_libs)
# Replaces the functions that drive keys.
tests_unit_test_pin_dialogue_SOURCES = tests/unit/test_pin_dialogue.c common/keys/pin_dialogue.c \
	common/keys/pin_text.c
tests_unit_test_pin_dialogue_CFLAGS = $(keys_test_cflags)
tests_unit_test_pin_dialogue_LDADD = common/base/libbase.la $(CMOCKA_LIBS) $(UTF8PROC_LIBS)
tests_unit_test_plugged_CFLAGS = $(keys_test_cflags)
tests_unit_test_plugged_LDADD = tests/unit/libscratch.la $(plugged_libs) $(CMOCKA_LIBS) $(EVENT_LIBS)
tests_unit_test_plugged_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=terminal_info
EXTRA_tests_unit_test_plugged_DEPENDENCIES = tests/unit/one_key_helper

# A helper that misbehaves; test_helper.c selects how by the name it is started under.
check_PROGRAMS += tests/unit/bad_helper
tests_unit_bad_helper_LDADD = $(wire_libs)

# A helper that passes its socket to the test, which then acts as the helper.
check_PROGRAMS += tests/unit/relay_helper
tests_unit_relay_helper_SOURCES = tests/unit/relay_helper.c

# A helper with one key; its name selects its answers.
check_PROGRAMS += tests/unit/one_key_helper
tests_unit_one_key_helper_LDADD = $(webauthn_libs) $(wire_libs)
endif
