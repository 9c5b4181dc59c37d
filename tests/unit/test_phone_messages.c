/* SPDX-License-Identifier: BSD-2-Clause */
/* Whoever has used a phone is told of a phone, and of nothing that a security key has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/keys/messages.h"
#include "common/keys/phone_messages.h"

#include <string.h>

static const char *const words_of_keys[] = {
    "security key", "another key", "the key", "plug", "Pull", "touch", "PIN", "fingerprint"};

static void no_text_speaks_of_a_key(void **state)
{
    (void)state;
    for (int status = PK_OK; status <= PK_STATUS_COUNT; status++) {
        const char *text = pk_message_phone((enum pk_status)status);

        for (size_t i = 0; i < sizeof(words_of_keys) / sizeof(words_of_keys[0]); i++)
            if (strstr(text, words_of_keys[i]))
                fail_msg("%d: %s", status, text);
    }
}

/* What passkey-phone may say, and what is found wrong with a phone's answer. */
static void the_ends_of_a_session_name_the_phone(void **state)
{
    static const enum pk_status ends[] = {
        PK_BUSY,
        PK_TIMEOUT,
        PK_UNAVAILABLE,
        PK_UNSUPPORTED,
        PK_DEVICE_ERROR,
        PK_UV_INVALID,
        PK_UV_BLOCKED,
        PK_KEY_STORE_FULL,
        PK_KEY_ALGORITHM,
        PK_KEY_CANNOT_VERIFY,
        PK_KEY_CANNOT_STORE,
        PK_USER_NOT_VERIFIED,
        PK_COUNTER_REGRESSED,
        PK_USER_NOT_PRESENT,
        PK_RESIDENT_KEY_MISSING,
        PK_ALGORITHM_NOT_OFFERED,
        PK_ATTESTATION_UNTRUSTED,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (!strcasestr(pk_message_phone(ends[i]), "phone"))
            fail_msg("%s: %s", pk_status_name(ends[i]), pk_message_phone(ends[i]));
    for (int status = PK_PHONE_NO_ADAPTER; status <= PK_PHONE_TOO_OLD; status++)
        assert_non_null(strstr(pk_message_phone((enum pk_status)status), "phone"));
}

/* A sentence, short enough for one message of PAM. */
static void every_text_is_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(pk_message_phone(PK_OK), "");
    for (int status = PK_OK + 1; status < PK_STATUS_COUNT; status++) {
        const char *text = pk_message_phone((enum pk_status)status);

        assert_in_range(strlen(text), 10, 300);
        assert_null(strchr(text, '\n'));
        assert_non_null(strchr(".?", text[strlen(text) - 1]));
    }
    assert_string_equal(pk_message_phone(PK_CANCELLED), pk_message_outcome(PK_CANCELLED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_speaks_of_a_key),
        cmocka_unit_test(the_ends_of_a_session_name_the_phone),
        cmocka_unit_test(every_text_is_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
