/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrolling by the phone method: nothing is stored before the person has said that it was their
 * phone, and that has answered a second code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/begin_enrollment.h"
#include "tests/unit/fake_phone.h"

#include <string.h>

#define MADE   (PK_FLAG_UP | PK_FLAG_UV | PK_FLAG_BE | PK_FLAG_BS)
#define SIGNED MADE

static int set_up(void **state)
{
    int result = fake_phone_set_up(state);

    configure_daemon(WITH_PHONES);
    return result;
}

static void start(void)
{
    conversations_vanished(bare_daemon()->conversations, SENDER);
    begin_enrollment(&(struct wish){.methods = {{PK_METHOD_PHONE}, 1}, .pictures = true});
    assert_next(NULL, "info", "phone-tells");
    assert_non_null(phone.ceremony);
}

/* Until the person is asked. */
static void make(const struct soft_key *key)
{
    start();
    phone_makes(key, RP_ID, MADE);
    assert_next(NULL, "ask", "phone-confirm");
    assert_int_equal(passkeys(), 0);
}

/* Until the second code is shown. */
static void confirm(const struct soft_key *key)
{
    make(key);
    assert_next("y", "info", "phone-trial");
    assert_non_null(phone.ceremony);
    assert_int_equal(phone.started, 2);
    assert_int_equal(passkeys(), 0);
}

static void a_phone_is_enrolled(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    const struct pk_assertion_request *asked;
    const struct pk_creation *creation;

    (void)state;
    start();
    creation = &phone.ceremony->asked.make_credential.creation;
    assert_string_equal(creation->rp_id, RP_ID);
    assert_string_equal(creation->user_name, "alice");
    assert_int_equal(creation->algorithm_count, 2);
    assert_int_equal(creation->algorithms[0], -7);
    assert_int_equal(creation->algorithms[1], -257);
    phone_makes(&key, RP_ID, MADE);
    assert_next(NULL, "ask", "phone-confirm");
    assert_non_null(strstr(seen()->text, "Did your phone just save a passkey for alice on "));
    assert_next("yes", "info", "phone-trial");
    asked = &phone.ceremony->asked.get_assertion;
    assert_int_equal(asked->allow_count, 1);
    assert_true(pk_view_equal(pk_view_of(&asked->allow[0].id), pk_view_string("iphone")));
    assert_int_equal(asked->user_verification, PK_REQUIRED);
    phone_signs(&key, RP_ID, SIGNED);
    assert_done("ok");
    assert_int_equal(passkeys(), 1);
    assert_non_null(strstr(seen()->credential, "\"name\":\"phone\""));
    assert_non_null(strstr(seen()->credential, "\"hybrid\""));
    assert_int_equal(challenges(), 0);
}

/* Those that the account has are excluded, on whatever they are. */
static void what_is_excluded(void **state)
{
    AUTO_SOFT_KEY struct soft_key old = soft_key_new(ES256, "old");

    (void)state;
    give_key(&old, "alice", ALICE, RP_ID);
    start();
    assert_int_equal(phone.ceremony->asked.make_credential.creation.exclude_count, 1);
    phone_fails(PK_PHONE_HAS_ONE);
    assert_done("phone-has-one");
}

/* A bystander has read the code first. */
static void somebody_elses_phone(void **state)
{
    static const char *const typed[] = {"", "n", "no", "maybe", "yes please"};
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "theirs");

    (void)state;
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        log_forget();
        make(&key);
        assert_next(typed[i], "done", "cancelled");
        assert_int_equal(passkeys(), 0);
        conversations_vanished(bare_daemon()->conversations, SENDER);
        assert_int_equal(log_count("is not enrolled: the person did not say"), 1);
    }
}

static void what_the_second_code_does_not_accept(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");
    AUTO_SOFT_KEY struct soft_key forged = soft_key_new(ES256, "iphone");
    AUTO_SOFT_KEY struct soft_key other = soft_key_new(ES256, "other");
    const struct {
        const struct soft_key *key;
        const char *rp_id;
        uint8_t flags;
        const char *result;
    } cases[] = {
        {&forged, RP_ID, SIGNED, "signature-invalid"},
        {&other, RP_ID, SIGNED, "credential-not-allowed"},
        {&key, "other.example", SIGNED, "rp-id-mismatch"},
        {&key, RP_ID, PK_FLAG_UP, "user-not-verified"},
        {&key, RP_ID, PK_FLAG_UP | PK_FLAG_UV, "backup-eligibility-changed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        phone.started = 0;
        confirm(&key);
        phone_signs(cases[i].key, cases[i].rp_id, cases[i].flags);
        assert_done(cases[i].result);
        assert_non_null(strstr(seen()->text, "that your phone has saved is not enrolled"));
        assert_int_equal(passkeys(), 0);
    }
}

static void a_second_code_that_nobody_reads(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");

    (void)state;
    confirm(&key);
    phone_fails(PK_PHONE_NOT_HEARD);
    assert_done("phone-not-heard");
    assert_non_null(strstr(seen()->text, "that your phone has saved is not enrolled"));
    assert_int_equal(passkeys(), 0);
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_int_equal(log_count("is not enrolled: it did not answer the second code"), 1);
}

static void what_is_made_wrongly(void **state)
{
    AUTO_SOFT_KEY struct soft_key key = soft_key_new(ES256, "iphone");

    (void)state;
    start();
    phone_makes(&key, "other.example", MADE);
    assert_done("rp-id-mismatch");
    assert_null(strstr(seen()->text, "is not enrolled"));
    start();
    phone_makes(&key, RP_ID, PK_FLAG_UV);
    assert_done("user-not-present");
    start();
    ceremonies_free(bare_daemon()->ceremonies);
    bare_daemon()->ceremonies = ceremonies_new();
    phone_makes(&key, RP_ID, MADE);
    assert_done("challenge-unknown");
    assert_int_equal(passkeys(), 0);
}

/* Before a code is shown, with what to do. */
static void where_there_is_no_code(void **state)
{
    (void)state;
    begin_enrollment(&(struct wish){.methods = {{PK_METHOD_PHONE}, 1}});
    assert_done("unsupported");
    assert_non_null(strstr(seen()->text, "24 lines"));
    begin_enrollment(
        &(struct wish){.methods = {{PK_METHOD_PHONE}, 1}, .pictures = true, .rhost = "192.0.2.7"});
    assert_done("unsupported");
    assert_non_null(strstr(seen()->text, "passkey-ssh --enroll"));
    phone.refuses = PK_BUSY;
    begin_enrollment(&(struct wish){.methods = {{PK_METHOD_PHONE}, 1}, .pictures = true});
    assert_next(NULL, "info", "phone-tells");
    assert_done("busy");
    configure_daemon("[rp default]\nid = " RP_ID "\n");
    begin_enrollment(&(struct wish){.methods = {{PK_METHOD_PHONE}, 1}, .pictures = true});
    assert_done("unsupported");
    assert_non_null(strstr(seen()->text, "under [phone]"));
    configure_daemon("[rp default]\nid = " RP_ID "\nalgorithms = EdDSA\n[phone]\nenabled = yes\n");
    phone.refuses = PK_OK;
    begin_enrollment(&(struct wish){.methods = {{PK_METHOD_PHONE}, 1}, .pictures = true});
    assert_next(NULL, "info", "phone-tells");
    assert_done("key-algorithm");
    assert_int_equal(phone.started, 0);
}

/* Who did not ask for a phone is not sent to one. */
static void only_who_asks_for_a_phone(void **state)
{
    (void)state;
    begin_enrollment(
        &(struct wish){.methods = {{PK_METHOD_PHONE, PK_METHOD_RECOVERY}, 2}, .pictures = true});
    assert_done("unavailable");
    assert_int_equal(phone.started, 0);
}

/* A name that some phones refuse is said before they do. */
static void a_name_that_phones_dislike(void **state)
{
    (void)state;
    configure_daemon("[rp default]\nid = printer.local\n[phone]\nenabled = yes\n");
    start();
    assert_next(NULL, "info", "phone-name");
    assert_non_null(strstr(seen()->text, "printer.local"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_phone_is_enrolled),
        TEST(what_is_excluded),
        TEST(somebody_elses_phone),
        TEST(what_the_second_code_does_not_accept),
        TEST(a_second_code_that_nobody_reads),
        TEST(what_is_made_wrongly),
        TEST(where_there_is_no_code),
        TEST(only_who_asks_for_a_phone),
        TEST(a_name_that_phones_dislike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
