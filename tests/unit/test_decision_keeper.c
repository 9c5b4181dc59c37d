/* SPDX-License-Identifier: BSD-2-Clause */
/* What writes the last decisions: in bounds, whatever strangers try, and behind everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/auth/decision_keeper.h"
#include "daemon/jobs/jobs.h"
#include "store/store.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#define STOP_SECONDS 60 /* more than any step takes, on any machine */

/* A store in which everybody whose name begins with "a" has a passkey. */
static struct {
    size_t calls, refusals, nobody; /* of decisions_add, and what it was given */
    enum pk_status status;
} seen;

static enum pk_status add(struct store *store, struct kept_decision_list *list, size_t max_refusals)
{
    (void)store;
    seen.calls++;
    for (size_t i = 0; i < list->count && seen.status == PK_OK; i++) {
        struct kept_decision *decision = &list->items[i];

        decision->fate = decision->name[0] != 'a' ? DECISION_NOBODY
                         : max_refusals > 0       ? DECISION_KEPT
                                                  : DECISION_LATER;
        seen.nobody += decision->fate == DECISION_NOBODY;
        seen.refusals += decision->fate == DECISION_KEPT;
        max_refusals -= decision->fate == DECISION_KEPT;
    }
    return seen.status;
}

static enum pk_status last(struct store *store, int64_t *ret_id)
{
    (void)store;
    *ret_id = 41;
    return PK_OK;
}

static const struct store_verbs verbs = {.decisions_add = add, .decisions_last = last};
static struct store store = {&verbs};
static struct event_base *base;
static struct jobs *jobs;
static struct decision_keeper *keeper;

static bool is_shown(void *data, const char *rp)
{
    (void)data;
    return strcmp(rp, "default") == 0;
}

static int start(void **state)
{
    (void)state;
    seen = (typeof(seen)){0};
    base = event_base_new();
    jobs = base ? jobs_new(base) : NULL;
    return jobs && decision_keeper_new(
                       &(struct decision_keeper_setup){
                           .base = base, .jobs = jobs, .store = &store, .is_shown = is_shown},
                       &keeper) == PK_OK
               ? 0
               : -1;
}

/* As the daemon ends. */
static void end(void)
{
    assert_true(jobs_free(jobs, STOP_SECONDS));
    decision_keeper_free(keeper);
    event_base_free(base);
}

static void refuse(const char *user, const char *rp, const char *context)
{
    decision_keeper_add(keeper,
                        &(struct decision){.user = user,
                                           .rp = rp,
                                           .ceremony = PK_AUTHENTICATION,
                                           .status = PK_SIGNATURE_INVALID,
                                           .context = context},
                        1);
}

/* Until no job is left. */
static void run(void)
{
    while (jobs_count(jobs) > 0)
        assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
}

static void refuse_many(const char *prefix, unsigned count)
{
    char name[32];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "%s%u", prefix, i);
        refuse(name, "default", "{}");
    }
}

static void a_refusal_waits(void **state)
{
    (void)state;
    refuse("alice", "default", "{}");
    run();
    assert_int_equal(seen.calls, 0);
    end();
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.refusals, 1);
}

static void where_nobody_looks_nothing_is_kept(void **state)
{
    (void)state;
    refuse("alice", "shop", "{}");
    end();
    assert_int_equal(seen.calls, 0);
}

/* Somebody tries alice, and then so many names that hers would be pushed out. */
static void names_of_nobody_are_looked_up_and_dropped(void **state)
{
    (void)state;
    refuse("alice", "default", "{}");
    for (unsigned i = 0; i < 8; i++) {
        refuse_many("nobody", DECISIONS_ACCOUNTS / 2);
        run();
    }
    assert_int_equal(seen.refusals, 1);
    assert_true(seen.nobody >= 7 * DECISIONS_ACCOUNTS / 2);
    assert_true(seen.calls <= 16); /* one that comes too early, each time */
    end();
    assert_int_equal(seen.refusals, 1);
}

/* However many accounts somebody knows. */
static void so_many_refusals_are_written_in_a_while(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        refuse_many("a", DECISIONS_ACCOUNTS);
        run();
    }
    assert_int_equal(seen.refusals, KEEPER_REFUSALS);
    end();
    assert_int_equal(seen.refusals, KEEPER_REFUSALS);
}

static void what_failed_is_tried_again(void **state)
{
    (void)state;
    seen.status = PK_STORAGE;
    refuse_many("a", DECISIONS_ACCOUNTS / 2);
    run();
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.refusals, 0);
    seen.status = PK_OK;
    end();
    assert_int_equal(seen.refusals, KEEPER_REFUSALS);
}

/* A job that waits is released without having run: the last write has what it had. */
static void the_end_comes_before_a_worker(void **state)
{
    (void)state;
    refuse_many("a", DECISIONS_ACCOUNTS / 2);
    end();
    assert_int_equal(seen.refusals, KEEPER_REFUSALS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_refusal_waits, start),
        cmocka_unit_test_setup(where_nobody_looks_nothing_is_kept, start),
        cmocka_unit_test_setup(names_of_nobody_are_looked_up_and_dropped, start),
        cmocka_unit_test_setup(so_many_refusals_are_written_in_a_while, start),
        cmocka_unit_test_setup(what_failed_is_tried_again, start),
        cmocka_unit_test_setup(the_end_comes_before_a_worker, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
