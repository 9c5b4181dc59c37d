/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements are compiled once for each thread: what one query did shows in no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "store/sqlite/query.h"
#include "tests/unit/store_fixture.h"

#include <pthread.h>

#define NUMBERS "SELECT column1 FROM (VALUES (1), (2), (3))"

static struct sqlite_store *store_of(void **state)
{
    return (struct sqlite_store *)((struct fixture *)*state)->store;
}

static void expect_row(struct query *query, int64_t value)
{
    assert_int_equal(query_step(query), PK_OK);
    assert_int_equal(column_integer(query, 0), value);
}

static void two_at_once_have_rows_of_their_own(void **state)
{
    AUTO_QUERY struct query one = query_new(store_of(state), NUMBERS);
    AUTO_QUERY struct query two = query_new(store_of(state), NUMBERS);

    expect_row(&one, 1);
    expect_row(&one, 2);
    expect_row(&two, 1);
    expect_row(&one, 3);
    expect_row(&two, 2);
    assert_int_equal(query_step(&one), PK_NOT_FOUND);
}

static void the_next_one_begins_anew(void **state)
{
    for (int i = 0; i < 3; i++) {
        AUTO_QUERY struct query query = query_new(store_of(state), NUMBERS);

        expect_row(&query, 1);
        expect_row(&query, 2);
    }
}

static void what_was_bound_is_gone(void **state)
{
    for (int i = 0; i < 3; i++) {
        AUTO_QUERY struct query query = query_new(store_of(state), "SELECT ? IS NULL");

        if (i == 1)
            bind_text(&query, "somebody's");
        expect_row(&query, i != 1);
    }
}

static void more_than_are_kept_work_as_well(void **state)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3 * STATEMENTS_MAX; i++) {
            PK_AUTO_FREE char *sql = pk_text_format("SELECT %d", i);
            AUTO_QUERY struct query query = query_new(store_of(state), sql);

            expect_row(&query, i);
        }
}

static void a_failure_is_not_kept(void **state)
{
    for (int i = 0; i < 2; i++) {
        AUTO_QUERY struct query query = query_new(store_of(state), "SELECT nothing");
        AUTO_QUERY struct query good = query_new(store_of(state), NUMBERS);

        assert_int_equal(query_step(&query), PK_STORAGE);
        expect_row(&good, 1);
    }
}

static void *count_up(void *data)
{
    for (int i = 0; i < 200; i++) {
        AUTO_QUERY struct query query = query_new(data, NUMBERS);

        for (int64_t number = 1; number <= 3; number++)
            if (query_step(&query) != PK_OK || column_integer(&query, 0) != number)
                return data;
    }
    return NULL;
}

static void threads_have_their_own(void **state)
{
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, store_of(state)), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(two_at_once_have_rows_of_their_own),
        TEST(the_next_one_begins_anew),
        TEST(what_was_bound_is_gone),
        TEST(more_than_are_kept_work_as_well),
        TEST(a_failure_is_not_kept),
        TEST(threads_have_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
