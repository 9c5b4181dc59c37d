/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/decision_keeper.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "daemon/jobs/jobs.h"
#include "store/store.h"

#include <event2/event.h>
#include <stdlib.h>

/* One write, of what was decided until it began. */
struct writing {
    struct job job;
    struct decision_keeper *keeper; /* for the loop */
    struct store *store;
    struct kept_decision_list list;
    size_t max_refusals;
    enum pk_status status; /* not PK_OK: nothing was written */
    bool goes_on;          /* the daemon does not end */
};

struct decision_keeper {
    struct decision_keeper_setup setup;
    struct recent_decisions *recent;
    struct event *timer;
    struct writing *writing; /* in progress; NULL: none */
    bool due, refusals_due;  /* another one */
    int64_t window;          /* when the time began in which so many refusals are written */
    size_t written;          /* in it */
};

/* --- writing ---------------------------------------------------------------------------------- */

/* Runs on a worker, or when there are no more. */
static enum pk_status write_list(struct store *store, struct kept_decision_list *list,
                                 size_t max_refusals)
{
    enum pk_status status = store->verbs->decisions_add(store, list, max_refusals);

    if (status != PK_OK)
        pk_log(LOG_ERR, "decisions could not be kept for the people's own pages: %s%s%s",
               pk_status_name(status), status == PK_STORAGE ? ": " : "",
               status == PK_STORAGE ? store_error() : "");
    return status;
}

static enum pk_status run(struct job *job)
{
    struct writing *writing = (struct writing *)job;

    writing->status = write_list(writing->store, &writing->list, writing->max_refusals);
    return PK_OK;
}

static void wait_for_time(struct decision_keeper *keeper)
{
    static const struct timeval wait = {KEEPER_SECONDS, 0};

    if (!evtimer_pending(keeper->timer, NULL))
        (void)evtimer_add(keeper->timer, &wait);
}

static void begin(struct decision_keeper *keeper, bool refusals);

static void done(struct job *job, enum pk_status status)
{
    (void)status; /* writing->status says whether a worker wrote it */
    ((struct writing *)job)->goes_on = true;
}

static void settle(struct decision_keeper *keeper, const struct writing *writing)
{
    bool again = writing->status != PK_OK;

    for (size_t i = 0; i < writing->list.count; i++) {
        const struct kept_decision *kept = &writing->list.items[i];

        keeper->written += !writing->status && !kept->approved && kept->fate == DECISION_KEPT;
        again = again || kept->fate == DECISION_LATER;
    }
    recent_decisions_settle(keeper->recent, &writing->list, writing->status);
    if (again)
        wait_for_time(keeper);
}

/* Also where the end of the daemon came before done(). */
static void release(struct job *job)
{
    struct writing *writing = (struct writing *)job;
    struct decision_keeper *keeper = writing->keeper;
    bool again = writing->goes_on && keeper->due;

    settle(keeper, writing);
    keeper->writing = NULL;
    kept_decision_list_clear(&writing->list);
    free(writing);
    if (again)
        begin(keeper, keeper->refusals_due);
}

static size_t refusals_left(struct decision_keeper *keeper)
{
    int64_t now = pk_clock_monotonic();

    if (now - keeper->window >= KEEPER_SECONDS) {
        keeper->window = now;
        keeper->written = 0;
    }
    return keeper->written < KEEPER_REFUSALS ? KEEPER_REFUSALS - keeper->written : 0;
}

static void begin(struct decision_keeper *keeper, bool refusals)
{
    static const struct job_step steps[] = {{JOB_WORKER, run}, {0}};
    static const struct job_plan plan = {steps, done, release};
    struct writing *writing;

    keeper->due = keeper->writing != NULL;
    keeper->refusals_due = keeper->due && (keeper->refusals_due || refusals);
    if (keeper->due)
        return;
    writing = calloc(1, sizeof(*writing));
    if (!writing || recent_decisions_take(keeper->recent, refusals, &writing->list) != PK_OK) {
        free(writing);
        wait_for_time(keeper);
        return;
    }
    writing->keeper = keeper;
    writing->store = keeper->setup.store;
    writing->max_refusals = refusals_left(keeper);
    writing->status = PK_BUSY;
    keeper->writing = writing;
    job_start(keeper->setup.jobs, &writing->job, &plan, JOB_DAEMON);
}

static void on_time(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    begin(data, true);
}

/* --- what is decided -------------------------------------------------------------------------- */

void decision_keeper_add(struct decision_keeper *keeper, const struct decision *decision,
                         int64_t now)
{
    if (!keeper->setup.is_shown(keeper->setup.data, decision->rp))
        return;
    recent_decisions_add(keeper->recent, decision, now);
    if (decision->approval)
        begin(keeper, false);
    else if (recent_decisions_unknown(keeper->recent) >= DECISIONS_ACCOUNTS / 2)
        begin(keeper, true); /* so that names of nobody push out no account's */
    else
        wait_for_time(keeper);
}

const struct recent_decisions *decision_keeper_recent(const struct decision_keeper *keeper)
{
    return keeper->recent;
}

/* --- start and end ---------------------------------------------------------------------------- */

enum pk_status decision_keeper_new(const struct decision_keeper_setup *setup,
                                   struct decision_keeper **ret)
{
    struct decision_keeper *keeper;
    int64_t last = 0;
    enum pk_status status = PK_OK;

    if (!setup->shared)
        status = setup->store->verbs->decisions_last(setup->store, &last);
    if (status != PK_OK)
        return status;
    keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return PK_NO_MEMORY;
    keeper->setup = *setup;
    keeper->window = pk_clock_monotonic();
    keeper->recent = recent_decisions_new(last, setup->shared);
    keeper->timer = evtimer_new(setup->base, on_time, keeper);
    if (keeper->recent && keeper->timer) {
        *ret = keeper;
        return PK_OK;
    }
    if (keeper->recent)
        recent_decisions_free(keeper->recent);
    if (keeper->timer)
        event_free(keeper->timer);
    free(keeper);
    return PK_NO_MEMORY;
}

void decision_keeper_free(struct decision_keeper *keeper)
{
    AUTO_KEPT_DECISION_LIST struct kept_decision_list list = {0};

    if (recent_decisions_take(keeper->recent, true, &list) == PK_OK && list.count > 0)
        (void)write_list(keeper->setup.store, &list, refusals_left(keeper));
    recent_decisions_free(keeper->recent);
    event_free(keeper->timer);
    free(keeper);
}
