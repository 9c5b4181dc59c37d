/* SPDX-License-Identifier: BSD-2-Clause */
/* How many conversations there may be, of whom, and whose verdicts are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/limits.h"
#include "common/bus/names.h"
#include "daemon/bus/call.h"
#include "daemon/dialogue/conversation.h"
#include "tests/unit/bare_daemon.h"
#include "tests/unit/talk.h"

#include <string.h>

#define ROOT     0
#define CONSOLES 16             /* places that are theirs alone */
#define CONSOLE  (4 << 8 | 2)   /* /dev/tty2 */
#define PTS      (136 << 8 | 1) /* /dev/pts/1 */

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
    static unsigned number;
    char sender[32];
    struct call *call;

    (void)snprintf(sender, sizeof(sender), ":3.%u", number++);
    call = call_from(ROOT, sender);
    call->caller = *caller;
    return conversation_admit(bare_daemon(), call, stranger) && open_call(call, NULL);
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

/* So that nobody has to reach a host from a second address to keep all others out of it. */
static void one_address_leaves_room_for_others(void **state)
{
    (void)state;
    opened_from = "192.0.2.1";
    assert_int_equal(room_for(ROOT, ""), 96);
    opened_from = "2001:db8::";
    assert_int_equal(room_for(ROOT, ""), 32);
    opened_from = "192.0.2.3";
    assert_int_equal(room_for(ROOT, ""), 0);
    opened_from = NULL;
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

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, talk_set_up, bare_daemon_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_user_has_so_many),
        TEST(root_leaves_room_for_users),
        TEST(there_is_a_total),
        TEST(a_setuid_program_counts_as_its_users),
        TEST(a_service_counts_as_whom_it_was_started_for),
        TEST(only_root_speaks_for_others),
        TEST(consoles_have_places_that_nobody_takes),
        TEST(a_connection_has_so_many),
        TEST(root_asks_for_others),
        TEST(one_address_leaves_room_for_others),
        TEST(one_that_is_over_counts_no_more),
        TEST(a_verdict_is_kept_for_who_asked),
        TEST(a_fetched_verdict_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
