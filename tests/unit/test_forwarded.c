/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webauthn/client.h"
#include "daemon/verify/forwarded.h"

#include <string.h>

static struct ceremony *begin(enum pk_ceremony kind)
{
    struct ceremony *ceremony = ceremony_new("0123456789abcdef", 0);

    assert_non_null(ceremony);
    ceremony->requirements.ceremony = kind;
    assert_int_equal(ceremony_bind_act(ceremony, "enroll", "alice"), PK_OK);
    assert_int_equal(pk_strings_add(&ceremony->requirements.origins, "ssh://web1"), PK_OK);
    assert_int_equal(pk_strings_add(&ceremony->requirements.origins, "ssh://[::1]"), PK_OK);
    return ceremony;
}

/* An answer to that ceremony; origin is borrowed. */
static struct pk_forward_answer answer_to(const struct ceremony *ceremony, char *origin)
{
    struct pk_forward_answer answer = {.kind = PK_FORWARD_CREATE, .origin = origin};

    (void)memcpy(answer.challenge, ceremony->requirements.challenge.data, sizeof(answer.challenge));
    return answer;
}

static void hash_is_of_what_the_client_signed(void **state)
{
    static const enum pk_ceremony kinds[] = {PK_REGISTRATION, PK_AUTHENTICATION};
    char origins[][16] = {"ssh://web1", "ssh://[::1]"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ceremony *ceremony = begin(kinds[i]);
        struct pk_forward_answer answer = answer_to(ceremony, origins[i]);
        uint8_t hash[PK_HASH_SIZE], expected[PK_HASH_SIZE];

        assert_int_equal(forwarded_client_data_hash(ceremony, &answer, hash), PK_OK);
        assert_int_equal(pk_client_data_hash(kinds[i],
                                             pk_view_of(&ceremony->requirements.challenge),
                                             origins[i], expected),
                         PK_OK);
        assert_memory_equal(hash, expected, sizeof(hash));
        ceremony_free(ceremony);
    }
}

static void other_origins_are_refused(void **state)
{
    char origins[][24] = {"",           "ssh://",      "ssh://web",     "ssh://web1.evil",
                          "ssh://WEB1", "ssh://web1/", "https://web1",  "local://web1",
                          "ssh://::1",  "ssh://web1 ", "ssh://web1:22", "web1"};
    struct ceremony *ceremony = begin(PK_REGISTRATION);
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        struct pk_forward_answer answer = answer_to(ceremony, origins[i]);

        assert_int_equal(forwarded_client_data_hash(ceremony, &answer, hash), PK_ORIGIN_MISMATCH);
    }
    ceremony_free(ceremony);
}

static void answers_to_other_requests_are_refused(void **state)
{
    char origin[] = "ssh://web1";
    struct ceremony *ceremony = begin(PK_REGISTRATION);
    struct ceremony *other = begin(PK_REGISTRATION);
    struct pk_forward_answer answer = answer_to(ceremony, origin);
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    assert_int_equal(forwarded_client_data_hash(other, &answer, hash), PK_CHALLENGE_MISMATCH);
    answer.challenge[PK_FORWARD_CHALLENGE_SIZE - 1] ^= 1;
    assert_int_equal(forwarded_client_data_hash(ceremony, &answer, hash), PK_CHALLENGE_MISMATCH);
    pk_bytes_clear(&ceremony->requirements.challenge);
    assert_int_equal(forwarded_client_data_hash(ceremony, &answer, hash), PK_CHALLENGE_MISMATCH);
    ceremony_free(ceremony);
    ceremony_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_of_what_the_client_signed),
        cmocka_unit_test(other_origins_are_refused),
        cmocka_unit_test(answers_to_other_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
