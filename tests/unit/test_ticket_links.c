/* SPDX-License-Identifier: BSD-2-Clause */
/* Who waits for the use of an enrolment link, and what each of them is told, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/ticket_links.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/request.h"
#include "daemon/jobs/jobs.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/store_fixture.h"

#include <event2/event.h>
#include <string.h>

#define USED    "{\"outcome\":\"used\"}"
#define WAITING 32

static struct daemon passkeyd;
static uint8_t link_hash[PK_HASH_SIZE];
static char *link_id;

/* A link of alice's, who has a row. */
static void make_link(struct fixture *fixture, int64_t lifetime)
{
    PK_AUTO_SECRET struct pk_secret ticket = {0};
    AUTO_ACCOUNT struct account row = {.uid = PK_NO_UID};
    struct store *store = fixture->store;

    assert_int_equal(
        store->verbs->account(store, "default", "alice", 1000, ACCOUNT_CREATE_LISTED, &row), PK_OK);
    assert_int_equal(link_ticket_create(store, &row, pk_clock_now() + lifetime, &ticket), PK_OK);
    assert_int_equal(link_ticket_hash(pk_secret_view(&ticket), link_hash), PK_OK);
    free(link_id);
    link_id = pk_base64url_encode((struct pk_view){link_hash, sizeof(link_hash)});
    assert_non_null(link_id);
}

static int begin(void **state)
{
    int result = set_up(state);

    fake_bus_reset();
    passkeyd.store = ((struct fixture *)*state)->store;
    passkeyd.base = event_base_new();
    passkeyd.jobs = jobs_new(passkeyd.base);
    make_link(*state, 600);
    return result || !passkeyd.jobs;
}

static int end(void **state)
{
    ticket_links_vanished(NULL);
    requests_vanished(NULL);
    assert_true(jobs_free(passkeyd.jobs, 30));
    event_base_free(passkeyd.base);
    free(link_id);
    link_id = NULL;
    return tear_down(state);
}

static void ask(const char *sender, const char *id)
{
    credentials_await_ticket_link(&passkeyd, fake_call(0, sender, id));
}

/* Until so many calls have been answered. */
static void await_answers(unsigned count)
{
    while (fake_end.replies + fake_end.errors < count)
        assert_int_equal(event_base_loop(passkeyd.base, EVLOOP_ONCE), 0);
    assert_int_equal(fake_end.replies + fake_end.errors, count);
}

static void assert_failed(const char *error)
{
    await_answers(1);
    assert_string_equal(fake_end.error, error);
    fake_bus_reset();
}

/* Asks, and goes on until it waits, which is when its deadline is set. */
static void wait_for_it(const char *sender)
{
    const int before = event_base_get_num_events(passkeyd.base, EVENT_BASE_COUNT_ADDED);

    ask(sender, link_id);
    while (event_base_get_num_events(passkeyd.base, EVENT_BASE_COUNT_ADDED) == before)
        assert_int_equal(event_base_loop(passkeyd.base, EVLOOP_ONCE), 0);
    assert_int_equal(fake_end.replies + fake_end.errors, 0);
}

static bool is_alice(const void *data, const struct account *account)
{
    (void)data;
    return strcmp(account->name, "alice") == 0 && account->uid == 1000;
}

static bool is_nobody(const void *data, const struct account *account)
{
    (void)data, (void)account;
    return false;
}

static void links_that_there_are_not(void **state)
{
    (void)state;
    ask(":1.7", "");
    assert_failed(PK_BUS_ERROR_INVALID_ARGUMENTS);
    ask(":1.7", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_failed(PK_BUS_ERROR_INVALID_ARGUMENTS);
    ask(":1.7", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_failed(PK_BUS_ERROR_TICKET_INVALID);
}

/* Each who waits for this one, and nobody else. */
static void everybody_is_told(void **state)
{
    static const uint8_t other[PK_HASH_SIZE] = "another link's";

    (void)state;
    wait_for_it(":1.7");
    wait_for_it(":1.8");
    ticket_link_used(other, USED);
    assert_int_equal(fake_end.replies, 0);
    ticket_link_used(link_hash, USED);
    assert_int_equal(fake_end.replies, 2);
    assert_int_equal(fake_end.errors, 0);
    ticket_link_used(link_hash, USED);
    assert_int_equal(fake_end.replies, 2);
}

static void a_use_that_was_quicker(void **state)
{
    (void)state;
    ticket_link_used(link_hash, USED);
    ask(":1.7", link_id);
    await_answers(1);
    assert_int_equal(fake_end.replies, 1);
}

static void its_time_is_over(void **state)
{
    make_link(*state, 1);
    ask(":1.7", link_id);
    await_answers(1);
    assert_string_equal(fake_end.error, "");
}

static void the_account_is_gone(void **state)
{
    (void)state;
    wait_for_it(":1.7");
    ticket_links_drop_gone(is_nobody, NULL);
    assert_int_equal(fake_end.replies, 0);
    ticket_links_drop_gone(is_alice, NULL);
    assert_int_equal(fake_end.replies, 1);
}

/* One who left is told nothing, and makes room. */
static void not_too_many_wait(void **state)
{
    (void)state;
    for (int i = 0; i < WAITING; i++)
        wait_for_it(i % 2 ? ":1.7" : ":1.8");
    ask(":1.9", link_id);
    assert_failed(PK_BUS_ERROR_LIMIT_EXCEEDED);
    ticket_links_vanished(":1.7");
    wait_for_it(":1.9");
    ticket_link_used(link_hash, USED);
    assert_int_equal(fake_end.replies, WAITING / 2 + 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(links_that_there_are_not), TEST(everybody_is_told),   TEST(a_use_that_was_quicker),
        TEST(its_time_is_over),         TEST(the_account_is_gone), TEST(not_too_many_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
