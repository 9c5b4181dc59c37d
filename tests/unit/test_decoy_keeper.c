/* SPDX-License-Identifier: BSD-2-Clause */
/* The key for decoys, of a store that is away at first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/accounts/decoy_keeper.h"
#include "daemon/jobs/jobs.h"
#include "tests/unit/store_fixture.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <string.h>

/* So many questions in a row are not answered. */
static atomic_int away;
static struct store_verbs verbs;
static enum pk_status (*real_get)(struct store *store, const char *key, struct pk_bytes *ret);

static enum pk_status get(struct store *store, const char *key, struct pk_bytes *ret)
{
    if (atomic_fetch_sub(&away, 1) > 0)
        return PK_STORAGE;
    return real_get(store, key, ret);
}

static struct store *absent(void **state, int times)
{
    struct store *store = ((struct fixture *)*state)->store;

    verbs = *store->verbs;
    real_get = verbs.get;
    verbs.get = get;
    store->verbs = &verbs;
    atomic_store(&away, times);
    return store;
}

static void it_is_asked_until_it_answers(void **state)
{
    static const uint8_t stored[DECOY_KEY_SIZE] = {7, 7, 7};
    struct store *store = absent(state, 2);
    struct event_base *base = event_base_new();
    struct jobs *jobs = jobs_new(base);
    struct decoy_keeper *keeper = NULL;

    assert_int_equal(
        store->verbs->put(store, "decoy-key", (struct pk_view){stored, sizeof(stored)}), PK_OK);
    assert_int_equal(decoy_keeper_new(store, jobs, base, &keeper), PK_OK);
    assert_memory_not_equal(decoy_keeper_key(keeper), stored, sizeof(stored));
    while (memcmp(decoy_keeper_key(keeper), stored, sizeof(stored)) != 0)
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    assert_true(atomic_load(&away) < 0);
    assert_true(jobs_free(jobs, 5));
    decoy_keeper_free(keeper);
    event_base_free(base);
}

static void one_that_answers_is_asked_once(void **state)
{
    struct store *store = absent(state, 0);
    struct event_base *base = event_base_new();
    struct jobs *jobs = jobs_new(base);
    struct decoy_keeper *keeper = NULL;
    uint8_t before[DECOY_KEY_SIZE];

    assert_int_equal(decoy_keeper_new(store, jobs, base, &keeper), PK_OK);
    memcpy(before, decoy_keeper_key(keeper), sizeof(before));
    assert_int_equal(jobs_count(jobs), 0);
    decoy_keeper_free(keeper);
    assert_int_equal(decoy_keeper_new(store, jobs, base, &keeper), PK_OK);
    assert_memory_equal(decoy_keeper_key(keeper), before, sizeof(before));
    assert_true(jobs_free(jobs, 5));
    decoy_keeper_free(keeper);
    event_base_free(base);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_asked_until_it_answers),
        TEST(one_that_answers_is_asked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
