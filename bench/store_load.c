/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon asks of its store, without the daemon: bench/store.py fills one and runs this.
 *
 *     store_load FOLDER open                          opens and closes it
 *     store_load FOLDER sign-in THREADS COUNT         finds passkeys and writes their use
 *     store_load FOLDER list COUNT                    lists one account's passkeys, as root does
 *
 * Prints microseconds of time and of processor time for each.
 */
#include "common/base/cleanup.h"
#include "store/sqlite/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 64

struct work {
    pthread_t thread;
    struct store *store;
    unsigned number;
    long count;
    enum pk_status status;
};

static double seconds(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct store *open_store(const char *folder)
{
    struct store *store = NULL;
    const char *why = "";

    if (store_sqlite_open(folder, &store, &why) == PK_OK)
        return store;
    (void)fprintf(stderr, "%s\n", why);
    exit(EXIT_FAILURE);
}

/* Passkey i is "credential-I" of user "user-I", ten of them at least; see bench/store.py. */
static enum pk_status sign_in(struct store *store, unsigned number, long when)
{
    char id[32];
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential_use use = {.sign_count = (uint32_t)when, .when = when};
    enum pk_status status;

    (void)snprintf(id, sizeof(id), "credential-%u", number % 10);
    const struct credential_filter filter = {.rp = "shop", .credential_id = pk_view_string(id)};

    status = store->verbs->list(store, &filter, &list);
    if (status == PK_OK && list.count != 1)
        status = PK_NOT_FOUND;
    return status == PK_OK ? store->verbs->use(store, filter.credential_id, &use) : status;
}

static void *work(void *data)
{
    struct work *work = data;

    for (long i = 0; i < work->count && work->status == PK_OK; i++)
        work->status = sign_in(work->store, work->number, i + 1);
    return NULL;
}

static enum pk_status sign_in_beside(struct store *store, unsigned threads, long count)
{
    struct work works[THREADS_MAX] = {0};
    enum pk_status status = PK_OK;

    for (unsigned i = 0; i < threads; i++) {
        works[i] = (struct work){.store = store, .number = i, .count = count / threads};
        if (pthread_create(&works[i].thread, NULL, work, &works[i]))
            exit(EXIT_FAILURE);
    }
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(works[i].thread, NULL);
        status = works[i].status == PK_OK ? status : works[i].status;
    }
    return status;
}

static enum pk_status list(struct store *store, long count)
{
    enum pk_status status = PK_OK;

    for (long i = 0; i < count && status == PK_OK; i++) {
        AUTO_CREDENTIAL_LIST struct credential_list list = {0};

        status =
            store->verbs->list(store, &(struct credential_filter){.account_name = "user-7"}, &list);
    }
    return status;
}

int main(int argc, char **argv)
{
    double began = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    long count = argc > 3 ? strtol(argv[argc - 1], NULL, 10) : 1;
    long threads = argc > 4 ? strtol(argv[3], NULL, 10) : 1;
    enum pk_status status = PK_OK;
    struct store *store;

    if (argc < 3 || count < 1 || threads < 1 || threads > THREADS_MAX)
        return EXIT_FAILURE;
    store = open_store(argv[1]);
    if (strcmp(argv[2], "open") != 0) {
        began = seconds(CLOCK_MONOTONIC);
        used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    }
    if (strcmp(argv[2], "sign-in") == 0)
        status = sign_in_beside(store, (unsigned)threads, count);
    else if (strcmp(argv[2], "list") == 0)
        status = list(store, count);
    if (status != PK_OK)
        (void)fprintf(stderr, "%s: %s\n", pk_status_name(status), store_error());
    (void)printf("%.1f %.1f\n", (seconds(CLOCK_MONOTONIC) - began) * 1e6 / (double)count,
                 (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) * 1e6 / (double)count);
    store->verbs->close(store);
    return status == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
