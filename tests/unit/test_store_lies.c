/* SPDX-License-Identifier: BSD-2-Clause */
/* A store process that was taken over answers what is well formed and was not asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_store.h"

#include "store/remote/remote.h"

#include <stdlib.h>
#include <string.h>

#define T(text) ((char[]){text})
#define ALICE   1000
#define BYTES(text)                                                                                \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(text), sizeof(text) - 1                                             \
    }

struct scene {
    char folder[SCRATCH_PATH_MAX];
    struct fake_store *fake;
    struct store *store;
};

static bool answer_with_data(struct fake_request *request)
{
    return fake_reply(request, request->fake->data);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scratch_new(scene->folder);
    scene->fake = fake_store_new(scene->folder);
    scene->fake->hello.ceremonies = true;
    atomic_store(&scene->fake->answer, answer_with_data);
    assert_int_equal(
        store_remote_open(&(struct remote_setup){.path = scene->fake->path, .ceremonies = true},
                          &scene->store),
        PK_OK);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    scene->store->verbs->close(scene->store);
    fake_store_end(scene->fake);
    scratch_remove(scene->folder);
    free(scene);
    return 0;
}

/* One call, whose result is released. */
typedef enum pk_status ask_function(struct store *store);

static void assert_believed(struct scene *scene, ask_function *ask, const struct store_reply *reply)
{
    scene->fake->data = (void *)(uintptr_t)reply;
    assert_int_equal(ask(scene->store), PK_OK);
}

static void assert_lie(struct scene *scene, ask_function *ask, const struct store_reply *reply)
{
    scene->fake->data = (void *)(uintptr_t)reply;
    assert_int_equal(ask(scene->store), PK_STORAGE);
    assert_non_null(strstr(store_error(), scene->fake->path));
    assert_non_null(strstr(store_error(), "it answered something else than was asked"));
}

static void assert_no_reply(struct scene *scene, ask_function *ask, const struct store_reply *reply)
{
    scene->fake->data = (void *)(uintptr_t)reply;
    assert_int_equal(ask(scene->store), PK_STORAGE);
    assert_non_null(strstr(store_error(), "what it answered is no reply"));
}

static const struct account alice = {.rp = T("default"),
                                     .name = T("alice"),
                                     .uid = ALICE,
                                     .user_handle = BYTES("handle"),
                                     .user_name = T("al")};

/* --- accounts -----------------------------------------------------------------------------------
 */

static enum pk_status ask_account(struct store *store)
{
    AUTO_ACCOUNT struct account found = {.uid = PK_NO_UID};

    return store->verbs->account(store, "default", "alice", ALICE, ACCOUNT_FIND, &found);
}

static void an_account_is_the_one_that_was_asked_for(void **state)
{
    struct store_reply reply = {.account = alice};

    assert_believed(*state, ask_account, &reply);
    reply.account.rp = T("other");
    assert_lie(*state, ask_account, &reply);
    reply.account = alice;
    reply.account.name = T("bob");
    assert_lie(*state, ask_account, &reply);
    reply.account = alice;
    reply.account.uid = 0;
    assert_lie(*state, ask_account, &reply);
    reply.account = alice;
    reply.account.orphaned = true;
    assert_lie(*state, ask_account, &reply);
}

static enum pk_status ask_user_put(struct store *store)
{
    AUTO_ACCOUNT struct account written = {.uid = PK_NO_UID};
    struct account user = alice;

    user.uid = PK_NO_UID;
    return store->verbs->user_put(store, &user, &written);
}

static enum pk_status find_user(struct store *store, const struct user_filter *filter)
{
    AUTO_ACCOUNT struct account found = {.uid = PK_NO_UID};
    size_t passkeys;

    return store->verbs->user_find(store, filter, &found, &passkeys);
}

static enum pk_status ask_user_by_id(struct store *store)
{
    return find_user(store, &(struct user_filter){.rp = "default", .id = "alice"});
}

static enum pk_status ask_user_by_user_name(struct store *store)
{
    return find_user(store, &(struct user_filter){.rp = "default", .user_name = "al"});
}

static enum pk_status ask_user_by_handle(struct store *store)
{
    return find_user(
        store, &(struct user_filter){.rp = "default", .user_handle = pk_view_string("handle")});
}

static void a_user_is_the_one_that_was_asked_for(void **state)
{
    static ask_function *const all[] = {ask_user_put, ask_user_by_id, ask_user_by_user_name,
                                        ask_user_by_handle};
    struct store_reply honest = {.account = alice}, reply;

    honest.account.uid = PK_NO_UID;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_believed(*state, all[i], &honest);
        reply = honest;
        reply.account.rp = T("other");
        assert_lie(*state, all[i], &reply);
        reply = honest;
        reply.account.uid = ALICE; /* an account of this host */
        assert_lie(*state, all[i], &reply);
    }
    reply = honest;
    reply.account.name = T("bob");
    assert_lie(*state, ask_user_put, &reply);
    assert_lie(*state, ask_user_by_id, &reply);
    reply = honest;
    reply.account.user_name = T("bo");
    assert_lie(*state, ask_user_by_user_name, &reply);
    reply.account.user_name = NULL;
    assert_lie(*state, ask_user_by_user_name, &reply);
    reply = honest;
    reply.account.user_handle = (struct pk_bytes)BYTES("other");
    assert_lie(*state, ask_user_by_handle, &reply);
}

static enum pk_status ask_holdings(struct store *store)
{
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};

    return store->verbs->holdings(store, &(uid_t){ALICE}, &holdings);
}

static enum pk_status ask_all_holdings(struct store *store)
{
    AUTO_ACCOUNT_HOLDINGS struct account_holdings holdings = {0};

    return store->verbs->holdings(store, NULL, &holdings);
}

static void holdings_are_of_the_uid(void **state)
{
    struct account_holding items[] = {{.account = alice}, {.account = alice}};
    struct store_reply reply = {.holdings = {items, 2}};

    assert_believed(*state, ask_holdings, &reply);
    items[1].account.uid = ALICE + 1;
    assert_lie(*state, ask_holdings, &reply);
    assert_believed(*state, ask_all_holdings, &reply);
    items[1] = (struct account_holding){.account = alice};
    items[1].account.orphaned = true;
    assert_lie(*state, ask_holdings, &reply);
    assert_believed(*state, ask_all_holdings, &reply);
}

/* --- passkeys -----------------------------------------------------------------------------------
 */

static const struct credential_filter one = {
    .rp = "default",
    .account_name = "alice",
    .uid = &(uid_t){ALICE},
    .credential_id = BYTES("id"),
    .user_handle = BYTES("handle"),
    .living = true,
    .first_factor = true,
    .limit = 1,
};

static enum pk_status ask_one(struct store *store)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    return store->verbs->list(store, &one, &list);
}

static enum pk_status ask_all(struct store *store)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    return store->verbs->list(store, &(struct credential_filter){0}, &list);
}

static struct credential honest_credential(void)
{
    static char rp_id[] = "example.org", name[] = "key", format[] = "none", type[] = "None",
                trust[] = "none";

    return (struct credential){
        .account = alice,
        .rp_id = rp_id,
        .record = {.id = BYTES("id"), .public_key = BYTES("key"), .user_handle = BYTES("handle")},
        .name = name,
        .format = format,
        .attestation_type = type,
        .trust = trust,
    };
}

static void passkeys_are_those_that_were_asked_for(void **state)
{
    struct credential items[] = {honest_credential(), honest_credential()};
    struct credential *item = &items[0];
    struct store_reply reply = {.credentials = {items, 1}};

    assert_believed(*state, ask_one, &reply);
    item->account.rp = T("other");
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->account.name = T("bob");
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->account.uid = 0;
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->record.id = (struct pk_bytes)BYTES("di");
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->record.user_handle = (struct pk_bytes)BYTES("eldnah");
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->account.orphaned = true;
    assert_lie(*state, ask_one, &reply);
    *item = honest_credential();
    item->mfa = true;
    assert_lie(*state, ask_one, &reply);
    assert_believed(*state, ask_all, &reply);
}

static void there_are_no_more_than_the_limit(void **state)
{
    struct credential items[] = {honest_credential(), honest_credential()};
    struct store_reply reply = {.credentials = {items, 2}};

    assert_lie(*state, ask_one, &reply);
    assert_believed(*state, ask_all, &reply);
}

/* The second of two is looked at, too. */
static enum pk_status ask_two(struct store *store)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    struct credential_filter two = one;

    two.limit = 2;
    return store->verbs->list(store, &two, &list);
}

static void each_passkey_of_a_list_is_looked_at(void **state)
{
    struct credential items[] = {honest_credential(), honest_credential()};
    struct store_reply reply = {.credentials = {items, 2}};

    assert_believed(*state, ask_two, &reply);
    items[1].account.name = T("bob");
    assert_lie(*state, ask_two, &reply);
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static enum pk_status ask_codes(struct store *store)
{
    struct recovery_code codes[PK_RECOVERY_CODES];
    size_t count = 0;

    return store->verbs->recovery_list(store, &alice, codes, &count);
}

static void recovery_codes_are_no_more_than_there_is_room_for(void **state)
{
    struct recovery_code codes[PK_RECOVERY_CODES + 1] = {0};
    struct store_reply reply = {.codes = codes, .code_count = PK_RECOVERY_CODES};

    assert_believed(*state, ask_codes, &reply);
    reply.code_count++;
    assert_no_reply(*state, ask_codes, &reply);
}

static enum pk_status ask_transactions(struct store *store)
{
    AUTO_TRANSACTION_LIST struct transaction_list list = {0};

    return store->verbs->transaction_list(store, "default", "alice", &list);
}

static void transactions_are_the_user_s(void **state)
{
    static struct transaction items[PK_TRANSACTIONS_LISTED + 1];
    struct store_reply reply = {.transactions = {items, PK_TRANSACTIONS_LISTED}};

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        items[i] = (struct transaction){
            .rp = alice.rp, .user = alice.name, .id = alice.name, .data = alice.name};
    assert_believed(*state, ask_transactions, &reply);
    reply.transactions.count++;
    assert_no_reply(*state, ask_transactions, &reply);
    reply.transactions.count = 2;
    items[1].rp = T("other");
    assert_lie(*state, ask_transactions, &reply);
    items[1].rp = alice.rp;
    items[1].user = T("bob");
    assert_lie(*state, ask_transactions, &reply);
}

static enum pk_status ask_api_keys(struct store *store)
{
    AUTO_API_KEY_LIST struct api_key_list list = {0};

    return store->verbs->api_key_list(store, "default", &list);
}

static void api_keys_are_the_relying_party_s(void **state)
{
    struct api_key items[] = {{.rp = T("default"), .id = T("1"), .name = T("")},
                              {.rp = T("default"), .id = T("2"), .name = T("")}};
    struct store_reply reply = {.api_keys = {items, 2}};

    assert_believed(*state, ask_api_keys, &reply);
    items[1].rp = T("other");
    assert_lie(*state, ask_api_keys, &reply);
}

static enum pk_status ask_signing_keys(struct store *store)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};

    return store->verbs->signing_key_list(store, "default", 1, &list);
}

static void signing_keys_are_the_relying_party_s(void **state)
{
    struct signing_key items[] = {{.rp = T("default"), .kid = T("1"), .algorithm = T("ES256")},
                                  {.rp = T("default"), .kid = T("2"), .algorithm = T("ES256")}};
    struct store_reply reply = {.signing_keys = {items, 2}};

    assert_believed(*state, ask_signing_keys, &reply);
    items[1].rp = T("other");
    assert_lie(*state, ask_signing_keys, &reply);
}

static enum pk_status ask_fates(struct store *store)
{
    struct kept_decision items[] = {{.id = 1, .context = T("{}"), .fate = DECISION_NOBODY},
                                    {.id = 2, .context = T("{}"), .fate = DECISION_NOBODY}};
    struct kept_decision_list list = {items, 2};
    enum pk_status status = store->verbs->decisions_add(store, &list, 8);

    assert_int_equal(items[0].fate, status ? DECISION_NOBODY : DECISION_KEPT);
    assert_int_equal(items[1].fate, status ? DECISION_NOBODY : DECISION_LATER);
    return status;
}

static void each_decision_has_its_fate(void **state)
{
    struct told_fate fates[] = {{DECISION_KEPT}, {DECISION_LATER}, {DECISION_KEPT}};
    struct store_reply reply = {.fates = fates, .fate_count = 2};

    assert_believed(*state, ask_fates, &reply);
    reply.fate_count = 1;
    assert_lie(*state, ask_fates, &reply);
    reply.fate_count = 3;
    assert_lie(*state, ask_fates, &reply);
}

static enum pk_status ask_ceremony(struct store *store)
{
    PK_AUTO_BYTES struct pk_bytes data = {0};

    return store->verbs->ceremony_take(store, "default", "id", 1, &data);
}

static void a_ceremony_is_no_larger_than_one_can_be(void **state)
{
    static uint8_t data[PK_STORE_CEREMONY_MAX + 1];
    struct store_reply reply = {.bytes = {data, PK_STORE_CEREMONY_MAX}};

    assert_believed(*state, ask_ceremony, &reply);
    reply.bytes.len++;
    assert_lie(*state, ask_ceremony, &reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_account_is_the_one_that_was_asked_for),
        TEST(a_user_is_the_one_that_was_asked_for),
        TEST(holdings_are_of_the_uid),
        TEST(passkeys_are_those_that_were_asked_for),
        TEST(there_are_no_more_than_the_limit),
        TEST(each_passkey_of_a_list_is_looked_at),
        TEST(recovery_codes_are_no_more_than_there_is_room_for),
        TEST(transactions_are_the_user_s),
        TEST(api_keys_are_the_relying_party_s),
        TEST(signing_keys_are_the_relying_party_s),
        TEST(each_decision_has_its_fate),
        TEST(a_ceremony_is_no_larger_than_one_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
