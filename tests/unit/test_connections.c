/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/connections.h"

static const struct gateway_limits limits = {.connections = 5,
                                             .address_connections = 3,
                                             .header_seconds = 10,
                                             .body_seconds = 20,
                                             .idle_seconds = 60};

static struct connections all;

static struct connection *add(uint8_t host, enum connection_state state, int64_t since)
{
    const struct connection made = {
        .peer = {.bytes = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = host}},
        .state = state,
        .since = since};
    struct connection *added = connections_add(&all, &made);

    assert_non_null(added);
    return added;
}

static bool make_room(uint8_t host, bool is_proxy, struct connection **ret)
{
    const struct address peer = {.bytes = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = host}};

    *ret = NULL;
    return connections_make_room(&all, &peer, is_proxy, &limits, ret);
}

static int clear(void **state)
{
    (void)state;
    while (all.first)
        connections_remove(&all, all.first);
    assert_int_equal(all.count, 0);
    return 0;
}

static void one_of_the_same_address_gives_way(void **state)
{
    struct connection *victim;
    struct connection *oldest;

    (void)state;
    (void)add(2, CONNECTION_NEW, 1);
    (void)add(1, CONNECTION_NEW, 7);
    oldest = add(1, CONNECTION_HEADERS, 5);
    (void)add(1, CONNECTION_IDLE, 2);
    assert_true(make_room(1, false, &victim));
    assert_ptr_equal(victim, oldest);
    assert_true(make_room(2, false, &victim));
    assert_null(victim);
    connection_enter(&all, oldest, CONNECTION_ENDING, 9);
    assert_true(make_room(1, false, &victim));
    assert_null(victim);
}

static void idle_ones_go_after_those_that_have_shown_nothing(void **state)
{
    struct connection *victim;
    struct connection *idle;

    (void)state;
    (void)add(1, CONNECTION_IDLE, 4);
    idle = add(1, CONNECTION_IDLE, 3);
    (void)add(1, CONNECTION_WORKING, 1);
    assert_true(make_room(1, false, &victim));
    assert_ptr_equal(victim, idle);
}

static void who_works_is_not_disturbed(void **state)
{
    struct connection *victim;

    (void)state;
    (void)add(1, CONNECTION_WORKING, 1);
    (void)add(1, CONNECTION_ANSWERING, 1);
    (void)add(1, CONNECTION_WORKING, 1);
    assert_false(make_room(1, false, &victim));
    assert_null(victim);
    assert_true(make_room(1, true, &victim)); /* a proxy is many */
    assert_null(victim);
    (void)add(2, CONNECTION_WORKING, 1);
    (void)add(3, CONNECTION_WORKING, 1);
    assert_false(make_room(4, false, &victim));
}

static void where_all_places_are_taken(void **state)
{
    struct connection *victim;
    struct connection *oldest;

    (void)state;
    oldest = add(1, CONNECTION_BODY, 1);
    (void)add(2, CONNECTION_NEW, 2);
    (void)add(3, CONNECTION_NEW, 3);
    (void)add(4, CONNECTION_NEW, 4);
    (void)add(5, CONNECTION_NEW, 5);
    assert_true(make_room(6, false, &victim));
    assert_ptr_equal(victim, oldest);
}

static void who_is_slow(void **state)
{
    static const struct {
        enum connection_state state;
        int64_t seconds;
    } rows[] = {
        {CONNECTION_NEW, 10},
        {CONNECTION_HEADERS, 10},
        {CONNECTION_BODY, 20},
        {CONNECTION_IDLE, 60},
    };
    struct connection *working = add(1, CONNECTION_WORKING, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct connection *each = add(1, rows[i].state, 1000);

        assert_false(connection_is_slow(each, &limits, 1000 + rows[i].seconds * 1000));
        assert_true(connection_is_slow(each, &limits, 1001 + rows[i].seconds * 1000));
    }
    assert_false(connection_is_slow(working, &limits, 1000000000));
}

static void what_ends_stays_so(void **state)
{
    struct connection *each = add(1, CONNECTION_NEW, 0);

    (void)state;
    assert_int_equal(all.count, 1);
    connection_enter(&all, each, CONNECTION_ENDING, 1);
    assert_int_equal(all.count, 0);
    connection_enter(&all, each, CONNECTION_IDLE, 2);
    connection_enter(&all, each, CONNECTION_ENDING, 3);
    assert_int_equal(each->state, CONNECTION_ENDING);
    assert_int_equal(all.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_of_the_same_address_gives_way, clear),
        cmocka_unit_test_teardown(idle_ones_go_after_those_that_have_shown_nothing, clear),
        cmocka_unit_test_teardown(who_works_is_not_disturbed, clear),
        cmocka_unit_test_teardown(where_all_places_are_taken, clear),
        cmocka_unit_test_teardown(who_is_slow, clear),
        cmocka_unit_test_teardown(what_ends_stays_so, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
