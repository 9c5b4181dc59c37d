/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the store keeps for relying parties over HTTP: whose users, keys and transactions are whose,
 * and which of several threads makes the first key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/store_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8

static const struct pk_view no_ticket;

/* A user whose handle is that text; NULL texts are not said. */
static enum pk_status put(struct store *store, const char *rp, const char *id, const char *handle,
                          const char *user_name, struct account *ret)
{
    AUTO_ACCOUNT struct account user = {
        .rp = strdup(rp),
        .name = strdup(id),
        .uid = PK_NO_UID,
        .user_name = user_name ? strdup(user_name) : NULL,
        .created = 1700000000,
    };
    AUTO_ACCOUNT struct account got = {0};
    enum pk_status status;

    assert_int_equal(pk_bytes_copy(pk_view_string(handle), &user.user_handle), PK_OK);
    status = store->verbs->user_put(store, &user, &got);
    if (status == PK_OK && ret) {
        *ret = got;
        got = (struct account){0};
    }
    return status;
}

static enum pk_status find_user(struct store *store, const struct user_filter *filter,
                                struct account *ret, size_t *ret_count)
{
    return store->verbs->user_find(store, filter, ret, ret_count);
}

/* --- users ------------------------------------------------------------------------------------ */

static void a_user_is_kept_and_updated(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    const struct user_filter by_id = {.rp = "shop", .id = "u-1"};
    AUTO_ACCOUNT struct account first = {0};
    AUTO_ACCOUNT struct account second = {0};
    AUTO_ACCOUNT struct account found = {0};
    const struct account named = {.rp = (char[]){"shop"},
                                  .name = (char[]){"u-1"},
                                  .uid = PK_NO_UID,
                                  .user_handle = {(uint8_t[]){"other"}, 5},
                                  .display_name = (char[]){"Zoë"},
                                  .icon = (char[]){"https://shop.example/z.png"},
                                  .created = 1800000000};
    size_t count = 9;

    assert_int_equal(find_user(store, &by_id, &found, &count), PK_NOT_FOUND);
    assert_int_equal(put(store, "shop", "u-1", "u-1", "zoe", &first), PK_OK);
    assert_string_equal(first.name, "u-1");
    assert_string_equal(first.user_name, "zoe");
    assert_null(first.display_name);
    assert_int_equal(first.created, 1700000000);
    /* What is not said stays, and so do handle and creation. */
    assert_int_equal(store->verbs->user_put(store, &named, &second), PK_OK);
    store = reopen(fixture);
    assert_int_equal(find_user(store, &by_id, &found, &count), PK_OK);
    assert_string_equal(found.user_name, "zoe");
    assert_string_equal(found.display_name, "Zoë");
    assert_string_equal(found.icon, "https://shop.example/z.png");
    assert_int_equal(found.created, 1700000000);
    assert_true(pk_view_equal(pk_view_of(&found.user_handle), pk_view_string("u-1")));
    assert_int_equal(found.uid, PK_NO_UID);
    assert_int_equal(count, 0);
}

static void handles_are_unique_within_the_relying_party_only(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;

    assert_int_equal(put(store, "shop", "a", "same", NULL, NULL), PK_OK);
    assert_int_equal(put(store, "bank", "b", "same", NULL, NULL), PK_OK);
    assert_int_equal(put(store, "shop", "c", "same", NULL, NULL), PK_EXISTS);
    assert_int_equal(find_user(store, &(struct user_filter){.rp = "shop", .id = "c"}, NULL, NULL),
                     PK_NOT_FOUND);
}

static void users_are_found_by_name_and_handle(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account by_name = {0};
    AUTO_ACCOUNT struct account by_handle = {0};
    AUTO_ACCOUNT struct account none = {0};
    const struct user_filter name = {.rp = "shop", .user_name = "zoe"};
    const struct user_filter handle = {.rp = "shop", .user_handle = pk_view_string("h-2")};
    const struct user_filter other_rp = {.rp = "bank", .user_name = "zoe"};
    const struct user_filter other_handle = {.rp = "bank", .user_handle = pk_view_string("h-2")};

    assert_int_equal(put(store, "shop", "first", "h-1", "zoe", NULL), PK_OK);
    /* Who takes somebody's name later is not taken for that one. */
    assert_int_equal(put(store, "shop", "second", "h-2", "zoe", NULL), PK_OK);
    assert_int_equal(find_user(store, &name, &by_name, NULL), PK_OK);
    assert_string_equal(by_name.name, "first");
    assert_int_equal(find_user(store, &handle, &by_handle, NULL), PK_OK);
    assert_string_equal(by_handle.name, "second");
    assert_int_equal(find_user(store, &other_rp, &none, NULL), PK_NOT_FOUND);
    assert_int_equal(find_user(store, &other_handle, &none, NULL), PK_NOT_FOUND);
}

/* A system account is no user of an application, whatever it is called. */
static void system_accounts_are_no_users(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account alice = account_of(store, "shop", "alice", 1000);
    AUTO_ACCOUNT struct account found = {0};

    assert_int_equal(
        find_user(store, &(struct user_filter){.rp = "shop", .id = "alice"}, &found, NULL),
        PK_NOT_FOUND);
    assert_int_equal(find_user(store,
                               &(struct user_filter){.rp = "shop",
                                                     .user_handle = pk_view_of(&alice.user_handle)},
                               &found, NULL),
                     PK_NOT_FOUND);
    assert_int_equal(store->verbs->user_put(store, &alice, &found), PK_INVALID_ARGUMENT);
}

static struct credential passkey(struct account user, const char *id, int64_t created, bool mfa)
{
    struct credential credential = make(user, id, id);

    credential.created = created;
    credential.mfa = mfa;
    return credential;
}

static void add_passkey(struct store *store, const char *id, int64_t created, bool mfa)
{
    struct account user = {0};

    assert_int_equal(put(store, "shop", "u", "u", "zoe", &user), PK_OK);
    AUTO_CREDENTIAL struct credential credential = passkey(user, id, created, mfa);
    assert_int_equal(store->verbs->insert(store, &credential, MAX, no_ticket), PK_OK);
}

static void assert_page(struct store *store, const struct credential_filter *filter,
                        const char *ids)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    char text[64] = "";
    size_t used = 0;

    assert_int_equal(store->verbs->list(store, filter, &list), PK_OK);
    for (size_t i = 0; i < list.count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ",
                                 (int)list.items[i].record.id.len, list.items[i].record.id.data);
    assert_string_equal(text, ids);
}

static void passkeys_come_in_pages(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct credential_filter filter = {.rp = "shop", .order = CREDENTIALS_NEWEST_FIRST};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    AUTO_ACCOUNT struct account user = {0};
    size_t count = 0;

    add_passkey(store, "a", 1, false);
    add_passkey(store, "b", 3, true);
    add_passkey(store, "c", 2, false);
    add_passkey(store, "d", 3, false);
    assert_page(store, &filter, "d b c a ");
    filter.limit = 2;
    assert_page(store, &filter, "d b ");
    filter.offset = 2;
    assert_page(store, &filter, "c a ");
    filter.offset = 4;
    assert_page(store, &filter, "");
    filter.order = CREDENTIALS_OLDEST_FIRST;
    filter.offset = 1;
    assert_page(store, &filter, "c b ");
    assert_int_equal(store->verbs->count(store, &filter, &count), PK_OK);
    assert_int_equal(count, 4);
    filter = (struct credential_filter){.rp = "shop", .first_factor = true};
    assert_page(store, &filter, "a c d ");
    assert_int_equal(store->verbs->count(store, &filter, &count), PK_OK);
    assert_int_equal(count, 3);
    filter.rp = "bank";
    assert_int_equal(store->verbs->count(store, &filter, &count), PK_OK);
    assert_int_equal(count, 0);
    /* What the application says of the user comes with each. */
    filter = (struct credential_filter){.credential_id = pk_view_string("b")};
    assert_int_equal(store->verbs->list(store, &filter, &list), PK_OK);
    assert_true(list.items[0].mfa);
    assert_string_equal(list.items[0].account.user_name, "zoe");
    assert_int_equal(list.items[0].account.created, 1700000000);
    assert_int_equal(
        find_user(store, &(struct user_filter){.rp = "shop", .id = "u"}, &user, &count), PK_OK);
    assert_int_equal(count, 4);
}

/* --- transactions ----------------------------------------------------------------------------- */

static enum pk_status transact(struct store *store, const char *rp, const char *user,
                               const char *id, int64_t created)
{
    AUTO_TRANSACTION struct transaction transaction = {.rp = strdup(rp),
                                                       .user = strdup(user),
                                                       .id = strdup(id),
                                                       .data = strdup("{\"amount\":5}"),
                                                       .created = created};

    return store->verbs->transaction_add(store, &transaction);
}

static void transactions_are_the_users_and_happen_once(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    AUTO_TRANSACTION_LIST struct transaction_list none = {0};

    assert_int_equal(put(store, "shop", "u", "u", NULL, NULL), PK_OK);
    assert_int_equal(put(store, "shop", "v", "v", NULL, NULL), PK_OK);
    assert_int_equal(put(store, "bank", "u", "u", NULL, NULL), PK_OK);
    assert_int_equal(transact(store, "shop", "nobody", "t-0", 1), PK_NOT_FOUND);
    assert_int_equal(transact(store, "shop", "u", "t-1", 1), PK_OK);
    assert_int_equal(transact(store, "shop", "u", "t-2", 2), PK_OK);
    /* Unique within the relying party, whoever it was. */
    assert_int_equal(transact(store, "shop", "u", "t-1", 3), PK_EXISTS);
    assert_int_equal(transact(store, "shop", "v", "t-1", 3), PK_EXISTS);
    assert_int_equal(transact(store, "bank", "u", "t-1", 3), PK_OK);
    assert_int_equal(store->verbs->transaction_list(store, "shop", "u", &list), PK_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].id, "t-2");
    assert_string_equal(list.items[1].id, "t-1");
    assert_string_equal(list.items[1].data, "{\"amount\":5}");
    assert_int_equal(list.items[1].created, 1);
    assert_int_equal(store->verbs->transaction_list(store, "shop", "v", &none), PK_OK);
    assert_int_equal(none.count, 0);
}

/* Of data that is as long as it may be. */
static enum pk_status transact_much(struct store *store, const char *user, unsigned number,
                                    int64_t created)
{
    AUTO_TRANSACTION struct transaction transaction = {
        .rp = strdup("shop"), .user = strdup(user), .created = created};

    transaction.id = pk_text_format("%s-%u", user, number);
    transaction.data = malloc(PK_TRANSACTION_DATA_MAX + 1);
    assert_non_null(transaction.data);
    (void)memset(transaction.data, '1', PK_TRANSACTION_DATA_MAX);
    transaction.data[PK_TRANSACTION_DATA_MAX] = 0;
    return store->verbs->transaction_add(store, &transaction);
}

/* They are kept: whoever has a token could fill the disk. */
static void transactions_are_limited_in_bytes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};
    const unsigned most = PK_TRANSACTIONS_DAY / PK_TRANSACTION_DATA_MAX;
    unsigned count = 0;

    assert_int_equal(put(store, "shop", "u", "u", NULL, NULL), PK_OK);
    assert_int_equal(put(store, "shop", "v", "v", NULL, NULL), PK_OK);
    while (count <= most && transact_much(store, "u", count, 1000 + count) == PK_OK)
        count++;
    assert_int_equal(count, most - 1); /* the ids are counted as well */
    assert_int_equal(transact_much(store, "u", count, 1000 + count), PK_LIMIT_EXCEEDED);
    assert_int_equal(transact_much(store, "u", count, 1000 + 86400 - 1), PK_LIMIT_EXCEEDED);
    assert_int_equal(transact_much(store, "v", 0, 1000 + count), PK_OK);
    assert_int_equal(transact_much(store, "u", count, 1000 + 86400), PK_OK);
    /* What is listed fits into a message. */
    assert_int_equal(store->verbs->transaction_list(store, "shop", "u", &list), PK_OK);
    assert_int_equal(list.count, PK_TRANSACTIONS_BYTES / PK_TRANSACTION_DATA_MAX);
    assert_int_equal(list.items[0].created, 1000 + 86400);
}

/* --- API keys --------------------------------------------------------------------------------- */

static enum pk_status add_api_key(struct store *store, const char *rp, const char *id, uint8_t hash,
                                  int64_t created)
{
    AUTO_API_KEY struct api_key key = {
        .rp = strdup(rp), .id = strdup(id), .name = strdup("web"), .created = created};

    memset(key.hash, hash, sizeof(key.hash));
    return store->verbs->api_key_add(store, &key);
}

static void api_keys_are_the_relying_partys(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_API_KEY_LIST struct api_key_list list = {0};
    AUTO_API_KEY_LIST struct api_key_list left = {0};

    assert_int_equal(add_api_key(store, "shop", "one", 1, 5), PK_OK);
    assert_int_equal(add_api_key(store, "shop", "two", 2, 4), PK_OK);
    assert_int_equal(add_api_key(store, "bank", "three", 3, 5), PK_OK);
    assert_int_equal(add_api_key(store, "bank", "four", 1, 5), PK_EXISTS);
    store = reopen(fixture);
    assert_int_equal(store->verbs->api_key_list(store, "shop", &list), PK_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].id, "two");
    assert_string_equal(list.items[1].id, "one");
    assert_string_equal(list.items[1].name, "web");
    assert_string_equal(list.items[1].rp, "shop");
    assert_int_equal(list.items[1].hash[31], 1);
    assert_int_equal(list.items[1].created, 5);
    /* Another relying party's key is not there to be revoked. */
    assert_int_equal(store->verbs->api_key_revoke(store, "bank", "one"), PK_NOT_FOUND);
    assert_int_equal(store->verbs->api_key_revoke(store, "shop", "one"), PK_OK);
    assert_int_equal(store->verbs->api_key_revoke(store, "shop", "one"), PK_NOT_FOUND);
    assert_int_equal(store->verbs->api_key_list(store, "shop", &left), PK_OK);
    assert_int_equal(left.count, 1);
}

static void api_keys_are_limited(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    char id[8];

    for (int i = 0; i < PK_API_KEYS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "%d", i);
        assert_int_equal(add_api_key(store, "shop", id, (uint8_t)i, 1), PK_OK);
    }
    assert_int_equal(add_api_key(store, "shop", "more", 200, 1), PK_LIMIT_EXCEEDED);
    assert_int_equal(add_api_key(store, "bank", "other", 200, 1), PK_OK);
    assert_int_equal(store->verbs->api_key_revoke(store, "shop", "0"), PK_OK);
    assert_int_equal(add_api_key(store, "shop", "more", 201, 1), PK_OK);
}

/* --- signing keys ----------------------------------------------------------------------------- */

static enum pk_status add_key(struct store *store, const char *kid, int64_t created,
                              enum signing_key_add how, int64_t old_expire)
{
    AUTO_SIGNING_KEY struct signing_key key = {
        .rp = strdup("shop"), .kid = strdup(kid), .algorithm = strdup("RS256"), .created = created};

    assert_int_equal(pk_secret_copy(pk_view_string("{\"kty\":\"RSA\"}"), &key.jwk), PK_OK);
    return store->verbs->signing_key_add(store, &key, how, old_expire);
}

/* "kid*" signs, "kid" does not any more. */
static void assert_keys(struct store *store, int64_t now, const char *kids)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    char text[128] = "";
    size_t used = 0;

    assert_int_equal(store->verbs->signing_key_list(store, "shop", now, &list), PK_OK);
    for (size_t i = 0; i < list.count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s ", list.items[i].kid,
                                 list.items[i].retired == 0 ? "*" : "");
    assert_string_equal(text, kids);
}

static void keys_are_replaced_and_kept_until_their_tokens_expired(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    AUTO_SIGNING_KEY_LIST struct signing_key_list other = {0};

    assert_keys(store, 100, "");
    assert_int_equal(add_key(store, "a", 100, SIGNING_KEY_FIRST, 0), PK_OK);
    assert_int_equal(add_key(store, "b", 100, SIGNING_KEY_FIRST, 0), PK_EXISTS);
    assert_keys(store, 100, "a* ");
    assert_int_equal(add_key(store, "b", 200, SIGNING_KEY_REPLACE, 500), PK_OK);
    assert_keys(store, 200, "b* a ");
    assert_keys(store, 499, "b* a ");
    assert_keys(store, 500, "b* ");
    /* It does not get more time by the next rotation. */
    assert_int_equal(add_key(store, "c", 300, SIGNING_KEY_REPLACE, 600), PK_OK);
    store = reopen(fixture);
    assert_keys(store, 499, "c* b a ");
    assert_keys(store, 500, "c* b ");
    assert_int_equal(store->verbs->signing_key_list(store, "shop", 400, &list), PK_OK);
    assert_int_equal(list.items[1].retired, 300);
    assert_int_equal(list.items[1].expires, 600);
    assert_string_equal((const char *)list.items[0].jwk.data, "{\"kty\":\"RSA\"}");
    assert_int_equal(store->verbs->signing_key_list(store, "bank", 400, &other), PK_OK);
    assert_int_equal(other.count, 0);
    /* At once: every earlier one. */
    assert_int_equal(add_key(store, "d", 400, SIGNING_KEY_REPLACE, 400), PK_OK);
    assert_keys(store, 1, "d* ");
}

static void keys_are_limited(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    char kid[8];

    for (int i = 0; i < PK_SIGNING_KEYS_MAX; i++) {
        (void)snprintf(kid, sizeof(kid), "%d", i);
        assert_int_equal(add_key(store, kid, 100, SIGNING_KEY_REPLACE, 900), PK_OK);
    }
    assert_int_equal(add_key(store, "more", 100, SIGNING_KEY_REPLACE, 900), PK_LIMIT_EXCEEDED);
    /* Nothing was changed by it: the last one signs. */
    assert_keys(store, 900, "15* ");
    assert_int_equal(add_key(store, "more", 900, SIGNING_KEY_REPLACE, 1900), PK_OK);
}

struct race {
    struct store *store;
    pthread_barrier_t barrier;
    unsigned made, late;
    pthread_mutex_t lock;
};

static void *make_first(void *data)
{
    struct race *race = data;
    char kid[24];
    enum pk_status status;

    (void)snprintf(kid, sizeof(kid), "%lx", (unsigned long)pthread_self());
    (void)pthread_barrier_wait(&race->barrier);
    status = add_key(race->store, kid, 100, SIGNING_KEY_FIRST, 0);
    (void)pthread_mutex_lock(&race->lock);
    race->made += status == PK_OK;
    race->late += status == PK_EXISTS;
    (void)pthread_mutex_unlock(&race->lock);
    return NULL;
}

static void *put_same(void *data)
{
    struct race *race = data;
    enum pk_status status;

    (void)pthread_barrier_wait(&race->barrier);
    status = put(race->store, "shop", "u", "u", "zoe", NULL);
    (void)pthread_mutex_lock(&race->lock);
    race->made += status == PK_OK;
    (void)pthread_mutex_unlock(&race->lock);
    return NULL;
}

static void *transact_same(void *data)
{
    struct race *race = data;
    enum pk_status status;

    (void)pthread_barrier_wait(&race->barrier);
    status = transact(race->store, "shop", "u", "t-1", 1);
    (void)pthread_mutex_lock(&race->lock);
    race->made += status == PK_OK;
    race->late += status == PK_EXISTS;
    (void)pthread_mutex_unlock(&race->lock);
    return NULL;
}

/* All at once. */
static void run_race(struct race *race, void *(*runner)(void *))
{
    pthread_t threads[THREADS];

    race->made = race->late = 0;
    assert_int_equal(pthread_barrier_init(&race->barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, runner, race), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    (void)pthread_barrier_destroy(&race->barrier);
}

static void one_of_many_threads_makes_a_user_and_a_transaction(void **state)
{
    struct race race = {.store = ((struct fixture *)*state)->store,
                        .lock = PTHREAD_MUTEX_INITIALIZER};
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};

    run_race(&race, put_same);
    assert_int_equal(race.made, THREADS);
    run_race(&race, transact_same);
    assert_int_equal(race.made, 1);
    assert_int_equal(race.late, THREADS - 1);
    assert_int_equal(race.store->verbs->transaction_list(race.store, "shop", "u", &list), PK_OK);
    assert_int_equal(list.count, 1);
}

static void one_of_many_threads_makes_the_first_key(void **state)
{
    struct race race = {.store = ((struct fixture *)*state)->store,
                        .lock = PTHREAD_MUTEX_INITIALIZER};
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};

    run_race(&race, make_first);
    assert_int_equal(race.made, 1);
    assert_int_equal(race.late, THREADS - 1);
    assert_int_equal(race.store->verbs->signing_key_list(race.store, "shop", 100, &list), PK_OK);
    assert_int_equal(list.count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_user_is_kept_and_updated),
        TEST(handles_are_unique_within_the_relying_party_only),
        TEST(users_are_found_by_name_and_handle),
        TEST(system_accounts_are_no_users),
        TEST(passkeys_come_in_pages),
        TEST(transactions_are_the_users_and_happen_once),
        TEST(transactions_are_limited_in_bytes),
        TEST(api_keys_are_the_relying_partys),
        TEST(api_keys_are_limited),
        TEST(keys_are_replaced_and_kept_until_their_tokens_expired),
        TEST(keys_are_limited),
        TEST(one_of_many_threads_makes_a_user_and_a_transaction),
        TEST(one_of_many_threads_makes_the_first_key),
    };

    return STORE_TESTS_RUN(tests);
}
