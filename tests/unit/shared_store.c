/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/shared_store.h"

#include "common/base/clock.h"
#include "common/base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct kept {
    TAILQ_ENTRY(kept) entry;
    struct kept_ceremony ceremony;
};
TAILQ_HEAD(kept_list, kept);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
    struct kept_list list; /* the oldest first */
    size_t max;
    enum shared_trouble add, take;
    unsigned to_meet, held;
    bool hold;
} shared;

static struct kept *find(const char *rp, const char *id)
{
    struct kept *kept;

    TAILQ_FOREACH(kept, &shared.list, entry)
    if (strcmp(kept->ceremony.rp, rp) == 0 && strcmp(kept->ceremony.id, id) == 0)
        return kept;
    return NULL;
}

static void drop(struct kept *kept)
{
    TAILQ_REMOVE(&shared.list, kept, entry);
    kept_ceremony_clear(&kept->ceremony);
    free(kept);
}

/* The oldest anonymous one goes where it is too many. */
static enum pk_status make_room(const char *rp, size_t max)
{
    struct kept *kept, *anonymous = NULL;
    size_t count = 0;

    TAILQ_FOREACH(kept, &shared.list, entry)
    {
        if (strcmp(kept->ceremony.rp, rp) != 0 || kept->ceremony.expires <= pk_clock_now())
            continue;
        count++;
        if (kept->ceremony.anonymous && !anonymous)
            anonymous = kept;
    }
    if (count < (shared.max ? shared.max : max))
        return PK_OK;
    if (!anonymous)
        return PK_LIMIT_EXCEEDED;
    drop(anonymous);
    return PK_OK;
}

static enum pk_status add(const struct kept_ceremony *ceremony, size_t max)
{
    struct kept *before = find(ceremony->rp, ceremony->id);
    struct kept *kept;
    enum pk_status status;

    if (before && !ceremony->replaces)
        return PK_EXISTS;
    if (before)
        drop(before);
    status = make_room(ceremony->rp, max);
    if (status)
        return status;
    kept = calloc(1, sizeof(*kept));
    if (!kept)
        return PK_NO_MEMORY;
    kept->ceremony.expires = ceremony->expires;
    kept->ceremony.anonymous = ceremony->anonymous;
    kept->ceremony.rp = strdup(ceremony->rp);
    kept->ceremony.id = strdup(ceremony->id);
    TAILQ_INSERT_TAIL(&shared.list, kept, entry);
    return pk_bytes_copy(pk_view_of(&ceremony->data), &kept->ceremony.data);
}

static enum pk_status take(const char *rp, const char *id, int64_t now, struct pk_bytes *ret)
{
    struct kept *kept = find(rp, id);

    if (!kept)
        return PK_NOT_FOUND;
    if (kept->ceremony.expires > now) {
        *ret = kept->ceremony.data;
        kept->ceremony.data = (struct pk_bytes){0};
    }
    drop(kept);
    return ret->data ? PK_OK : PK_NOT_FOUND;
}

/* --- the verbs -------------------------------------------------------------------------------- */

static enum pk_status away(void)
{
    store_set_error("the server is away");
    return PK_STORAGE;
}

static enum pk_status ceremony_add(struct store *store, const struct kept_ceremony *ceremony,
                                   size_t max)
{
    enum shared_trouble trouble;
    enum pk_status status = PK_OK;

    (void)store;
    (void)pthread_mutex_lock(&lock);
    trouble = shared.add;
    if (trouble != SHARED_AWAY)
        status = add(ceremony, max);
    (void)pthread_mutex_unlock(&lock);
    return trouble == SHARED_WORKS ? status : away();
}

static void wait_for_others(void)
{
    if (shared.to_meet > 0 && --shared.to_meet == 0)
        (void)pthread_cond_broadcast(&changed);
    while (shared.to_meet > 0)
        (void)pthread_cond_wait(&changed, &lock);
    shared.held++;
    (void)pthread_cond_broadcast(&changed);
    while (shared.hold)
        (void)pthread_cond_wait(&changed, &lock);
    shared.held--;
}

static enum pk_status ceremony_take(struct store *store, const char *rp, const char *id,
                                    int64_t now, struct pk_bytes *ret)
{
    PK_AUTO_BYTES struct pk_bytes data = {0};
    enum shared_trouble trouble;
    enum pk_status status = PK_OK;

    (void)store;
    (void)pthread_mutex_lock(&lock);
    wait_for_others();
    trouble = shared.take;
    if (trouble != SHARED_AWAY)
        status = take(rp, id, now, &data);
    (void)pthread_mutex_unlock(&lock);
    if (trouble != SHARED_WORKS)
        return away();
    *ret = data;
    data = (struct pk_bytes){0};
    return status;
}

/* --- the test's ------------------------------------------------------------------------------- */

void shared_store_open(struct store_verbs *verbs)
{
    (void)memset(&shared, 0, sizeof(shared));
    TAILQ_INIT(&shared.list);
    verbs->ceremony_add = ceremony_add;
    verbs->ceremony_take = ceremony_take;
}

void shared_store_close(void)
{
    while (!TAILQ_EMPTY(&shared.list))
        drop(TAILQ_FIRST(&shared.list));
}

size_t shared_store_count(void)
{
    const struct kept *kept;
    size_t count = 0;

    (void)pthread_mutex_lock(&lock);
    TAILQ_FOREACH(kept, &shared.list, entry)
    count++;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

struct pk_view shared_store_record(const char *rp, const char *id)
{
    const struct kept *kept;
    struct pk_view record;

    (void)pthread_mutex_lock(&lock);
    kept = find(rp, id);
    record = kept ? pk_view_of(&kept->ceremony.data) : (struct pk_view){0};
    (void)pthread_mutex_unlock(&lock);
    return record;
}

void shared_store_replace(const char *rp, const char *id, struct pk_view record)
{
    struct pk_bytes copy = {0};
    struct kept *kept;

    assert_int_equal(pk_bytes_copy(record, &copy), PK_OK);
    (void)pthread_mutex_lock(&lock);
    kept = find(rp, id);
    assert_non_null(kept);
    pk_bytes_clear(&kept->ceremony.data);
    kept->ceremony.data = copy;
    (void)pthread_mutex_unlock(&lock);
}

void shared_store_limit(size_t max)
{
    (void)pthread_mutex_lock(&lock);
    shared.max = max;
    (void)pthread_mutex_unlock(&lock);
}

void shared_store_trouble(enum shared_trouble add, enum shared_trouble take)
{
    (void)pthread_mutex_lock(&lock);
    shared.add = add;
    shared.take = take;
    (void)pthread_mutex_unlock(&lock);
}

void shared_store_meet(unsigned count)
{
    (void)pthread_mutex_lock(&lock);
    shared.to_meet = count;
    (void)pthread_mutex_unlock(&lock);
}

void shared_store_hold(bool hold)
{
    (void)pthread_mutex_lock(&lock);
    shared.hold = hold;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

void shared_store_wait_held(void)
{
    (void)pthread_mutex_lock(&lock);
    while (shared.held == 0)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}
