/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that wait while the password file is looked at; the watch and the table are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/accounts/account_watch.h"
#include "daemon/arrivals.h"
#include "daemon/bus/methods.h"
#include "daemon/daemon.h"
#include "tests/unit/fake_bus.h"

#include <stdlib.h>
#include <string.h>

#define ALICE 1000

static struct daemon passkeyd;
static uint64_t due;         /* the look that a call has to wait for; 0: none */
static char dispatched[256]; /* the callers, in the order that their calls were dispatched */
static bool again;           /* the next call that is dispatched makes another arrive */

uint64_t account_watch_catch_up(struct account_watch *watch)
{
    assert_ptr_equal(watch, passkeyd.account_watch);
    return due;
}

static void arrive(const char *sender)
{
    arrivals_receive(&passkeyd, fake_call(ALICE, sender, ""));
}

void methods_dispatch(struct daemon *daemon, struct call *call)
{
    assert_ptr_equal(daemon, &passkeyd);
    (void)strcat(strcat(dispatched, call->sender), " ");
    call_drop(call);
    if (again) {
        again = false;
        arrive(":1.99");
    }
}

static int begin(void **state)
{
    (void)state;
    due = 0;
    again = false;
    dispatched[0] = '\0';
    passkeyd.account_watch = (struct account_watch *)&passkeyd;
    fake_bus_reset();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arrivals_vanished(NULL);
    return 0;
}

static void without_a_change_nothing_waits(void **state)
{
    (void)state;
    arrive(":1.1");
    assert_string_equal(dispatched, ":1.1 ");
}

static void after_a_change_calls_wait_for_their_look(void **state)
{
    (void)state;
    due = 5;
    arrive(":1.1");
    arrive(":1.2");
    due = 6;
    arrive(":1.3");
    assert_string_equal(dispatched, "");
    arrivals_reached(&passkeyd, 4);
    assert_string_equal(dispatched, "");
    arrivals_reached(&passkeyd, 5);
    assert_string_equal(dispatched, ":1.1 :1.2 ");
    arrivals_reached(&passkeyd, 6);
    assert_string_equal(dispatched, ":1.1 :1.2 :1.3 ");
    assert_int_equal(fake_end.errors, 0);
}

static void a_later_look_is_as_good(void **state)
{
    (void)state;
    due = 5;
    arrive(":1.1");
    arrivals_reached(&passkeyd, 7);
    assert_string_equal(dispatched, ":1.1 ");
    arrivals_reached(&passkeyd, 8);
    assert_string_equal(dispatched, ":1.1 ");
}

static void what_arrives_meanwhile_waits_for_the_next_look(void **state)
{
    (void)state;
    due = 5;
    arrive(":1.1");
    arrive(":1.2");
    again = true;
    due = 6;
    arrivals_reached(&passkeyd, 5);
    assert_string_equal(dispatched, ":1.1 :1.2 ");
    arrivals_reached(&passkeyd, 6);
    assert_string_equal(dispatched, ":1.1 :1.2 :1.99 ");
}

static void who_left_is_not_dispatched(void **state)
{
    (void)state;
    due = 5;
    arrive(":1.1");
    arrive(":1.10");
    arrive(":1.1");
    arrivals_vanished(":1.1");
    arrivals_reached(&passkeyd, 5);
    assert_string_equal(dispatched, ":1.10 ");
}

static void at_the_end_all_are_dropped(void **state)
{
    (void)state;
    due = 5;
    arrive(":1.1");
    arrive(":1.2");
    arrivals_vanished(NULL);
    arrivals_reached(&passkeyd, 5);
    assert_string_equal(dispatched, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    static const struct CMUnitTest tests[] = {
        TEST(without_a_change_nothing_waits), TEST(after_a_change_calls_wait_for_their_look),
        TEST(a_later_look_is_as_good),        TEST(what_arrives_meanwhile_waits_for_the_next_look),
        TEST(who_left_is_not_dispatched),     TEST(at_the_end_all_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
