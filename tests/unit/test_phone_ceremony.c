/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ceremony with a phone, whose passkey-phone does what a test says: what the person is shown,
 * that frames come in their order and each in time, and that it is over once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/phone_ceremony.h"
#include "tests/unit/scripted_keys.h"

#include <string.h>

#define CODE      "FIDO:/0123456789"
#define LINES_MAX 8
#define SERVICE   300 /* a tunnel's number */

/* Who has started a ceremony. */
struct user {
    struct pk_phone_ceremony *ceremony;
    char *lines[LINES_MAX]; /* "EVENT: TEXT" */
    size_t said, read;
    unsigned connects;
    uint16_t service; /* the last one */
    unsigned answers, failures;
    enum pk_frame_type answer;
    enum pk_status failure;
    bool releases; /* within answered() and failed() */
};

static struct user alice, bob;

static void info(void *data, const char *event, const char *text)
{
    struct user *user = data;

    assert_in_range(user->said, 0, LINES_MAX - 1);
    user->lines[user->said++] = pk_text_format("%s: %s", event, text);
}

static void connects(void *data, uint16_t service)
{
    struct user *user = data;

    user->connects++;
    user->service = service;
}

static void end(struct user *user)
{
    assert_int_equal(user->answers + user->failures, 1);
    if (user->releases)
        pk_phone_ceremony_free(pk_steal(user->ceremony));
}

static void answered(void *data, const struct pk_frame *frame)
{
    struct user *user = data;

    user->answers++;
    user->answer = frame->type;
    end(user);
}

static void failed(void *data, enum pk_status why)
{
    struct user *user = data;

    user->failures++;
    user->failure = why;
    end(user);
}

static struct pk_frame assertion_wish(void)
{
    struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};

    frame.get_assertion.rp_id = strdup("web1.example.org");
    return frame;
}

static enum pk_status start(struct user *user, const char *payer, struct pk_frame asked)
{
    static const struct pk_dialogue_ops ops = {.info = info};
    static const struct pk_phone_ceremony_ops ceremony_ops = {connects, answered, failed};
    const struct pk_dialogue person = {&ops, user, "id"};
    const struct pk_phone_request request = {.purpose = "to test", .payer = payer};
    enum pk_status status = pk_phone_ceremony_new(scripted_keys(), &person, &request, &asked,
                                                  &ceremony_ops, user, &user->ceremony);

    assert_null(asked.get_assertion.rp_id); /* taken */
    return status;
}

static struct scripted_key *begin(struct user *user, const char *payer)
{
    assert_int_equal(start(user, payer, assertion_wish()), PK_OK);
    return await_request("phone");
}

static void finish(struct user *user)
{
    if (user->ceremony)
        pk_phone_ceremony_free(user->ceremony);
    for (size_t i = 0; i < user->said; i++)
        free(user->lines[i]);
    *user = (struct user){0};
}

static int tear_down(void **state)
{
    finish(&alice);
    finish(&bob);
    return scripted_keys_tear_down(state);
}

static bool unsaid(const void *data)
{
    const struct user *user = data;

    return user->said == user->read;
}

/* The next thing said begins like that. */
static void await_said(struct user *user, const char *line)
{
    run_while(unsaid, user);
    assert_int_equal(strncmp(user->lines[user->read++], line, strlen(line)), 0);
}

static void assert_nothing_said(const struct user *user)
{
    settle();
    assert_true(unsaid(user));
}

static bool has_not_ended(const void *data)
{
    const struct user *user = data;

    return user->answers + user->failures == 0;
}

static void await_failed(struct user *user, enum pk_status why)
{
    run_while(has_not_ended, user);
    assert_int_equal(user->failures, 1);
    assert_int_equal(user->failure, why);
}

static void send_code(struct scripted_key *phone, const char *text)
{
    struct pk_frame frame = {.type = PK_FRAME_PHONE_CODE};

    assert_int_equal(pk_secret_copy(pk_view_string(text), &frame.phone_code), PK_OK);
    send_frame(phone, &frame);
    pk_frame_clear(&frame);
}

static void send_step(struct scripted_key *phone, enum pk_phone_step step)
{
    send_frame(phone,
               &(struct pk_frame){.type = PK_FRAME_PHONE_STEP, .phone_step = {step, SERVICE}});
}

/* How far a ceremony is brought. */
enum stage { STARTED, SHOWN, HEARD, ASKED };

static struct scripted_key *bring(struct user *user, const char *payer, enum stage stage)
{
    struct scripted_key *phone = begin(user, payer);

    if (stage >= SHOWN) {
        send_code(phone, CODE);
        await_said(user, "qr-code: ");
        await_said(user, "phone: ");
    }
    if (stage >= HEARD) {
        send_step(phone, PK_PHONE_STEP_HEARD);
        await_said(user, "phone-heard: ");
    }
    if (stage >= ASKED) {
        send_step(phone, PK_PHONE_STEP_ASKED);
        await_said(user, "phone-asked: ");
    }
    return phone;
}

/* --- the order -------------------------------------------------------------------------------- */

static void a_phone_answers(void **state)
{
    struct scripted_key *phone;
    const struct pk_frame *setup, *request;

    (void)state;
    phone = begin(&alice, "uid 1");
    setup = scripted_key_setup(phone);
    request = scripted_key_request(phone);
    assert_int_equal(setup->type, PK_FRAME_PHONE_SETUP);
    assert_true(setup->phone_setup.hashed);
    assert_string_equal(setup->phone_setup.dialler, "/nowhere/dialler");
    assert_int_equal(request->type, PK_FRAME_GET_ASSERTION);
    assert_string_equal(request->get_assertion.rp_id, "web1.example.org");
    send_code(phone, CODE);
    await_said(&alice, "qr-code: Read this with the camera of your phone, its Bluetooth on:\n"
                       "\u2588");
    await_said(&alice, "phone: Approve on your phone to test");
    send_step(phone, PK_PHONE_STEP_HEARD);
    await_said(&alice, "phone-heard: Your phone is near. It is being connected.");
    assert_int_equal(alice.connects, 1);
    assert_int_equal(alice.service, SERVICE);
    send_step(phone, PK_PHONE_STEP_ASKED);
    await_said(&alice, "phone-asked: Your phone is connected. Approve there.");
    send_assertion(phone);
    run_while(has_not_ended, &alice);
    assert_int_equal(alice.answers, 1);
    assert_int_equal(alice.answer, PK_FRAME_ASSERTION);
    assert_idle();
    end_process(phone);
    settle();
    assert_int_equal(alice.failures, 0);
}

static void a_phone_makes_a_passkey(void **state)
{
    struct pk_frame wish = {.type = PK_FRAME_MAKE_CREDENTIAL};
    struct scripted_key *phone;

    (void)state;
    wish.make_credential.creation.rp_id = strdup("web1.example.org");
    wish.make_credential.creation.algorithms[0] = -7;
    wish.make_credential.creation.algorithm_count = 1;
    assert_int_equal(
        pk_bytes_copy(pk_view_string("handle"), &wish.make_credential.creation.user_handle), PK_OK);
    assert_int_equal(start(&alice, "uid 1", wish), PK_OK);
    phone = await_request("phone");
    send_code(phone, CODE);
    send_step(phone, PK_PHONE_STEP_HEARD);
    send_step(phone, PK_PHONE_STEP_ASKED);
    send_credential(phone);
    run_while(has_not_ended, &alice);
    assert_int_equal(alice.answer, PK_FRAME_CREDENTIAL);
}

/* Each frame where it may not come: the process is killed, and nothing of it is shown. */
static void frames_out_of_order(void **state)
{
    static const struct {
        enum stage stage;
        enum pk_frame_type type;
        enum pk_phone_step step;
    } cases[] = {
        {STARTED, PK_FRAME_PHONE_STEP, PK_PHONE_STEP_HEARD},
        {STARTED, PK_FRAME_PHONE_STEP, PK_PHONE_STEP_ASKED},
        {STARTED, PK_FRAME_ASSERTION, 0},
        {SHOWN, PK_FRAME_PHONE_CODE, 0},
        {SHOWN, PK_FRAME_PHONE_STEP, PK_PHONE_STEP_ASKED},
        {SHOWN, PK_FRAME_ASSERTION, 0},
        {HEARD, PK_FRAME_PHONE_CODE, 0},
        {HEARD, PK_FRAME_ASSERTION, 0},
        {ASKED, PK_FRAME_PHONE_CODE, 0},
        {ASKED, PK_FRAME_PHONE_STEP, PK_PHONE_STEP_HEARD},
        {ASKED, PK_FRAME_PHONE_STEP, PK_PHONE_STEP_ASKED},
        {ASKED, PK_FRAME_CREDENTIAL, 0},
        {ASKED, PK_FRAME_TOUCH, 0},
        {SHOWN, PK_FRAME_CHECKED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scripted_key *phone = bring(&alice, "uid 1", cases[i].stage);

        if (cases[i].type == PK_FRAME_PHONE_CODE)
            send_code(phone, CODE);
        else if (cases[i].type == PK_FRAME_PHONE_STEP)
            send_step(phone, cases[i].step);
        else if (cases[i].type == PK_FRAME_ASSERTION)
            send_assertion(phone);
        else if (cases[i].type == PK_FRAME_CREDENTIAL)
            send_credential(phone);
        else
            send_bare(phone, cases[i].type);
        await_failed(&alice, PK_PHONE_TUNNEL);
        assert_nothing_said(&alice);
        await_death(phone);
        finish(&alice);
        settle();
    }
}

static void several_answers_are_none(void **state)
{
    struct scripted_key *phone = bring(&alice, "uid 1", ASKED);
    uint8_t some[] = "some";
    struct pk_assertion_answer answers[] = {
        {.credential_id = {some, 4}, .authenticator_data = {some, 4}, .signature = {some, 4}},
        {.credential_id = {some, 4}, .authenticator_data = {some, 4}, .signature = {some, 4}},
    };

    (void)state;
    send_frame(phone, &(struct pk_frame){.type = PK_FRAME_ASSERTION, .assertion = {answers, 2}});
    await_failed(&alice, PK_PHONE_TUNNEL);
}

/* What is shown as a code can only be one. */
static void what_is_no_code(void **state)
{
    static const char *const texts[] = {"FIDO:/", "FIDO:/12a", "fido:/123", "https://x.example/1",
                                        "FIDO:/12\n3"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct scripted_key *phone = begin(&alice, "uid 1");

        send_code(phone, texts[i]);
        await_failed(&alice, PK_PHONE_TUNNEL);
        assert_nothing_said(&alice);
        await_death(phone);
        finish(&alice);
        settle();
    }
}

/* Several adverts may match before one leads to the phone; that is told once. */
static void heard_again(void **state)
{
    struct scripted_key *phone = bring(&alice, "uid 1", HEARD);

    (void)state;
    send_step(phone, PK_PHONE_STEP_HEARD);
    assert_nothing_said(&alice);
    send_step(phone, PK_PHONE_STEP_ASKED);
    await_said(&alice, "phone-asked: ");
}

/* --- how it fails ----------------------------------------------------------------------------- */

static void what_the_helper_says_of_phones_is_told(void **state)
{
    static const struct {
        enum pk_status said, told;
    } cases[] = {
        {PK_PHONE_NO_ADAPTER, PK_PHONE_NO_ADAPTER}, {PK_PHONE_TOO_OLD, PK_PHONE_TOO_OLD},
        {PK_PHONE_DECLINED, PK_PHONE_DECLINED},     {PK_TIMEOUT, PK_TIMEOUT},
        {PK_KEY_STORE_FULL, PK_KEY_STORE_FULL},     {PK_KEY_CANNOT_VERIFY, PK_KEY_CANNOT_VERIFY},
        {PK_KEY_CANNOT_STORE, PK_KEY_CANNOT_STORE}, {PK_OK, PK_PHONE_TUNNEL},
        {PK_DEVICE_REMOVED, PK_PHONE_TUNNEL},       {PK_STORAGE, PK_PHONE_TUNNEL},
        {PK_SIGNATURE_INVALID, PK_PHONE_TUNNEL},    {PK_CANCELLED, PK_PHONE_TUNNEL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scripted_key *phone = bring(&alice, "uid 1", SHOWN);

        send_failed(phone, cases[i].said);
        await_failed(&alice, cases[i].told);
        end_process(phone);
        finish(&alice);
        settle();
    }
}

static void a_process_that_ends(void **state)
{
    static const enum pk_status why[] = {PK_UNAVAILABLE, PK_PHONE_TUNNEL, PK_PHONE_TUNNEL,
                                         PK_PHONE_TUNNEL};

    (void)state;
    for (enum stage stage = STARTED; stage <= ASKED; stage++) {
        struct scripted_key *phone = bring(&alice, "uid 1", stage);

        end_process(phone);
        await_failed(&alice, why[stage]);
        finish(&alice);
        settle();
    }
}

static void a_program_that_is_not_there(void **state)
{
    (void)state;
    set_phone_program("/nonexistent/passkey-phone");
    assert_int_equal(start(&alice, "uid 1", assertion_wish()), PK_OK);
    await_failed(&alice, PK_UNAVAILABLE);
    finish(&alice);
    set_phone_program(NULL);
    assert_int_equal(start(&alice, "uid 1", assertion_wish()), PK_UNAVAILABLE);
    assert_null(alice.ceremony);
}

/* To the millisecond, with two seconds for the process to say it itself. */
static void each_part_has_its_time(void **state)
{
    static const struct {
        enum stage stage;
        unsigned seconds;
        enum pk_status why;
    } cases[] = {
        {STARTED, 17, PK_PHONE_TUNNEL},
        {SHOWN, 122, PK_PHONE_NOT_HEARD},
        {HEARD, 122, PK_PHONE_TUNNEL},
        {ASKED, 122, PK_TIMEOUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scripted_key *phone = bring(&alice, "uid 1", cases[i].stage);

        let_pass(cases[i].seconds * 1000 - 10);
        assert_true(has_not_ended(&alice));
        let_pass(10);
        await_failed(&alice, cases[i].why);
        await_death(phone);
        finish(&alice);
        settle();
    }
}

/* A phone that is heard in the last moment has the time to connect, and no more than that. */
static void a_phone_that_is_heard_late(void **state)
{
    struct scripted_key *phone = bring(&alice, "uid 1", SHOWN);

    (void)state;
    let_pass(119000);
    send_step(phone, PK_PHONE_STEP_HEARD);
    await_said(&alice, "phone-heard: ");
    let_pass(40000);
    for (int i = 0; i < 20; i++) /* which a process that was taken over says for ever */
        send_step(phone, PK_PHONE_STEP_HEARD);
    settle();
    assert_int_equal(alice.connects, 3);
    let_pass(6990);
    assert_true(has_not_ended(&alice));
    let_pass(10);
    await_failed(&alice, PK_PHONE_TUNNEL);
}

/* --- giving up -------------------------------------------------------------------------------- */

static void a_person_who_does_not_wait(void **state)
{
    (void)state;
    for (enum stage stage = STARTED; stage <= ASKED; stage++) {
        struct scripted_key *phone = bring(&alice, "uid 1", stage);

        pk_phone_ceremony_give_up(alice.ceremony);
        assert_int_equal(alice.failure, PK_CANCELLED);
        pk_phone_ceremony_give_up(alice.ceremony); /* once more is too late */
        assert_idle();
        await_frame(phone, PK_FRAME_CANCEL, NULL);
        send_failed(phone, PK_CANCELLED);
        end_process(phone);
        settle();
        assert_int_equal(alice.failures, 1);
        finish(&alice);
    }
}

static void one_that_is_released(void **state)
{
    (void)state;
    for (enum stage stage = STARTED; stage <= ASKED; stage++) {
        struct scripted_key *phone = bring(&alice, "uid 1", stage);

        pk_phone_ceremony_free(pk_steal(alice.ceremony));
        assert_idle();
        await_frame(phone, PK_FRAME_CANCEL, NULL);
        if (stage == ASKED)
            send_assertion(phone); /* too late */
        let_pass(2000);            /* it does not end by itself */
        await_death(phone);
        assert_int_equal(alice.answers + alice.failures, 0);
        finish(&alice);
    }
}

/* Its user may begin another: a process that has said its last, and stays, would be one more. */
static void one_that_does_not_go(void **state)
{
    struct scripted_key *phone = bring(&alice, "uid 1", ASKED);

    (void)state;
    send_assertion(phone);
    run_while(has_not_ended, &alice);
    let_pass(3000);
    await_death(phone);
    finish(&alice);
    settle();
    phone = bring(&alice, "uid 1", SHOWN);
    send_failed(phone, PK_PHONE_NO_ADAPTER);
    await_failed(&alice, PK_PHONE_NO_ADAPTER);
    finish(&alice);
    let_pass(3000);
    await_death(phone);
}

/* By whoever has just been told how it ended. */
static void released_at_its_end(void **state)
{
    struct scripted_key *phone;

    (void)state;
    alice.releases = true;
    phone = bring(&alice, "uid 1", ASKED);
    send_assertion(phone);
    run_while(has_not_ended, &alice);
    end_process(phone);
    settle();
    finish(&alice);
    alice.releases = true;
    phone = bring(&alice, "uid 1", SHOWN);
    end_process(phone);
    await_failed(&alice, PK_PHONE_TUNNEL);
    settle();
    finish(&alice);
    alice.releases = true;
    (void)bring(&alice, "uid 1", SHOWN);
    let_pass(122000);
    await_failed(&alice, PK_PHONE_NOT_HEARD);
    settle();
}

/* --- several ---------------------------------------------------------------------------------- */

static void each_has_one_at_a_time(void **state)
{
    struct scripted_key *first = bring(&alice, "uid 1", SHOWN), *second;

    (void)state;
    assert_int_equal(start(&bob, "uid 1", assertion_wish()), PK_BUSY);
    assert_null(bob.ceremony);
    second = bring(&bob, "uid 2", ASKED);
    send_assertion(second);
    run_while(has_not_ended, &bob);
    assert_true(has_not_ended(&alice));
    finish(&bob);
    /* At once after the end of the first, though its process may be there for a moment. */
    send_failed(first, PK_PHONE_NOT_HEARD);
    await_failed(&alice, PK_PHONE_NOT_HEARD);
    (void)begin(&bob, "uid 1");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, scripted_keys_set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_phone_answers),
        TEST(a_phone_makes_a_passkey),
        TEST(frames_out_of_order),
        TEST(several_answers_are_none),
        TEST(what_is_no_code),
        TEST(heard_again),
        TEST(what_the_helper_says_of_phones_is_told),
        TEST(a_process_that_ends),
        TEST(a_program_that_is_not_there),
        TEST(each_part_has_its_time),
        TEST(a_phone_that_is_heard_late),
        TEST(a_person_who_does_not_wait),
        TEST(one_that_is_released),
        TEST(one_that_does_not_go),
        TEST(released_at_its_end),
        TEST(each_has_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
