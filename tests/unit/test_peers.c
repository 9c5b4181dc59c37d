/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/peers.h"
#include "tests/unit/fake_bus.h"

#include <stdio.h>
#include <string.h>

#define ALICE 1000

static struct peers *peers;

/* What has been handed on. */
static struct {
    unsigned count;
    uid_t uid;
    pid_t pid;
    char members[64]; /* of all, in their order */
    char sender[16];
} handed;

static void on_call(void *data, struct call *call)
{
    assert_ptr_equal(data, &handed);
    handed.count++;
    handed.uid = call->uid;
    handed.pid = call->pid;
    if (strlen(handed.members) + strlen(call->member) < sizeof(handed.members))
        (void)strcat(handed.members, call->member);
    (void)snprintf(handed.sender, sizeof(handed.sender), "%s", call->sender);
    call_drop(call);
}

static int set_up(void **state)
{
    (void)state;
    memset(&handed, 0, sizeof(handed));
    fake_bus_reset();
    peers = peers_new(NULL, on_call, &handed);
    return peers ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    peers_free(peers);
    return fake_request(0) ? -1 : 0;
}

/* A call as it comes from the bus: whose it is is not known. */
static void receive(const char *sender, const char *member)
{
    struct call *call = fake_call((uid_t)-1, sender, "");

    free(call->member);
    call->member = strdup(member);
    call->pid = 0;
    peers_receive(peers, call);
}

static struct bus_request *request_of(const char *member, const char *sender)
{
    struct bus_request *request;

    for (size_t i = 0; (request = fake_request(i)); i++)
        if (strcmp(request->member, member) == 0 &&
            strcmp(request->arguments.items[0].text, sender) == 0)
            return request;
    fail_msg("%s is not asked about %s", member, sender);
    return NULL;
}

static void answer_number(const char *member, const char *sender, uint32_t number)
{
    struct value result = value_body();

    value_add_number(&result, 'u', number);
    fake_answer(request_of(member, sender), &result, NULL);
}

#define PID "GetConnectionUnixProcessID"
#define UID "GetConnectionUnixUser"

static void the_bus_says_who_calls(void **state)
{
    (void)state;
    receive(":1.7", "a");
    assert_string_equal(request_of(PID, ":1.7")->destination, "org.freedesktop.DBus");
    assert_string_equal(request_of(UID, ":1.7")->destination, "org.freedesktop.DBus");
    assert_string_equal(request_of(UID, ":1.7")->interface, "org.freedesktop.DBus");
    answer_number(PID, ":1.7", 4242);
    assert_int_equal(handed.count, 0);
    answer_number(UID, ":1.7", ALICE);
    assert_int_equal(handed.count, 1);
    assert_int_equal(handed.uid, ALICE);
    assert_int_equal(handed.pid, 4242);
    /* It is not asked again. */
    receive(":1.7", "b");
    assert_null(fake_request(0));
    assert_int_equal(handed.count, 2);
    assert_int_equal(handed.uid, ALICE);
    assert_int_equal(handed.pid, 4242);
}

static void calls_wait_in_their_order(void **state)
{
    (void)state;
    receive(":1.7", "a");
    receive(":1.7", "b");
    receive(":1.7", "c");
    assert_int_equal(handed.count, 0);
    answer_number(PID, ":1.7", 4242);
    answer_number(UID, ":1.7", ALICE);
    receive(":1.7", "d");
    assert_string_equal(handed.members, "abcd");
}

static void callers_are_told_apart(void **state)
{
    (void)state;
    receive(":1.7", "a");
    receive(":1.70", "b");
    answer_number(PID, ":1.70", 43);
    answer_number(UID, ":1.70", ALICE + 1);
    assert_string_equal(handed.members, "b");
    assert_int_equal(handed.uid, ALICE + 1);
    answer_number(PID, ":1.7", 42);
    answer_number(UID, ":1.7", ALICE);
    assert_string_equal(handed.sender, ":1.7");
    assert_int_equal(handed.uid, ALICE);
    receive(":1.70", "c");
    assert_int_equal(handed.uid, ALICE + 1);
    assert_int_equal(handed.pid, 43);
}

/* A connection from another container has no process here. */
static void a_pid_may_be_unknown(void **state)
{
    struct value text = value_body();

    (void)state;
    receive(":1.7", "a");
    fake_answer(request_of(PID, ":1.7"), NULL, "org.freedesktop.DBus.Error.UnixProcessIdUnknown");
    answer_number(UID, ":1.7", ALICE);
    assert_int_equal(handed.count, 1);
    assert_int_equal(handed.pid, 0);
    receive(":1.8", "b");
    value_add_text(&text, 's', "1");
    fake_answer(request_of(PID, ":1.8"), &text, NULL);
    answer_number(UID, ":1.8", ALICE);
    assert_int_equal(handed.count, 2);
    assert_int_equal(handed.pid, 0);
    /* No answer at all: the one about the uid came after it. */
    receive(":1.9", "c");
    answer_number(UID, ":1.9", ALICE);
    assert_int_equal(handed.count, 3);
    assert_int_equal(handed.pid, 0);
    assert_null(fake_request(0));
}

static void an_unknown_uid_is_nobodys(void **state)
{
    (void)state;
    receive(":1.7", "a");
    answer_number(PID, ":1.7", 4242);
    fake_answer(request_of(UID, ":1.7"), NULL, "org.freedesktop.DBus.Error.NameHasNoOwner");
    assert_int_equal(handed.count, 0);
    /* Odd answers: text, two numbers, nothing. */
    for (int form = 0; form < 3; form++) {
        struct value result = value_body();

        receive(":1.8", "b");
        answer_number(PID, ":1.8", 4242);
        if (form == 0)
            value_add_text(&result, 's', "0");
        for (int i = 0; form == 1 && i < 2; i++)
            value_add_number(&result, 'u', 0);
        fake_answer(request_of(UID, ":1.8"), &result, NULL);
        assert_int_equal(handed.count, 0);
    }
    /* What comes later is asked about anew. */
    receive(":1.8", "c");
    answer_number(PID, ":1.8", 4242);
    answer_number(UID, ":1.8", ALICE);
    assert_string_equal(handed.members, "c");
}

/* As bus.c does: it is asked before anything is done for the call. */
static enum bus_admission arrive(const char *sender)
{
    enum bus_admission admission = peers_admit(peers, sender, BUDGET_CALLS);

    if (admission == BUS_ADMITTED)
        receive(sender, "a");
    return admission;
}

static void waiting_calls_are_limited(void **state)
{
    (void)state;
    for (int i = 0; i < 32; i++)
        assert_int_equal(arrive(":1.7"), BUS_ADMITTED);
    assert_int_equal(arrive(":1.7"), BUS_REFUSED);
    assert_int_equal(arrive(":1.8"), BUS_ADMITTED);
    answer_number(PID, ":1.7", 4242);
    answer_number(UID, ":1.7", ALICE);
    assert_int_equal(handed.count, 32);
    /* Known callers do not wait. */
    assert_int_equal(arrive(":1.7"), BUS_ADMITTED);
    assert_int_equal(handed.count, 33);
}

/* One user has 256 connections, by the system bus's own limit. */
static void many_connections_leave_room_for_others(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i < 256; i++) {
        (void)snprintf(name, sizeof(name), ":1.%d", 100 + i);
        while (arrive(name) == BUS_ADMITTED)
            continue;
        assert_int_equal(arrive(name), BUS_REFUSED);
    }
    assert_int_equal(arrive(":1.8"), BUS_ADMITTED);
    answer_number(PID, ":1.8", 4242);
    answer_number(UID, ":1.8", ALICE);
    assert_int_equal(handed.count, 1);
}

static int64_t still(void)
{
    return 1000;
}

static void a_known_caller_has_a_budget(void **state)
{
    struct budget *budget = budget_new(still);
    unsigned admitted = 0, answered = 0;

    (void)state;
    assert_non_null(budget);
    peers_free(peers);
    peers = peers_new(budget, on_call, &handed);
    assert_int_equal(arrive(":1.7"), BUS_ADMITTED);
    answer_number(PID, ":1.7", 4242);
    answer_number(UID, ":1.7", ALICE);
    assert_int_equal(handed.count, 1);
    while (arrive(":1.7") == BUS_ADMITTED)
        handed.members[0] = '\0', admitted++;
    assert_in_range(admitted, 100, 4000);
    /* Another connection of the same user's comes out of the same budget: none of it is left. */
    assert_int_equal(arrive(":1.9"), BUS_ADMITTED);
    answer_number(PID, ":1.9", 4243);
    answer_number(UID, ":1.9", ALICE);
    assert_int_equal(handed.count, 1 + admitted);
    assert_string_equal(fake_end.error, PK_BUS_ERROR_LIMIT_EXCEEDED);
    /* So many refusals are answered, and then nothing. */
    while (arrive(":1.7") == BUS_REFUSED)
        answered++;
    assert_in_range(answered, 1000, 100000);
    assert_int_equal(arrive(":1.7"), BUS_IGNORED);
    /* Nobody else's is touched. */
    assert_int_equal(arrive(":1.8"), BUS_ADMITTED);
    answer_number(PID, ":1.8", 4244);
    answer_number(UID, ":1.8", ALICE + 1);
    assert_int_equal(handed.count, 2 + admitted);
    peers_free(peers);
    budget_free(budget);
    peers = peers_new(NULL, on_call, &handed);
}

static void a_bus_that_cannot_be_asked_serves_nothing(void **state)
{
    (void)state;
    fake_bus_fails = true;
    receive(":1.7", "a");
    assert_int_equal(handed.count, 0);
    assert_string_equal(fake_end.error, PK_BUS_ERROR_LIMIT_EXCEEDED);
}

static void who_has_left_is_forgotten(void **state)
{
    (void)state;
    receive(":1.7", "a");
    receive(":1.8", "b");
    assert_true(peers_vanished(peers, ":1.7"));
    assert_false(peers_vanished(peers, ":1.7"));
    assert_false(peers_vanished(peers, ":1.9"));
    answer_number(PID, ":1.8", 4242);
    answer_number(UID, ":1.8", ALICE);
    assert_string_equal(handed.members, "b");
    assert_null(fake_request(0));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_bus_says_who_calls),
        TEST(calls_wait_in_their_order),
        TEST(callers_are_told_apart),
        TEST(a_pid_may_be_unknown),
        TEST(an_unknown_uid_is_nobodys),
        TEST(waiting_calls_are_limited),
        TEST(many_connections_leave_room_for_others),
        TEST(a_known_caller_has_a_budget),
        TEST(a_bus_that_cannot_be_asked_serves_nothing),
        TEST(who_has_left_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
