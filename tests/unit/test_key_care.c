/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done to a key for its own sake: that it waits for its turn, ends by one frame however it
 * ends, and keeps no PIN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/keys/key_care.h"
#include "tests/unit/scripted_keys.h"

#include <string.h>
#include <sys/resource.h>

#define SECONDS 5

/* Who asked, and what became of it. */
struct asker {
    struct pk_key_care *care;
    unsigned touches, ends;
    struct pk_frame last;
};

static struct asker alice, bob;

/* In front of that of common/base: the PIN that is looked for has been wiped. */
static const uint8_t *pins[2];
static bool wiped[2];
void __real_pk_secret_clear(struct pk_secret *secret);
void __wrap_pk_secret_clear(struct pk_secret *secret);
void __wrap_pk_secret_clear(struct pk_secret *secret)
{
    for (size_t i = 0; i < 2; i++)
        if (pins[i] && secret->data == pins[i])
            wiped[i] = true;
    __real_pk_secret_clear(secret);
}

static int set_up(void **state)
{
    alice = bob = (struct asker){0};
    (void)memset(pins, 0, sizeof(pins));
    (void)memset(wiped, 0, sizeof(wiped));
    return scripted_keys_set_up(state);
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct asker *asker = data;

    assert_int_equal(asker->ends, 0);
    if (frame->type == PK_FRAME_TOUCH) {
        asker->touches++;
        return;
    }
    asker->ends++;
    asker->last = *frame; /* those that end it own nothing */
}

static struct pk_frame request_for(enum pk_frame_type type, const char *path)
{
    return (struct pk_frame){.type = type, .key = {.path = strdup(path)}};
}

static void ask(struct asker *asker, enum pk_frame_type type, const char *path)
{
    struct pk_frame request = request_for(type, path);

    if (type == PK_FRAME_SET_PIN)
        assert_int_equal(pk_secret_copy(pk_view_string("1234"), &request.key.new_pin), PK_OK);
    *asker = (struct asker){0};
    assert_int_equal(
        pk_key_care_new(scripted_keys(), &request, SECONDS, on_frame, asker, &asker->care), PK_OK);
    /* It is the exchange's now. */
    assert_null(request.key.path);
}

static bool has_not_ended(const void *data)
{
    return ((const struct asker *)data)->ends == 0;
}

static void await_end(const struct asker *asker)
{
    run_while(has_not_ended, asker);
}

static bool is_not_touched(const void *data)
{
    return ((const struct asker *)data)->touches == 0;
}

static void assert_failed(const struct asker *asker, enum pk_status status)
{
    assert_int_equal(asker->last.type, PK_FRAME_FAILED);
    assert_int_equal(asker->last.failure.status, status);
}

/* --- how it ends ------------------------------------------------------------------------------ */

static void what_a_key_is_comes_back(void **state)
{
    const struct pk_frame state_frame = {
        .type = PK_FRAME_KEY_STATE, .key_state = {.ctap2 = true, .pin_tries = 5, .pin_min = 6}};
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_KEY_INFO, "Blue");
    key = await_request("Blue");
    assert_int_equal(scripted_key_request(key)->type, PK_FRAME_KEY_INFO);
    send_frame(key, &state_frame);
    await_end(&alice);
    assert_int_equal(alice.last.type, PK_FRAME_KEY_STATE);
    assert_int_equal(alice.last.key_state.pin_tries, 5);
    assert_int_equal(alice.last.key_state.pin_min, 6);
    end_process(key);
    await_idle();
    assert_int_equal(alice.ends, 1);
}

static void what_is_done_ends_after_its_touches(void **state)
{
    static const enum pk_frame_type types[] = {PK_FRAME_SELECT, PK_FRAME_RESET, PK_FRAME_SET_PIN};

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct scripted_key *key;

        ask(&alice, types[i], "Blue");
        key = await_request("Blue");
        send_bare(key, PK_FRAME_TOUCH);
        run_while(is_not_touched, &alice);
        send_bare(key, PK_FRAME_TOUCH);
        send_bare(key, PK_FRAME_DONE);
        await_end(&alice);
        assert_int_equal(alice.touches, 2);
        assert_int_equal(alice.last.type, PK_FRAME_DONE);
        end_process(key);
        await_idle();
    }
}

static void a_failure_ends_it(void **state)
{
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_RESET, "Blue");
    key = await_request("Blue");
    send_failed(key, PK_OPERATION_DENIED);
    await_end(&alice);
    assert_failed(&alice, PK_OPERATION_DENIED);
    end_process(key);
    await_idle();
}

/* A key that says "done" of what it was asked has not said it. */
static void an_answer_to_something_else_is_a_defect(void **state)
{
    static const struct {
        enum pk_frame_type asked, answered;
    } cases[] = {
        {PK_FRAME_KEY_INFO, PK_FRAME_DONE},   {PK_FRAME_SET_PIN, PK_FRAME_KEY_STATE},
        {PK_FRAME_RESET, PK_FRAME_KEY_STATE}, {PK_FRAME_SELECT, PK_FRAME_VERIFY},
        {PK_FRAME_SET_PIN, PK_FRAME_VERIFY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scripted_key *key;

        ask(&alice, cases[i].asked, "Blue");
        key = await_request("Blue");
        send_bare(key, cases[i].answered);
        await_end(&alice);
        assert_failed(&alice, PK_DEVICE_ERROR);
        /* Without the process's having ended by itself. */
        await_death(key);
        await_idle();
        assert_int_equal(alice.ends, 1);
    }
}

static void a_process_that_ends_is_a_defect(void **state)
{
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_RESET, "Blue");
    key = await_request("Blue");
    end_process(key);
    await_end(&alice);
    assert_failed(&alice, PK_DEVICE_ERROR);
    assert_int_equal(alice.last.failure.pin_tries, 0xff);
    await_idle();
}

/* No process can be started, for want of descriptors; the next one has the key, then. */
static void one_that_cannot_be_started_is_said(void **state)
{
    struct rlimit before, none;
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_KEY_INFO, "Blue");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    settle();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    await_end(&alice);
    assert_failed(&alice, PK_UNAVAILABLE);
    assert_idle();
    ask(&bob, PK_FRAME_KEY_INFO, "Blue");
    key = await_request("Blue");
    send_bare(key, PK_FRAME_KEY_STATE);
    await_end(&bob);
    end_process(key);
    await_idle();
}

static void it_has_so_many_seconds(void **state)
{
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_SELECT, "Blue");
    key = await_request("Blue");
    let_pass((SECONDS - 1) * 1000);
    assert_int_equal(alice.ends, 0);
    let_pass(1000);
    await_death(key);
    await_end(&alice);
    assert_failed(&alice, PK_DEVICE_ERROR);
}

/* What comes afterwards is no second end (on_frame() would see it). */
static void there_is_one_end(void **state)
{
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_RESET, "Blue");
    key = await_request("Blue");
    send_bare(key, PK_FRAME_DONE);
    send_bare(key, PK_FRAME_TOUCH);
    send_failed(key, PK_OPERATION_DENIED);
    send_bare(key, PK_FRAME_DONE);
    await_end(&alice);
    end_process(key);
    await_idle();
    assert_int_equal(alice.last.type, PK_FRAME_DONE);
    assert_int_equal(alice.touches, 0);
}

/* --- turns ------------------------------------------------------------------------------------ */

static void one_key_does_one_thing_at_a_time(void **state)
{
    struct scripted_key *first, *second;

    (void)state;
    ask(&alice, PK_FRAME_SELECT, "Blue");
    first = await_request("Blue");
    ask(&bob, PK_FRAME_KEY_INFO, "Blue");
    assert_no_request("Blue");
    send_bare(first, PK_FRAME_DONE);
    await_end(&alice);
    /* The process has the key until it has ended. */
    assert_no_request("Blue");
    end_process(first);
    second = await_request("Blue");
    send_bare(second, PK_FRAME_KEY_STATE);
    await_end(&bob);
    assert_int_equal(bob.last.type, PK_FRAME_KEY_STATE);
    end_process(second);
    await_idle();
}

static void who_gives_up_while_waiting_is_never_asked(void **state)
{
    struct scripted_key *first;

    (void)state;
    ask(&alice, PK_FRAME_SELECT, "Blue");
    first = await_request("Blue");
    ask(&bob, PK_FRAME_RESET, "Blue");
    pk_key_care_cancel(bob.care);
    send_bare(first, PK_FRAME_DONE);
    await_end(&alice);
    end_process(first);
    assert_no_request("Blue");
    await_idle();
    assert_int_equal(bob.ends, 0);
}

static void who_gives_up_gives_the_key_back(void **state)
{
    struct scripted_key *key;

    (void)state;
    ask(&alice, PK_FRAME_RESET, "Blue");
    key = await_request("Blue");
    send_bare(key, PK_FRAME_TOUCH);
    run_while(is_not_touched, &alice);
    pk_key_care_cancel(alice.care);
    await_frame(key, PK_FRAME_CANCEL, NULL);
    send_failed(key, PK_CANCELLED);
    end_process(key);
    await_idle();
    assert_int_equal(alice.ends, 0);
}

/* --- PINs ------------------------------------------------------------------------------------- */

static void pins_are_wiped_once_they_are_sent(void **state)
{
    struct pk_frame request = request_for(PK_FRAME_SET_PIN, "Blue");
    const struct pk_frame *sent;
    struct scripted_key *key;

    (void)state;
    assert_int_equal(pk_secret_copy(pk_view_string("1234"), &request.key.pin), PK_OK);
    assert_int_equal(pk_secret_copy(pk_view_string("567890"), &request.key.new_pin), PK_OK);
    pins[0] = request.key.pin.data;
    pins[1] = request.key.new_pin.data;
    assert_int_equal(
        pk_key_care_new(scripted_keys(), &request, SECONDS, on_frame, &alice, &alice.care), PK_OK);
    assert_false(wiped[0] || wiped[1]);
    key = await_request("Blue");
    /* While the key waits for a touch, perhaps, which may take long. */
    assert_true(wiped[0] && wiped[1]);
    sent = scripted_key_request(key);
    assert_int_equal(sent->key.pin.len, 4);
    assert_memory_equal(sent->key.pin.data, "1234", 4);
    assert_int_equal(sent->key.new_pin.len, 6);
    assert_memory_equal(sent->key.new_pin.data, "567890", 6);
    send_bare(key, PK_FRAME_DONE);
    await_end(&alice);
    end_process(key);
    await_idle();
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, scripted_keys_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_key_is_comes_back),
        TEST(what_is_done_ends_after_its_touches),
        TEST(a_failure_ends_it),
        TEST(an_answer_to_something_else_is_a_defect),
        TEST(a_process_that_ends_is_a_defect),
        TEST(one_that_cannot_be_started_is_said),
        TEST(it_has_so_many_seconds),
        TEST(there_is_one_end),
        TEST(one_key_does_one_thing_at_a_time),
        TEST(who_gives_up_while_waiting_is_never_asked),
        TEST(who_gives_up_gives_the_key_back),
        TEST(pins_are_wiped_once_they_are_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
