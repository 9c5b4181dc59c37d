/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of the PostgreSQL store about ceremonies. One that is added may get lost in a crash,
 * which refuses an answer: that is not waited for. One that is taken is gone wherever the server
 * may go, before anybody has its data.
 */
#include "store/postgresql/verbs.h"

#include "common/base/clock.h"

#define KEEP_SECONDS 600 /* after it has expired, so that the daemon can say so */
#define PRUNE_MAX    1000
#define ROOMS        16 /* relying parties that a thread knows of */

/* --- room ------------------------------------------------------------------------------------- */

/* Those of the relying party that have not expired, as far as they matter. */
static enum pk_status count_living(struct pg_connection *connection, const char *rp, size_t max,
                                   size_t *ret_count)
{
    AUTO_QUERY struct query query =
        query_new(connection, "SELECT count(*) FROM (SELECT 1 FROM ceremony WHERE rp = $1 "
                              "AND expires > $2 LIMIT $3) AS living");
    enum pk_status status;

    bind_text(&query, rp);
    bind_integer(&query, pk_clock_now());
    bind_integer(&query, (int64_t)max);
    status = query_step(&query);
    if (status == PK_OK)
        *ret_count = (size_t)column_integer(&query, 0);
    return status;
}

/* Some at a time, so that nobody waits for all that a busy day has left. */
static void queue_prune(struct query *query, const char *rp)
{
    bind_text(query, rp);
    bind_integer(query, pk_clock_now() - KEEP_SECONDS);
    bind_integer(query, PRUNE_MAX);
    query_queue(query);
}

#define PRUNE                                                                                      \
    "DELETE FROM ceremony WHERE rp = $1 AND id IN (SELECT id FROM ceremony WHERE rp = $1 "         \
    "AND expires < $2 LIMIT $3)"

/* PK_LIMIT_EXCEEDED: no anonymous one is there to make room. */
static enum pk_status drop_oldest(struct pg_connection *connection, const char *rp)
{
    AUTO_QUERY struct query query = query_new(
        connection, "DELETE FROM ceremony WHERE rp = $1 AND id = (SELECT id FROM ceremony "
                    "WHERE rp = $1 AND anonymous AND expires > $2 ORDER BY expires, id LIMIT 1)");
    enum pk_status status;

    bind_text(&query, rp);
    bind_integer(&query, pk_clock_now());
    status = query_change(&query);
    return status == PK_NOT_FOUND ? PK_LIMIT_EXCEEDED : status;
}

/*
 * Counting thousands of rows for each one that is added would cost more than all the rest: this
 * thread counts again once a second, or once it has added as many as a sixteenth of what is left.
 * Hosts that add at the same moment may exceed the limit by what each has added since.
 */
static _Thread_local struct room {
    uint32_t rp;     /* its hash */
    size_t free;     /* so many may be added before the next count */
    bool full;       /* one has to go for each that is added */
    int64_t counted; /* when, in seconds of a clock that only goes forward */
} rooms[ROOMS];

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

static enum pk_status count_again(struct pg_connection *connection, const char *rp, size_t max,
                                  struct room *room)
{
    AUTO_QUERY struct query prune = query_new(connection, PRUNE);
    size_t living = 0;
    enum pk_status status;

    queue_prune(&prune, rp);
    status = count_living(connection, rp, max, &living);
    if (status != PK_OK)
        return status;
    *room = (struct room){.rp = hash_of(rp),
                          .free = living < max ? (max - living) / 16 : 0,
                          .full = living >= max,
                          .counted = pk_clock_monotonic()};
    return PK_OK;
}

static enum pk_status make_room(struct pg_connection *connection, const char *rp, size_t max)
{
    struct room *room = &rooms[hash_of(rp) % ROOMS];
    enum pk_status status = PK_OK;

    if (room->rp != hash_of(rp) || room->counted != pk_clock_monotonic())
        *room = (struct room){0};
    if (room->full) {
        status = drop_oldest(connection, rp);
        if (status != PK_LIMIT_EXCEEDED)
            return status;
    }
    if (room->free > 0) {
        room->free--;
        return PK_OK;
    }
    status = count_again(connection, rp, max, room);
    return status == PK_OK && room->full ? drop_oldest(connection, rp) : status;
}

/* --- add -------------------------------------------------------------------------------------- */

static void bind_ceremony(struct query *query, const struct kept_ceremony *ceremony)
{
    bind_text(query, ceremony->rp);
    bind_text(query, ceremony->id);
    bind_blob(query, pk_view_of(&ceremony->data));
    bind_integer(query, ceremony->expires);
    bind_integer(query, ceremony->anonymous);
}

static enum pk_status add_new(struct pg_connection *connection,
                              const struct kept_ceremony *ceremony, size_t max)
{
    AUTO_QUERY struct query query =
        query_new(connection, "INSERT INTO ceremony (rp, id, data, expires, anonymous) "
                              "VALUES ($1, $2, $3, $4, $5)");
    enum pk_status status = transaction_begin_lax(connection);

    bind_ceremony(&query, ceremony);
    if (status == PK_OK)
        status = make_room(connection, ceremony->rp, max);
    if (status == PK_OK)
        query_queue(&query);
    return transaction_end(connection, status == PK_OK ? query.status : status);
}

/* The one before is used up by it, and must not come back: this is waited for. */
static enum pk_status replace(struct pg_connection *connection,
                              const struct kept_ceremony *ceremony)
{
    AUTO_QUERY struct query query =
        query_new(connection, "UPDATE ceremony SET data = $3, expires = $4, anonymous = $5 "
                              "WHERE rp = $1 AND id = $2");

    bind_ceremony(&query, ceremony);
    return query_change(&query);
}

static enum pk_status add_on(struct pg_connection *connection, const struct kept_ceremony *ceremony,
                             size_t max)
{
    enum pk_status status = PK_NOT_FOUND;

    if (ceremony->replaces)
        status = replace(connection, ceremony);
    if (status != PK_NOT_FOUND)
        return status;
    status = add_new(connection, ceremony, max);
    return status == PK_EXISTS && ceremony->replaces ? PG_AGAIN : status;
}

enum pk_status store_postgresql_ceremony_add(struct store *base,
                                             const struct kept_ceremony *ceremony, size_t max)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    if (ceremony->data.len > PK_STORE_CEREMONY_MAX)
        return PK_INVALID_ARGUMENT;
    while (verb_next(&verb))
        verb.status = add_on(verb.connection, ceremony, max);
    return verb.status;
}

/* --- take ------------------------------------------------------------------------------------- */

static enum pk_status take_on(struct pg_connection *connection, const char *rp, const char *id,
                              int64_t now, struct pk_bytes *ret)
{
    AUTO_QUERY struct query query = query_new(
        connection, "DELETE FROM ceremony WHERE rp = $1 AND id = $2 RETURNING data, expires");
    enum pk_status status;

    bind_text(&query, rp);
    bind_text(&query, id);
    status = query_step(&query);
    if (status == PK_OK && column_integer(&query, 1) <= now)
        status = PK_NOT_FOUND;
    return status == PK_OK ? column_blob(&query, 0, ret) : status;
}

enum pk_status store_postgresql_ceremony_take(struct store *base, const char *rp, const char *id,
                                              int64_t now, struct pk_bytes *ret)
{
    struct verb verb = verb_new(base, VERB_CHANGES);

    while (verb_next(&verb))
        verb.status = take_on(verb.connection, rp, id, now, ret);
    return verb.status;
}
