/* SPDX-License-Identifier: BSD-2-Clause */
/* Recovery codes as a method: who may sign in by one, and how often may be guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/accounts/decoy.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/auth/sign_in.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/bus/value.h"
#include "daemon/methods/recovery/guesses.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/soft_key.h"

#include <string.h>

#define LATELY 900 /* seconds that wrong codes are remembered */
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
    static const uint8_t salts[2][PK_HASH_SIZE];
    struct store *store = bare_daemon()->store;
    AUTO_ACCOUNT struct account account = {0};
    uint8_t hashes[2][PK_HASH_SIZE];

    assert_status(store->verbs->account(store, "default", user, uid, true, &account), PK_OK);
    assert_status(pk_scrypt(pk_view_string("0000000000000000"),
                            (struct pk_view){salts[0], PK_HASH_SIZE}, hashes[0]),
                  PK_OK);
    assert_status(pk_scrypt(pk_view_string("1111111111111111"),
                            (struct pk_view){salts[1], PK_HASH_SIZE}, hashes[1]),
                  PK_OK);
    assert_status(store->verbs->recovery_replace(store, &account, salts,
                                                 (const uint8_t(*)[PK_HASH_SIZE])hashes, 2),
                  PK_OK);
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
    const struct sign_in_request request = {
        .user = user,
        .service = "",
        .tty = "",
        .rhost = rhost,
        .ruser = "",
        .command = "",
        .target = "",
        .rp = "",
    };
    struct call *call = call_from(0, SENDER);

    value_add_text(&call->arguments, 's', user);
    sign_in_start(bare_daemon(), call, &request);
    assert_string_equal(seen()->error, "");
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

static void assert_done(const char *result)
{
    if (strcmp(seen()->kind, "done") != 0) {
        next(NULL);
        after_hold();
    }
    assert_said("done", result);
}

/* A wrong one, and it is over. */
static void last_guess(void)
{
    type(WRONG);
    assert_done("recovery-code-invalid");
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
    assert_done("ok");
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
    assert_done("ok");
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
    assert_done("unavailable");
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
    assert_done("account-changed");
    /* The code is used up all the same, which the log must show. */
    assert_int_equal(log_count("RECOVERY CODE of alice (default) USED, and the sign-in refused"),
                     1);
}

static void nobody_in_particular_has_no_codes(void **state)
{
    (void)state;
    ask("");
    assert_done("unavailable");
}

static enum pk_status cannot_list(struct store *store, const struct account *account,
                                  uint8_t (*ret_salts)[PK_HASH_SIZE],
                                  uint8_t (*ret_hashes)[PK_HASH_SIZE], size_t *ret_count)
{
    (void)store, (void)account, (void)ret_salts, (void)ret_hashes, (void)ret_count;
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
    assert_done("storage");
    ask("alice");
    assert_done("storage");
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
    assert_done("timeout");
    why = PK_CANCELLED;
    ask("alice");
    assert_asked();
    next("");
    assert_done("cancelled");
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
        assert_done("unavailable");
    }
}

/* --- guessing --------------------------------------------------------------------------------- */

static void five_wrong_codes_lock_the_account(void **state)
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
    ask("alice");
    assert_asked();
    guess();
    last_guess(); /* five lately */
    ask("alice");
    assert_done("unavailable");
    assert_int_equal(log_count("recovery codes of alice are locked for now"), 1);
    /* Others are not concerned. */
    ask("bob");
    assert_asked();
    skip_time(LATELY - 1);
    ask("alice");
    assert_done("unavailable");
    skip_time(1);
    ask("alice");
    assert_asked();
    type(FIRST_CODE);
    assert_done("ok");
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
    assert_done("ok");
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

static void decoys_are_locked_as_well(void **state)
{
    (void)state;
    ask_concealed("mallory");
    assert_asked();
    guess();
    guess();
    last_guess();
    ask_concealed("mallory");
    assert_asked();
    guess();
    last_guess();
    ask_concealed("mallory");
    assert_done("unavailable");
    skip_time(LATELY);
    ask_concealed("mallory");
    assert_asked();
}

/* --- the counters ----------------------------------------------------------------------------- */

static const uint8_t decoy_key[DECOY_KEY_SIZE] = {1};

static struct guess_subject subject(const struct account *account, bool conceal, bool decoy)
{
    return (struct guess_subject){account, decoy_key, conceal, decoy};
}

static struct account named(char *name)
{
    return (struct account){.rp = (char *)(uintptr_t) "default", .name = name};
}

static void fill(const struct guess_subject *guesser)
{
    for (int i = 0; i < 5; i++) {
        assert_false(guesses_are_too_many(guesser));
        guesses_count(guesser);
    }
    assert_true(guesses_are_too_many(guesser));
}

/* What its owner mistyped elsewhere does not show to who must not learn of the account. */
static void a_concealed_account_has_a_counter_of_its_own(void **state)
{
    const struct account carol = named((char[]){"carol"});
    const struct account other_rp = {.rp = (char[]){"shop"}, .name = carol.name};
    const struct guess_subject open = subject(&carol, false, false);
    const struct guess_subject concealed = subject(&carol, true, false);
    const struct guess_subject elsewhere = subject(&other_rp, false, false);

    (void)state;
    fill(&open);
    assert_false(guesses_are_too_many(&concealed));
    assert_false(guesses_are_too_many(&elsewhere));
    /* But what is guessed there counts against the account. */
    skip_time(LATELY);
    fill(&concealed);
    assert_true(guesses_are_too_many(&open));
}

/* Anybody can think of any number of names. */
static void names_without_an_account_take_no_row(void **state)
{
    const struct account carol = named((char[]){"carol"});
    const struct guess_subject open = subject(&carol, false, false);

    (void)state;
    skip_time(LATELY);
    fill(&open);
    skip_time(1); /* the oldest goes first */
    for (unsigned i = 0; i < 300; i++) {
        char name[16];
        struct account account = named(name);
        const struct guess_subject decoy = subject(&account, true, true);

        (void)snprintf(name, sizeof(name), "nobody%u", i);
        guesses_count(&decoy);
    }
    assert_true(guesses_are_too_many(&open));
}

/* Who comes when all rows are taken gets the oldest. */
static void the_oldest_row_is_forgotten(void **state)
{
    char first_name[] = "first", second_name[] = "second";
    const struct account oldest = named(first_name), younger = named(second_name);
    const struct guess_subject guesser = subject(&oldest, false, false);
    const struct guess_subject survivor = subject(&younger, false, false);

    (void)state;
    skip_time(LATELY);
    for (unsigned i = 0; i < 256; i++) { /* old ones go first */
        char name[16];
        struct account account = named(name);
        const struct guess_subject other = subject(&account, false, false);

        (void)snprintf(name, sizeof(name), "user%u", i);
        if (i == 0)
            fill(&guesser);
        else if (i == 1)
            fill(&survivor);
        else
            guesses_count(&other);
        if (i < 2)
            skip_time(1);
    }
    assert_true(guesses_are_too_many(&guesser));
    assert_true(guesses_are_too_many(&survivor));
    {
        char name[] = "one more";
        struct account account = named(name);
        const struct guess_subject other = subject(&account, false, false);

        guesses_count(&other);
    }
    assert_false(guesses_are_too_many(&guesser));
    assert_true(guesses_are_too_many(&survivor));
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
        TEST(five_wrong_codes_lock_the_account),
        TEST(a_concealed_account_signs_in_as_any_other),
        TEST(whoever_has_no_codes_is_asked_as_well),
        TEST(a_decoy_never_signs_in),
        TEST(decoys_are_locked_as_well),
        TEST(a_concealed_account_has_a_counter_of_its_own),
        TEST(names_without_an_account_take_no_row),
        TEST(the_oldest_row_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
