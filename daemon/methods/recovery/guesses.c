/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/recovery/guesses.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/dialogue/network.h"

#include <string.h>

/*
 * A row that is taken from a source while it still counts would forget tries. Remote sources cannot
 * bring that about: until a full row has emptied, the limit in total lets by
 * GUESSES_IN_TOTAL + GUESSES_PER_SOURCE * GUESS_SECONDS / GUESS_TOTAL_SECONDS tries, which are
 * fewer than there are rows.
 */
#define SOURCES_KEPT 1024

/* Empties by one try in each period. */
struct counter {
    int64_t empty_at; /* monotonic seconds */
};

static struct row {
    uint8_t key[PK_HASH_SIZE];
    struct counter tries;
} rows[SOURCES_KEPT];

static struct counter total;

static bool has_room(const struct counter *counter, int64_t limit, int64_t period)
{
    return counter->empty_at - pk_clock_monotonic() <= (limit - 1) * period;
}

static void add(struct counter *counter, int64_t period)
{
    int64_t now = pk_clock_monotonic();

    counter->empty_at = (counter->empty_at > now ? counter->empty_at : now) + period;
}

/* Of this source; otherwise the one that has been, or will be, empty for the longest time. */
static struct row *find_row(const struct guess_source *source)
{
    struct row *oldest = &rows[0];

    for (size_t i = 0; i < SOURCES_KEPT; i++) {
        if (memcmp(rows[i].key, source->key, PK_HASH_SIZE) == 0)
            return &rows[i];
        if (rows[i].tries.empty_at < oldest->tries.empty_at)
            oldest = &rows[i];
    }
    return oldest;
}

bool guesses_take(const struct guess_source *source)
{
    struct row *row = find_row(source);

    if (memcmp(row->key, source->key, PK_HASH_SIZE) != 0) {
        *row = (struct row){.tries = {0}};
        (void)memcpy(row->key, source->key, PK_HASH_SIZE);
    }
    if (!has_room(&row->tries, GUESSES_PER_SOURCE, GUESS_SECONDS) ||
        (source->remote && !has_room(&total, GUESSES_IN_TOTAL, GUESS_TOTAL_SECONDS)))
        return false;
    add(&row->tries, GUESS_SECONDS);
    if (source->remote)
        add(&total, GUESS_TOTAL_SECONDS);
    return true;
}

void guesses_give_back(const struct guess_source *source)
{
    struct row *row = find_row(source);

    if (memcmp(row->key, source->key, PK_HASH_SIZE) == 0)
        row->tries.empty_at -= GUESS_SECONDS;
    if (source->remote)
        total.empty_at -= GUESS_TOTAL_SECONDS;
}

struct guess_source guess_source_of(uid_t real_uid, const char *rhost, const char *tty)
{
    struct guess_source source = {.remote = real_uid == 0 && rhost[0] != '\0'};
    char network[INET6_ADDRSTRLEN];
    PK_AUTO_FREE char *text = NULL;

    if (real_uid != 0)
        text = pk_text_format("uid %u", (unsigned)real_uid);
    else if (!source.remote)
        text = pk_text_format("terminal %s", tty);
    else
        text = pk_text_format("address %s", network_of(rhost, network) ? network : rhost);
    /* Without memory everybody is one source. */
    pk_sha256(pk_view_string(text ? text : ""), source.key);
    return source;
}
