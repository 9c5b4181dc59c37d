/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/tickets.h"
#include "daemon/daemon.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/store_fixture.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ALICE       1000
#define BOB         1001
#define PATIENCE_MS 30000

static struct daemon passkeyd;
static time_t ahead_s;

/* In place of libc's, for libevent as well: time goes on by leaps alone. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){.tv_sec = 1000000 + ahead_s};
    return 0;
}

/* What the calls with a good ticket, or without any, were handed on with. */
static struct {
    unsigned count;
    uint8_t hash[PK_HASH_SIZE];
    size_t hash_len;
} handed;

static void handler(struct daemon *daemon, struct call *call, struct pk_view hash)
{
    assert_ptr_equal(daemon, &passkeyd);
    handed.count++;
    handed.hash_len = hash.len;
    assert_true(hash.len <= sizeof(handed.hash));
    if (hash.len > 0)
        memcpy(handed.hash, hash.ptr, hash.len);
    call_drop(call);
}

static int begin(void **state)
{
    int result = set_up(state);

    memset(&handed, 0, sizeof(handed));
    fake_bus_reset();
    passkeyd.store = ((struct fixture *)*state)->store;
    passkeyd.base = event_base_new();
    return result;
}

static int end(void **state)
{
    tickets_vanished(NULL);
    event_base_free(passkeyd.base);
    return tear_down(state);
}

/* Hands over what is at the reading end. */
static void read_from(int fd, uid_t uid, const char *sender)
{
    struct call *call = fake_call(uid, sender, "");
    struct value *options = fake_options(call);
    struct value *entry = value_add(options, 'e');

    value_add_text(entry, 's', "ticket");
    value_add_fd(value_add(entry, 'v'), fd);
    ticket_read(&passkeyd, call, options, handler);
}

/* The same with that text, read to its end. */
static void read_text(const void *text, size_t len)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), len);
    (void)close(ends[1]);
    read_from(ends[0], ALICE, ":1.7");
    (void)event_base_dispatch(passkeyd.base);
}

static void make_ticket(struct pk_secret *ret)
{
    const struct account account = {
        .rp = (char[]){"default"}, .name = (char[]){"alice"}, .uid = ALICE};

    assert_int_equal(ticket_create(passkeyd.store, &account, pk_clock_now() + 600, ret), PK_OK);
}

static void assert_refused(const char *error)
{
    assert_int_equal(handed.count, 0);
    assert_int_equal(fake_end.errors, 1);
    assert_string_equal(fake_end.error, error);
    fake_bus_reset();
}

static void without_a_ticket_the_call_goes_on(void **state)
{
    struct call *call = fake_call(ALICE, ":1.7", "");

    (void)state;
    handed.hash_len = 7;
    ticket_read(&passkeyd, call, fake_options(call), handler);
    assert_int_equal(handed.count, 1);
    assert_int_equal(handed.hash_len, 0);
}

static void a_ticket_is_handed_on_by_its_hash(void **state)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    make_ticket(&ticket);
    read_text(ticket.data, ticket.len);
    assert_int_equal(handed.count, 1);
    assert_int_equal(fake_end.errors, 0);
    assert_int_equal(ticket_hash(&ticket, hash), PK_OK);
    assert_int_equal(handed.hash_len, PK_HASH_SIZE);
    assert_memory_equal(handed.hash, hash, PK_HASH_SIZE);
}

static void what_is_no_ticket_is_refused(void **state)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    char much[PK_SECRET_MAX + 1];

    (void)state;
    make_ticket(&ticket);
    memset(much, 'A', sizeof(much));
    read_text("", 0);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    read_text("junk", 4);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    read_text(much, sizeof(much));
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
    read_text(ticket.data, ticket.len - 1);
    assert_refused(PK_BUS_ERROR_TICKET_INVALID);
}

static void a_descriptor_of_another_kind_is_refused(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    read_from(ends[1], ALICE, ":1.7");
    assert_refused(PK_BUS_ERROR_INVALID_ARGUMENTS);
    (void)close(ends[0]);
}

/* A call whose ticket does not come; the writing end. */
static int wait_for_ever(uid_t uid, const char *sender)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    read_from(ends[0], uid, sender);
    return ends[1];
}

/* Nobody reads at the other end any more: what was passed is closed by a thread, soon. */
static void await_end(int fd)
{
    struct pollfd event = {.fd = fd};

    assert_int_equal(poll(&event, 1, PATIENCE_MS), 1);
}

/* Whether somebody still reads there. */
static bool is_read(int fd)
{
    struct pollfd event = {.fd = fd};

    return poll(&event, 1, 0) == 0;
}

static void tickets_are_read_in_a_limited_number(void **state)
{
    int waiting[40];
    size_t count = 0;

    (void)state;
    while (count < 4)
        waiting[count++] = wait_for_ever(ALICE, ":1.7");
    assert_int_equal(fake_end.errors, 0);
    waiting[count++] = wait_for_ever(ALICE, ":1.8");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED);
    await_end(waiting[4]);
    for (uid_t uid = BOB; count < 33; uid++)
        waiting[count++] = wait_for_ever(uid, ":1.9");
    assert_int_equal(fake_end.errors, 0);
    waiting[count++] = wait_for_ever(BOB + 100, ":1.9");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED);
    /* Root's places are its own. */
    waiting[count++] = wait_for_ever(0, ":1.10");
    assert_int_equal(fake_end.errors, 0);
    tickets_vanished(NULL);
    while (count > 0) {
        await_end(waiting[count - 1]);
        (void)close(waiting[--count]);
    }
}

static void tickets_of_who_has_left_are_dropped(void **state)
{
    int gone = wait_for_ever(ALICE, ":1.7"), there = wait_for_ever(ALICE, ":1.8");

    (void)state;
    tickets_vanished(":1.7");
    await_end(gone);
    assert_true(is_read(there));
    assert_int_equal(handed.count + fake_end.errors, 0);
    (void)close(gone);
    (void)close(there);
}

static void a_ticket_that_does_not_come_gives_its_place_up(void **state)
{
    int open_end = wait_for_ever(ALICE, ":1.7");

    (void)state;
    (void)event_base_loop(passkeyd.base, EVLOOP_NONBLOCK);
    assert_true(is_read(open_end));
    ahead_s += 20;
    (void)event_base_loop(passkeyd.base, EVLOOP_NONBLOCK);
    (void)event_base_loop(passkeyd.base, EVLOOP_NONBLOCK);
    assert_refused(PK_BUS_ERROR_INVALID_ARGUMENTS);
    await_end(open_end);
    (void)close(open_end);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(without_a_ticket_the_call_goes_on),
        TEST(a_ticket_is_handed_on_by_its_hash),
        TEST(what_is_no_ticket_is_refused),
        TEST(a_descriptor_of_another_kind_is_refused),
        TEST(tickets_are_read_in_a_limited_number),
        TEST(tickets_of_who_has_left_are_dropped),
        TEST(a_ticket_that_does_not_come_gives_its_place_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
