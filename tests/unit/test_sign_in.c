/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is meant by a sign-in, who may ask, what they may learn, and on whose behalf it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/watched_sign_in.h"

#include <errno.h>
#include <string.h>

/* --- who is meant ----------------------------------------------------------------------------- */

static void the_account_has_the_name_services_spelling(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.user = "ALICE";
    ask(&request);
    assert_string_equal(last->subject.account.name, "alice");
    assert_int_equal(last->subject.account.uid, ALICE);
    assert_int_equal(last->credentials.count, 1);
    assert_string_equal(last->credentials.items[0].name, "blue");
    assert_status(last->why_no_method, PK_OK);
    assert_non_null(strstr(last->context, "\"user\":\"alice\""));
}

static void nobody_is_meant(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.user = "";
    ask(&request);
    assert_null(last->subject.account.name);
    assert_int_equal(last->credentials.count, 0);
    assert_status(last->why_no_method, PK_OK);
}

/* Told at once: nothing is tried. */
static void assert_refused_at_once(const char *result)
{
    assert_string_equal(started, "");
    assert_next(NULL, "done", result);
}

static void an_unknown_account_is_told(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    request.user = "mallory";
    ask(&request);
    assert_refused_at_once("unknown-user");
    assert_int_equal(log_count("sign-in of mallory (default): refused, unknown-user"), 1);
}

static void no_passkeys_are_told(void **state)
{
    (void)state;
    give_passkey("bob", BOB, RP_ID, "bobs");
    ask(&nothing);
    assert_refused_at_once("no-credentials");
}

/* That another uid had the name is for the log only. */
static void a_changed_account_is_told_as_one_without_passkeys(void **state)
{
    (void)state;
    give_passkey("alice", 2000, RP_ID, "old");
    ask(&nothing);
    assert_refused_at_once("no-credentials");
    assert_int_equal(log_count("refused, account-changed"), 1);
}

static void a_former_owner_of_the_name_has_nothing_here(void **state)
{
    (void)state;
    give_passkey("alice", 2000, RP_ID, "old");
    give_alice();
    ask(&nothing);
    assert_int_equal(last->credentials.count, 1);
    assert_string_equal(last->credentials.items[0].name, "blue");
}

/* Its name and uid are the same, and somebody else's. */
static void an_account_that_was_gone_has_nothing_here(void **state)
{
    (void)state;
    give_alice();
    lose_accounts();
    ask(&nothing);
    assert_refused_at_once("no-credentials");
    assert_int_equal(log_count("refused, account-changed"), 1);
    give_passkey("alice", ALICE, RP_ID, "new");
    ask(&nothing);
    assert_int_equal(last->credentials.count, 1);
    assert_string_equal(last->credentials.items[0].name, "new");
}

/* A web user that is called root is not this host's. */
static void a_relying_party_without_accounts_of_this_host(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n[rp portal]\nid = portal.example\n");
    give_alice();
    request.rp = "portal";
    request.user = "root";
    ask(&request);
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
    request.user = "";
    ask(&request);
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
    request.user = "alice";
    ask_by(ALICE, &request);
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
}

/* What a program says of itself is shown, bound and logged if it is root's. */
static void only_root_is_believed(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.service = "sudo";
    request.command = "rm -rf /srv";
    request.target = "root";
    request.tty = "tty1";
    ask(&request);
    assert_non_null(strstr(last->context, "\"command\":\"rm -rf /srv\""));
    assert_non_null(strstr(last->attempt.purpose, "rm -rf /srv"));
    assert_null(strstr(last->attempt.purpose, "asked by"));
    ask_by(ALICE, &request);
    assert_null(strstr(last->context, "rm -rf"));
    assert_null(strstr(last->context, "sudo"));
    assert_null(strstr(last->context, "tty1"));
    assert_null(strstr(last->context, "root"));
    assert_null(strstr(last->attempt.purpose, "rm -rf"));
    assert_non_null(strstr(last->attempt.purpose, "to sign in as alice"));
    assert_non_null(strstr(last->attempt.purpose, ", asked by uid 1000, pid "));
    assert_string_equal(last->section, "sudo");
}

static void who_may_ask(void **state)
{
    struct sign_in_request anybody = nothing;

    (void)state;
    give_alice();
    ask_by(BOB, &nothing);
    assert_error(PK_BUS_ERROR_ACCESS_DENIED);
    ask_by(ALICE, &nothing);
    assert_non_null(last);
    assert_int_equal(last->attempt.owner, ALICE);
    ask_by(0, &nothing);
    assert_non_null(last);
    assert_int_equal(last->attempt.owner, 0);
    anybody.user = "";
    ask_by(ALICE, &anybody); /* who can only be itself */
    assert_non_null(last);
    assert_int_equal(last->attempt.owner, ALICE);
    assert_string_equal(last->subject.account.name, "alice");
    assert_int_equal(last->credentials.count, 1);
    ask_by(0, &anybody);
    assert_non_null(last);
    assert_null(last->subject.account.name);
}

static enum pk_status cannot_list(struct store *store, const struct credential_filter *filter,
                                  struct credential_list *ret)
{
    (void)store, (void)filter, (void)ret;
    return PK_STORAGE;
}

static void what_cannot_be_found_out_is_an_error(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    set_name_service(EIO);
    ask(&nothing);
    assert_error(PK_BUS_ERROR_UNAVAILABLE);
    set_name_service(0);
    request.rp = "shop";
    ask(&request);
    assert_error(PK_BUS_ERROR_UNKNOWN_RP);
    store_verbs()->list = cannot_list;
    ask(&nothing);
    assert_error(PK_BUS_ERROR_STORAGE_FAILURE);
}

static void the_relying_party_is_the_callers_or_the_services(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon(shop_config);
    request.user = "";
    ask(&request);
    assert_string_equal(last->rp, "default");
    request.service = "counter";
    ask(&request);
    assert_string_equal(last->rp, "shop");
    request.rp = "default";
    ask(&request);
    assert_string_equal(last->rp, "default");
}

/* --- what they may learn ---------------------------------------------------------------------- */

/* Whether ssh is in play, and the account concealed. */
static void where_accounts_are_concealed(void **state)
{
    static const struct {
        const char *what;
        struct sign_in_request request;
        uid_t uid;
        bool in_play, conceal;
    } cases[] = {
        {"nothing remote", {.service = ""}, 0, false, false},
        {"a service that names ssh", {.service = "sshd"}, 0, true, true},
        {"one that does not", {.service = "login", .rhost = "elsewhere"}, 0, false, false},
        {"a remote host", {.rhost = "elsewhere"}, 0, true, true},
        {"this host's display", {.rhost = ":0"}, 0, false, false},
        {"the caller names ssh", {.methods = SSH}, 0, true, true},
        {"the caller leaves it out", {.service = "sshd", .methods = LOCAL}, 0, false, false},
        {"the owner, by a user's program", {.service = "sshd"}, ALICE, true, false},
        {"the owner, by root's program", {.service = "sshd", .ruser = "alice"}, 0, true, false},
        {"somebody else", {.service = "sshd", .ruser = "bob"}, 0, true, true},
        {"in another spelling", {.service = "sshd", .ruser = "ALICE"}, 0, true, true},
    };

    (void)state;
    configure_daemon(ssh_config);
    give_alice();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;

        request.methods = cases[i].request.methods;
        request.service = cases[i].request.service ? cases[i].request.service : "";
        request.rhost = cases[i].request.rhost ? cases[i].request.rhost : "";
        request.ruser = cases[i].request.ruser ? cases[i].request.ruser : "";
        ask_by(cases[i].uid, &request);
        assert_non_null(last);
        if (last->ssh_in_play != cases[i].in_play || last->attempt.conceal != cases[i].conceal)
            fail_msg("%s: in play %d, concealed %d", cases[i].what, last->ssh_in_play,
                     last->attempt.conceal);
    }
}

static void nobody_in_particular_is_not_concealed(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    request.user = "";
    request.rhost = "elsewhere";
    ask(&request);
    assert_true(last->ssh_in_play);
    assert_false(last->attempt.conceal);
}

/* What follows is done as for an account with passkeys. */
static void a_concealed_account_seems_to_be_there(void **state)
{
    static const struct {
        const char *user;
        uid_t had_it; /* PK_NO_UID: nobody has passkeys under that name */
        enum pk_status why;
    } cases[] = {
        {"Mallory", PK_NO_UID, PK_UNKNOWN_USER},
        {"alice", PK_NO_UID, PK_NO_CREDENTIALS},
        {"bob", 2000, PK_ACCOUNT_CHANGED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;

        if (cases[i].had_it != PK_NO_UID)
            give_passkey(cases[i].user, cases[i].had_it, RP_ID, "old");
        request.user = cases[i].user;
        request.rhost = "elsewhere";
        ask(&request);
        assert_string_equal(started, "l");
        assert_status(last->why_no_method, cases[i].why);
        assert_string_equal(last->subject.account.name, cases[i].user);
        assert_string_equal(last->subject.account.rp, "default");
        assert_int_equal(last->credentials.count, 0);
        let_pass(200);
        next(NULL);
        assert_true(is_waiting());
        attempt_refused(&last->attempt, PK_TIMEOUT);
        assert_said("done", "timeout");
        assert_int_equal(log_count(pk_status_name(cases[i].why)), 1);
    }
    assert_int_equal(last->subject.account.uid, BOB);
}

static void nobody_there_has_no_uid_and_nobodys_passkeys(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    /* Of an account of no system, which has that uid too. */
    give_passkey("mallory", PK_NO_UID, RP_ID, "old");
    request.user = "mallory";
    request.rhost = "elsewhere";
    ask(&request);
    assert_int_equal(last->subject.account.uid, PK_NO_UID);
    assert_status(last->why_no_method, PK_UNKNOWN_USER);
    assert_int_equal(last->credentials.count, 0);
}

/* The spelling of the name service would tell that there is such an account. */
static void a_concealed_account_keeps_the_spelling_that_was_asked(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.user = "Alice";
    request.rhost = "elsewhere";
    ask(&request);
    assert_true(last->attempt.conceal);
    assert_non_null(strstr(last->context, "\"user\":\"Alice\""));
    assert_string_equal(sign_in_context(last).user, "Alice");
}

/* --- for whom a program of root's asks -------------------------------------------------------- */

static void on_whose_behalf(void **state)
{
    struct sign_in_request by_alice = nothing, from_afar = nothing, neither = nothing;

    (void)state;
    give_alice();
    by_alice.ruser = "bob";
    from_afar.rhost = "elsewhere";
    ask(&by_alice);
    assert_string_equal(last->on_behalf_of, "bob");
    assert_string_equal(last->attempt.ops->on_behalf_of(&last->attempt), "bob");
    ask(&from_afar);
    assert_string_equal(last->on_behalf_of, "");
    assert_string_equal(last->attempt.ops->network(&last->attempt), "elsewhere");
    from_afar.rhost = "2001:db8:0:5::1:2";
    ask(&from_afar);
    assert_string_equal(last->network, "2001:db8:0:5::");
    ask(&neither);
    assert_null(last->on_behalf_of);
    assert_null(last->network);
    /* A user's own program is not believed. */
    by_alice.ruser = "bob";
    ask_by(ALICE, &by_alice);
    assert_null(last->on_behalf_of);
}

static void a_users_share_counts_through_root(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n[limits]\nconversations-per-user = 2\n");
    give_alice();
    request.ruser = "alice";
    ask(&request);
    ask(&request);
    assert_non_null(last);
    ask(&request);
    assert_error(PK_BUS_ERROR_LIMIT_EXCEEDED);
    request.ruser = "bob";
    ask(&request);
    assert_non_null(last);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, watch_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_account_has_the_name_services_spelling),
        TEST(nobody_is_meant),
        TEST(an_unknown_account_is_told),
        TEST(no_passkeys_are_told),
        TEST(a_changed_account_is_told_as_one_without_passkeys),
        TEST(a_former_owner_of_the_name_has_nothing_here),
        TEST(an_account_that_was_gone_has_nothing_here),
        TEST(a_relying_party_without_accounts_of_this_host),
        TEST(only_root_is_believed),
        TEST(who_may_ask),
        TEST(what_cannot_be_found_out_is_an_error),
        TEST(the_relying_party_is_the_callers_or_the_services),
        TEST(where_accounts_are_concealed),
        TEST(nobody_in_particular_is_not_concealed),
        TEST(a_concealed_account_seems_to_be_there),
        TEST(nobody_there_has_no_uid_and_nobodys_passkeys),
        TEST(a_concealed_account_keeps_the_spelling_that_was_asked),
        TEST(on_whose_behalf),
        TEST(a_users_share_counts_through_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
