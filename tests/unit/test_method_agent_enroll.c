/* SPDX-License-Identifier: BSD-2-Clause */
/* The ssh-agent method enrols, with an agent that does what a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/begin_enrollment.h"
#include "tests/unit/scripted_agent.h"

#include <string.h>

static void start_enrollment(const char *name)
{
    struct value descriptor = new_agent();

    begin_enrollment(&(struct wish){.name = name, .rhost = "elsewhere", .agent = &descriptor});
    assert_string_equal(seen()->error, "");
}

static size_t passkeys_of(const char *user, uid_t uid)
{
    struct store *store = bare_daemon()->store;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};

    assert_status(
        store->verbs->list(
            store, &(struct credential_filter){.rp = "default", .account_name = user, .uid = &uid},
            &list),
        PK_OK);
    return list.count;
}

/* Of whoever had the name before. */
static void give_former_key(const struct soft_key *key)
{
    struct soft_key same = *key;

    same.id = "former";
    give_ssh_key(&same, "alice", 2000);
}

static void a_key_in_the_agent_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "alice@laptop");

    (void)state;
    /* Others may have the same, and a former alice. */
    give_ssh_key(&key, "bob", BOB);
    give_former_key(&key);
    start_enrollment(NULL);
    hold((const struct soft_key *[]){&key}, 1, NULL);
    assert_next(NULL, "info", "touch");
    sign(&key, PRESENT);
    assert_done("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"alice@laptop\""));
    assert_int_equal(passkeys_of("alice", ALICE), 1);
    assert_hung_up();
}

static void of_several_one_is_chosen(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(EDDSA, "old");
    const struct soft_key *keys[] = {&old, &blue, &red};

    (void)state;
    give_ssh_key(&old, "alice", ALICE); /* is not offered */
    start_enrollment(NULL);
    hold(keys, 3, NULL);
    assert_next(NULL, "ask", "key");
    assert_non_null(strstr(seen()->text, "\n  1  SHA256:"));
    assert_non_null(strstr(seen()->text, " red (ED25519-SK)"));
    assert_null(strstr(seen()->text, " old ("));
    skip_time(TOUCH); /* to read and type */
    next("2");
    sign(&red, PRESENT);
    assert_said("info", "touch");
    assert_done("ok");
    assert_non_null(strstr(seen()->credential, "\"name\":\"red\""));
}

/* Who may take long to choose is not waited for as long to touch. */
static void a_chosen_key_that_is_not_touched(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");

    (void)state;
    start_enrollment(NULL);
    hold((const struct soft_key *[]){&blue, &red}, 2, NULL);
    assert_next(NULL, "ask", "key");
    next("1");
    assert_said("info", "touch");
    next(NULL);
    skip_time(TOUCH - 1);
    assert_true(is_waiting());
    skip_time(1);
    assert_said("done", "touch-timeout");
}

static void what_is_no_number_ends_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(EDDSA, "red");
    static const char *const answers[] = {"", "0", "3", "x", "1x"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        start_enrollment(NULL);
        hold((const struct soft_key *[]){&blue, &red}, 2, NULL);
        assert_next(NULL, "ask", "key");
        next(answers[i]);
        assert_said("done", "cancelled");
        assert_hung_up();
    }
    assert_int_equal(passkeys_of("alice", ALICE), 0);
}

static void enrolments_that_are_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(EDDSA, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(EDDSA, "blue");
    const struct soft_key *const keys[] = {&key};

    (void)state;
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign_as(&key, &forged, PRESENT);
    next(NULL);
    assert_done("signature-invalid");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign(&key, 0);
    next(NULL);
    assert_done("user-not-present");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    sign_as(&key, NULL, 0);
    next(NULL);
    assert_done("operation-denied");
    start_enrollment("blue");
    hold(keys, 1, NULL);
    skip_time(TOUCH);
    next(NULL);
    assert_done("touch-timeout");
    start_enrollment("blue");
    hold(keys, 0, NULL);
    assert_done("no-match");
    start_enrollment("blue");
    hold(keys, 1, RP_ID); /* of a web site */
    assert_done("no-match");
    assert_int_equal(passkeys_of("alice", ALICE), 0);
    give_ssh_key(&key, "alice", ALICE);
    start_enrollment("another name");
    hold(keys, 1, NULL);
    assert_done("credential-excluded");
    assert_string_equal(seen()->text, "The security keys in your ssh-agent are enrolled already.");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, begin_sign_in_set_up, scripted_agent_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_in_the_agent_is_enrolled),   TEST(of_several_one_is_chosen),
        TEST(a_chosen_key_that_is_not_touched), TEST(what_is_no_number_ends_it),
        TEST(enrolments_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
