/* SPDX-License-Identifier: BSD-2-Clause */
/* The ssh-agent method signs in, with an agent that does what a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_agent.h"

#include <string.h>

#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV)

static void start_with(const char *user, struct value *descriptor)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .agent = descriptor});
}

static void start(const char *user)
{
    struct value descriptor = new_agent();

    start_with(user, &descriptor);
}

#define TOUCH_OF_ALICE "Touch your security key (through your ssh-agent) to sign in as alice"

static void a_key_in_the_agent_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 0); /* no key is known yet */
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_int_equal(ceremonies_count(bare_daemon()->ceremonies), 1);
    assert_next(NULL, "info", "touch");
    assert_int_equal(strncmp(seen()->text, TOUCH_OF_ALICE, strlen(TOUCH_OF_ALICE)), 0);
    sign(&key, PRESENT);
    assert_done("ok");
    assert_string_equal(seen()->user, "alice");
    assert_hung_up();
}

static void only_enrolled_keys_are_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key stranger = soft_key_new(EDDSA, "stranger");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(EDDSA, "bobs");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    const struct soft_key *keys[] = {&stranger, &bobs, &key};

    (void)state;
    give_ssh_key(&bobs, "bob", BOB);
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold(keys, 3, NULL);
    sign(&key, PRESENT);
    assert_next(NULL, "info", "touch");
    assert_done("ok");
    /* Only those. */
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "error", "no-match");
    assert_hung_up();
    assert_non_null(behind);
    assert_done("unavailable");
}

static void keys_for_something_else_are_not_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, "ssh:work");
    assert_next(NULL, "error", "no-match");
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, RP_ID);
    assert_next(NULL, "error", "no-match");
}

static void a_key_that_is_not_there_leads_to_the_next(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    const struct soft_key *keys[] = {&red, &blue};

    (void)state;
    give_ssh_key(&blue, "alice", ALICE);
    give_ssh_key(&red, "alice", ALICE);
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"blue\"")); /* which of them */
    sign_as(&blue, NULL, 0);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"red\""));
    sign(&red, PRESENT);
    assert_done("ok");
    start("alice");
    hold(keys, 2, NULL);
    sign_as(&blue, NULL, 0);
    sign_as(&red, NULL, 0);
    next(NULL);
    next(NULL);
    assert_next(NULL, "error", "operation-denied");
    assert_hung_up();
    assert_done("unavailable");
}

static void a_false_signature_is_the_end(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign_as(&key, &forged, PRESENT);
    next(NULL);
    assert_done("signature-invalid");
    assert_null(behind);
    assert_hung_up();
}

static void a_touch_is_needed(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, 0);
    next(NULL);
    assert_done("user-not-present");
}

static void verification_is_demanded_where_it_is_required(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nuser-verification = required\n");
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, PRESENT);
    next(NULL);
    assert_next(NULL, "error", "user-not-verified");
    assert_done("user-not-verified");
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    sign(&key, VERIFIED);
    next(NULL);
    assert_done("ok");
}

/* Two are enrolled, the one that cannot verify first; what they did before is in the store. */
static void a_key_that_cannot_verify_does_not_hide_the_one_that_can(void **state)
{
    AUTO_SOFT_KEY struct soft_key plain = soft_key_new(EDDSA, "plain");
    AUTO_SOFT_KEY struct soft_key able = soft_key_new(EDDSA, "able");
    const struct soft_key *keys[] = {&plain, &able};

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nuser-verification = required\n");
    give_ssh_key(&plain, "alice", ALICE);
    give_ssh_key(&able, "alice", ALICE);
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"plain\""));
    sign(&plain, PRESENT); /* nothing is known of either yet */
    assert_next(NULL, "error", "user-not-verified");
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"able\""));
    sign(&able, VERIFIED);
    assert_done("ok");
    assert_hung_up();
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"able\"")); /* its record says that it can */
    sign_as(&able, NULL, 0);                           /* not plugged in */
    sign(&plain, PRESENT);
    next(NULL);
    assert_next(NULL, "error", "user-not-verified");
    assert_done("user-not-verified");
    assert_hung_up();
}

static void the_order_is_that_of_the_list_where_a_touch_is_enough(void **state)
{
    AUTO_SOFT_KEY struct soft_key plain = soft_key_new(EDDSA, "plain");
    AUTO_SOFT_KEY struct soft_key able = soft_key_new(EDDSA, "able");
    const struct soft_key *keys[] = {&plain, &able};

    (void)state;
    give_ssh_key(&plain, "alice", ALICE);
    give_ssh_key(&able, "alice", ALICE);
    start("alice");
    hold(&keys[1], 1, NULL);
    sign(&able, VERIFIED);
    next(NULL);
    assert_done("ok");
    start("alice");
    hold(keys, 2, NULL);
    assert_next(NULL, "info", "touch");
    assert_non_null(strstr(seen()->text, "\"plain\""));
    sign(&plain, PRESENT);
    assert_done("ok");
}

static void a_signature_that_was_made_before_is_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct pk_writer content = pk_writer_new(PK_AGENT_MESSAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes signature = {0};
    uint8_t request[4096];

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_true(hear(request) > 0);
    signature = soft_key_ssh_sign(&key, "ssh:", PRESENT, 7, pk_view_string("something else"));
    pk_writer_u8(&content, AGENT_SIGNATURE);
    pk_writer_string(&content, pk_view_of(&signature));
    say(&content);
    next(NULL);
    assert_done("signature-invalid");
}

static void a_person_who_does_not_wait(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    uint8_t request[4096];

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_next(NULL, "info", "touch");
    assert_string_equal(seen()->skip, "end");
    assert_true(hear(request) > 0);
    skip_by(SENDER);
    assert_hung_up();
    assert_status(behind->attempt.failure, PK_CANCELLED);
    assert_done("cancelled");
}

static void an_agent_that_fails(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");

    (void)state;
    give_ssh_key(&key, "alice", ALICE);
    /* Silent, when it was asked for its keys. */
    start("alice");
    settle();
    skip_time(TOUCH);
    assert_next(NULL, "error", "timeout");
    assert_status(behind->attempt.failure, PK_UNAVAILABLE);
    assert_done("unavailable");
    /* The key was not touched. */
    start("alice");
    hold((const struct soft_key *[]){&key}, 1, NULL);
    skip_time(TOUCH);
    next(NULL);
    assert_next(NULL, "error", "touch-timeout");
    assert_status(behind->attempt.failure, PK_TIMEOUT);
    assert_done("timeout");
    /* It is gone. */
    start("alice");
    settle();
    hang_up();
    settle();
    assert_next(NULL, "error", "unavailable");
    assert_done("unavailable");
    /* It says nothing of its keys. */
    start("alice");
    settle();
    say_failure();
    assert_next(NULL, "error", "unavailable");
    assert_done("unavailable");
}

static void where_no_agent_is_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key web = soft_key_new(ES256, "web");
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct value none = {.type = 'h', .fd = -1};
    struct value pipe_end = {.type = 'h', .fd = -1};
    int ends[2];

    (void)state;
    soft_key_store(&web, bare_daemon()->store, "bob", BOB, RP_ID, "web");
    start("bob"); /* has no key of OpenSSH's */
    assert_done("unavailable");
    give_ssh_key(&key, "alice", ALICE);
    start_with("alice", &none);
    assert_done("unavailable");
    assert_int_equal(pipe(ends), 0);
    pipe_end.fd = ends[0];
    start_with("alice", &pipe_end); /* no connection */
    assert_done("unavailable");
    (void)close(ends[1]);
    assert_int_equal(log_count("ssh-agent"), 0);
}

/* Whoever may not learn of the account does not learn by an agent that is asked. */
static void where_no_method_can_serve_no_agent_is_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    struct value descriptor = new_agent();

    (void)state;
    give_ssh_key(&key, "alice", 2000); /* another alice's */
    begin_sign_in(0, &(struct sign_in_request){
                         .user = "alice",
                         .rhost = "elsewhere",
                         .agent = &descriptor,
                     });
    settle();
    assert_non_null(behind);
    assert_status(behind->why_no_method, PK_ACCOUNT_CHANGED);
    assert_hung_up();
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, begin_sign_in_set_up, scripted_agent_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_in_the_agent_signs_in),
        TEST(only_enrolled_keys_are_asked),
        TEST(keys_for_something_else_are_not_asked),
        TEST(a_key_that_is_not_there_leads_to_the_next),
        TEST(a_false_signature_is_the_end),
        TEST(a_touch_is_needed),
        TEST(verification_is_demanded_where_it_is_required),
        TEST(a_key_that_cannot_verify_does_not_hide_the_one_that_can),
        TEST(the_order_is_that_of_the_list_where_a_touch_is_enough),
        TEST(a_signature_that_was_made_before_is_none),
        TEST(a_person_who_does_not_wait),
        TEST(an_agent_that_fails),
        TEST(where_no_agent_is_asked),
        TEST(where_no_method_can_serve_no_agent_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
