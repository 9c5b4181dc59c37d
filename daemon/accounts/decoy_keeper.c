/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/decoy_keeper.h"

#include "common/base/log.h"
#include "daemon/jobs/jobs.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_FIRST 1  /* seconds, and twice as long each time */
#define AGAIN_MOST  60

struct decoy_keeper {
    struct store *store;
    struct jobs *jobs;
    struct event *again;
    int wait; /* before it is asked the next time, in seconds */
    uint8_t key[DECOY_KEY_SIZE];
};

struct loading {
    struct job job;
    struct decoy_keeper *keeper;
    uint8_t key[DECOY_KEY_SIZE];
};

static void try_later(struct decoy_keeper *keeper)
{
    const struct timeval later = {keeper->wait, 0};

    (void)evtimer_add(keeper->again, &later);
    keeper->wait = keeper->wait * 2 > AGAIN_MOST ? AGAIN_MOST : keeper->wait * 2;
}

static enum pk_status load(struct job *job)
{
    struct loading *loading = (struct loading *)job;

    return decoy_key_load(loading->keeper->store, loading->key);
}

static void loaded(struct job *job, enum pk_status status)
{
    struct loading *loading = (struct loading *)job;
    struct decoy_keeper *keeper = loading->keeper;

    if (status) {
        try_later(keeper);
        return;
    }
    memcpy(keeper->key, loading->key, sizeof(keeper->key));
    pk_log(LOG_NOTICE, "the store has said the key for decoys");
}

static void release(struct job *job)
{
    struct loading *loading = (struct loading *)job;

    explicit_bzero(loading->key, sizeof(loading->key));
    free(loading);
}

static void on_time(evutil_socket_t fd, short what, void *data)
{
    static const struct job_step steps[] = {{JOB_WORKER, load}, {0}};
    static const struct job_plan plan = {steps, loaded, release};
    struct decoy_keeper *keeper = data;
    struct loading *loading = calloc(1, sizeof(*loading));

    (void)fd, (void)what;
    if (!loading) {
        try_later(keeper);
        return;
    }
    loading->keeper = keeper;
    job_start(keeper->jobs, &loading->job, &plan, JOB_DAEMON);
}

enum pk_status decoy_keeper_new(struct store *store, struct jobs *jobs, struct event_base *base,
                                struct decoy_keeper **ret)
{
    struct decoy_keeper *keeper = calloc(1, sizeof(*keeper));
    enum pk_status status;

    if (!keeper)
        return PK_NO_MEMORY;
    keeper->store = store;
    keeper->jobs = jobs;
    keeper->wait = AGAIN_FIRST;
    keeper->again = evtimer_new(base, on_time, keeper);
    if (!keeper->again) {
        free(keeper);
        return PK_NO_MEMORY;
    }
    status = decoy_key_load(store, keeper->key);
    if (status) {
        pk_log(LOG_WARNING, "decoys are others until the store says their key: %s",
               pk_status_name(status));
        try_later(keeper);
    }
    *ret = keeper;
    return PK_OK;
}

void decoy_keeper_free(struct decoy_keeper *keeper)
{
    event_free(keeper->again);
    explicit_bzero(keeper->key, sizeof(keeper->key));
    free(keeper);
}

const uint8_t *decoy_keeper_key(const struct decoy_keeper *keeper)
{
    return keeper->key;
}
