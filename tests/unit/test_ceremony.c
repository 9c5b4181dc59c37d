/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/verify/ceremony.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ceremony *begin(uid_t owner, enum pk_ceremony kind)
{
    struct ceremony *ceremony = ceremony_new("0123456789abcdef", owner);

    assert_non_null(ceremony);
    ceremony->requirements.ceremony = kind;
    return ceremony;
}

static void ids_are_random_uuids(void **state)
{
    struct ceremony *a = begin(0, PK_REGISTRATION);
    struct ceremony *b = begin(0, PK_REGISTRATION);

    (void)state;
    assert_int_equal(strlen(a->id), 36);
    assert_int_equal(a->id[8], '-');
    assert_int_equal(a->id[14], '4');
    assert_non_null(strchr("89ab", a->id[19]));
    assert_string_not_equal(a->id, b->id);
    ceremony_free(a);
    ceremony_free(b);
}

static void binding_makes_fresh_challenges(void **state)
{
    const struct context context = {.act = "authenticate",
                                    .user = "alice",
                                    .service = "sudo",
                                    .host = "web1",
                                    .tty = "",
                                    .rhost = "",
                                    .command = "id",
                                    .target = "root"};
    struct ceremony *a = begin(0, PK_AUTHENTICATION);
    struct ceremony *b = begin(0, PK_AUTHENTICATION);

    (void)state;
    assert_int_equal(ceremony_bind(a, &context), PK_OK);
    assert_int_equal(ceremony_bind(b, &context), PK_OK);
    assert_int_equal(a->requirements.challenge.len, PK_CHALLENGE_SIZE);
    assert_false(pk_view_equal(pk_view_of(&a->requirements.challenge),
                               pk_view_of(&b->requirements.challenge)));
    assert_string_equal(a->context, b->context);
    ceremony_free(a);
    ceremony_free(b);
}

/* Whoever has nonce and context can tell that the challenge was made for just that. */
static void challenges_are_bound_to_the_context(void **state)
{
    struct context context = {.act = "authenticate",
                              .user = "alice",
                              .service = "sudo",
                              .host = "web1",
                              .tty = "",
                              .rhost = "",
                              .command = "id",
                              .target = "root"};
    struct ceremony *ceremony = begin(0, PK_AUTHENTICATION);
    PK_AUTO_FREE char *json = context_json(&context);
    uint8_t expected[PK_HASH_SIZE];

    (void)state;
    assert_int_equal(ceremony_bind(ceremony, &context), PK_OK);
    assert_string_equal(ceremony->context, json);
    pk_bound_challenge(ceremony->nonce, pk_view_string(json), expected);
    assert_memory_equal(ceremony->requirements.challenge.data, expected, PK_HASH_SIZE);
    /* Not to one that cannot be said. */
    context.command = "\xff";
    assert_int_equal(ceremony_bind(ceremony, &context), PK_INVALID_INPUT);
    ceremony_free(ceremony);
}

static void acts_are_of_a_user_at_this_host(void **state)
{
    struct ceremony *ceremony = begin(0, PK_REGISTRATION);
    char host[PK_RP_ID_MAX + 1] = "";
    PK_AUTO_FREE char *expected = NULL;

    (void)state;
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    expected = pk_text_format("{\"act\":\"enroll\",\"command\":\"\",\"host\":\"%s\","
                              "\"rhost\":\"\",\"service\":\"\",\"target\":\"\",\"tty\":\"\","
                              "\"user\":\"bob\"}",
                              host);
    assert_int_equal(ceremony_bind_act(ceremony, "enroll", "bob"), PK_OK);
    assert_string_equal(ceremony->context, expected);
    assert_int_equal(ceremony->requirements.challenge.len, PK_CHALLENGE_SIZE);
    ceremony_free(ceremony);
}

/* As a signature must: the id and the data, whole and in this order. */
static void a_transaction_is_in_the_challenge(void **state)
{
    struct ceremony *ceremony = begin(0, PK_AUTHENTICATION);
    const struct pk_bytes *challenge = &ceremony->requirements.challenge;
    uint8_t bound[PK_CHALLENGE_SIZE], expected[PK_HASH_SIZE];

    (void)state;
    assert_int_equal(ceremony_bind_transaction(ceremony, "t1", "{}"), PK_INVALID_ARGUMENT);
    assert_int_equal(ceremony_bind_act(ceremony, "authenticate", "u1"), PK_OK);
    (void)memcpy(bound, challenge->data, sizeof(bound));
    assert_int_equal(ceremony_bind_transaction(ceremony, "t1", "{\"sum\":7}"), PK_OK);
    pk_sha256(pk_view_string("t1{\"sum\":7}"), expected);
    assert_int_equal(challenge->len, 64);
    assert_memory_equal(challenge->data, bound, 32);
    assert_memory_equal(challenge->data + 32, expected, 32);
    /* Once. */
    assert_int_equal(ceremony_bind_transaction(ceremony, "t1", "{\"sum\":7}"), PK_INVALID_ARGUMENT);
    ceremony_free(ceremony);
}

static void the_challenge_can_be_the_id(void **state)
{
    struct ceremony *ceremony = begin(0, PK_AUTHENTICATION);

    (void)state;
    assert_int_equal(ceremony_name_by_challenge(ceremony), PK_INVALID_ARGUMENT);
    assert_int_equal(strlen(ceremony->id), 36);
    assert_int_equal(ceremony_bind_act(ceremony, "authenticate", "u1"), PK_OK);
    for (unsigned i = 0; i < 2; i++) {
        PK_AUTO_FREE char *text = NULL;

        assert_int_equal(ceremony_name_by_challenge(ceremony), PK_OK);
        text = pk_base64url_encode(pk_view_of(&ceremony->requirements.challenge));
        assert_string_equal(ceremony->id, text);
        if (i == 0)
            assert_int_equal(ceremony_bind_transaction(ceremony, "t1", "{}"), PK_OK);
    }
    assert_int_equal(strlen(ceremony->id), 86);
    ceremony_free(ceremony);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_random_uuids),
        cmocka_unit_test(binding_makes_fresh_challenges),
        cmocka_unit_test(challenges_are_bound_to_the_context),
        cmocka_unit_test(acts_are_of_a_user_at_this_host),
        cmocka_unit_test(a_transaction_is_in_the_challenge),
        cmocka_unit_test(the_challenge_can_be_the_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
