/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/budget.h"

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* More than can hold something at once, by the limits below. */
#define USERS_MAX     4096
#define BUCKETS       256 /* of the hash table */
#define LINE_EVERY_MS 60000
#define SUMMARIES     20   /* lines of all users at once, after which there is one a second */
#define TOKEN         1000 /* tokens are counted in thousandths, so that a millisecond gives some */

/*
 * Per second, and at once after a pause: of one user, and of all users but root together. People
 * call a few times in a minute; programs that sign people in elsewhere (RelyingParty1) some
 * thousand times a second, and sudo in a build farm some fifty; a program that signs in as fast as
 * a key can answer, without a person, some two hundred. One person may have many uids (in user
 * namespaces), hence the totals; but what root's programs ask for, on whose behalf it may be, must
 * not depend on what others do. The gateway's calls are those of all who use its pages: they are
 * counted apart, so that neither takes anything from the other.
 */
static const struct {
    const char *name;
    unsigned per_second, at_once, all; /* all: 0: no total */
} rates[BUDGET_RATES] = {
    [BUDGET_CONNECTIONS] = {"connections", 200, 400, 1000},
    [BUDGET_CALLS] = {"calls", 400, 2000, 4000},
    [BUDGET_CEREMONIES] = {"ceremonies", 4000, 8000, 8000},
    [BUDGET_GATEWAY] = {"calls of the gateway", 20000, 40000, 0},
    [BUDGET_CONVERSATIONS] = {"conversations", 250, 1000, 0},
    [BUDGET_OWN_CONVERSATIONS] = {"conversations of their own", 250, 1000, 500},
    [BUDGET_ANSWERS] = {"answers to refused calls", 500, 10000, 0},
    [BUDGET_LINES] = {"log lines", 5, 50, 50},
    [BUDGET_SETUID_LINES] = {"log lines about setuid programs", 5, 50, 0},
};

/* Of one user, and of all but root together, likewise. */
static const struct {
    const char *name;
    size_t own, all;
} limits[BUDGET_HELD] = {
    [BUDGET_OPEN_CONNECTIONS] = {"open connections", 128, 768},
    [BUDGET_OPEN_CALLS] = {"unanswered calls", 192, 1024},
    [BUDGET_SETUID_CONNECTIONS] = {"open connections of setuid programs", 160, SIZE_MAX},
    [BUDGET_SETUID_CALLS] = {"unanswered calls of setuid programs", 128, SIZE_MAX},
    [BUDGET_GATEWAY_CALLS] = {"unanswered calls of the gateway", 512, SIZE_MAX},
};

/* In the place of a uid: those whose rows were given up before their refusals could be logged. */
#define OTHERS ((uid_t)-4)

struct bucket {
    int64_t tokens; /* thousandths */
    int64_t filled; /* when, in milliseconds */
};

struct row {
    LIST_ENTRY(row) same_hash;
    TAILQ_ENTRY(row) by_use;
    uid_t uid;
    struct bucket buckets[BUDGET_RATES];
    size_t held[BUDGET_HELD];
    uint64_t refused[BUDGET_RATES + BUDGET_HELD]; /* since the last line */
    int64_t line;                                 /* when that was; 0: never */
};

struct budget {
    int64_t (*now)(void);
    LIST_HEAD(, row) table[BUCKETS];
    TAILQ_HEAD(, row) by_use; /* the longest unused one first */
    size_t count;
    struct row everybody; /* all but root, together; its refusals are those of rows given up */
    struct bucket summaries;
    uid_t gateway;
    void (*left)(void *data);
    void *data;
};

static size_t hash(uid_t uid)
{
    return (uid ^ uid >> 8 ^ uid >> 16) % BUCKETS;
}

static struct row *row_find(const struct budget *budget, uid_t uid)
{
    struct row *row;

    LIST_FOREACH(row, &budget->table[hash(uid)], same_hash)
    if (row->uid == uid)
        return row;
    return NULL;
}

static void row_fill(struct row *row, int64_t now, bool all)
{
    for (size_t i = 0; i < BUDGET_RATES; i++)
        row->buckets[i] =
            (struct bucket){(int64_t)TOKEN * (all ? rates[i].all : rates[i].at_once), now};
}

static bool bucket_has(struct bucket *bucket, int64_t now, int64_t per_second, int64_t at_once)
{
    int64_t passed = now - bucket->filled;

    /* A token a millisecond at most for each of the rate: longer pauses fill it anyhow. */
    if (passed > 0) {
        int64_t room = at_once * TOKEN - bucket->tokens;
        int64_t most = room / per_second + 1;

        bucket->tokens += passed > most ? room : passed * per_second;
        if (bucket->tokens > at_once * TOKEN)
            bucket->tokens = at_once * TOKEN;
        bucket->filled = now;
    }
    return bucket->tokens >= TOKEN;
}

/* --- the log ---------------------------------------------------------------------------------- */

static const char *name_of(size_t index)
{
    return index < BUDGET_RATES ? rates[index].name : limits[index - BUDGET_RATES].name;
}

static char *whose(const struct row *row)
{
    if (row->uid == BUDGET_STRANGERS)
        return strdup("remote sign-ins");
    if (row->uid == BUDGET_CONSOLE)
        return strdup("consoles");
    if (row->uid == OTHERS)
        return strdup("other users");
    return pk_text_format("uid %u", (unsigned)row->uid);
}

static bool was_refused(const struct row *row)
{
    for (size_t i = 0; i < BUDGET_RATES + BUDGET_HELD; i++)
        if (row->refused[i] > 0)
            return true;
    return false;
}

/* Somebody with many uids has no more lines than these: their refusals are kept to be summed up. */
static bool may_log(struct budget *budget, const struct row *row, int64_t now)
{
    if (!was_refused(row) || !bucket_has(&budget->summaries, now, 1, SUMMARIES))
        return false;
    budget->summaries.tokens -= TOKEN;
    return true;
}

static void row_log(struct budget *budget, struct row *row, int64_t now)
{
    PK_AUTO_FREE char *who = NULL;
    PK_AUTO_FREE char *what = NULL;

    if (!may_log(budget, row, now))
        return;
    for (size_t i = 0; i < BUDGET_RATES + BUDGET_HELD; i++) {
        char *more;

        if (row->refused[i] == 0)
            continue;
        more = pk_text_format("%s%s%llu %s", what ? what : "", what ? ", " : "",
                              (unsigned long long)row->refused[i], name_of(i));
        free(what);
        what = more;
        row->refused[i] = 0;
    }
    row->line = now;
    who = whose(row);
    pk_log(LOG_WARNING, "%s: more than its share, refused or kept waiting: %s",
           who ? who : "somebody", what ? what : "?");
}

static void tell_left(const struct budget *budget, const struct row *row)
{
    if (budget->left && was_refused(row))
        budget->left(budget->data);
}

static void note_refusal(struct budget *budget, struct row *row, size_t index, int64_t now)
{
    row->refused[index]++;
    if (row->line == 0 || now - row->line >= LINE_EVERY_MS)
        row_log(budget, row, now);
    tell_left(budget, row);
}

/* Whether refusals are left that no line has said. */
static bool log_due(struct budget *budget, struct row *row, int64_t now)
{
    if (now - row->line >= LINE_EVERY_MS)
        row_log(budget, row, now);
    return was_refused(row);
}

bool budget_log(struct budget *budget)
{
    int64_t now = budget->now();
    bool left = log_due(budget, &budget->everybody, now);
    struct row *row;

    TAILQ_FOREACH(row, &budget->by_use, by_use)
    left |= log_due(budget, row, now);
    return left;
}

void budget_watch(struct budget *budget, void (*left)(void *data), void *data)
{
    budget->left = left;
    budget->data = data;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool holds_anything(const struct row *row)
{
    for (size_t i = 0; i < BUDGET_HELD; i++)
        if (row->held[i] > 0)
            return true;
    return false;
}

static void row_free(struct budget *budget, struct row *row)
{
    row_log(budget, row, budget->now());
    for (size_t i = 0; i < BUDGET_RATES + BUDGET_HELD; i++)
        budget->everybody.refused[i] += row->refused[i];
    tell_left(budget, &budget->everybody);
    LIST_REMOVE(row, same_hash);
    TAILQ_REMOVE(&budget->by_use, row, by_use);
    budget->count--;
    free(row);
}

/* Of those who have nothing under way, the one unused longest. */
static void make_room(struct budget *budget)
{
    struct row *row;

    TAILQ_FOREACH(row, &budget->by_use, by_use)
    if (!holds_anything(row)) {
        row_free(budget, row);
        return;
    }
}

/* The user's row, made if there is none. NULL: no room, or no memory. */
static struct row *row_of(struct budget *budget, uid_t uid)
{
    struct row *row = row_find(budget, uid);

    if (row) {
        TAILQ_REMOVE(&budget->by_use, row, by_use);
        TAILQ_INSERT_TAIL(&budget->by_use, row, by_use);
        return row;
    }
    if (budget->count >= USERS_MAX)
        make_room(budget);
    row = budget->count < USERS_MAX ? calloc(1, sizeof(*row)) : NULL;
    if (!row)
        return NULL;
    row->uid = uid;
    row_fill(row, budget->now(), false);
    LIST_INSERT_HEAD(&budget->table[hash(uid)], row, same_hash);
    TAILQ_INSERT_TAIL(&budget->by_use, row, by_use);
    budget->count++;
    return row;
}

struct budget *budget_new(int64_t (*now)(void))
{
    struct budget *budget = calloc(1, sizeof(*budget));

    if (!budget)
        return NULL;
    budget->now = now;
    TAILQ_INIT(&budget->by_use);
    row_fill(&budget->everybody, now(), true);
    budget->everybody.uid = OTHERS;
    budget->gateway = BUDGET_NOBODY;
    budget->summaries = (struct bucket){(int64_t)TOKEN * SUMMARIES, now()};
    return budget;
}

void budget_free(struct budget *budget)
{
    struct row *row;

    while ((row = TAILQ_FIRST(&budget->by_use)))
        row_free(budget, row);
    row_log(budget, &budget->everybody, budget->now());
    free(budget);
}

/* --- taking and holding ----------------------------------------------------------------------- */

static bool is_unlimited(const struct budget *budget, uid_t uid)
{
    return !budget || uid == 0 || uid == BUDGET_CONSOLE;
}

void budget_set_gateway(struct budget *budget, uid_t uid)
{
    budget->gateway = uid;
}

bool budget_is_gateway(const struct budget *budget, uid_t uid)
{
    return budget && uid != BUDGET_NOBODY && budget->gateway == uid;
}

bool budget_take(struct budget *budget, uid_t uid, enum budget_rate rate)
{
    struct bucket *all;
    struct row *row;
    int64_t now;

    if (is_unlimited(budget, uid))
        return true;
    if (rate == BUDGET_GATEWAY && !budget_is_gateway(budget, uid))
        rate = BUDGET_CALLS;
    now = budget->now();
    row = row_of(budget, uid);
    if (!row)
        return false;
    all = rates[rate].all ? &budget->everybody.buckets[rate] : NULL;
    if (!bucket_has(&row->buckets[rate], now, rates[rate].per_second, rates[rate].at_once) ||
        (all && !bucket_has(all, now, rates[rate].all, rates[rate].all))) {
        note_refusal(budget, row, rate, now);
        return false;
    }
    row->buckets[rate].tokens -= TOKEN;
    if (all)
        all->tokens -= TOKEN;
    return true;
}

void budget_refused(struct budget *budget, uid_t uid, enum budget_rate rate)
{
    struct row *row = budget ? row_of(budget, uid) : NULL;

    if (row)
        note_refusal(budget, row, rate, budget->now());
}

bool budget_hold(struct budget *budget, uid_t uid, enum budget_held held)
{
    struct row *row;

    if (is_unlimited(budget, uid))
        return true;
    row = row_of(budget, uid);
    if (!row)
        return false;
    if (row->held[held] >= limits[held].own || budget->everybody.held[held] >= limits[held].all) {
        note_refusal(budget, row, (size_t)BUDGET_RATES + held, budget->now());
        return false;
    }
    row->held[held]++;
    budget->everybody.held[held]++;
    return true;
}

void budget_release(struct budget *budget, uid_t uid, enum budget_held held)
{
    struct row *row = is_unlimited(budget, uid) ? NULL : row_find(budget, uid);

    if (!row || row->held[held] == 0)
        return;
    row->held[held]--;
    budget->everybody.held[held]--;
}

size_t budget_holds(const struct budget *budget, uid_t uid, enum budget_held held)
{
    const struct row *row = is_unlimited(budget, uid) ? NULL : row_find(budget, uid);

    return row ? row->held[held] : 0;
}
