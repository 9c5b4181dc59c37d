/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts that come and go, in the store: an orphan opens nothing until it is adopted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/store_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZOE 3000

static const struct credential_filter everything;
static const struct credential_filter living = {.living = true};

static void change(struct store *store, int64_t id, enum account_fate fate)
{
    const struct account_change item = {id, fate};

    assert_int_equal(store->verbs->accounts_update(
                         store, &(struct account_changes){.items = &item, .count = 1, .now = 500}),
                     PK_OK);
}

/* The only state that there is. */
static struct account_state only(struct store *store)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};
    struct account_state state;

    assert_int_equal(store->verbs->accounts(store, &states), PK_OK);
    assert_int_equal(states.count, 1);
    state = states.items[0];
    assert_string_equal(state.account.rp, "default");
    assert_string_equal(state.account.name, "zoe");
    assert_int_equal(state.account.uid, ZOE);
    state.account.rp = state.account.name = NULL; /* freed with the list */
    return state;
}

static size_t states_count(struct store *store)
{
    AUTO_ACCOUNT_STATES struct account_states states = {0};

    assert_int_equal(store->verbs->accounts(store, &states), PK_OK);
    return states.count;
}

static void give_code(struct store *store, const struct account *account, uint8_t hash)
{
    const struct recovery_code code = {.scheme = RECOVERY_HMAC, .hash = {hash}};

    assert_int_equal(store->verbs->recovery_replace(store, account, &code, 1), PK_OK);
}

static size_t codes_left(struct store *store, const struct account *account)
{
    struct recovery_code codes[PK_RECOVERY_CODES];
    size_t count = 99;

    assert_int_equal(store->verbs->recovery_list(store, account, codes, &count), PK_OK);
    return count;
}

/* zoe with one passkey and a code; then she is gone. */
static void lose_zoe(struct store *store, const char *passkey)
{
    AUTO_ACCOUNT struct account zoe = {0};

    assert_int_equal(insert(store, "zoe", ZOE, passkey, "blue"), PK_OK);
    zoe = account_of(store, "default", "zoe", ZOE);
    give_code(store, &zoe, 7);
    change(store, only(store).id, ACCOUNT_GONE);
}

static void what_was_seen_is_kept(void **state)
{
    struct fixture *fixture = *state;
    AUTO_ACCOUNT struct account zoe = {0};
    struct account_state seen;

    assert_int_equal(fixture->store->verbs->account(fixture->store, "default", "zoe", ZOE,
                                                    ACCOUNT_CREATE_LISTED, &zoe),
                     PK_OK);
    assert_true(only(fixture->store).account.listed);
    account_clear(&zoe);
    zoe = account_of(fixture->store, "shop", "17", PK_NO_UID); /* none of the host's */
    change(fixture->store, only(fixture->store).id, ACCOUNT_MISSING);
    change(fixture->store, only(fixture->store).id, ACCOUNT_MISSING);
    seen = only(reopen(fixture));
    assert_int_equal(seen.missing_looks, 2);
    assert_int_equal(seen.missing_last, 500);
    change(fixture->store, seen.id, ACCOUNT_FOUND);
    seen = only(fixture->store);
    assert_int_equal(seen.missing_looks, 0);
    assert_int_equal(seen.missing_last, 0);
}

static void the_source_is_kept_when_a_passkey_makes_the_account(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_CREDENTIAL struct credential credential = make((struct account){0}, "id", "blue");

    credential.account = (struct account){
        .rp = strdup("default"), .name = strdup("zoe"), .uid = ZOE, .listed = true};
    assert_int_equal(pk_bytes_copy(pk_view_string("handle"), &credential.account.user_handle),
                     PK_OK);
    assert_int_equal(store->verbs->insert(store, &credential, MAX, (struct pk_view){0}), PK_OK);
    assert_true(only(store).account.listed);
}

/* A namesake starts with nothing, in spite of the same name and uid. */
static void a_namesake_inherits_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    AUTO_ACCOUNT struct account namesake = {0};
    const uint8_t hash[PK_HASH_SIZE] = {7};

    lose_zoe(store, "old");
    store = reopen(fixture);
    assert_int_equal(states_count(store), 0);
    assert_int_equal(count_of(store, &living), 0);
    assert_int_equal(count_of(store, &everything), 1);
    assert_int_equal(store->verbs->account(store, "default", "zoe", ZOE, ACCOUNT_FIND, &namesake),
                     PK_NOT_FOUND);
    namesake = account_of(store, "default", "zoe", ZOE);
    assert_int_equal(codes_left(store, &namesake), 0);
    assert_int_equal(store->verbs->recovery_use(store, &namesake, hash), PK_NOT_FOUND);
    /* The same name for her own passkey, but not the same passkey. */
    assert_int_equal(insert(store, "zoe", ZOE, "new", "blue"), PK_OK);
    assert_int_equal(insert(store, "zoe", ZOE, "old", "red"), PK_EXISTS);
    assert_int_equal(count_of(store, &living), 1);
    assert_int_equal(store->verbs->list(store, &everything, &list), PK_OK);
    assert_int_equal(list.count, 2);
    assert_true(list.items[0].account.orphaned != list.items[1].account.orphaned);
    /* Root may still clear up. */
    assert_int_equal(store->verbs->remove(store, &namesake, pk_view_string("old")), PK_OK);
}

static void tickets_end_with_the_account(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account zoe = account_of(store, "default", "zoe", ZOE);
    const uint8_t bytes[PK_HASH_SIZE] = {1}, others[PK_HASH_SIZE] = {2};
    struct pk_view ticket = {bytes, PK_HASH_SIZE}, other = {others, PK_HASH_SIZE};
    int64_t now = time(NULL), expires = now + 2000; /* what is over is deleted by that clock */

    assert_int_equal(store->verbs->ticket_add(store, ticket, "default", "zoe", ZOE, expires),
                     PK_OK);
    assert_int_equal(store->verbs->ticket_add(store, other, "default", "zoe", ZOE + 1, expires),
                     PK_OK);
    assert_int_equal(store->verbs->ticket_check(store, ticket, "default", "zoe", ZOE, now), PK_OK);
    change(store, only(store).id, ACCOUNT_GONE);
    assert_int_equal(store->verbs->ticket_check(store, ticket, "default", "zoe", ZOE, now),
                     PK_TICKET_INVALID);
    assert_int_equal(store->verbs->ticket_check(store, other, "default", "zoe", ZOE + 1, now),
                     PK_OK);
    /* She had nothing that could be adopted. */
    assert_int_equal(states_count(store), 0);
}

static enum pk_status adopt(struct store *store, uid_t uid, size_t *count)
{
    const struct account zoe = {
        .rp = (char[]){"default"}, .name = (char[]){"zoe"}, .uid = uid, .listed = true};

    return store->verbs->adopt(store, &zoe, count);
}

static void an_orphan_is_adopted(void **state)
{
    struct fixture *fixture = *state;
    AUTO_ACCOUNT struct account zoe = {0};
    size_t count = 99;

    assert_int_equal(adopt(fixture->store, ZOE, &count), PK_NOT_FOUND);
    lose_zoe(fixture->store, "old");
    assert_int_equal(adopt(fixture->store, ZOE, &count), PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(count_of(reopen(fixture), &living), 1);
    zoe = account_of(fixture->store, "default", "zoe", ZOE);
    assert_int_equal(codes_left(fixture->store, &zoe), 1);
    assert_true(only(fixture->store).account.listed);
    assert_int_equal(adopt(fixture->store, ZOE, &count), PK_NOT_FOUND);
}

/* usermod -u: the person is the same, and root says so. */
static void an_orphan_is_adopted_under_another_uid(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const struct credential_filter moved = {.uid = &(const uid_t){ZOE + 1}, .living = true};
    size_t count;

    lose_zoe(store, "old");
    assert_int_equal(adopt(store, ZOE + 1, &count), PK_OK);
    assert_int_equal(count_of(store, &moved), 1);
    assert_int_equal(count_of(store, &everything), 1);
    /* Not marked, but not the account's either: as it was before anybody looked. */
    assert_int_equal(adopt(store, ZOE + 2, &count), PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(count_of(store, &moved), 0);
}

/* Who has a new passkey already gets the old ones beside it. */
static void orphans_join_the_living(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account zoe = {0};
    size_t count;

    lose_zoe(store, "first");
    lose_zoe(store, "second");
    assert_int_equal(insert(store, "zoe", ZOE, "third", "green"), PK_OK);
    zoe = account_of(store, "default", "zoe", ZOE);
    give_code(store, &zoe, 9);
    /* Both orphans have one that is called blue: nothing at all is done. */
    assert_int_equal(adopt(store, ZOE, &count), PK_NAME_TAKEN);
    assert_int_equal(count_of(store, &living), 1);
    assert_int_equal(store->verbs->rename(store, &zoe, pk_view_string("first"), "red"), PK_OK);
    assert_int_equal(adopt(store, ZOE, &count), PK_OK);
    assert_int_equal(count, 2);
    assert_int_equal(count_of(store, &living), 3);
    assert_int_equal(count_of(store, &everything), 3);
    /* The newest codes are the only ones. */
    assert_int_equal(codes_left(store, &zoe), 1);
    assert_int_equal(states_count(store), 1);
}

static void a_value_is_put_with_the_changes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    PK_AUTO_BYTES struct pk_bytes value = {0};

    assert_int_equal(
        store->verbs->accounts_update(
            store, &(struct account_changes){.key = "position", .value = pk_view_string("12")}),
        PK_OK);
    assert_int_equal(store->verbs->get(store, "position", &value), PK_OK);
    assert_memory_equal(value.data, "12", 2);
}

/* Of all passkeys together. */
static unsigned cred_protect_of(struct store *store)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    unsigned sum = 0;

    assert_int_equal(store->verbs->list(store, &living, &list), PK_OK);
    for (size_t i = 0; i < list.count; i++)
        sum += list.items[i].cred_protect;
    return sum;
}

static void keep_decision(struct store *store)
{
    struct kept_decision decision = {.id = 1,
                                     .rp = (char[]){"default"},
                                     .name = (char[]){"alice"},
                                     .uid = 2001,
                                     .approved = true,
                                     .times = 1,
                                     .context = (char[]){"{}"}};
    struct kept_decision_list list = {&decision, 1};
    int64_t last = 99;

    assert_int_equal(store->verbs->decisions_last(store, &last), PK_OK);
    assert_int_equal(last, 0);
    assert_int_equal(store->verbs->decisions_add(store, &list, 0), PK_OK);
    assert_int_equal(decision.fate, DECISION_KEPT);
}

/* A store of an earlier version, with passkeys, codes and a ticket in it. */
static void migrates(struct fixture *fixture, unsigned version)
{
    PK_AUTO_FREE char *source =
        pk_text_format("%s/tests/vectors/store/version-%u.db", getenv("srcdir"), version);
    PK_AUTO_FREE char *old = NULL;
    AUTO_ACCOUNT struct account alice = {0};
    AUTO_ACCOUNT struct account user = {0};
    AUTO_ACCOUNT struct account other = {0};
    struct recovery_code codes[PK_RECOVERY_CODES];
    size_t len, count;
    struct store *store;

    old = scratch_read(source, &len);
    PK_AUTO_FREE char *path = close_and_name(fixture);
    scratch_write(fixture->folder, "passkeyd.db", old, len);
    fixture->store = store = open_store(fixture->folder);
    assert_int_equal(count_of(store, &living), 3);
    assert_int_equal(states_count(store), 2); /* alice and bob; 17 is a shop's */
    alice = account_of(store, "default", "alice", 2001);
    assert_int_equal(store->verbs->recovery_list(store, &alice, codes, &count), PK_OK);
    assert_int_equal(count, PK_RECOVERY_CODES);
    assert_int_equal(codes[0].scheme, RECOVERY_SCRYPT);
    assert_int_equal(cred_protect_of(store), 0);
    /* The shop's user is who it was, and two relying parties may have the same handle now. */
    assert_int_equal(store->verbs->user_find(store, &(struct user_filter){.rp = "shop", .id = "17"},
                                             &user, &count),
                     PK_OK);
    assert_int_equal(count, 1);
    assert_int_equal(user.user_handle.len, 64);
    assert_int_equal(user.user_handle.data[0], 'c');
    assert_null(user.user_name);
    assert_int_equal(user.created, 0);
    free(user.rp);
    user.rp = strdup("bank");
    assert_int_equal(store->verbs->user_put(store, &user, &other), PK_OK);
    /* Before schema 7 no decisions were kept, and now they can be. */
    keep_decision(store);
    /* References hold again. */
    assert_int_equal(insert(store, "alice", 2001, "new", "new"), PK_OK);
    assert_int_equal(count_of(reopen(fixture), &living), 4);
}

static void the_first_schema_is_migrated(void **state)
{
    migrates(*state, 1);
}

static void the_second_schema_is_migrated(void **state)
{
    migrates(*state, 2);
}

static void the_third_schema_is_migrated(void **state)
{
    migrates(*state, 3);
}

static void the_fourth_schema_is_migrated(void **state)
{
    migrates(*state, 4);
}

static void the_fifth_schema_is_migrated(void **state)
{
    migrates(*state, 5);
}

static void expect_holding(const struct account_holding *holding, uid_t uid, size_t passkeys,
                           size_t codes)
{
    assert_string_equal(holding->account.rp, "default");
    assert_string_equal(holding->account.name, "zoe");
    assert_int_equal(holding->account.uid, uid);
    assert_int_equal(holding->passkeys, passkeys);
    assert_int_equal(holding->codes, codes);
}

/* Counted by account: what orphans of one name and uid have is theirs together, codes left out. */
static void holdings_are_counted(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    const uid_t uid = ZOE;
    AUTO_ACCOUNT_HOLDINGS struct account_holdings all = {0}, own = {0}, nobodys = {0};

    for (int i = 0; i < 3; i++) {
        char id[] = {(char)('a' + i), 0}, other[] = {(char)('k' + i), 0};

        AUTO_ACCOUNT struct account account = account_of(store, "default", "zoe", ZOE);

        assert_int_equal(insert(store, "zoe", ZOE, id, id), PK_OK);
        assert_int_equal(insert(store, "zoe", ZOE, other, other), PK_OK);
        give_code(store, &account, 1);
        if (i < 2)
            change(store, only(store).id, ACCOUNT_GONE);
    }
    assert_int_equal(insert(store, "zoe", ZOE + 1, "z", "z"), PK_OK);
    (void)account_of(store, "default", "without", 4000);
    assert_int_equal(store->verbs->holdings(store, NULL, &all), PK_OK);
    assert_int_equal(all.count, 3);
    expect_holding(&all.items[0], ZOE, 2, 1);
    assert_false(all.items[0].account.orphaned);
    expect_holding(&all.items[1], ZOE, 4, 0);
    assert_true(all.items[1].account.orphaned);
    expect_holding(&all.items[2], ZOE + 1, 1, 0);
    assert_int_equal(store->verbs->holdings(store, &uid, &own), PK_OK);
    assert_int_equal(own.count, 1);
    expect_holding(&own.items[0], ZOE, 2, 1);
    assert_int_equal(store->verbs->holdings(store, &(uid_t){4711}, &nobodys), PK_OK);
    assert_int_equal(nobodys.count, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_seen_is_kept),
        TEST(the_source_is_kept_when_a_passkey_makes_the_account),
        TEST(a_namesake_inherits_nothing),
        TEST(tickets_end_with_the_account),
        TEST(holdings_are_counted),
        TEST(an_orphan_is_adopted),
        TEST(an_orphan_is_adopted_under_another_uid),
        TEST(orphans_join_the_living),
        TEST(a_value_is_put_with_the_changes),
    };
    const struct CMUnitTest of_file[] = {
        TEST(the_first_schema_is_migrated), TEST(the_second_schema_is_migrated),
        TEST(the_third_schema_is_migrated), TEST(the_fourth_schema_is_migrated),
        TEST(the_fifth_schema_is_migrated),
    };

    return STORE_TESTS_RUN_WITH(tests, of_file);
}
