/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which methods a sign-in tries and for how long, what it demands of them, and whose approval it
 * accepts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/value.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"
#include "tests/unit/watched_sign_in.h"

#include <string.h>

/* --- which methods, and how long -------------------------------------------------------------- */

static void methods_are_the_services(void **state)
{
    static const struct {
        const char *service;
        struct pk_methods wanted;
        const char *tried;
    } cases[] = {
        {"", NO_METHODS, "lasr"},
        {"", RECOVERY_LOCAL, "rl"},
        {"sudo", NO_METHODS, "lasr"}, /* its section names none */
        {"sudo", SSH_LOCAL, "sl"},
        {"login", NO_METHODS, "lr"},
        /* A caller may leave some out, but adds none, and the order stays. */
        {"login", LOCAL, "l"},
        {"login", RECOVERY_LOCAL, "lr"},
        {"login", SSH_LOCAL, "l"},
        {"login", SSH, ""},
    };

    (void)state;
    configure_daemon(ssh_config);
    give_alice();
    decline = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;

        request.service = cases[i].service;
        request.methods = cases[i].wanted;
        request.ruser = "alice";
        ask(&request);
        assert_string_equal(started, cases[i].tried);
        assert_next(NULL, "done", "unavailable");
    }
}

/* A recovery code is no evidence of which command was approved. */
static void an_approval_takes_no_recovery_code(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    decline = true;
    request.approval = true;
    ask(&request);
    assert_string_equal(started, "las");
    assert_next(NULL, "done", "unavailable");
    request.methods = (struct pk_methods){{PK_METHOD_RECOVERY}, 1};
    ask(&request);
    assert_string_equal(started, "");
    assert_next(NULL, "done", "unavailable");
}

static void an_approval_is_another_act(void **state)
{
    struct command command = {.line = strdup("/bin/id"), .target = strdup("bob")};
    struct sign_in_request request = nothing;
    struct context context;

    (void)state;
    give_alice();
    request.approval = true;
    request.described = &command;
    request.command = "what is not read";
    ask(&request);
    assert_null(command.line); /* taken */
    context = sign_in_context(last);
    assert_string_equal(context.act, "approve");
    assert_string_equal(context.command, "/bin/id");
    assert_string_equal(context.target, "bob");
}

/* Of anybody but root, what they say that they do is not shown, not bound and not logged. */
static void what_a_program_does_is_believed_of_root_alone(void **state)
{
    static const struct {
        uid_t uid;
        const char *command, *target, *dialog;
    } cases[] = {{0, "a\\x1b", "bob", "/bin/agent"}, {ALICE, "", "", NULL}};

    (void)state;
    give_alice();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;
        struct context context;

        request.command = "a\x1b";
        request.target = "bob";
        request.dialog = "/bin/agent";
        ask_by(cases[i].uid, &request);
        context = sign_in_context(last);
        assert_string_equal(context.act, "authenticate");
        assert_string_equal(context.command, cases[i].command);
        assert_string_equal(context.target, cases[i].target);
        if (cases[i].dialog)
            assert_string_equal(context.dialog, cases[i].dialog);
        else
            assert_null(context.dialog);
    }
}

static void a_method_that_signs_nobody_in_is_passed_over(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.methods = (struct pk_methods){{PK_METHOD_PHONE, PK_METHOD_LOCAL}, 2};
    ask(&request);
    assert_string_equal(started, "l");
}

static void how_long_it_may_take(void **state)
{
    static const struct {
        const char *service;
        unsigned wanted, given;
    } cases[] = {
        {"", 0, 15 + 25 + 60}, {"", 10, 10},     {"", 5000, 100},  {"sudo", 0, 20},
        {"sudo", 10, 10},      {"sudo", 30, 20}, {"slow", 0, 600}, {"slow", 700, 600},
    };

    (void)state;
    configure_daemon("[authenticator]\ntouch-timeout = 15\ninsert-timeout = 25\n"
                     "[rp default]\nid = " RP_ID "\n"
                     "[service sudo]\ntimeout = 20\n[service slow]\ntimeout = 3600\n");
    give_alice();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;

        request.service = cases[i].service;
        request.timeout = cases[i].wanted;
        ask(&request);
        assert_int_equal(conversation_time_left(last->attempt.conversation), cases[i].given);
    }
}

static void the_agents_descriptor_is_taken(void **state)
{
    struct sign_in_request request = nothing;
    int ends[2];
    struct value descriptor = {.type = 'h'};

    (void)state;
    give_alice();
    assert_int_equal(pipe(ends), 0);
    descriptor.fd = ends[0];
    request.agent = &descriptor;
    ask(&request);
    assert_int_equal(last->attempt.agent_fd, ends[0]);
    assert_int_equal(descriptor.fd, -1);
    ask(&nothing);
    assert_int_equal(last->attempt.agent_fd, -1);
    (void)close(ends[1]);
}

/* --- what is demanded ------------------------------------------------------------------------- */

static const struct ceremony *begin(const char *rp_id, bool over_ssh)
{
    assert_status(sign_in_begin(last, &last->credentials, rp_id, over_ssh), PK_OK);
    return attempt_peek_ceremony(&last->attempt, last->attempt.ceremony_count - 1);
}

static void a_ceremony_is_for_the_accounts_passkeys(void **state)
{
    const struct ceremony *ceremony;
    const struct pk_requirements *requirements;

    (void)state;
    give_alice();
    give_passkey("alice", ALICE, "other.example", "red");
    give_passkey("alice", ALICE, RP_ID, "green");
    give_passkey("bob", BOB, RP_ID, "bobs");
    ask(&nothing);
    ceremony = begin(RP_ID, false);
    requirements = &ceremony->requirements;
    assert_int_equal(ceremony->owner, 0);
    assert_string_equal(ceremony->correlation, conversation_id(last->attempt.conversation));
    assert_string_equal(ceremony->account.rp, "default");
    assert_string_equal(ceremony->account.name, "alice");
    assert_int_equal(ceremony->account.uid, ALICE);
    assert_true(ceremony->system_account);
    assert_int_equal(requirements->ceremony, PK_AUTHENTICATION);
    assert_string_equal(requirements->rp_id, RP_ID);
    assert_true(requirements->user_identified_before);
    assert_int_equal(requirements->credential_count, 2);
    assert_int_equal(requirements->user_handle.len, PK_USER_HANDLE_SIZE);
    assert_true(pk_view_equal(pk_view_of(&requirements->user_handle),
                              pk_view_of(&last->credentials.items[0].record.user_handle)));
    assert_int_equal(requirements->challenge.len, PK_HASH_SIZE);
    assert_string_equal(ceremony->context, last->context);
    ceremony = begin("other.example", false);
    assert_string_equal(ceremony->requirements.rp_id, "other.example");
    assert_int_equal(ceremony->requirements.credential_count, 1);
    assert_true(pk_view_equal(pk_view_of(&ceremony->requirements.credentials[0].id),
                              pk_view_string("red")));
}

/* Two hosts may have made one each: the one of another RP id is no reason to ask for none. */
static void passkeys_of_several_handles_are_all_taken(void **state)
{
    struct pk_bytes *handle;
    const struct ceremony *ceremony;

    (void)state;
    give_alice();
    give_passkey("alice", ALICE, "other.example", "red");
    give_passkey("alice", ALICE, RP_ID, "green");
    ask(&nothing);
    assert_int_equal(last->credentials.count, 3);
    for (size_t i = 0; i < last->credentials.count; i++) {
        const struct credential *item = &last->credentials.items[i];

        if (strcmp(item->rp_id, "other.example") == 0)
            last->credentials.items[i].record.user_handle.data[0] ^= 1;
    }
    assert_int_equal(begin(RP_ID, false)->requirements.user_handle.len, PK_USER_HANDLE_SIZE);
    /* Nor is one without a handle held to the other's, whichever comes first. */
    for (size_t i = 0; i < last->credentials.count; i++) {
        handle = &last->credentials.items[i].record.user_handle;
        if (strcmp(last->credentials.items[i].rp_id, RP_ID) != 0)
            continue;
        handle->len = 0;
        assert_int_equal(begin(RP_ID, false)->requirements.user_handle.len, 0);
        handle->len = PK_USER_HANDLE_SIZE;
    }
    handle = &last->credentials.items[0].record.user_handle;
    handle->data[1] ^= 1;
    ceremony = begin(RP_ID, false);
    assert_int_equal(ceremony->requirements.user_handle.len, 0);
    assert_int_equal(ceremony->requirements.credential_count, 2);
}

static void without_a_name_the_handle_must_tell(void **state)
{
    struct sign_in_request request = nothing;
    const struct ceremony *ceremony;

    (void)state;
    request.user = "";
    ask_by(0, &request);
    ceremony = begin(RP_ID, false);
    assert_null(ceremony->account.name);
    assert_int_equal(ceremony->owner, 0);
    assert_false(ceremony->requirements.user_identified_before);
    assert_int_equal(ceremony->requirements.credential_count, 0);
}

/* The name of somebody else who asks, in a program of root's; and what the account's keys can. */
static void somebody_else_is_verified_where_all_keys_can(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.ruser = "bob";
    ask(&request);
    assert_true(sign_in_for_another(last));
    assert_false(last->verify); /* this key was never seen to verify anybody */
    last->verify = true;
    assert_int_equal(begin(RP_ID, true)->requirements.user_verification, PK_REQUIRED);
    request.ruser = "alice";
    ask(&request);
    assert_false(sign_in_for_another(last));
    request.ruser = "bob";
    ask_by(ALICE, &request); /* is not believed, and alice it is */
    assert_false(sign_in_for_another(last));
}

/* What the kernel says of a setuid program counts where that names nobody, or lies. */
static void who_started_the_program_is_somebody_else(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    ask(&request);
    assert_false(sign_in_for_another(last));
    last->caller = (struct caller){.real_uid = BOB, .reported = true};
    assert_true(sign_in_for_another(last));
    last->caller.real_uid = ALICE;
    assert_false(sign_in_for_another(last));
    last->caller.real_uid = 0;
    assert_false(sign_in_for_another(last));
    last->caller.peer = (struct caller_peer){.pid = 77, .uid = BOB};
    assert_true(sign_in_for_another(last));
    last->caller.reported = false;
    assert_false(sign_in_for_another(last));
    request.rhost = "192.0.2.1";
    ask(&request);
    last->caller = (struct caller){.real_uid = BOB, .reported = true};
    assert_false(sign_in_for_another(last)); /* a service that lets people in */
}

/* A program would answer them with the account's password. */
static void without_a_person_nothing_is_typed(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    give_alice();
    request.unattended = true;
    request.methods = (struct pk_methods){
        {PK_METHOD_RECOVERY, PK_METHOD_SSH, PK_METHOD_AGENT, PK_METHOD_LOCAL}, 4};
    ask(&request);
    assert_true(last->unattended);
    assert_int_equal(last->attempt.methods.count, 2);
    assert_int_equal(last->attempt.methods.items[0], PK_METHOD_AGENT);
    assert_int_equal(last->attempt.methods.items[1], PK_METHOD_LOCAL);
}

static void over_ssh_the_origins_are_this_hosts(void **state)
{
    const struct ceremony *ceremony;

    (void)state;
    give_alice();
    ask(&nothing);
    ceremony = begin(RP_ID, false);
    assert_int_equal(ceremony->requirements.origins.count, 1);
    assert_string_equal(ceremony->requirements.origins.items[0], "https://" RP_ID);
    ceremony = begin(RP_ID, true);
    assert_int_equal(ceremony->requirements.origins.count, 1);
    assert_string_equal(ceremony->requirements.origins.items[0], "ssh://" SSH_HOST);
}

static void verification_is_what_caller_or_service_demand(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\n"
                     "[service strict]\nuser-verification = required\n");
    give_alice();
    request.user_verification = "required";
    ask(&request);
    assert_int_equal(begin(RP_ID, false)->requirements.user_verification, PK_REQUIRED);
    request.user_verification = "discouraged";
    request.service = "strict";
    ask(&request);
    assert_int_equal(begin(RP_ID, false)->requirements.user_verification, PK_REQUIRED);
}

static void a_reload_may_take_the_relying_party_away(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon(shop_config);
    request.user = "";
    request.rp = "shop";
    ask(&request);
    configure_daemon(NULL);
    assert_status(sign_in_begin(last, &last->credentials, "shop.example", false), PK_UNAVAILABLE);
    assert_int_equal(last->attempt.ceremony_count, 0);
}

static void each_method_begins_without_ceremonies(void **state)
{
    (void)state;
    give_alice();
    ask(&nothing);
    (void)begin(RP_ID, false);
    attempt_next(&last->attempt, PK_TIMEOUT);
    assert_string_equal(started, "la");
    assert_int_equal(last->attempt.ceremony_count, 0);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0);
}

/* --- whose approval is accepted --------------------------------------------------------------- */

static struct approval *approval_of(const char *user, uid_t uid, const char *id)
{
    static const uint8_t hash[PK_HASH_SIZE];
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, id);
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = ceremony_new(conversation_id(last->attempt.conversation), 0);
    PK_AUTO_BYTES struct pk_bytes data = soft_key_data(RP_ID, PK_FLAG_UP, 1);
    PK_AUTO_BYTES struct pk_bytes signature = soft_key_sign(&key, pk_view_of(&data), hash);
    struct verdict verdict;

    soft_key_store(&key, bare_daemon()->store, user, uid, RP_ID, id);
    ceremony->requirements.ceremony = PK_AUTHENTICATION;
    ceremony->requirements.rp_id = strdup(RP_ID);
    ceremony->requirements.user_identified_before = true;
    ceremony->account.rp = strdup("default");
    verdict = verify_and_commit_assertion(bare_daemon()->store, ceremony, hash,
                                          &(struct pk_assertion){
                                              .credential_id = pk_view_string(id),
                                              .authenticator_data = pk_view_of(&data),
                                              .signature = pk_view_of(&signature),
                                          });
    assert_status(verdict.status, PK_OK);
    return verdict.approval;
}

static void an_approval_is_for_the_one_who_was_named(void **state)
{
    static const struct {
        const char *asked, *user;
        uid_t uid;
        const char *result;
    } cases[] = {
        {"alice", "alice", ALICE, "ok"},
        {"alice", "bob", BOB, "internal"},
        {"alice", "alice", 2000, "internal"},
        {"alice", "bob", ALICE, "internal"},
        {"", "bob", BOB, "ok"}, /* anybody */
    };
    static const char *const ids[] = {"0", "1", "2", "3", "4"};

    (void)state;
    give_alice();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sign_in_request request = nothing;

        request.user = cases[i].asked;
        ask(&request);
        attempt_approved(&last->attempt, approval_of(cases[i].user, cases[i].uid, ids[i]));
        assert_next(NULL, "done", cases[i].result);
    }
}

static void an_approval_is_for_the_relying_party_that_was_asked_for(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    configure_daemon(shop_config);
    request.user = "";
    request.rp = "shop";
    ask(&request);
    attempt_approved(&last->attempt, approval_of("alice", ALICE, "blue"));
    assert_next(NULL, "done", "internal");
}

/* Whatever a method says: where no method can serve nobody signs in. */
static void a_concealed_account_without_passkeys_is_never_approved(void **state)
{
    struct sign_in_request request = nothing;

    (void)state;
    request.rhost = "elsewhere";
    ask(&request);
    assert_status(last->why_no_method, PK_NO_CREDENTIALS);
    attempt_approved(&last->attempt, approval_of("alice", ALICE, "blue"));
    let_pass(200);
    assert_next(NULL, "done", "internal");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, watch_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_approval_takes_no_recovery_code),
        TEST(an_approval_is_another_act),
        TEST(what_a_program_does_is_believed_of_root_alone),
        TEST(methods_are_the_services),
        TEST(a_method_that_signs_nobody_in_is_passed_over),
        TEST(how_long_it_may_take),
        TEST(the_agents_descriptor_is_taken),
        TEST(a_ceremony_is_for_the_accounts_passkeys),
        TEST(passkeys_of_several_handles_are_all_taken),
        TEST(without_a_name_the_handle_must_tell),
        TEST(somebody_else_is_verified_where_all_keys_can),
        TEST(who_started_the_program_is_somebody_else),
        TEST(without_a_person_nothing_is_typed),
        TEST(over_ssh_the_origins_are_this_hosts),
        TEST(verification_is_what_caller_or_service_demand),
        TEST(a_reload_may_take_the_relying_party_away),
        TEST(each_method_begins_without_ceremonies),
        TEST(an_approval_is_for_the_one_who_was_named),
        TEST(an_approval_is_for_the_relying_party_that_was_asked_for),
        TEST(a_concealed_account_without_passkeys_is_never_approved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
