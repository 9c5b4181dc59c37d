/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webauthn/client.h"
#include "common/webauthn/crypto.h"

#include <stdlib.h>
#include <string.h>

/* SHA-256(01 ‖ nonce ‖ json), as another implementation computed it. */
static void challenge_is_bound(void **state)
{
    static const uint8_t expected[PK_HASH_SIZE] = {0x91, 0x9f, 0x7e, 0xc0, 0xf9, 0x6a, 0xf1, 0x8b,
                                                   0x12, 0x1a, 0x72, 0xb4, 0xe7, 0x9b, 0xe7, 0x53,
                                                   0xaa, 0xe4, 0x19, 0x03, 0x6a, 0x96, 0x1b, 0xa0,
                                                   0x0f, 0x36, 0x69, 0x7b, 0x6f, 0xb8, 0x31, 0x78};
    uint8_t nonce[PK_CHALLENGE_SIZE];
    uint8_t challenge[PK_HASH_SIZE];
    uint8_t other[PK_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)i;
    pk_bound_challenge(nonce, pk_view_string("{\"user\":\"alice\"}"), challenge);
    assert_memory_equal(challenge, expected, sizeof(expected));
    pk_bound_challenge(nonce, pk_view_string("{\"user\":\"mallory\"}"), other);
    assert_memory_not_equal(challenge, other, sizeof(other));
    nonce[0] ^= 1;
    pk_bound_challenge(nonce, pk_view_string("{\"user\":\"alice\"}"), other);
    assert_memory_not_equal(challenge, other, sizeof(other));
}

static void client_data_are_serialised(void **state)
{
    static const char create[] = "{\"type\":\"webauthn.create\",\"challenge\":\"AQID\","
                                 "\"origin\":\"ssh://web1.example\",\"crossOrigin\":false}";
    const uint8_t challenge[] = {1, 2, 3};
    const struct pk_view view = {challenge, sizeof(challenge)};
    uint8_t expected[PK_HASH_SIZE];
    uint8_t hash[PK_HASH_SIZE];
    char *text = NULL;

    (void)state;
    assert_int_equal(pk_client_data_compose(PK_REGISTRATION, view, "ssh://web1.example", &text),
                     PK_OK);
    assert_string_equal(text, create);
    free(text);
    pk_sha256(pk_view_string(create), expected);
    assert_int_equal(pk_client_data_hash(PK_REGISTRATION, view, "ssh://web1.example", hash), PK_OK);
    assert_memory_equal(hash, expected, sizeof(hash));
    assert_int_equal(pk_client_data_hash(PK_AUTHENTICATION, view, "ssh://web1.example", hash),
                     PK_OK);
    assert_memory_not_equal(hash, expected, sizeof(hash));
}

static void origins_that_need_escapes_are_refused(void **state)
{
    static const char *const origins[] = {"a\"b", "a\\b", "a b", "a\nb", "a\x7f", "a\xc3\xa4"};
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
        assert_int_equal(
            pk_client_data_hash(PK_AUTHENTICATION, (struct pk_view){0}, origins[i], hash),
            PK_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_is_bound),
        cmocka_unit_test(client_data_are_serialised),
        cmocka_unit_test(origins_that_need_escapes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
