/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by the local method, with a ceremony and keys that do what a test says: the real ones
 * have tests of their own (test_local_ceremony). What the method is given to verify is really
 * signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/auth/sign_in.h"
#include "daemon/bus/value.h"
#include "daemon/methods/local/local_request.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/fake_local_keys.h"

#include <string.h>

#define PRESENT  PK_FLAG_UP
#define VERIFIED (PK_FLAG_UP | PK_FLAG_UV)

/* --- signing in ------------------------------------------------------------------------------- */

static void a_key_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    assert_int_equal(keys.ceremony->groups, 1);
    assert_int_equal(strncmp(keys.ceremony->purpose, "to sign in as alice", 19), 0);
    touch(&key, 0, PRESENT);
    assert_done("ok");
    assert_string_equal(seen()->user, "alice");
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_int_equal(keys.freed, 1);
}

/* One question for each RP id, with the passkeys of that; none for OpenSSH's keys. */
static void what_keys_are_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key blue = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "other");
    AUTO_SOFT_KEY struct soft_key red = soft_key_new(ES256, "red");
    AUTO_SOFT_KEY struct soft_key ssh = soft_key_new(EDDSA, "ssh");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    PK_AUTO_FRAME struct pk_frame first = {0};
    PK_AUTO_FRAME struct pk_frame second = {0};

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nuser-verification = required\n");
    give_key(&blue, "alice", ALICE, RP_ID);
    give_key(&ssh, "alice", ALICE, "ssh:");
    give_key(&other, "alice", ALICE, "other.example");
    give_key(&red, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    start("alice");
    assert_int_equal(keys.ceremony->groups, 2);
    first = request(0);
    assert_int_equal(first.type, PK_FRAME_GET_ASSERTION);
    assert_string_equal(first.get_assertion.rp_id, RP_ID);
    assert_int_equal(first.get_assertion.allow_count, 2);
    assert_int_equal(first.get_assertion.user_verification, PK_REQUIRED);
    second = request(1);
    assert_string_equal(second.get_assertion.rp_id, "other.example");
    assert_int_equal(second.get_assertion.allow_count, 1);
    assert_memory_not_equal(first.get_assertion.client_data_hash,
                            second.get_assertion.client_data_hash, PK_HASH_SIZE);
    /* The answer is to one of them. */
    touch(&other, 1, VERIFIED);
    assert_done("ok");
}

static void what_is_wrong_with_an_answer(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    start("alice");
    touch(&forged, 0, PRESENT);
    assert_done("signature-invalid");
    start("alice");
    touch(&bobs, 0, PRESENT);
    assert_done("credential-not-allowed");
    start("alice");
    touch(&key, 0, 0);
    assert_done("user-not-present");
    assert_null(behind); /* a refusal is the end */
}

static void an_answer_to_another_question_is_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FRAME struct pk_frame before = {0};
    struct pk_assertion_answer answer;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    before = request(0);
    answer = assertion(&key, &before.get_assertion, PRESENT);
    cancel();
    start("alice");
    answer_with(0, &answer, 1);
    assert_done("signature-invalid");
}

static void an_answer_comes_too_late(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FRAME struct pk_frame asked = {0};
    struct pk_frame none = {0};
    struct pk_assertion_answer answer;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    asked = request(0);
    answer = assertion(&key, &asked.get_assertion, PRESENT);
    /* As where the table was emptied meanwhile. */
    ceremonies_free(bare_daemon()->ceremonies);
    bare_daemon()->ceremonies = ceremonies_new();
    assert_status(keys.ceremony->ops->request(keys.ceremony->data, 0, &none), PK_TIMEOUT);
    answer_with(0, &answer, 1);
    assert_done("challenge-unknown");
}

static void a_key_that_answers_something_else(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FRAME struct pk_frame asked = {0};
    struct pk_assertion_answer answer;
    struct pk_frame other = {.type = PK_FRAME_CREDENTIAL, .assertion = {&answer, 1}};

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    asked = request(0);
    answer = assertion(&key, &asked.get_assertion, PRESENT);
    keys.ceremony->ops->answered(keys.ceremony->data, 0, "Key", &other);
    settle();
    assert_done("device-error");
    clear_answer(&answer);
    start("alice");
    answer_with(0, NULL, 0);
    assert_done("device-error");
}

static void without_a_touch_another_method_is_tried(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    give_up(PK_NO_DEVICE);
    assert_non_null(behind);
    assert_status(behind->attempt.failure, PK_NO_DEVICE);
    assert_done("no-device");
}

/* It is never used. */
static void give_code(const char *user, uid_t uid)
{
    const struct recovery_code code = {.scheme = RECOVERY_HMAC};
    struct store *store = bare_daemon()->store;
    AUTO_ACCOUNT struct account account = {0};

    assert_status(store->verbs->account(store, "default", user, uid, true, &account), PK_OK);
    assert_status(store->verbs->recovery_replace(store, &account, &code, 1), PK_OK);
}

/* Enter at the terminal: the next method, or the end. */
static void a_person_who_does_not_wait(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    keys.ceremony->person.ops->info(keys.ceremony->person.data, "touch", "Touch it");
    assert_next(NULL, "info", "touch");
    assert_string_equal(seen()->skip, "end"); /* there are no recovery codes */
    skip_by(SENDER);
    assert_status(behind->attempt.failure, PK_CANCELLED);
    assert_done("cancelled");
    skip_by(SENDER); /* once more is too late */
    assert_string_equal(seen()->error, "");
    give_code("alice", ALICE);
    start("alice");
    keys.ceremony->person.ops->info(keys.ceremony->person.data, "insert", "Insert it");
    assert_next(NULL, "info", "insert");
    assert_string_equal(seen()->skip, "next");
}

static void where_no_key_blinks(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    AUTO_SOFT_KEY struct soft_key ssh = soft_key_new(EDDSA, "ssh");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start_as(0, "alice", "elsewhere"); /* the person is elsewhere */
    start_as(0, "", "elsewhere");
    give_key(&ssh, "bob", BOB, "ssh:"); /* the agent knows its handle */
    start("bob");
    /* Nobody is there, and who asks must not learn it. */
    begin_sign_in(0, &(struct sign_in_request){
                         .user = "mallory",
                         .methods = {{PK_METHOD_LOCAL, PK_METHOD_SSH}, 2},
                     });
    settle();
    assert_int_equal(keys.started, 0);
    assert_int_equal(challenges(), 0);
    start_as(0, "alice", ":0"); /* but at this computer's own display */
    assert_int_equal(keys.started, 1);
}

/* A PIN, say. */
static void what_is_typed_goes_to_the_ceremony(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    keys.ceremony->person.ops->ask(keys.ceremony->person.data, true, "pin", "PIN: ", 8);
    assert_next(NULL, "ask-secret", "pin");
    next_secret("1234");
    assert_string_equal(keys.answer, "1234");
    touch(&key, 0, VERIFIED);
    assert_said("done", "ok");
}

/* --- a key that names the account ------------------------------------------------------------- */

/* The key's answers for several accounts. */
static void touch_several(const struct soft_key *const *several, size_t count)
{
    PK_AUTO_FRAME struct pk_frame asked = request(0);
    struct pk_assertion_answer answers[4];
    struct store *store = bare_daemon()->store;

    for (size_t i = 0; i < count; i++) {
        AUTO_CREDENTIAL_LIST struct credential_list list = {0};

        answers[i] = assertion(several[i], &asked.get_assertion, VERIFIED);
        assert_status(
            store->verbs->list(
                store, &(struct credential_filter){.credential_id = pk_view_string(several[i]->id)},
                &list),
            PK_OK);
        assert_status(
            pk_bytes_copy(pk_view_of(&list.items[0].record.user_handle), &answers[i].user_handle),
            PK_OK);
    }
    answer_with(0, answers, count);
}

static void a_key_names_the_account(void **state)
{
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    PK_AUTO_FRAME struct pk_frame asked = {0};

    (void)state;
    give_key(&bobs, "bob", BOB, RP_ID);
    start("");
    assert_int_equal(keys.ceremony->groups, 1);
    asked = request(0);
    assert_int_equal(asked.get_assertion.allow_count, 0);
    assert_string_equal(asked.get_assertion.rp_id, RP_ID);
    touch_several((const struct soft_key *[]){&bobs}, 1);
    assert_done("ok");
    assert_string_equal(seen()->user, "bob");
}

static void of_several_accounts_one_is_chosen(void **state)
{
    AUTO_SOFT_KEY struct soft_key alices = soft_key_new(ES256, "alices");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    const struct soft_key *both[] = {&alices, &bobs};

    (void)state;
    give_key(&alices, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    start("");
    touch_several(both, 2);
    assert_next(NULL, "ask", "account");
    assert_non_null(strstr(seen()->text, "\n  1  alice\n  2  bob\n"));
    assert_int_equal(challenges(), 1); /* nothing is judged yet */
    next("2");
    assert_said("done", "ok");
    assert_string_equal(seen()->user, "bob");
    start("");
    touch_several(both, 2);
    assert_next(NULL, "ask", "account");
    next("3");
    assert_said("done", "cancelled");
    assert_null(behind);
    assert_string_equal(keys.answer, ""); /* it was no answer to the ceremony's question */
}

/* Who is not root ends as itself, and is offered nobody else. */
static void others_accounts_are_not_offered(void **state)
{
    AUTO_SOFT_KEY struct soft_key alices = soft_key_new(ES256, "alices");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    AUTO_SOFT_KEY struct soft_key gone = soft_key_new(ES256, "gone");
    const struct soft_key *all[] = {&alices, &bobs, &gone};

    (void)state;
    give_key(&alices, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    give_key(&gone, "carol", 1002, RP_ID);
    start("");
    touch_several(all, 3);
    assert_next(NULL, "ask", "account");
    assert_null(strstr(seen()->text, "carol"));
    cancel();
}

/* It can only be itself: its own passkeys are asked for, and without any no key is asked. */
static void a_caller_without_a_name_is_itself(void **state)
{
    AUTO_SOFT_KEY struct soft_key alices = soft_key_new(ES256, "alices");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");
    PK_AUTO_FRAME struct pk_frame asked = {0};

    (void)state;
    give_key(&alices, "alice", ALICE, RP_ID);
    start_as(BOB, "", "");
    assert_next(NULL, "done", "no-credentials");
    assert_int_equal(keys.started, 0);
    give_key(&bobs, "bob", BOB, RP_ID);
    start_as(BOB, "", "");
    asked = request(0);
    assert_int_equal(asked.get_assertion.allow_count, 1);
    touch(&bobs, 0, PRESENT);
    assert_done("ok");
    assert_string_equal(seen()->user, "bob");
}

/* --- who asks --------------------------------------------------------------------------------- */

static struct local_request described_with(struct credential credential, const char *ruser,
                                           const char *user, const struct caller *caller)
{
    static char none[] = "", su[] = "su", tty[] = "/dev/pts/9", to[] = "alice", why[] = "to test";
    static struct local_request request; /* it and these have what it points to */
    const struct sign_in sign_in = {
        .attempt = {.purpose = why},
        .act = "authenticate",
        .subject = {.account = {.name = (char *)(uintptr_t)user, .uid = ALICE}},
        .asked = (char *)(uintptr_t)user,
        .on_behalf_of = (char *)(uintptr_t)ruser,
        .service = su,
        .ruser = none,
        .tty = tty,
        .rhost = none,
        .command = {.line = none, .target = to},
        .caller = *caller,
        .credentials = {&credential, 1},
    };

    local_request_sign_in(&sign_in, &request);
    request.request.payer = NULL; /* it moves */
    return request;
}

static struct local_request described(const char *ruser, const char *user,
                                      const struct caller *caller)
{
    return described_with((struct credential){.user_verified = true}, ruser, user, caller);
}

/* Issue 9, B1: before a key has shown a passkey its PIN is asked for only where one needs that. */
static void what_the_key_said_of_a_passkey_decides_who_may_be_asked_for_the_pin(void **state)
{
    static const struct {
        unsigned level;
        bool verified, hidden, insists;
    } rows[] = {
        {0, false, false, false}, {0, true, true, true},    {1, true, false, true},
        {2, true, false, true},   {2, false, false, false}, {3, true, true, true},
        {3, false, true, false},
    };
    const struct caller unknown = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct local_request request = described_with(
            (struct credential){.cred_protect = rows[i].level, .user_verified = rows[i].verified},
            "alice", "alice", &unknown);

        if (request.request.hidden != rows[i].hidden || request.request.insists != rows[i].insists)
            fail_msg("row %zu", i);
    }
    assert_true(described_with((struct credential){.cred_protect = 1}, NULL, NULL, &unknown)
                    .request.hidden); /* nobody is named: the key's PIN is all there is */
}

static void a_program_of_root_s_asks_for_somebody(void **state)
{
    const struct caller unknown = {0};
    const struct caller polkit = {.peer = {.pid = 77, .uid = BOB}, .reported = true};
    const struct caller bob = {.real_uid = BOB, .terminal = 136 << 8 | 4, .reported = true};
    struct local_request request = described("bob", "alice", &bob);
    PK_AUTO_FREE char *who = pk_message_requester(&request.request.requester);

    (void)state;
    /* Bob tries PINs of alice's key, and has no passkey on it. */
    assert_string_equal(request.payer, "uid 1001");
    assert_false(request.request.holder);
    assert_true(request.request.hidden);
    /* The terminal is the kernel's, not the one that su was given. */
    assert_string_equal(request.terminal, "/dev/pts/4");
    assert_non_null(who);
    request = described("bob", "alice", &unknown);
    assert_string_equal(request.payer, "uid 0");
    assert_false(request.request.holder);
    request = described("alice", "alice", &unknown);
    assert_string_equal(request.payer, "uid 1000");
    assert_true(request.request.holder);
    /* polkit's helper, for a connection of bob's. */
    request = described("bob", "alice", &polkit);
    assert_string_equal(request.payer, "uid 1001");
    assert_false(request.request.holder);
    request = described(NULL, "alice", &unknown);
    assert_string_equal(request.payer, "uid 1000");
    assert_true(request.request.holder);
}

/* What a caller that is not root says of itself is not passed on to others. */
static void nobody_is_told_in_a_stranger_s_words(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    start_as(ALICE, "alice", "");
    assert_string_equal(keys.ceremony->who,
                        "alice: a program that is not root's, without a terminal");
    assert_string_equal(keys.ceremony->payer, "uid 1000");
    assert_true(keys.ceremony->holder);
    assert_false(keys.ceremony->hidden); /* no passkey of hers was ever used with a PIN */
    assert_false(keys.ceremony->unattended);
    cancel();
    start_for("bob", "alice");
    assert_string_equal(keys.ceremony->who, "bob: su to alice, without a terminal");
    assert_false(keys.ceremony->holder);
    cancel();
}

static void terminals_have_names(void **state)
{
    char name[LOCAL_TERMINAL_SIZE];

    (void)state;
    local_terminal_name(4 << 8 | 2, name);
    assert_string_equal(name, "/dev/tty2");
    local_terminal_name(4 << 8 | 64, name); /* a serial line */
    assert_string_equal(name, "");
    local_terminal_name(136 << 8 | 255, name);
    assert_string_equal(name, "/dev/pts/255");
    local_terminal_name(0, name);
    assert_string_equal(name, "");
}

/* Two ceremonies for each RP id: a key that verifies the user, or one that is confirmed. */
static void somebody_else_is_verified_or_confirms(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < 2; i++) {
        start_for("bob", "alice");
        assert_int_equal(keys.ceremony->groups, 2);
        assert_null(keys.ceremony->ops->confirm(keys.ceremony->data, 0));
        assert_non_null(strstr(keys.ceremony->ops->confirm(keys.ceremony->data, 1),
                               "bob asks to become alice on "));
        touch(&key, i, PRESENT);
        if (i == 0)
            assert_done("user-not-verified");
        else
            assert_done("ok");
    }
    start_for("alice", "alice");
    assert_int_equal(keys.ceremony->groups, 1);
    assert_null(keys.ceremony->ops->confirm(keys.ceremony->data, 0));
    cancel();
}

/* vlock says of nobody that he asks, and lets root in as well as who locked the terminal. */
static void somebody_who_is_not_named_is_known_by_uid(void **state)
{
    struct caller caller = {.real_uid = BOB, .terminal = 4 << 8 | 2, .reported = true};
    struct local_request request = described(NULL, "alice", &caller);

    (void)state;
    assert_string_equal(request.payer, "uid 1001");
    assert_string_equal(request.person, "uid 1001");
    request = described("alice", "alice", &caller);
    assert_string_equal(request.person, "uid 1001");
    request = described("bob", "alice", &caller);
    assert_string_equal(request.person, "");
    caller.real_uid = ALICE;
    request = described(NULL, "alice", &caller);
    assert_string_equal(request.person, "");
}

/* A user's name decides, whatever else the key holds. */
static void with_a_name_there_is_no_choice(void **state)
{
    AUTO_SOFT_KEY struct soft_key alices = soft_key_new(ES256, "alices");
    AUTO_SOFT_KEY struct soft_key bobs = soft_key_new(ES256, "bobs");

    (void)state;
    give_key(&alices, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    start("alice");
    touch_several((const struct soft_key *[]){&bobs, &alices}, 2);
    assert_done("credential-not-allowed");
}

/* --- keys from before WebAuthn ---------------------------------------------------------------- */

static void an_appid_stands_in_for_the_rp_id(void **state)
{
    static const char appid[] = "https://" RP_ID "/u2f";
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "blue");
    PK_AUTO_FRAME struct pk_frame asked = {0};
    struct pk_assertion_answer answer;
    struct pk_assertion_request old;

    (void)state;
    configure_daemon("[rp default]\nid = " RP_ID "\nappid = https://" RP_ID "/u2f\n");
    give_key(&key, "alice", ALICE, RP_ID);
    start("alice");
    asked = request(0);
    assert_string_equal(asked.get_assertion.appid, appid);
    old = asked.get_assertion;
    old.rp_id = (char *)(uintptr_t)appid;
    answer = assertion(&key, &old, PRESENT);
    answer_with(0, &answer, 1);
    assert_done("ok");
    configure_daemon(NULL);
    start("alice");
    {
        PK_AUTO_FRAME struct pk_frame again = request(0);

        assert_null(again.get_assertion.appid);
        old = again.get_assertion;
        old.rp_id = (char *)(uintptr_t)appid;
        answer = assertion(&key, &old, PRESENT);
        answer_with(0, &answer, 1);
    }
    assert_done("rp-id-mismatch");
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, fake_keys_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_signs_in),
        TEST(what_keys_are_asked),
        TEST(what_is_wrong_with_an_answer),
        TEST(an_answer_to_another_question_is_none),
        TEST(an_answer_comes_too_late),
        TEST(a_key_that_answers_something_else),
        TEST(without_a_touch_another_method_is_tried),
        TEST(a_person_who_does_not_wait),
        TEST(where_no_key_blinks),
        TEST(what_is_typed_goes_to_the_ceremony),
        TEST(a_key_names_the_account),
        TEST(of_several_accounts_one_is_chosen),
        TEST(others_accounts_are_not_offered),
        TEST(a_caller_without_a_name_is_itself),
        cmocka_unit_test(what_the_key_said_of_a_passkey_decides_who_may_be_asked_for_the_pin),
        cmocka_unit_test(a_program_of_root_s_asks_for_somebody),
        TEST(nobody_is_told_in_a_stranger_s_words),
        cmocka_unit_test(terminals_have_names),
        TEST(somebody_else_is_verified_or_confirms),
        TEST(somebody_who_is_not_named_is_known_by_uid),
        TEST(with_a_name_there_is_no_choice),
        TEST(an_appid_stands_in_for_the_rp_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
