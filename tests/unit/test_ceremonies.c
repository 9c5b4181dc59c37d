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

#define ALICE   1000
#define BOB     1001
#define GATEWAY 990

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

/* A gateway's sign-in of that relying party for that purpose, at time 0. */
static enum pk_status add_gateways(struct ceremonies *table, const char *rp, const char *purpose,
                                   char ret_id[CEREMONY_ID_SIZE])
{
    struct ceremony *ceremony = begin(GATEWAY, PK_AUTHENTICATION);
    enum pk_status status;

    ceremony->gateway = true;
    assert_int_equal(pk_text_copy(rp, &ceremony->account.rp), PK_OK);
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", purpose);
    (void)memcpy(ret_id, ceremony->id, CEREMONY_ID_SIZE);
    status = ceremonies_add(table, ceremony, 0, 300, 16);
    if (status)
        ceremony_free(ceremony);
    return status;
}

static bool take(struct ceremonies *table, const char *id, const char *rp, const char *purpose)
{
    struct ceremony *taken = ceremonies_take_gateways(table,
                                                      &(struct ceremony_claim){
                                                          .id = id,
                                                          .owner = GATEWAY,
                                                          .rp = rp,
                                                          .kind = PK_AUTHENTICATION,
                                                          .purpose = purpose,
                                                      },
                                                      1);

    if (taken)
        ceremony_free(taken);
    return taken != NULL;
}

static void a_gateways_is_of_its_relying_party(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    /* That another relying party's answer came does not end it: it could end everybody's. */
    assert_false(take(table, id, "shop", "login"));
    assert_true(take(table, id, "portal", "login"));
    assert_false(take(table, id, "portal", "login"));
    ceremonies_free(table);
}

static void a_gateways_is_gone_with_an_answer_for_another_purpose(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony_claim claim = {
        .owner = GATEWAY, .rp = "portal", .kind = PK_REGISTRATION, .purpose = "login"};
    char id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    assert_false(take(table, id, "portal", "mfa"));
    assert_false(take(table, id, "portal", "login"));
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    claim.id = id;
    assert_null(ceremonies_take_gateways(table, &claim, 1));
    assert_int_equal(ceremonies_count(table), 0);
    assert_int_equal(ceremonies_gateway_bytes(table), 0);
    ceremonies_free(table);
}

/* Each by its own call, so that neither's checks are gone round by the other's. */
static void gateways_and_programs_ceremonies_are_apart(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony_claim claim = {
        .owner = ALICE, .rp = "portal", .kind = PK_AUTHENTICATION, .purpose = "login"};
    struct ceremony *programs = begin(GATEWAY, PK_AUTHENTICATION);
    char id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    assert_null(ceremonies_take(table, id, GATEWAY, PK_AUTHENTICATION, 1));
    claim.id = id;
    assert_null(ceremonies_take_gateways(table, &claim, 1));
    assert_int_equal(pk_text_copy("portal", &programs->account.rp), PK_OK);
    assert_int_equal(ceremonies_add(table, programs, 1, 300, 16), PK_OK);
    assert_false(take(table, programs->id, "portal", ""));
    assert_int_equal(ceremonies_count(table), 2);
    ceremonies_free(table);
}

static void a_gateways_expires(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony_claim claim = {
        .owner = GATEWAY, .rp = "portal", .kind = PK_AUTHENTICATION, .purpose = "login"};
    char id[CEREMONY_ID_SIZE];
    struct ceremony *taken;

    (void)state;
    claim.id = id;
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    taken = ceremonies_take_gateways(table, &claim, 299);
    assert_non_null(taken);
    ceremony_free(taken);
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    assert_null(ceremonies_take_gateways(table, &claim, 300));
    assert_int_equal(ceremonies_count(table), 0);
    ceremonies_free(table);
}

static struct ceremony *begin_sole(const char *user)
{
    struct ceremony *ceremony = begin(GATEWAY, PK_AUTHENTICATION);

    ceremony->gateway = true;
    ceremony->sole = true;
    assert_int_equal(pk_text_copy("portal", &ceremony->account.rp), PK_OK);
    assert_int_equal(ceremony_sole_id("portal", user, "", ceremony->id), PK_OK);
    return ceremony;
}

static void a_sole_one_takes_the_place_of_the_one_before(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony *other = begin(GATEWAY, PK_AUTHENTICATION);
    struct ceremony *later = begin_sole("ann");
    struct ceremony *third = begin_sole("bea");

    (void)state;
    assert_int_equal(ceremonies_add(table, begin_sole("ann"), 0, 300, 16), PK_OK);
    assert_int_equal(ceremonies_add(table, begin_sole("bob"), 0, 300, 16), PK_OK);
    assert_int_equal(ceremonies_add(table, later, 200, 300, 16), PK_OK);
    assert_int_equal(ceremonies_count(table), 2);
    assert_ptr_equal(ceremonies_peek(table, later->id), later);
    /* Its id is no secret: who names it by that alone does not end it. */
    assert_false(take(table, later->id, "portal", ""));
    assert_ptr_equal(ceremonies_peek(table, later->id), later);
    /* One that is not so itself takes nobody's place, and has its own kept. */
    (void)memcpy(other->id, later->id, sizeof(other->id));
    assert_int_equal(ceremonies_add(table, other, 200, 300, 16), PK_EXISTS);
    ceremony_free(other);
    assert_int_equal(ceremonies_add(table, third, 200, 300, 16), PK_OK);
    third->sole = false;
    other = begin_sole("bea");
    assert_int_equal(ceremonies_add(table, other, 200, 300, 16), PK_EXISTS);
    ceremony_free(other);
    ceremonies_free(table);
}

static void sole_ids_are_of_their_relying_party_user_and_purpose(void **state)
{
    static const char *const names[][3] = {
        {"portal", "ann", "x"}, {"portal", "ann", "y"}, {"portal", "bob", "x"},
        {"shop", "ann", "x"},   {"portal", "annx", ""},
    };
    char ids[5][CEREMONY_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ceremony_sole_id(names[i][0], names[i][1], names[i][2], ids[i]), PK_OK);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
}

/* Who comes too late is told so, once, and nobody else is. */
static void what_ended_is_remembered(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony_claim claim = {
        .owner = GATEWAY, .rp = "portal", .kind = PK_AUTHENTICATION, .purpose = "login"};
    struct ceremony_claim other;
    char id[CEREMONY_ID_SIZE];

    (void)state;
    claim.id = id;
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    assert_false(ceremonies_had_ended(table, &claim));
    assert_null(ceremonies_take_gateways(table, &claim, 301));
    other = claim;
    other.rp = "shop";
    assert_false(ceremonies_had_ended(table, &other));
    other = claim;
    other.purpose = "mfa";
    assert_false(ceremonies_had_ended(table, &other));
    other = claim;
    other.kind = PK_REGISTRATION;
    assert_false(ceremonies_had_ended(table, &other));
    other = claim;
    other.owner = ALICE;
    assert_false(ceremonies_had_ended(table, &other));
    other = claim;
    other.id = "";
    assert_false(ceremonies_had_ended(table, &other));
    assert_true(ceremonies_had_ended(table, &claim));
    assert_false(ceremonies_had_ended(table, &claim));
    /* What was answered in time has not ended so. */
    assert_int_equal(add_gateways(table, "portal", "login", id), PK_OK);
    assert_true(take(table, id, "portal", "login"));
    assert_false(ceremonies_had_ended(table, &claim));
    ceremonies_free(table);
}

static void no_more_is_remembered_than_there_is_room_for(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony_claim claim = {
        .owner = GATEWAY, .rp = "portal", .kind = PK_AUTHENTICATION, .purpose = "login"};
    char first[CEREMONY_ID_SIZE];
    char id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_gateways(table, "portal", "login", first), PK_OK);
    claim.id = first;
    assert_null(ceremonies_take_gateways(table, &claim, 301));
    for (size_t i = 0; i < CEREMONIES_ENDED_KEPT; i++) {
        struct ceremony *ceremony = begin(GATEWAY, PK_AUTHENTICATION);

        ceremony->gateway = true;
        assert_int_equal(pk_text_copy("portal", &ceremony->account.rp), PK_OK);
        (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "login");
        (void)memcpy(id, ceremony->id, sizeof(id));
        assert_int_equal(ceremonies_add(table, ceremony, 301, 1, 16), PK_OK);
    }
    claim.id = id;
    assert_null(ceremonies_take_gateways(table, &claim, 400));
    assert_true(ceremonies_had_ended(table, &claim));
    claim.id = first;
    assert_false(ceremonies_had_ended(table, &claim));
    ceremonies_free(table);
}

/* The wheel goes round once in 4,096 seconds; a daemon may be idle for longer. */
static void long_pauses_end_everything(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[UUID_SIZE];

    (void)state;
    for (int64_t start = 0; start < 40000; start += 9999) {
        assert_int_equal(add(table, ALICE, start, 16, id), PK_OK);
        assert_int_equal(ceremonies_count(table), 1);
        assert_null(ceremonies_take(table, id, ALICE, PK_AUTHENTICATION, start + 9998));
        assert_int_equal(ceremonies_count(table), 0);
    }
    ceremonies_free(table);
}

/* However many a gateway begins, users have as many as before, and one application leaves some to
 * the others. */
static void gateways_are_limited_apart(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char id[CEREMONY_ID_SIZE];
    unsigned portals = 0, shops = 0;

    (void)state;
    while (add_gateways(table, "portal", "login", id) == PK_OK)
        portals++;
    assert_int_equal(portals, PK_GATEWAY_CHALLENGES_PER_RP);
    assert_true(portals >= 10000);
    while (add_gateways(table, "shop", "login", id) == PK_OK)
        shops++;
    assert_int_equal(shops, PK_GATEWAY_CHALLENGES_MAX - portals);
    assert_int_equal(add_gateways(table, "third", "login", id), PK_LIMIT_EXCEEDED);
    for (unsigned i = 0; i < PK_CHALLENGES_MAX; i++)
        assert_int_equal(add(table, ALICE + i, 0, 16, id), PK_OK);
    assert_int_equal(add(table, BOB + 2000, 0, 16, id), PK_LIMIT_EXCEEDED);
    assert_int_equal(ceremonies_count(table), PK_GATEWAY_CHALLENGES_MAX + PK_CHALLENGES_MAX);
    /* All of them end at once. */
    assert_int_equal(add(table, BOB + 2000, 300, 16, id), PK_OK);
    assert_int_equal(ceremonies_count(table), 1);
    assert_int_equal(ceremonies_gateway_bytes(table), 0);
    ceremonies_free(table);
}

/* A sign-in that nobody in particular began, or a user's, for that relying party. */
static enum pk_status add_page(struct ceremonies *table, const char *rp, bool anonymous,
                               char ret_id[CEREMONY_ID_SIZE])
{
    struct ceremony *ceremony = begin(GATEWAY, PK_AUTHENTICATION);
    enum pk_status status;

    ceremony->gateway = true;
    ceremony->anonymous = anonymous;
    assert_int_equal(pk_text_copy(rp, &ceremony->account.rp), PK_OK);
    (void)memcpy(ret_id, ceremony->id, CEREMONY_ID_SIZE);
    status = ceremonies_add(table, ceremony, 0, 300, 16);
    if (status)
        ceremony_free(ceremony);
    return status;
}

/* Somebody who begins sign-ins without end keeps nobody from signing in, here and elsewhere. */
static void strangers_take_no_room(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char first[CEREMONY_ID_SIZE], users[CEREMONY_ID_SIZE], last[CEREMONY_ID_SIZE];
    char others[CEREMONY_ID_SIZE], id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_page(table, "small", true, others), PK_OK);
    assert_int_equal(add_page(table, "portal", false, users), PK_OK);
    assert_int_equal(add_page(table, "portal", true, first), PK_OK);
    for (unsigned i = 0; i < PK_GATEWAY_CHALLENGES_PER_RP; i++)
        assert_int_equal(add_page(table, "portal", true, id), PK_OK);
    assert_int_equal(add_page(table, "portal", true, last), PK_OK);
    assert_int_equal(ceremonies_count(table), PK_GATEWAY_CHALLENGES_PER_RP + 1);
    assert_null(ceremonies_find(table, first));
    assert_true(take(table, users, "portal", ""));
    assert_true(take(table, last, "portal", ""));
    /* All that there may be: the largest share gives way, not the smallest. */
    for (unsigned i = 0; i < PK_GATEWAY_CHALLENGES_MAX; i++)
        assert_int_equal(add_page(table, "shop", true, id), PK_OK);
    assert_int_equal(add_page(table, "third", false, id), PK_OK);
    assert_true(ceremonies_count(table) <= PK_GATEWAY_CHALLENGES_MAX);
    assert_true(take(table, others, "small", ""));
    ceremonies_free(table);
}

/* Who has begun with a token or a key keeps it: then there is no room. */
static void users_keep_their_room(void **state)
{
    struct ceremonies *table = ceremonies_new();
    char first[CEREMONY_ID_SIZE], id[CEREMONY_ID_SIZE];

    (void)state;
    assert_int_equal(add_page(table, "portal", false, first), PK_OK);
    for (unsigned i = 1; i < PK_GATEWAY_CHALLENGES_PER_RP; i++)
        assert_int_equal(add_page(table, "portal", false, id), PK_OK);
    assert_int_equal(add_page(table, "portal", true, id), PK_LIMIT_EXCEEDED);
    assert_int_equal(add_page(table, "portal", false, id), PK_LIMIT_EXCEEDED);
    assert_true(take(table, first, "portal", ""));
    ceremonies_free(table);
}

/* Lists of credentials as long as they can be are many bytes. */
static void gateways_are_limited_in_bytes(void **state)
{
    struct ceremonies *table = ceremonies_new();
    static uint8_t long_id[PK_CREDENTIAL_ID_MAX];
    enum pk_status status = PK_OK;
    size_t count = 0;

    (void)state;
    while (!status) {
        struct ceremony *ceremony = begin(GATEWAY, PK_AUTHENTICATION);

        ceremony->gateway = true;
        assert_int_equal(pk_text_copy("portal", &ceremony->account.rp), PK_OK);
        for (unsigned i = 0; i < PK_CREDENTIAL_LIST_MAX; i++)
            assert_int_equal(
                pk_requirements_add_credential(&ceremony->requirements,
                                               (struct pk_view){long_id, sizeof(long_id)}, 0),
                PK_OK);
        status = ceremonies_add(table, ceremony, 0, 300, 16);
        if (status)
            ceremony_free(ceremony);
        else
            count++;
    }
    assert_int_equal(status, PK_LIMIT_EXCEEDED);
    assert_true(count < PK_GATEWAY_CHALLENGES_PER_RP);
    assert_true(count * sizeof(long_id) * PK_CREDENTIAL_LIST_MAX <= PK_GATEWAY_CHALLENGES_BYTES);
    assert_true(ceremonies_gateway_bytes(table) <= PK_GATEWAY_CHALLENGES_BYTES);
    ceremonies_free(table);
}

static void ids_are_unique(void **state)
{
    struct ceremonies *table = ceremonies_new();
    struct ceremony *first = begin(ALICE, PK_AUTHENTICATION);
    struct ceremony *second = begin(ALICE, PK_AUTHENTICATION);

    (void)state;
    (void)memcpy(second->id, first->id, sizeof(first->id));
    assert_int_equal(ceremonies_add(table, first, 0, 300, 16), PK_OK);
    assert_int_equal(ceremonies_add(table, second, 0, 300, 16), PK_EXISTS);
    ceremony_free(second);
    ceremonies_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_taken_once),
        cmocka_unit_test(is_only_its_owners_and_of_its_kind),
        cmocka_unit_test(expires),
        cmocka_unit_test(is_limited_per_owner),
        cmocka_unit_test(is_limited_in_total),
        cmocka_unit_test(a_gateways_is_of_its_relying_party),
        cmocka_unit_test(a_gateways_is_gone_with_an_answer_for_another_purpose),
        cmocka_unit_test(gateways_and_programs_ceremonies_are_apart),
        cmocka_unit_test(a_gateways_expires),
        cmocka_unit_test(a_sole_one_takes_the_place_of_the_one_before),
        cmocka_unit_test(sole_ids_are_of_their_relying_party_user_and_purpose),
        cmocka_unit_test(what_ended_is_remembered),
        cmocka_unit_test(no_more_is_remembered_than_there_is_room_for),
        cmocka_unit_test(long_pauses_end_everything),
        cmocka_unit_test(gateways_are_limited_apart),
        cmocka_unit_test(gateways_are_limited_in_bytes),
        cmocka_unit_test(strangers_take_no_room),
        cmocka_unit_test(users_keep_their_room),
        cmocka_unit_test(ids_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
