/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/verify/ceremony.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALICE 1000
#define BOB   1001

static struct ceremony *begin(uid_t owner, enum pk_ceremony kind)
{
    struct ceremony *ceremony = ceremony_new("0123456789abcdef", owner);

    assert_non_null(ceremony);
    ceremony->requirements.ceremony = kind;
    return ceremony;
}

/* Puts a new one into the table at time now; its id goes to ret_id. */
static enum pk_status add(struct ceremonies *table, uid_t owner, int64_t now, unsigned per_uid,
                          char ret_id[UUID_SIZE])
{
    struct ceremony *ceremony = begin(owner, PK_AUTHENTICATION);
    enum pk_status status;

    (void)memcpy(ret_id, ceremony->id, UUID_SIZE);
    status = ceremonies_add(table, ceremony, now, 300, per_uid);
    if (status)
        ceremony_free(ceremony);
    return status;
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

static void is_taken_once(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[UUID_SIZE];
    struct ceremony *taken;

    (void)state;
    assert_int_equal(add(table, ALICE, 0, 16, id), PK_OK);
    assert_non_null(ceremonies_peek(table, id));
    taken = ceremonies_take(table, id, ALICE, PK_AUTHENTICATION, 1);
    assert_non_null(taken);
    ceremony_free(taken);
    assert_null(ceremonies_peek(table, id));
    assert_null(ceremonies_take(table, id, ALICE, PK_AUTHENTICATION, 1));
    ceremonies_free(table);
}

static void is_only_its_owners_and_of_its_kind(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[UUID_SIZE];

    (void)state;
    assert_int_equal(add(table, ALICE, 0, 16, id), PK_OK);
    assert_null(ceremonies_take(table, id, BOB, PK_AUTHENTICATION, 1));
    assert_null(ceremonies_take(table, id, 0, PK_AUTHENTICATION, 1));
    assert_null(ceremonies_take(table, id, ALICE, PK_REGISTRATION, 1));
    assert_null(ceremonies_take(table, "nonsense", ALICE, PK_AUTHENTICATION, 1));
    assert_int_equal(ceremonies_count(table), 1);
    ceremonies_free(table);
}

static void expires(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony *taken;
    char id[UUID_SIZE];

    (void)state;
    assert_int_equal(add(table, ALICE, 1000, 16, id), PK_OK);
    taken = ceremonies_take(table, id, ALICE, PK_AUTHENTICATION, 1299);
    assert_non_null(taken);
    ceremony_free(taken);
    assert_int_equal(add(table, ALICE, 1000, 16, id), PK_OK);
    assert_null(ceremonies_take(table, id, ALICE, PK_AUTHENTICATION, 1300));
    assert_int_equal(ceremonies_count(table), 0);
    ceremonies_free(table);
}

static void is_limited_per_owner(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[UUID_SIZE];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(add(table, ALICE, 0, 3, id), PK_OK);
    assert_int_equal(add(table, ALICE, 0, 3, id), PK_LIMIT_EXCEEDED);
    assert_int_equal(add(table, BOB, 0, 3, id), PK_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(add(table, 0, 0, 3, id), PK_OK);
    /* Expired ones do not count. */
    assert_int_equal(add(table, ALICE, 300, 3, id), PK_OK);
    ceremonies_free(table);
}

static void is_limited_in_total(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[UUID_SIZE];
    unsigned roots = 0;

    (void)state;
    while (add(table, 0, 0, 16, id) == PK_OK)
        roots++;
    /* Root cannot take the last ones. */
    assert_int_equal(roots, PK_CHALLENGES_MAX - 256);
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(add(table, ALICE + i, 0, 16, id), PK_OK);
    assert_int_equal(add(table, BOB + 1000, 0, 16, id), PK_LIMIT_EXCEEDED);
    ceremonies_free(table);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_random_uuids),
        cmocka_unit_test(is_taken_once),
        cmocka_unit_test(is_only_its_owners_and_of_its_kind),
        cmocka_unit_test(expires),
        cmocka_unit_test(is_limited_per_owner),
        cmocka_unit_test(is_limited_in_total),
        cmocka_unit_test(binding_makes_fresh_challenges),
        cmocka_unit_test(challenges_are_bound_to_the_context),
        cmocka_unit_test(acts_are_of_a_user_at_this_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
