/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing in by the phone method, with a phone that does what a test says: to whom it is offered,
 * that it is asked for first, and what of its answers counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/keys/phone_messages.h"
#include "common/keys/phone_words.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/fake_phone.h"

#include <string.h>

#define SIGNED (PK_FLAG_UP | PK_FLAG_UV) /* of what soft_key_store() has put there */

static int set_up(void **state)
{
    int result = fake_phone_set_up(state);

    configure_daemon(WITH_PHONES);
    return result;
}

static struct soft_key phone_key(const char *id)
{
    struct soft_key key = soft_key_new(ES256, id);

    key.transports = ON_PHONE;
    return key;
}

static const struct sign_in_request at_seat = {.user = "alice", .pictures = true};

/* Until the code is shown. */
static void show_code(void)
{
    open_sign_in(0, &at_seat);
    assert_next(NULL, "ask", "phone-offer");
    next("phone");
    settle();
    assert_non_null(phone.ceremony);
}

static void leave(void)
{
    conversations_vanished(bare_daemon()->conversations, SENDER);
}

/* The caller has been waiting for it since the code was shown. */
static void assert_ended(const char *result)
{
    assert_said("done", result);
    assert_int_equal(challenges(), 0);
    leave();
}

/* --- signing in ------------------------------------------------------------------------------- */

static void a_phone_signs_in(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");
    const struct pk_assertion_request *asked;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    open_sign_in(0, &at_seat);
    assert_next(NULL, "ask", "phone-offer");
    assert_int_equal(strncmp(seen()->text, "Use a phone that is with you to sign in as alice", 48),
                     0);
    assert_non_null(strstr(seen()->text, "Google or Apple"));
    assert_null(phone.ceremony); /* only once it is asked for */
    next("Phone");
    settle();
    asked = &phone.ceremony->asked.get_assertion;
    assert_string_equal(asked->rp_id, RP_ID);
    assert_int_equal(asked->user_verification, PK_REQUIRED);
    assert_int_equal(asked->allow_count, 1);
    assert_int_equal(strncmp(phone.ceremony->purpose, "to sign in as alice", 19), 0);
    phone_signs(&key, RP_ID, SIGNED);
    assert_ended("ok");
}

/* All of them at once, because a phone cannot be asked twice; and nothing that it cannot have. */
static void all_phones_are_asked(void **state)
{
    AUTO_SOFT_KEY struct soft_key one = phone_key("one");
    AUTO_SOFT_KEY struct soft_key two = phone_key("two");
    AUTO_SOFT_KEY struct soft_key other = phone_key("other");
    AUTO_SOFT_KEY struct soft_key bobs = phone_key("bobs");
    const struct pk_assertion_request *asked;

    (void)state;
    give_key(&other, "alice", ALICE, "other.example");
    give_key(&one, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    give_key(&two, "alice", ALICE, RP_ID);
    show_code();
    asked = &phone.ceremony->asked.get_assertion;
    assert_string_equal(asked->rp_id, RP_ID);
    assert_int_equal(asked->allow_count, 2);
    phone_signs(&two, RP_ID, SIGNED);
    assert_ended("ok");
}

static void a_phone_of_another_name_of_the_relying_party(void **state)
{
    AUTO_SOFT_KEY struct soft_key other = phone_key("other");

    (void)state;
    give_key(&other, "alice", ALICE, "old.example");
    show_code();
    assert_string_equal(phone.ceremony->asked.get_assertion.rp_id, "old.example");
    phone_signs(&other, "old.example", SIGNED);
    assert_ended("ok");
}

static void what_is_wrong_with_an_answer(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");
    AUTO_SOFT_KEY struct soft_key forged = phone_key("iphone");
    AUTO_SOFT_KEY struct soft_key bobs = phone_key("bobs");
    AUTO_SOFT_KEY struct soft_key usb = soft_key_new(ES256, "usb");
    const struct {
        const struct soft_key *key;
        const char *rp_id;
        uint8_t flags;
        const char *result;
    } cases[] = {
        {&forged, RP_ID, SIGNED, "signature-invalid"},
        {&bobs, RP_ID, SIGNED, "credential-not-allowed"},
        {&usb, RP_ID, SIGNED, "credential-not-allowed"},
        {&key, "other.example", SIGNED, "rp-id-mismatch"},
        {&key, RP_ID, PK_FLAG_UP, "user-not-verified"},
        {&key, RP_ID, PK_FLAG_UV, "user-not-present"},
        {&key, RP_ID, PK_FLAG_UP | PK_FLAG_UV | PK_FLAG_BS, "backup-state-invalid"},
        {&key, RP_ID, PK_FLAG_UP | PK_FLAG_UV | PK_FLAG_BE, "backup-eligibility-changed"},
    };

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&bobs, "bob", BOB, RP_ID);
    give_key(&usb, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_sign_in(0, &(struct sign_in_request){
                            .user = "alice", .pictures = true, .methods = {{PK_METHOD_PHONE}, 1}});
        next(NULL);
        next("phone");
        settle();
        phone_signs(cases[i].key, cases[i].rp_id, cases[i].flags);
        assert_ended(cases[i].result);
        assert_null(strstr(seen()->text, "ecurity key"));
    }
    assert_int_equal(log_count("over a phone"), sizeof(cases) / sizeof(cases[0]));
}

static void the_log_names_who_connects_it(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    open_sign_in(0, &(struct sign_in_request){
                        .user = "alice", .pictures = true, .methods = {{PK_METHOD_PHONE}, 1}});
    next(NULL);
    next("phone");
    settle();
    phone_connects_by(1);
    assert_int_equal(log_count("phone: connecting through cable.auth.com"), 1);
    phone_connects_by(300);
    phone_connects_by(2); /* which no helper in its right mind says */
    assert_int_equal(log_count("phone: connecting through cable."), 2);
    assert_int_equal(log_count("through service 2, which there is not"), 1);
    phone_signs(&key, RP_ID, SIGNED);
    assert_ended("ok");
}

static void an_answer_comes_too_late(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    show_code();
    ceremonies_free(bare_daemon()->ceremonies);
    bare_daemon()->ceremonies = ceremonies_new();
    phone_signs(&key, RP_ID, SIGNED);
    assert_ended("challenge-unknown");
}

/* --- to whom it is offered -------------------------------------------------------------------- */

static void who_is_offered_none(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");
    AUTO_SOFT_KEY struct soft_key usb = soft_key_new(ES256, "usb");
    const struct sign_in_request wishes[] = {
        {.user = "alice"},                                         /* no code can be seen */
        {.user = "alice", .pictures = true, .rhost = "192.0.2.7"}, /* is elsewhere */
        {.user = "alice", .pictures = true, .rhost = "unknown"},   /* may be */
        {.user = "alice", .pictures = true, .unattended = true},   /* a program answers */
        {.user = "bob", .pictures = true},                         /* has no phone */
        {.user = "", .pictures = true},                            /* who it is, no phone says */
    };

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    give_key(&usb, "bob", BOB, RP_ID);
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        struct sign_in_request wish = wishes[i];

        wish.methods = (struct pk_methods){{PK_METHOD_PHONE, PK_METHOD_RECOVERY}, 2};
        behind = NULL;
        open_sign_in(0, &wish);
        assert_int_equal(phone.started, 0);
        assert_null(strstr(seen()->kind, "ask"));
        cancel();
    }
    configure_daemon("[rp default]\nid = " RP_ID "\n");
    open_sign_in(0, &(struct sign_in_request){
                        .user = "alice", .pictures = true, .methods = {{PK_METHOD_PHONE}, 1}});
    assert_next(NULL, "done", "unavailable");
}

/* Whatever is typed instead goes on, and is not shown to anybody. */
static void nobody_is_sent_to_a_phone(void **state)
{
    static const char *const typed[] = {"", "no", "yes", "secret password", "phonephone"};
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        behind = NULL;
        open_sign_in(0, &at_seat);
        assert_next(NULL, "ask", "phone-offer");
        next(typed[i]);
        settle();
        assert_int_equal(phone.started, 0);
        assert_non_null(behind);
        assert_status(behind->attempt.failure, PK_CANCELLED);
        cancel();
        assert_int_equal(log_count("secret password"), 0);
    }
}

/* An account without passkeys, and none, where that is not to be known. */
static void everybody_is_offered_one_where_accounts_are_concealed(void **state)
{
    static const char *const users[] = {"bob", "mallory"};
    AUTO_SOFT_KEY struct soft_key forged = phone_key("forged");

    (void)state;
    configure_daemon(WITH_PHONES "[service login]\nmethods = ssh, phone\n");
    for (size_t i = 0; i < 2; i++) {
        open_sign_in(
            0, &(struct sign_in_request){.user = users[i], .service = "login", .pictures = true});
        let_pass(200);
        assert_next(NULL, "ask", "phone-offer");
        next("phone");
        let_pass(200);
        assert_true(phone.ceremony->asked.get_assertion.allow_count > 0);
        phone_signs(&forged, RP_ID, SIGNED);
        let_pass(200);
        assert_ended("answer-refused");
    }
}

/* The phone that is asked may be a stranger's, who looks at what it is asked for. */
static void decoys_are_like_what_phones_have(void **state)
{
    (void)state;
    configure_daemon(WITH_PHONES "[service login]\nmethods = ssh, phone\n");
    for (size_t i = 0; i < 32; i++) {
        const struct pk_assertion_request *asked;
        char user[16];

        (void)snprintf(user, sizeof(user), "mallory%zu", i);
        open_sign_in(0,
                     &(struct sign_in_request){.user = user, .service = "login", .pictures = true});
        let_pass(200);
        assert_next(NULL, "ask", "phone-offer");
        next("phone");
        let_pass(200);
        asked = &phone.ceremony->asked.get_assertion;
        assert_true(asked->allow_count > 0);
        for (size_t j = 0; j < asked->allow_count; j++)
            assert_in_range(asked->allow[j].id.len, 16, 32);
        cancel();
        settle();
        leave();
    }
}

static void add_id(char text[2000], struct pk_view id)
{
    for (size_t i = 0; i < id.len; i++)
        (void)snprintf(text + strlen(text), 3, "%02x", id.ptr[i]);
    (void)snprintf(text + strlen(text), 2, ".");
}

/* The ids that a phone is asked for, and then those that the other methods show, each with '.'. */
static void shown_of(const char *user, char ret_phone[2000], char ret_others[2000],
                     char ret_on_phones[2000])
{
    AUTO_CREDENTIAL_LIST struct credential_list decoys = {0};
    const struct credential_list *list = NULL;
    const struct pk_assertion_request *asked;

    ret_phone[0] = ret_others[0] = ret_on_phones[0] = '\0';
    open_sign_in(0, &(struct sign_in_request){.user = user, .service = "login", .pictures = true});
    let_pass(200);
    assert_next(NULL, "ask", "phone-offer");
    next("phone");
    let_pass(200);
    asked = &phone.ceremony->asked.get_assertion;
    assert_string_equal(asked->rp_id, RP_ID);
    for (size_t i = 0; i < asked->allow_count; i++)
        add_id(ret_phone, pk_view_of(&asked->allow[i].id));
    phone_fails(PK_PHONE_DECLINED);
    settle();
    assert_status(sign_in_appears_to_have(behind, RP_ID, &decoys, &list), PK_OK);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].rp_id, RP_ID) != 0)
            continue;
        add_id(ret_others, pk_view_of(&list->items[i].record.id));
        if (list->items[i].transports & PK_TRANSPORT_HYBRID)
            add_id(ret_on_phones, pk_view_of(&list->items[i].record.id));
    }
    leave();
}

/*
 * Whoever asks may have a phone and a browser, and compares what they are asked for. It is the same
 * of an account with keys alone, with a phone, with none, and of none.
 */
static void methods_do_not_tell_accounts_apart(void **state)
{
    AUTO_SOFT_KEY struct soft_key usb = soft_key_new(ES256, "usb key of alice");
    AUTO_SOFT_KEY struct soft_key iphone = phone_key("iphone of bob");
    AUTO_SOFT_KEY struct soft_key his_usb = soft_key_new(ES256, "usb key of bob");
    AUTO_SOFT_KEY struct soft_key old = phone_key("of another name");
    unsigned alone = 0;

    (void)state;
    configure_daemon(WITH_PHONES "[service login]\nmethods = ssh, phone, recovery\n");
    give_key(&usb, "alice", ALICE, RP_ID);
    give_key(&old, "alice", ALICE, "old.example");
    give_key(&his_usb, "bob", BOB, RP_ID);
    give_key(&iphone, "bob", BOB, RP_ID);
    for (size_t i = 0; i < 34; i++) {
        char ids[2000], others[2000], on_phones[2000], name[16];

        (void)snprintf(name, sizeof(name), "mallory%zu", i);
        shown_of(i == 32 ? "alice" : i == 33 ? "bob" : name, ids, others, on_phones);
        if (on_phones[0]) {
            assert_string_equal(ids, on_phones);
            continue;
        }
        alone++;
        assert_in_range(strlen(ids), 2 * 16 + 1, 2 * 32 + 1);
        ids[16] = '\0';
        assert_null(strstr(others, ids));
    }
    assert_in_range(alone, 4, 30);
}

/* Where a picture is no picture, who has a phone is told why they are not asked. */
static void a_terminal_that_shows_no_code(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");
    const struct sign_in_request unseen = {
        .user = "alice", .methods = {{PK_METHOD_LOCAL, PK_METHOD_PHONE, PK_METHOD_RECOVERY}, 3}};
    const struct sign_in_request by_phone = {.user = "alice",
                                             .methods = {{PK_METHOD_PHONE, PK_METHOD_RECOVERY}, 2}};
    struct sign_in_request other = unseen;

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    terminal_of_caller = 0x8801;
    open_sign_in(0, &unseen);
    assert_next(NULL, "info", "phone-unseen"); /* no key is waited for */
    assert_non_null(strstr(seen()->text, "UTF-8 and 24 lines of 60 columns"));
    assert_int_equal(phone.started, 0);
    assert_next(NULL, "done", "unavailable");
    assert_non_null(strstr(seen()->text, "No other passkey of this account"));
    other.user = "bob"; /* has none */
    open_sign_in(0, &other);
    assert_next(NULL, "done", "no-credentials");
    other = by_phone;
    other.unattended = true; /* nobody reads it */
    open_sign_in(0, &other);
    assert_next(NULL, "done", "unavailable");
    other = by_phone;
    other.rhost = "192.0.2.7"; /* the terminal is elsewhere */
    open_sign_in(0, &other);
    assert_next(NULL, "done", "unavailable");
    configure_daemon(WITH_PHONES "[service login]\nmethods = ssh, phone, recovery\n");
    open_sign_in(0, &(struct sign_in_request){.user = "mallory", .service = "login"});
    let_pass(200);
    assert_next(NULL, "info", "phone-unseen"); /* nor does that tell whether there is one */
    leave();
    terminal_of_caller = 0; /* a dialog */
    open_sign_in(0, &by_phone);
    next(NULL);
    assert_null(strstr(seen()->text, "60 columns"));
}

/* Who becomes somebody else is told that, as with a security key. */
static void for_another_account(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    open_sign_in(0, &(struct sign_in_request){
                        .user = "alice", .service = "su", .ruser = "bob", .pictures = true});
    assert_next(NULL, "ask", "phone-offer");
    assert_non_null(strstr(seen()->text, "bob asks to become alice"));
    next("phone");
    settle();
    phone_signs(&key, RP_ID, SIGNED);
    assert_ended("ok");
}

/* --- how it fails ----------------------------------------------------------------------------- */

static void why_it_failed_is_told(void **state)
{
    static const enum pk_status why[] = {PK_PHONE_NO_ADAPTER, PK_PHONE_NOT_HEARD, PK_PHONE_DECLINED,
                                         PK_TIMEOUT};
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
        open_sign_in(0, &(struct sign_in_request){
                            .user = "alice", .pictures = true, .methods = {{PK_METHOD_PHONE}, 1}});
        next(NULL);
        next("phone");
        settle();
        phone_fails(why[i]);
        assert_ended(pk_status_name(why[i]));
        assert_string_equal(seen()->text, pk_message_phone(why[i]));
    }
}

static void a_person_who_does_not_wait(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    show_code();
    phone.ceremony->person.ops->info(phone.ceremony->person.data, "phone", "Approve it");
    assert_said("info", "phone");
    assert_string_equal(seen()->skip, "end");
    skip_by(SENDER);
    assert_int_equal(phone.given_up, 1);
    assert_status(behind->attempt.failure, PK_CANCELLED);
}

static void one_code_at_a_time(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    phone.refuses = PK_BUSY;
    open_sign_in(0, &(struct sign_in_request){
                        .user = "alice", .pictures = true, .methods = {{PK_METHOD_PHONE}, 1}});
    next(NULL);
    next("phone");
    assert_ended("busy");
    assert_string_equal(seen()->text, pk_message_phone(PK_BUSY));
}

/* The code goes with the conversation. */
static void a_caller_that_leaves(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = phone_key("iphone");

    (void)state;
    give_key(&key, "alice", ALICE, RP_ID);
    show_code();
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_int_equal(phone.freed, 1);
    assert_int_equal(challenges(), 0);
}

/* --- words ------------------------------------------------------------------------------------ */

static void names_that_phones_dislike(void **state)
{
    static const char *const disliked[] = {
        "host", "printer.local", "192.0.2.7", "ssh:", "pam://host", "nas.lan", "a.localdomain"};
    static const char *const liked[] = {"example.org", "web1.example.org", "local.example",
                                        "1.example"};

    (void)state;
    for (size_t i = 0; i < sizeof(disliked) / sizeof(disliked[0]); i++)
        assert_non_null(pk_phone_dislikes(disliked[i]));
    for (size_t i = 0; i < sizeof(liked) / sizeof(liked[0]); i++)
        assert_null(pk_phone_dislikes(liked[i]));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_phone_signs_in),
        TEST(all_phones_are_asked),
        TEST(a_phone_of_another_name_of_the_relying_party),
        TEST(what_is_wrong_with_an_answer),
        TEST(the_log_names_who_connects_it),
        TEST(an_answer_comes_too_late),
        TEST(who_is_offered_none),
        TEST(nobody_is_sent_to_a_phone),
        TEST(everybody_is_offered_one_where_accounts_are_concealed),
        TEST(decoys_are_like_what_phones_have),
        TEST(methods_do_not_tell_accounts_apart),
        TEST(a_terminal_that_shows_no_code),
        TEST(for_another_account),
        TEST(why_it_failed_is_told),
        TEST(a_person_who_does_not_wait),
        TEST(one_code_at_a_time),
        TEST(a_caller_that_leaves),
        TEST(names_that_phones_dislike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
