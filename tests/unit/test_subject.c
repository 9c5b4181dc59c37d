/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/accounts/subject.h"
#include "daemon/bus/reply_errors.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#define ALICE 1000
#define BOB   1001

static const struct passwd accounts[] = {
    {.pw_name = (char[]){"root"}, .pw_uid = 0, .pw_gecos = (char[]){""}},
    {.pw_name = (char[]){"alice"}, .pw_uid = ALICE, .pw_gecos = (char[]){"Alice Example"}},
    {.pw_name = (char[]){"bob"}, .pw_uid = BOB, .pw_gecos = (char[]){""}},
};

static bool name_service_fails;

static int answer(const struct passwd *found, struct passwd *entry, struct passwd **result)
{
    *result = NULL;
    if (name_service_fails)
        return EIO;
    if (found) {
        *entry = *found;
        *result = entry;
    }
    return 0;
}

/* The name service. Names are looked up in any case, as a directory does. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer, (void)len;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
        if (strcasecmp(accounts[i].pw_name, name) == 0)
            found = &accounts[i];
    return answer(found, entry, result);
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t len, struct passwd **result)
{
    const struct passwd *found = NULL;

    (void)buffer, (void)len;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
        if (accounts[i].pw_uid == uid)
            found = &accounts[i];
    return answer(found, entry, result);
}

/* A relying party for the host's accounts, and one for those of a shop. */
static struct rp_config rps[] = {
    {.name = (char[]){"default"}, .id = (char[]){"example.org"}, .system_accounts = true},
    {.name = (char[]){"shop"}, .id = (char[]){"shop.example.org"}},
    {.name = (char[]){"web"}, .id = (char[]){"web.example.org"}, .http = PK_HTTP_STANDARD},
};
static struct config config = {.rps = rps, .rp_count = 3};
static struct store *the_store;

static int begin(void **state)
{
    int result = set_up(state);

    name_service_fails = false;
    fake_bus_reset();
    the_store = ((struct fixture *)*state)->store;
    return result;
}

static enum pk_status resolve(uid_t uid, const char *rp, const char *name, struct subject *ret)
{
    struct subject_request request = {.caller = uid, .name = name};
    PK_AUTO_FREE char *rp_name = NULL;
    enum pk_status status = subject_set_rp(&config, rp, &request, &rp_name);

    return status ? status : subject_find(&request, ret);
}

struct resolution {
    uid_t uid;
    const char *name;
    enum pk_status status;
    const char *account;
    uid_t account_uid;
};

static void assert_resolutions(const char *rp, const struct resolution *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_SUBJECT struct subject subject = {0};
        enum pk_status status = resolve(cases[i].uid, rp, cases[i].name, &subject);

        if (status != cases[i].status)
            fail_msg("\"%s\" by %u: %s", cases[i].name, (unsigned)cases[i].uid,
                     pk_status_name(status));
        if (status) {
            assert_null(subject.account.name);
            continue;
        }
        assert_string_equal(subject.account.name, cases[i].account);
        assert_int_equal(subject.account.uid, cases[i].account_uid);
        assert_string_equal(subject.account.rp, rp);
    }
}

static void of_the_hosts_accounts_everybody_has_their_own(void **state)
{
    static const struct resolution cases[] = {
        {ALICE, "", PK_OK, "alice", ALICE},
        {ALICE, "alice", PK_OK, "alice", ALICE},
        {ALICE, "ALICE", PK_OK, "alice", ALICE},
        {ALICE, "bob", PK_DENIED, NULL, 0},
        {ALICE, "root", PK_DENIED, NULL, 0},
        {BOB, "alice", PK_DENIED, NULL, 0},
        {ALICE, "mallory", PK_UNKNOWN_USER, NULL, 0},
        {4711, "", PK_UNKNOWN_USER, NULL, 0},
        {0, "", PK_OK, "root", 0},
        {0, "Bob", PK_OK, "bob", BOB},
        {0, "mallory", PK_UNKNOWN_USER, NULL, 0},
    };

    (void)state;
    assert_resolutions("default", cases, sizeof(cases) / sizeof(cases[0]));
}

/* The shop's program runs as an account of the host, under whose name it may have passkeys there.
 */
static void of_a_programs_accounts_only_root_names_others(void **state)
{
    static const struct resolution cases[] = {
        {0, "mallory", PK_OK, "mallory", PK_NO_UID}, {0, "alice", PK_OK, "alice", PK_NO_UID},
        {0, "", PK_OK, "root", PK_NO_UID},           {ALICE, "", PK_OK, "alice", PK_NO_UID},
        {ALICE, "alice", PK_OK, "alice", PK_NO_UID}, {ALICE, "ALICE", PK_DENIED, NULL, 0},
        {ALICE, "bob", PK_DENIED, NULL, 0},          {ALICE, "mallory", PK_DENIED, NULL, 0},
        {4711, "mallory", PK_UNKNOWN_USER, NULL, 0},
    };

    (void)state;
    assert_resolutions("shop", cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_relying_party_must_be_there(void **state)
{
    AUTO_SUBJECT struct subject subject = {0};
    AUTO_SUBJECT struct subject named = {0};

    (void)state;
    assert_int_equal(resolve(0, "mall", "alice", &subject), PK_NOT_FOUND);
    assert_int_equal(resolve(0, NULL, "alice", &subject), PK_OK);
    assert_string_equal(subject.account.rp, "default");
    assert_string_equal(subject.full_name, "Alice Example");
    assert_int_equal(resolve(0, "", "alice", &named), PK_OK);
    assert_string_equal(named.account.rp, "default");
}

static void a_name_service_that_fails_says_nothing(void **state)
{
    AUTO_SUBJECT struct subject subject = {0};

    (void)state;
    name_service_fails = true;
    assert_int_equal(resolve(0, "default", "alice", &subject), PK_UNAVAILABLE);
    assert_int_equal(resolve(ALICE, "default", "", &subject), PK_UNAVAILABLE);
    assert_int_equal(resolve(ALICE, "shop", "alice", &subject), PK_UNAVAILABLE);
}

/* What a caller was permitted by is what the call is about, whatever the name service says next. */
static void an_account_that_was_found_is_not_looked_up_again(void **state)
{
    const struct system_account found = {
        .uid = ALICE, .name = (char[]){"alice"}, .full_name = (char[]){"Alice Example"}};
    struct subject_request request = {.caller = ALICE,
                                      .rp = "default",
                                      .system_accounts = true,
                                      .name = "ALICE",
                                      .found = &found};
    AUTO_SUBJECT struct subject subject = {0};
    AUTO_SUBJECT struct subject other = {0};

    (void)state;
    name_service_fails = true;
    assert_int_equal(subject_find(&request, &subject), PK_OK);
    assert_string_equal(subject.account.name, "alice");
    assert_int_equal(subject.account.uid, ALICE);
    assert_string_equal(subject.full_name, "Alice Example");
    request.caller = BOB;
    assert_int_equal(subject_find(&request, &other), PK_DENIED);
}

static void the_user_handle_is_the_stored_one(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    AUTO_ACCOUNT struct account stored = account_of(store, "default", "alice", ALICE);
    AUTO_SUBJECT struct subject alice = {0};
    AUTO_SUBJECT struct subject bob = {0};
    AUTO_SUBJECT struct subject again = {0};

    assert_int_equal(resolve(ALICE, NULL, "", &alice), PK_OK);
    assert_int_equal(subject_load_handle(the_store, &alice), PK_OK);
    assert_true(
        pk_view_equal(pk_view_of(&alice.account.user_handle), pk_view_of(&stored.user_handle)));
    /* Without an account a fresh one each time, which nothing keeps yet. */
    assert_int_equal(resolve(BOB, NULL, "", &bob), PK_OK);
    assert_int_equal(subject_load_handle(the_store, &bob), PK_OK);
    assert_int_equal(bob.account.user_handle.len, PK_USER_HANDLE_SIZE);
    assert_int_equal(resolve(BOB, NULL, "", &again), PK_OK);
    assert_int_equal(subject_load_handle(the_store, &again), PK_OK);
    assert_false(pk_view_equal(pk_view_of(&bob.account.user_handle),
                               pk_view_of(&again.account.user_handle)));
}

/* At a relying party over HTTP, of 16 bytes as of any other number, and of no more than fit. */
static void the_user_handle_over_http_is_the_id(void **state)
{
    static const char *const ids[] = {
        "7", "0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        AUTO_SUBJECT struct subject user = {0};

        assert_int_equal(resolve(0, "web", ids[i], &user), PK_OK);
        assert_int_equal(subject_load_handle(the_store, &user), PK_OK);
        assert_true(pk_view_equal(pk_view_of(&user.account.user_handle), pk_view_string(ids[i])));
        subject_clear(&user);
        assert_int_equal(resolve(0, "shop", ids[i], &user), PK_OK);
        assert_int_equal(subject_load_handle(the_store, &user), PK_OK);
        assert_false(pk_view_equal(pk_view_of(&user.account.user_handle), pk_view_string(ids[i])));
    }
    {
        AUTO_SUBJECT struct subject user = {0};

        assert_int_equal(
            resolve(0, "web", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
                    &user),
            PK_OK);
        assert_int_equal(subject_load_handle(the_store, &user), PK_INVALID_ARGUMENT);
    }
}

static enum pk_status fail_account(struct store *store, const char *rp, const char *name, uid_t uid,
                                   enum account_create create, struct account *ret)
{
    (void)store, (void)rp, (void)name, (void)uid, (void)create, (void)ret;
    return PK_STORAGE;
}

static enum pk_status fail_list(struct store *store, const struct credential_filter *filter,
                                struct credential_list *ret)
{
    (void)store, (void)filter, (void)ret;
    return PK_STORAGE;
}

static void a_store_that_fails_says_nothing(void **state)
{
    static const struct store_verbs verbs = {.account = fail_account, .list = fail_list};
    struct store failing = {.verbs = &verbs};
    AUTO_SUBJECT struct subject alice = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    (void)state;
    assert_int_equal(resolve(ALICE, NULL, "", &alice), PK_OK);
    the_store = &failing;
    assert_int_equal(subject_load_handle(the_store, &alice), PK_STORAGE);
    assert_int_equal(alice.account.user_handle.len, 0);
    assert_int_equal(subject_credentials(the_store, &alice, NULL, &list), PK_STORAGE);
}

static void add(struct store *store, struct account account, const char *id, const char *rp_id)
{
    AUTO_CREDENTIAL struct credential credential = make(account, id, id);

    free(credential.rp_id);
    credential.rp_id = strdup(rp_id);
    assert_int_equal(store->verbs->insert(store, &credential, MAX, (struct pk_view){0}), PK_OK);
}

/* The ids of the subject's passkeys, side by side. */
static void assert_passkeys(uid_t uid, const char *rp, const char *rp_id, const char *ids)
{
    AUTO_SUBJECT struct subject subject = {0};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    char found[16] = "";

    assert_int_equal(resolve(uid, rp, "", &subject), PK_OK);
    assert_int_equal(subject_credentials(the_store, &subject, rp_id, &list), PK_OK);
    for (size_t i = 0; i < list.count; i++)
        (void)strncat(found, (const char *)list.items[i].record.id.data,
                      list.items[i].record.id.len);
    assert_string_equal(found, ids);
}

static void passkeys_are_of_name_and_uid_and_relying_party(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;

    add(store, account_of(store, "default", "alice", ALICE), "1", "example.org");
    add(store, account_of(store, "default", "alice", ALICE), "2", "old.example.org");
    /* Who was called so before. */
    add(store, account_of(store, "default", "alice", 999), "3", "example.org");
    /* Who has the uid that was hers. */
    add(store, account_of(store, "default", "alicia", ALICE), "4", "example.org");
    add(store, account_of(store, "default", "bob", BOB), "5", "example.org");
    add(store, account_of(store, "shop", "alice", PK_NO_UID), "6", "shop.example.org");
    /* From when this relying party's accounts were the host's. */
    add(store, account_of(store, "shop", "alice", ALICE), "7", "example.org");
    assert_passkeys(ALICE, "default", NULL, "12");
    assert_passkeys(ALICE, "default", "example.org", "1");
    assert_passkeys(ALICE, "default", "old.example.org", "2");
    assert_passkeys(ALICE, "default", "example.com", "");
    assert_passkeys(BOB, "default", "example.org", "5");
    assert_passkeys(ALICE, "shop", NULL, "6");
    assert_passkeys(BOB, "shop", NULL, "");
}

static void refusals_have_names(void **state)
{
    static const struct {
        enum pk_status status;
        const char *error;
    } cases[] = {
        {PK_NOT_FOUND, PK_BUS_ERROR_UNKNOWN_RP},    {PK_UNKNOWN_USER, PK_BUS_ERROR_UNKNOWN_USER},
        {PK_DENIED, PK_BUS_ERROR_ACCESS_DENIED},    {PK_STORAGE, PK_BUS_ERROR_STORAGE_FAILURE},
        {PK_UNAVAILABLE, PK_BUS_ERROR_UNAVAILABLE}, {PK_NO_MEMORY, PK_BUS_ERROR_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reply_subject_error(fake_call(ALICE, ":1.7", ""), cases[i].status);
        assert_string_equal(fake_end.error, cases[i].error);
    }
}

/* What is not there is repeated, so that a misspelling is seen; nothing of it moves a terminal. */
static void what_is_not_there_is_named(void **state)
{
    struct call *call;

    (void)state;
    reply_subject_error(fake_call(0, ":1.7", "nobodyhere"), PK_UNKNOWN_USER);
    assert_non_null(strstr(fake_end.text, ": \"nobodyhere\";"));
    reply_subject_error(fake_call(0, ":1.7", "no\033[2Jbody"), PK_UNKNOWN_USER);
    assert_non_null(strstr(fake_end.text, ": \"no?[2Jbody\";"));
    reply_subject_error(fake_call(4711, ":1.7", ""), PK_UNKNOWN_USER);
    assert_non_null(strstr(fake_end.text, "has the uid 4711;"));
    call = fake_call(ALICE, ":1.7", "alice");
    value_dict_text(fake_options(call), "rp", "nosuch");
    reply_subject_error(call, PK_NOT_FOUND);
    assert_non_null(strstr(fake_end.text, "no such relying party: \"nosuch\";"));
    reply_subject_error(fake_call(ALICE, ":1.7", "alice"), PK_NOT_FOUND);
    assert_non_null(strstr(fake_end.text, "the relying party of this service is not configured;"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(of_the_hosts_accounts_everybody_has_their_own),
        TEST(of_a_programs_accounts_only_root_names_others),
        TEST(the_relying_party_must_be_there),
        TEST(a_name_service_that_fails_says_nothing),
        TEST(an_account_that_was_found_is_not_looked_up_again),
        TEST(the_user_handle_is_the_stored_one),
        TEST(the_user_handle_over_http_is_the_id),
        TEST(a_store_that_fails_says_nothing),
        TEST(passkeys_are_of_name_and_uid_and_relying_party),
        TEST(refusals_have_names),
        TEST(what_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
