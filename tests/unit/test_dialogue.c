/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations as their callers see them: whose they are, how many there may be, what is said in
 * which order, and what counts as an answer. What they are about is the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/terms.h"
#include "common/bus/names.h"
#include "daemon/bus/call.h"
#include "daemon/bus/methods.h"
#include "daemon/dialogue/conversation.h"
#include "tests/unit/bare_daemon.h"

#include <string.h>

#define ROOT     0
#define CONSOLES 16             /* places that are theirs alone */
#define CONSOLE  (4 << 8 | 2)   /* /dev/tty2 */
#define PTS      (136 << 8 | 1) /* /dev/pts/1 */

static struct conversation *last_opened;

/* What a conversation is about: nothing, but who asked is written down. */
struct talk {
    const char *on_behalf_of;
};

static struct {
    unsigned answers, stopped, released, skipped;
    char answer[64];
    enum pk_status why;
} events;

static void answered(void *data, struct pk_secret *answer)
{
    (void)data;
    events.answers++;
    (void)snprintf(events.answer, sizeof(events.answer), "%s", (const char *)answer->data);
}

static void stopped(void *data, enum pk_status why)
{
    (void)data;
    events.stopped++;
    events.why = why;
}

static void release(void *data)
{
    events.released++;
    free(data);
}

static const char *on_behalf_of(const void *data)
{
    return ((const struct talk *)data)->on_behalf_of;
}

static void skipped(void *data)
{
    (void)data;
    events.skipped++;
}

static int set_up(void **state)
{
    memset(&events, 0, sizeof(events));
    return bare_daemon_set_up(state);
}

static struct conversation *open_for(uid_t uid, const char *sender, const char *behalf)
{
    static const struct conversation_ops ops = {answered, stopped, release, on_behalf_of, skipped};
    struct talk *subject = calloc(1, sizeof(*subject));

    subject->on_behalf_of = behalf;
    last_opened = conversation_open(bare_daemon(), call_from(uid, sender), 60, &ops, subject);
    return last_opened;
}

static struct conversation *open_one(void)
{
    struct conversation *conversation = open_for(ALICE, SENDER, NULL);

    assert_non_null(conversation);
    return conversation;
}

/* How many more that caller can open; those of one connection are limited, too: many are used. */
static unsigned room_for(uid_t uid, const char *behalf)
{
    unsigned count = 0;
    char sender[16];

    for (; count <= PK_CONVERSATIONS_MAX; count++) {
        (void)snprintf(sender, sizeof(sender), ":2.%u", count);
        if (!open_for(uid, sender, behalf))
            break;
    }
    assert_string_equal(seen()->error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    return count;
}

/* --- how many --------------------------------------------------------------------------------- */

static void a_user_has_so_many(void **state)
{
    (void)state;
    assert_int_equal(room_for(ALICE, NULL), PK_CONVERSATIONS_PER_UID);
    assert_int_equal(events.released, 1); /* what was not opened is let go */
    assert_int_equal(room_for(BOB, NULL), PK_CONVERSATIONS_PER_UID);
}

static void root_leaves_room_for_users(void **state)
{
    (void)state;
    assert_int_equal(room_for(ROOT, NULL), PK_CONVERSATIONS_MAX - 64 - CONSOLES);
    assert_int_equal(room_for(ALICE, NULL), PK_CONVERSATIONS_PER_UID);
}

/* Where three quarters are taken, each user gets less, so that more of them get something. */
static void there_is_a_total(void **state)
{
    unsigned total = 0;
    uid_t uid = 1;

    (void)state;
    for (; uid <= 192 / PK_CONVERSATIONS_PER_UID; uid++)
        total += room_for(uid, NULL);
    assert_int_equal(total, 192);
    assert_int_equal(room_for(ALICE, NULL), 4);
    for (total += 4; total < PK_CONVERSATIONS_MAX - CONSOLES; uid++)
        total += room_for(uid, NULL);
    assert_int_equal(total, PK_CONVERSATIONS_MAX - CONSOLES);
    assert_int_equal(room_for(BOB, NULL), 0);
    assert_int_equal(room_for(ROOT, NULL), 0);
}

/* A program of root's, which says who started it, at which terminal, or for whose connection. */
static bool root_opens_as(const struct caller *caller, bool stranger)
{
    static const struct conversation_ops ops = {answered, stopped, release, on_behalf_of, skipped};
    static unsigned number;
    char sender[32];
    struct call *call;

    (void)snprintf(sender, sizeof(sender), ":3.%u", number++);
    call = call_from(ROOT, sender);
    call->caller = *caller;
    if (!conversation_admit(bare_daemon(), call, stranger))
        return false;
    last_opened = conversation_open(bare_daemon(), call, 60, &ops, calloc(1, sizeof(struct talk)));
    return last_opened != NULL;
}

static bool root_opens(uid_t real_uid, uint32_t terminal, bool stranger)
{
    return root_opens_as(
        &(struct caller){.real_uid = real_uid, .terminal = terminal, .reported = true}, stranger);
}

static unsigned root_room_for(uid_t real_uid, uint32_t terminal, bool stranger)
{
    unsigned count = 0;

    while (count <= PK_CONVERSATIONS_MAX && root_opens(real_uid, terminal, stranger))
        count++;
    assert_string_equal(seen()->error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    return count;
}

/* bob's chsh: root's program, which nobody but bob has started. */
static void a_setuid_program_counts_as_its_users(void **state)
{
    (void)state;
    assert_int_equal(root_room_for(BOB, PTS, false), PK_CONVERSATIONS_PER_UID);
    assert_int_equal(room_for(BOB, NULL), 0);
    assert_true(root_opens(ALICE, PTS, false));
    assert_true(root_opens(ROOT, PTS, false));
    assert_int_equal(root_room_for(ROOT, 0, true), 128);
    assert_int_equal(room_for(ALICE, NULL), PK_CONVERSATIONS_PER_UID - 1);
}

/* polkit's helper is started by systemd, as root, for whoever connects to it. */
static void a_service_counts_as_whom_it_was_started_for(void **state)
{
    const struct caller helper = {.peer = {.pid = 77, .uid = BOB}, .reported = true};
    unsigned count = 0;

    (void)state;
    while (count <= PK_CONVERSATIONS_MAX && root_opens_as(&helper, false))
        count++;
    assert_int_equal(count, PK_CONVERSATIONS_PER_UID);
    assert_int_equal(room_for(BOB, NULL), 0);
    assert_true(root_opens(ROOT, 0, false));
}

/* What somebody who is not root says of themselves is nobody's business. */
static void only_root_speaks_for_others(void **state)
{
    struct call *call = call_from(BOB, SENDER);

    (void)state;
    (void)room_for(BOB, NULL);
    call->caller = (struct caller){.real_uid = ALICE, .terminal = CONSOLE, .reported = true};
    assert_false(conversation_admit(bare_daemon(), call, true));
    assert_string_equal(seen()->error, PK_BUS_ERROR_LIMIT_EXCEEDED);
}

static void consoles_have_places_that_nobody_takes(void **state)
{
    static const uint32_t others[] = {0,         PTS, 4 << 8, 4 << 8 | 64, 4 << 8 | 1 << 20 | 1,
                                      5 << 8 | 1};
    unsigned total = 0;

    (void)state;
    total += root_room_for(ROOT, 0, true);
    total += root_room_for(ROOT, PTS, false);
    for (uid_t uid = 3000; total < PK_CONVERSATIONS_MAX - CONSOLES; uid++)
        total += root_room_for(uid, CONSOLE, false);
    assert_int_equal(total, PK_CONVERSATIONS_MAX - CONSOLES);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(root_opens(ROOT, others[i], false));
    assert_false(root_opens(ROOT, CONSOLE, true)); /* a remote host was named */
    assert_false(root_opens(ALICE, CONSOLE, false));
    assert_true(root_opens(ROOT, 4 << 8 | 63, false));
    assert_int_equal(root_room_for(ROOT, CONSOLE, false), CONSOLES - 1);
}

static void a_connection_has_so_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_non_null(open_for(ROOT, SENDER, NULL));
    assert_null(open_for(ROOT, SENDER, NULL));
    assert_non_null(open_for(ROOT, ":1.8", NULL));
}

/* A user's sudos are root's, and still the user's; logins from afar leave room for them. */
static void root_asks_for_others(void **state)
{
    (void)state;
    assert_int_equal(room_for(ROOT, "alice"), PK_CONVERSATIONS_PER_UID);
    assert_int_equal(room_for(ROOT, "bob"), PK_CONVERSATIONS_PER_UID);
    assert_int_equal(room_for(ROOT, ""), 128);
    assert_non_null(open_for(ROOT, SENDER, NULL));
}

static void one_that_is_over_counts_no_more(void **state)
{
    struct conversation *last = NULL;

    (void)state;
    for (unsigned i = 0; i < PK_CONVERSATIONS_PER_UID; i++)
        last = open_one();
    assert_null(open_for(ALICE, SENDER, NULL));
    conversation_refused(last, PK_CANCELLED, "");
    assert_non_null(open_for(ALICE, SENDER, NULL));
}

/* bob's finished ones push out his own alone; and alice learns what she has signed in for. */
static void a_verdict_is_kept_for_who_asked(void **state)
{
    struct conversation *alices = open_one();
    char path[sizeof(seen()->path)];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", seen()->path);
    conversation_refused(alices, PK_CANCELLED, "for alice");
    for (unsigned i = 0; i < 200; i++)
        conversation_refused(open_for(BOB, ":1.9", NULL), PK_CANCELLED, "");
    assert_int_equal(events.released, 200 - 32);
    for (unsigned i = 0; i < 200; i++) {
        assert_true(root_opens(BOB, PTS, false));
        conversation_refused(last_opened, PK_CANCELLED, "");
    }
    assert_int_equal(events.released, 400 - 32);
    next_at(path, SENDER);
    assert_said("done", "cancelled");
    assert_string_equal(seen()->text, "for alice");
}

/* Of one user's own, those go first that have been fetched. */
static void a_fetched_verdict_goes_first(void **state)
{
    char first[sizeof(seen()->path)];

    (void)state;
    conversation_refused(open_one(), PK_CANCELLED, "first");
    (void)snprintf(first, sizeof(first), "%s", seen()->path);
    for (unsigned i = 1; i < 32; i++) {
        conversation_refused(open_one(), PK_CANCELLED, "");
        next(NULL);
    }
    conversation_refused(open_one(), PK_CANCELLED, "");
    assert_int_equal(events.released, 1);
    next_at(first, SENDER);
    assert_string_equal(seen()->text, "first");
}

static void how_long_it_takes_is_told(void **state)
{
    (void)state;
    conversation_info(open_one(), "touch", "Touch it");
    next(NULL);
    assert_int_equal(seen()->time_left, 60);
    conversation_info(last_opened, "touch", "Touch it");
    let_pass(20000);
    next(NULL);
    assert_int_equal(seen()->time_left, 40);
}

/* --- not waiting ------------------------------------------------------------------------------ */

/* Where it leads is told with what asks for a key, and with nothing else. */
static void a_key_need_not_be_waited_for(void **state)
{
    (void)state;
    conversation_info(open_one(), "touch", "Touch it");
    assert_next(NULL, "info", "touch");
    assert_string_equal(seen()->skip, "");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0); /* not yet */
    conversation_set_skip(last_opened, PK_BUS_SKIP_NEXT);
    conversation_info(last_opened, "contention", "Others want it");
    conversation_info(last_opened, "insert", "Insert it");
    assert_next(NULL, "info", "contention");
    assert_string_equal(seen()->skip, "");
    assert_next(NULL, "info", "insert");
    assert_string_equal(seen()->skip, "next");
    skip_by(":1.8"); /* somebody else's */
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.skipped, 0);
    skip_by(SENDER);
    assert_string_equal(seen()->error, "");
    assert_int_equal(events.skipped, 1);
}

/* A question is declined by its answer, and what is over is over. */
static void a_question_is_not_skipped(void **state)
{
    (void)state;
    conversation_set_skip(open_one(), PK_BUS_SKIP_END);
    conversation_ask(last_opened, QUESTION_SECRET, "pin", "PIN: ", 0xff);
    skip_by(SENDER);
    assert_next(NULL, "ask-secret", "pin");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0);
    conversation_unask(last_opened);
    conversation_refused(last_opened, PK_TOUCH_TIMEOUT, "Too late");
    skip_by(SENDER);
    assert_int_equal(events.skipped, 0);
}

/* --- whose ------------------------------------------------------------------------------------ */

static void nobody_else_takes_part(void **state)
{
    (void)state;
    conversation_ask(open_one(), QUESTION_ECHOED, "number", "Number: ", 0xff);
    next_by(":1.8", NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    conversation_cancel(bare_daemon(), call_from(ROOT, ":1.8"));
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.stopped, 0);
    assert_next(NULL, "ask", "number");
    next_by(":1.8", "7");
    assert_string_equal(seen()->error, PK_BUS_ERROR_ACCESS_DENIED);
    assert_int_equal(events.answers, 0);
}

static void one_that_is_gone_is_not_known(void **state)
{
    (void)state;
    (void)open_one();
    conversations_vanished(bare_daemon()->conversations, SENDER);
    assert_int_equal(events.released, 1);
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_UNKNOWN_CONVERSATION);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void what_is_said_comes_in_order_and_once(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_info(conversation, "touch", "one");
    conversation_error(conversation, PK_BUSY, "two");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "three", 0xff);
    assert_next(NULL, "info", "touch");
    assert_next(NULL, "error", "busy");
    assert_string_equal(seen()->text, "two");
    assert_next(NULL, "ask", "number");
    next("7");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "7");
    assert_true(is_waiting());
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_BUSY);
    conversation_refused(conversation, PK_DENIED, "no");
    assert_said("done", "denied");
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_FINISHED);
}

static void only_the_first_outcome_counts(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_refused(conversation, PK_DENIED, "no");
    conversation_refused(conversation, PK_OK, "yes");
    conversation_info(conversation, "touch", "late");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "late", 0xff);
    assert_next(NULL, "done", "denied");
}

static void a_refusal_is_never_ok(void **state)
{
    (void)state;
    conversation_refused(open_one(), PK_OK, "");
    assert_next(NULL, "done", "internal");
}

static void too_much_is_left_unsaid(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        conversation_info(conversation, "touch", "again");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    for (unsigned i = 0; i < 32; i++)
        assert_next(NULL, "info", "touch");
    assert_next(NULL, "ask", "number");
}

static void a_hold_keeps_everything_back(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_hold(conversation, pk_clock_monotonic_us() + 50000);
    conversation_info(conversation, "touch", "held");
    next(NULL);
    assert_true(is_waiting());
    let_pass(40);
    assert_true(is_waiting());
    let_pass(10);
    assert_said("info", "touch");
    /* One that is over already holds nothing. */
    conversation_hold(conversation, pk_clock_monotonic_us());
    conversation_info(conversation, "touch", "at once");
    assert_next(NULL, "info", "touch");
}

/* --- answers ---------------------------------------------------------------------------------- */

static void a_question_is_answered_once(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    next("before it was asked");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    conversation_ask(conversation, QUESTION_ECHOED, "other", "Other: ", 0xff);
    next("7");
    assert_int_equal(events.answers, 1);
    assert_true(is_waiting()); /* one question at a time */
    conversation_info(conversation, "touch", "");
    next("again");
    assert_int_equal(events.answers, 1);
}

static void a_question_may_be_taken_back(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    conversation_unask(conversation);
    next(NULL);
    assert_true(is_waiting());
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    conversation_unask(conversation);
    next("7");
    assert_int_equal(events.answers, 0);
}

static void secrets_are_not_text(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_SECRET, "pin", "PIN: ", 8);
    assert_next(NULL, "ask-secret", "pin");
    next("1234");
    assert_string_equal(seen()->error, PK_BUS_ERROR_INVALID_ARGUMENTS);
    assert_int_equal(events.answers, 0);
    next_secret("1234");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "1234");
    conversation_ask(conversation, QUESTION_ECHOED, "number", "Number: ", 0xff);
    assert_said("ask", "number");
    next_secret("7");
    assert_string_equal(seen()->error, PK_BUS_ERROR_INVALID_ARGUMENTS);
    assert_int_equal(events.answers, 1);
}

static void declining_is_an_empty_answer(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    conversation_ask(conversation, QUESTION_SECRET, "pin", "PIN: ", 8);
    assert_next(NULL, "ask-secret", "pin");
    next("");
    assert_int_equal(events.answers, 1);
    assert_string_equal(events.answer, "");
}

/* --- the end ---------------------------------------------------------------------------------- */

static void a_deadline_can_be_moved(void **state)
{
    struct conversation *conversation = open_one();

    (void)state;
    assert_int_equal(conversation_time_left(conversation), 60);
    conversation_set_timeout(conversation, 5);
    assert_int_equal(conversation_time_left(conversation), 5);
    skip_time(4);
    assert_int_equal(events.stopped, 0);
    skip_time(1);
    assert_int_equal(events.stopped, 1);
    assert_int_equal(events.why, PK_TIMEOUT);
    assert_next(NULL, "done", "timeout");
}

static void a_result_waits_to_be_fetched(void **state)
{
    (void)state;
    conversation_refused(open_one(), PK_DENIED, "no");
    skip_time(59);
    assert_int_equal(events.released, 0);
    assert_next(NULL, "done", "denied");
    skip_time(9);
    next(NULL);
    assert_string_equal(seen()->error, PK_BUS_ERROR_FINISHED);
    skip_time(1);
    assert_int_equal(events.released, 1);
    conversation_refused(open_one(), PK_DENIED, "no");
    skip_time(60);
    assert_int_equal(events.released, 2);
    assert_int_equal(events.stopped, 0);
}

static void who_cancels_is_told(void **state)
{
    (void)state;
    conversation_hold(open_one(), pk_clock_monotonic_us() + 1000000);
    cancel();
    assert_int_equal(events.stopped, 1);
    assert_int_equal(events.why, PK_CANCELLED);
    assert_next(NULL, "done", "cancelled"); /* nothing is held any more */
    cancel();
    assert_int_equal(events.stopped, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_need_not_be_waited_for),
        TEST(a_question_is_not_skipped),
        TEST(a_user_has_so_many),
        TEST(root_leaves_room_for_users),
        TEST(there_is_a_total),
        TEST(a_connection_has_so_many),
        TEST(root_asks_for_others),
        TEST(a_setuid_program_counts_as_its_users),
        TEST(a_service_counts_as_whom_it_was_started_for),
        TEST(only_root_speaks_for_others),
        TEST(consoles_have_places_that_nobody_takes),
        TEST(one_that_is_over_counts_no_more),
        TEST(a_verdict_is_kept_for_who_asked),
        TEST(a_fetched_verdict_goes_first),
        TEST(how_long_it_takes_is_told),
        TEST(nobody_else_takes_part),
        TEST(one_that_is_gone_is_not_known),
        TEST(what_is_said_comes_in_order_and_once),
        TEST(only_the_first_outcome_counts),
        TEST(a_refusal_is_never_ok),
        TEST(too_much_is_left_unsaid),
        TEST(a_hold_keeps_everything_back),
        TEST(a_question_is_answered_once),
        TEST(a_question_may_be_taken_back),
        TEST(secrets_are_not_text),
        TEST(declining_is_an_empty_answer),
        TEST(a_deadline_can_be_moved),
        TEST(a_result_waits_to_be_fetched),
        TEST(who_cancels_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
