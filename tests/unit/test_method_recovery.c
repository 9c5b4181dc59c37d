/* SPDX-License-Identifier: BSD-2-Clause */
/* Recovery codes as a method: who may sign in by one, and how often may be guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/methods/recovery/guesses.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_sign_in.h"

#include <string.h>

#define LATELY 3600 /* seconds after which no wrong code counts any more */
#define PERIOD GUESS_SECONDS
#define WRONG  "ZZZZ-ZZZZ-ZZZZ-ZZZZ"

/* --- a method before it ----------------------------------------------------------------------- */

static enum pk_status why; /* it leads nowhere; PK_OK: it is not there */

static enum pk_status start_first(struct sign_in *sign_in, void **ret_state)
{
    (void)ret_state;
    if (why == PK_OK)
        return PK_UNAVAILABLE;
    attempt_next(&sign_in->attempt, why);
    return PK_OK;
}

static void stop_first(void *state)
{
    (void)state;
}

static const struct authmethod first = {.start = start_first, .stop = stop_first};
extern const struct authmethod authmethod_recovery;

const struct authmethod *const authmethods[PK_METHOD_COUNT] = {
    [PK_METHOD_LOCAL] = &first,
    [PK_METHOD_RECOVERY] = &authmethod_recovery,
};

/* --- codes and requests ----------------------------------------------------------------------- */

/* The wrong codes of the tests before are forgotten. */
static int set_up(void **state)
{
    int result = bare_daemon_set_up(state);

    why = PK_OK;
    skip_time(LATELY);
    return result;
}

static void give_passkey(const char *user, uid_t uid)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, user);

    soft_key_store(&key, bare_daemon()->store, user, uid, RP_ID, user);
}

/* "0000-0000-0000-0000" and "1111-1111-1111-1111" */
#define FIRST_CODE  "0000-0000-0000-0000"
#define SECOND_CODE "1111-1111-1111-1111"
static void give_codes(const char *user, uid_t uid)
{
    struct recovery_code codes[2] = {{.scheme = RECOVERY_HMAC, .salt = {1}},
                                     {.scheme = RECOVERY_HMAC, .salt = {2}}};
    struct store *store = bare_daemon()->store;
    AUTO_ACCOUNT struct account account = {0};

    assert_status(store->verbs->account(store, "default", user, uid, true, &account), PK_OK);
    assert_status(pk_hmac_sha256((struct pk_view){codes[0].salt, PK_HASH_SIZE},
                                 pk_view_string("0000000000000000"), codes[0].hash),
                  PK_OK);
    assert_status(pk_hmac_sha256((struct pk_view){codes[1].salt, PK_HASH_SIZE},
                                 pk_view_string("1111111111111111"), codes[1].hash),
                  PK_OK);
    assert_status(store->verbs->recovery_replace(store, &account, codes, 2), PK_OK);
}

static size_t codes_of(const char *user, uid_t uid)
{
    const struct account account = {
        .rp = (char[]){"default"}, .name = (char *)(uintptr_t)user, .uid = uid};
    size_t left = 99;

    assert_status(recovery_codes_left(bare_daemon()->store, &account, &left), PK_OK);
    return left;
}

/* rhost not empty: the account is concealed. */
static void ask_from(const char *user, const char *rhost)
{
    open_sign_in(0, &(struct sign_in_request){.user = user, .rhost = rhost});
}

static void ask(const char *user)
{
    ask_from(user, "");
}

static void ask_concealed(const char *user)
{
    ask_from(user, "elsewhere");
}

/* The next message, with whatever hold there is. */
static void after_hold(void)
{
    if (is_waiting())
        let_pass(200);
}

static void assert_asked(void)
{
    next(NULL);
    after_hold();
    assert_said("ask-secret", "recovery-code");
}

static void type(const char *code)
{
    next_secret(code);
    after_hold();
}

/* A wrong one, and there is another try. */
static void guess(void)
{
    type(WRONG);
    assert_said("error", "recovery-code-invalid");
    assert_asked();
}

static void assert_ended(const char *result)
{
    if (strcmp(seen()->kind, "done") != 0) {
        next(NULL);
        after_hold();
    }
    assert_said("done", result);
}

/* A wrong one, after another. */
static void guess_again(void)
{
    assert_asked();
    type(WRONG);
}

/* The answer to the question of that conversation. */
static void answer_at(const char *path, const char *code)
{
    talk_to(path);
    type(code);
}

/* A wrong one, and it is over. */
static void last_guess(void)
{
    type(WRONG);
    assert_ended("recovery-code-invalid");
}

/* --- signing in ------------------------------------------------------------------------------- */

static void a_code_signs_in_once(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    ask("alice");
    assert_asked();
    type(FIRST_CODE);
    assert_ended("ok");
    assert_string_equal(seen()->user, "alice");
    assert_int_equal(codes_of("alice", ALICE), 1);
    assert_int_equal(log_count("RECOVERY CODE of alice (default) USED"), 1);
    assert_int_equal(strncmp(log_find("RECOVERY CODE"), "<4>", 3), 0); /* to be noticed */
    ask("alice");
    assert_asked();
    type(FIRST_CODE);
    assert_said("error", "recovery-code-invalid");
    assert_asked();
    type(SECOND_CODE);
    assert_ended("ok");
    assert_int_equal(codes_of("alice", ALICE), 0);
}

static void a_code_of_somebody_else(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_passkey("bob", BOB);
    give_codes("bob", BOB);
    ask("bob");
    assert_asked();
    cancel();
    ask("alice"); /* has none */
    assert_ended("unavailable");
    assert_int_equal(codes_of("bob", BOB), 2);
}

static void the_account_must_be_what_it_was(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    ask("alice");
    assert_asked();
    set_account("alice", 2000);
    type(FIRST_CODE);
    assert_ended("account-changed");
    /* The code is used up all the same, which the log must show. */
    assert_int_equal(log_count("RECOVERY CODE of alice (default) USED, and the sign-in refused"),
                     1);
}

static void nobody_in_particular_has_no_codes(void **state)
{
    (void)state;
    ask("");
    assert_ended("unavailable");
}

static enum pk_status cannot_list(struct store *store, const struct account *account,
                                  struct recovery_code *ret_codes, size_t *ret_count)
{
    (void)store, (void)account, (void)ret_codes, (void)ret_count;
    return PK_STORAGE;
}

static void a_store_that_fails(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    ask("alice");
    assert_asked();
    store_verbs()->recovery_list = cannot_list;
    type(FIRST_CODE);
    assert_ended("storage");
    ask("alice");
    assert_ended("storage");
}

/* --- after other methods ---------------------------------------------------------------------- */

static void why_other_methods_failed_is_said_first(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    why = PK_TIMEOUT;
    ask("alice");
    assert_next(NULL, "error", "timeout");
    assert_asked();
    /* Who gives up is told what it was that failed. */
    next("");
    assert_ended("timeout");
    why = PK_CANCELLED;
    ask("alice");
    assert_asked();
    next("");
    assert_ended("cancelled");
}

static void who_gives_up_has_not_guessed(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    for (int i = 0; i < 6; i++) {
        ask("alice");
        assert_asked();
        next("");
        assert_ended("unavailable");
    }
}

/* --- guessing --------------------------------------------------------------------------------- */

/* Five at once, and one a minute after that, whoever's codes they are. */
static void a_source_is_slowed_down(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    give_passkey("bob", BOB);
    give_codes("bob", BOB);
    ask("alice");
    assert_asked();
    guess();
    guess();
    last_guess(); /* three in one conversation */
    ask("bob");
    assert_asked();
    guess();
    type(WRONG); /* five */
    assert_said("error", "recovery-code-invalid");
    assert_asked();
    type(FIRST_CODE);
    assert_said("error", "unavailable");
    assert_ended("unavailable");
    assert_int_equal(log_count("a recovery code was not tried: too many wrong ones"), 1);
    assert_int_equal(codes_of("bob", BOB), 2);
    skip_time(PERIOD);
    ask("bob");
    assert_asked();
    type(FIRST_CODE);
    assert_ended("ok");
    /* A right one does not count. */
    ask("bob");
    assert_asked();
    type(SECOND_CODE);
    assert_ended("ok");
}

/* Nobody takes alice's codes away from her: case 05 of the audit. */
static void strangers_slow_down_themselves_alone(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    for (unsigned i = 0; i < 4; i++) {
        ask_from("alice", "192.0.2.66");
        assert_asked();
        type(WRONG);
        if (i < 1) {
            guess_again();
            guess_again();
        }
        cancel();
    }
    ask_from("alice", "192.0.2.66");
    assert_asked();
    type(FIRST_CODE);
    assert_ended("unavailable");
    ask_from("alice", "198.51.100.7");
    assert_asked();
    type(FIRST_CODE);
    assert_ended("ok");
    ask("alice"); /* at the console */
    assert_asked();
    type(SECOND_CODE);
    assert_ended("ok");
}

/* What was asked before does not matter: case 10 of the audit. */
static void open_questions_are_no_tries(void **state)
{
    char paths[8][sizeof(seen()->path)];
    unsigned tried = 0;

    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    for (size_t i = 0; i < 8; i++) {
        ask("alice");
        assert_asked();
        (void)strcpy(paths[i], seen()->path);
    }
    for (size_t i = 0; i < 8; i++) {
        answer_at(paths[i], i < 7 ? WRONG : FIRST_CODE);
        tried += strcmp(seen()->word, "recovery-code-invalid") == 0;
    }
    assert_int_equal(tried, 5);
    assert_string_equal(seen()->word, "unavailable");
    assert_int_equal(codes_of("alice", ALICE), 2);
}

/* --- concealed accounts ----------------------------------------------------------------------- */

static void a_concealed_account_signs_in_as_any_other(void **state)
{
    (void)state;
    give_passkey("alice", ALICE);
    give_codes("alice", ALICE);
    ask_concealed("alice");
    assert_asked();
    type(FIRST_CODE);
    assert_ended("ok");
}

static void whoever_has_no_codes_is_asked_as_well(void **state)
{
    static const char *const users[] = {"alice", "bob", "mallory"};

    (void)state;
    give_passkey("alice", ALICE); /* bob has none, and there is no mallory */
    for (size_t i = 0; i < 3; i++) {
        ask_concealed(users[i]);
        assert_asked();
        type(FIRST_CODE);
        assert_said("error", "recovery-code-invalid");
        cancel();
    }
}

/* Not even by a code that is right: who has no passkey here has no account here. */
static void a_decoy_never_signs_in(void **state)
{
    (void)state;
    give_codes("bob", BOB);
    give_codes("mallory", PK_NO_UID);
    ask_concealed("bob");
    assert_asked();
    type(FIRST_CODE);
    assert_said("error", "recovery-code-invalid");
    assert_int_equal(codes_of("bob", BOB), 2);
    ask_concealed("mallory");
    assert_asked();
    type(FIRST_CODE);
    assert_said("error", "recovery-code-invalid");
    assert_int_equal(codes_of("mallory", PK_NO_UID), 2);
    assert_int_equal(log_count("recovery-code-invalid, there is none"), 2);
}

/* By what a name is locked nobody learns whether it is an account's: none is. */
static void decoys_are_as_all_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        ask_concealed("mallory");
        assert_asked();
        type(WRONG);
        assert_said("error", "recovery-code-invalid");
        cancel();
    }
    ask_concealed("mallory");
    assert_asked();
    type(WRONG);
    assert_said("error", "unavailable");
    ask_from("mallory", "198.51.100.7");
    assert_asked();
    type(WRONG);
    assert_said("error", "recovery-code-invalid");
}

/* --- the counters ----------------------------------------------------------------------------- */

static unsigned take_all(struct guess_source source)
{
    unsigned taken = 0;

    while (taken < 1000 && guesses_take(&source))
        taken++;
    return taken;
}

static void sources_are_what_cannot_be_changed_at_will(void **state)
{
    (void)state;
    assert_int_equal(take_all(guess_source_of(ALICE, "", "tty1")), 5);
    /* A user's programs are one source, whatever SSH_CONNECTION or the terminal is. */
    assert_int_equal(take_all(guess_source_of(ALICE, "192.0.2.1", "tty2")), 0);
    assert_int_equal(take_all(guess_source_of(BOB, "", "tty1")), 5);
    /* Consoles are a source each. */
    assert_int_equal(take_all(guess_source_of(0, "", "tty1")), 5);
    assert_int_equal(take_all(guess_source_of(0, "", "tty1")), 0);
    assert_int_equal(take_all(guess_source_of(0, "", "tty2")), 5);
    /* And so are networks. */
    assert_int_equal(take_all(guess_source_of(0, "192.0.2.1", "ssh")), 5);
    assert_int_equal(take_all(guess_source_of(0, "::ffff:192.0.2.1", "")), 0);
    assert_int_equal(take_all(guess_source_of(0, "192.0.2.2", "ssh")), 5);
    assert_int_equal(take_all(guess_source_of(0, "2001:db8:1:2::7", "ssh")), 5);
    assert_int_equal(take_all(guess_source_of(0, "2001:db8:1:2:ffff::8", "ssh")), 0);
    assert_int_equal(take_all(guess_source_of(0, "2001:db8:1:3::7", "ssh")), 5);
    assert_int_equal(take_all(guess_source_of(0, "laptop.example", "ssh")), 5);
}

static void a_try_comes_back_each_minute(void **state)
{
    const struct guess_source source = guess_source_of(ALICE, "", "");

    (void)state;
    assert_int_equal(take_all(source), 5);
    skip_time(PERIOD - 1);
    assert_int_equal(take_all(source), 0);
    skip_time(1);
    assert_int_equal(take_all(source), 1);
    guesses_give_back(&source);
    assert_int_equal(take_all(source), 1);
    skip_time(5 * PERIOD);
    assert_int_equal(take_all(source), 5);
}

/* All strangers together have a limit as well; who is at a console has nothing to do with it. */
static void strangers_have_a_limit_in_total(void **state)
{
    unsigned taken = 0;
    char address[32];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(address, sizeof(address), "198.51.100.%u", i);
        taken += take_all(guess_source_of(0, address, "ssh"));
    }
    assert_int_equal(taken, GUESSES_IN_TOTAL);
    assert_int_equal(take_all(guess_source_of(0, "", "tty1")), 5);
    assert_int_equal(take_all(guess_source_of(BOB, "", "")), 5);
    skip_time(GUESS_TOTAL_SECONDS);
    assert_int_equal(take_all(guess_source_of(0, "203.0.113.9", "ssh")), 1);
}

/* A table that is full forgets nobody who has tried lately, as long as the limit in total holds. */
static void nobody_is_forgotten_too_early(void **state)
{
    const struct guess_source first_source = guess_source_of(ALICE, "", "");
    char address[32];

    (void)state;
    assert_int_equal(take_all(first_source), 5);
    for (unsigned i = 0; i < 2000; i++) {
        struct guess_source source;

        (void)snprintf(address, sizeof(address), "10.%u.%u.1", i / 200, i % 200);
        source = guess_source_of(0, address, "ssh");
        (void)!guesses_take(&source);
    }
    assert_int_equal(take_all(first_source), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_code_signs_in_once),
        TEST(a_code_of_somebody_else),
        TEST(the_account_must_be_what_it_was),
        TEST(nobody_in_particular_has_no_codes),
        TEST(a_store_that_fails),
        TEST(why_other_methods_failed_is_said_first),
        TEST(who_gives_up_has_not_guessed),
        TEST(a_source_is_slowed_down),
        TEST(strangers_slow_down_themselves_alone),
        TEST(open_questions_are_no_tries),
        TEST(a_concealed_account_signs_in_as_any_other),
        TEST(whoever_has_no_codes_is_asked_as_well),
        TEST(a_decoy_never_signs_in),
        TEST(decoys_are_as_all_others),
        TEST(sources_are_what_cannot_be_changed_at_will),
        TEST(a_try_comes_back_each_minute),
        TEST(strangers_have_a_limit_in_total),
        TEST(nobody_is_forgotten_too_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
