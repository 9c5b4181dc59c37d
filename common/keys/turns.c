/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/turns.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/messages.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>

#define LISTED_MAX 4  /* others that are named to a person; more are counted */
#define RIVALS_MAX 64 /* stopped at once: those that had the turn, or were about to */

enum state {
    CHECKING, /* it does not know its keys, or wants none */
    AGAIN,    /* it was stopped for a moment, so that others can be checked */
    HAS,      /* its keys blink, or will */
    ASKED,    /* its person is asked for Enter */
    REFUSED,
};

struct pk_turn {
    LIST_ENTRY(pk_turn) entry;
    struct pk_turns *turns;
    struct pk_dialogue person;
    char *who;
    const struct pk_turn_ops *ops;
    void *data;
    struct event *wake; /* for go() and refused() */
    enum state state;
    bool mute;
    bool waited;              /* it has met another: a touch alone must not serve it */
    struct pk_strings behind; /* keys that it was told to wait for: nor these */
    bool confirmed;           /* by Enter, and not stopped since by one that wants the same key */
    unsigned stops;
    struct pk_strings paths;    /* of the keys that can serve it */
    char *name;                 /* of the first of them */
    char *demand;               /* why Enter is needed in any case; NULL: it is not */
    const struct pk_turn *told; /* whom the person was told to wait for */
    enum pk_status refusal;
};

struct pk_turns {
    struct event_base *base;
    LIST_HEAD(, pk_turn) list;
};

static const struct timeval at_once = {0, 0};

/* --- keys ------------------------------------------------------------------------------------- */

static bool includes(const struct pk_strings *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++)
        if (strcmp(paths->items[i], path) == 0)
            return true;
    return false;
}

/* Whether both want one key. */
static bool are_rivals(const struct pk_turn *turn, const struct pk_turn *other)
{
    if (turn == other || other->state == CHECKING || other->state == REFUSED)
        return false;
    for (size_t i = 0; i < turn->paths.count; i++)
        if (includes(&other->paths, turn->paths.items[i]))
            return true;
    return false;
}

static struct pk_turn *first_rival(const struct pk_turn *turn, enum state state)
{
    struct pk_turn *other;

    LIST_FOREACH(other, &turn->turns->list, entry)
    if (other->state == state && are_rivals(turn, other))
        return other;
    return NULL;
}

/* One that has yet to learn whether one of the turn's keys can serve it. */
static struct pk_turn *first_unchecked(const struct pk_turn *turn)
{
    struct pk_turn *other;

    LIST_FOREACH(other, &turn->turns->list, entry)
    {
        if (other == turn || other->state != CHECKING)
            continue;
        for (size_t i = 0; i < turn->paths.count; i++)
            if (!includes(&other->behind, turn->paths.items[i]) &&
                other->ops->awaits(other->data, turn->paths.items[i]))
                return other;
    }
    return NULL;
}

static enum pk_status keep_keys(struct pk_turn *turn, const struct pk_strings *paths,
                                const char *name)
{
    enum pk_status status = PK_OK;

    pk_strings_clear(&turn->paths);
    for (size_t i = 0; i < paths->count && !status; i++)
        status = pk_strings_add(&turn->paths, paths->items[i]);
    free(pk_steal(turn->name));
    return status ? status : pk_text_copy(name, &turn->name);
}

/* --- the persons ------------------------------------------------------------------------------ */

static void inform(const struct pk_turn *turn, const char *event, char *text)
{
    PK_AUTO_FREE char *owned = text;

    if (owned)
        turn->person.ops->info(turn->person.data, event, owned);
}

static void refuse(struct pk_turn *turn, enum pk_status why)
{
    turn->state = REFUSED;
    turn->refusal = why;
    (void)evtimer_add(turn->wake, &at_once);
}

/* The key serves another request, for which this one is not stopped. */
static void tell_busy(struct pk_turn *turn, const struct pk_turn *holder)
{
    for (size_t i = 0; i < holder->paths.count; i++)
        if (!includes(&turn->behind, holder->paths.items[i]) &&
            pk_strings_add(&turn->behind, holder->paths.items[i]))
            turn->waited = true;
    if (turn->told == holder)
        return;
    turn->told = holder;
    inform(turn, "busy",
           pk_text_format("The security key is used for another request now: %s. "
                          "Do not touch it for this one.",
                          holder->who));
}

static void list_requests(const struct pk_turn *turn)
{
    static const char *const words[] = {"", "One", "Two", "Three", "Four"};
    const struct pk_turn *other;
    size_t count = 1, listed = 1;

    LIST_FOREACH(other, &turn->turns->list, entry)
    count += are_rivals(turn, other);
    if (count < sizeof(words) / sizeof(words[0]))
        inform(
            turn, "contention",
            pk_text_format("%s requests want the security key \"%s\":", words[count], turn->name));
    else
        inform(turn, "contention",
               pk_text_format("%zu requests want the security key \"%s\":", count, turn->name));
    inform(turn, "contention", pk_text_format("(1) %s (this request)", turn->who));
    LIST_FOREACH(other, &turn->turns->list, entry)
    if (are_rivals(turn, other) && listed++ <= LISTED_MAX)
        inform(turn, "contention", pk_text_format("(%zu) %s", listed, other->who));
    if (count > LISTED_MAX + 1)
        inform(turn, "contention", pk_text_format("and %zu more", count - LISTED_MAX - 1));
}

/* Asks for the act that a touch alone is not. The keys have been given back. */
static void ask(struct pk_turn *turn, const char *event)
{
    turn->confirmed = false;
    turn->told = NULL;
    if (turn->mute) {
        refuse(turn, turn->waited ? PK_BUSY : PK_USER_NOT_VERIFIED);
        return;
    }
    turn->state = ASKED;
    turn->person.ops->ask(
        turn->person.data, false, event,
        "Press Enter to use the security key for THIS request, or type \"no\": ", 0xff);
}

/* All of them are told of all, before any is asked. */
static void ask_rivals(struct pk_turn *const *turns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        turns[i]->waited = true;
        list_requests(turns[i]);
    }
    for (size_t i = 0; i < count; i++)
        ask(turns[i], "contention");
}

/* Nobody else wants its keys now. */
static void ask_alone(struct pk_turn *turn)
{
    if (turn->demand)
        inform(turn, "confirm", strdup(turn->demand));
    else
        inform(turn, "free", pk_text_format("The security key \"%s\" is free.", turn->name));
    ask(turn, turn->demand ? "confirm" : "contention");
}

static bool needs_act(const struct pk_turn *turn)
{
    bool needs = turn->waited || turn->demand;

    for (size_t i = 0; i < turn->paths.count && !needs; i++)
        needs = includes(&turn->behind, turn->paths.items[i]);
    return needs;
}

/* --- the turn --------------------------------------------------------------------------------- */

/* AGAIN: for a moment; ASKED: until its person has pressed Enter, who is asked by the caller. */
static void stop_for(struct pk_turn *turn, enum state state)
{
    turn->state = state;
    turn->ops->stop(turn->data, state == AGAIN);
}

/*
 * All who want one of the keys are stopped, and asked. Those that are asked already are not asked
 * again, or a stream of requests would keep them from ever answering.
 */
static void contend(struct pk_turn *turn)
{
    struct pk_turn *stopped[RIVALS_MAX + 1];
    struct pk_turn *other;
    size_t count = 0;

    LIST_FOREACH(other, &turn->turns->list, entry)
    if (are_rivals(turn, other) && other->state != ASKED && count < RIVALS_MAX) {
        other->stops += other->state == HAS;
        stop_for(other, ASKED);
        stopped[count++] = other;
    }
    stop_for(turn, ASKED);
    stopped[count++] = turn;
    ask_rivals(stopped, count);
}

void pk_turn_interrupt(struct pk_turn *turn, const char *path)
{
    struct pk_turn *other;

    LIST_FOREACH(other, &turn->turns->list, entry)
    {
        if (other == turn || other->state != HAS || !includes(&other->paths, path))
            continue;
        if (turn->mute) {
            tell_busy(turn, other);
            refuse(turn, PK_BUSY);
        } else if (other->stops >= PK_TURN_STOPS_MAX) {
            tell_busy(turn, other);
        } else {
            other->stops++;
            stop_for(other, AGAIN);
        }
        return;
    }
}

bool pk_turn_want(struct pk_turn *turn, const struct pk_strings *paths, const char *name)
{
    struct pk_turn *unchecked;

    if (turn->state == REFUSED || turn->state == ASKED)
        return false;
    if (keep_keys(turn, paths, name)) {
        refuse(turn, PK_NO_MEMORY);
        return false;
    }
    if (turn->confirmed && turn->state == HAS)
        return true;
    unchecked = turn->state == HAS ? NULL : first_unchecked(turn);
    if (unchecked && turn->stops < PK_TURN_STOPS_MAX) {
        turn->stops++;
        stop_for(turn, AGAIN);
        return false;
    }
    if (first_rival(turn, AGAIN) || first_rival(turn, HAS) || first_rival(turn, ASKED)) {
        contend(turn);
        return false;
    }
    if (needs_act(turn) && !turn->confirmed) {
        stop_for(turn, ASKED);
        ask_alone(turn);
        return false;
    }
    turn->state = HAS;
    for (unsigned i = 0; unchecked && i < RIVALS_MAX; i++, unchecked = first_unchecked(turn))
        tell_busy(unchecked, turn);
    return true;
}

void pk_turn_leave(struct pk_turn *turn)
{
    if (turn->state == REFUSED)
        return;
    if (turn->state == ASKED)
        turn->person.ops->unask(turn->person.data);
    turn->state = CHECKING;
    turn->confirmed = false;
    pk_strings_clear(&turn->paths);
}

void pk_turn_demand(struct pk_turn *turn, const char *text)
{
    if (text && !turn->demand)
        turn->demand = strdup(text);
    if (!text || !turn->demand)
        turn->waited = true;
}

/* Two persons have confirmed, and which of the two is about to touch the key is not known. */
static void confirmed_twice(struct pk_turn *turn, struct pk_turn *holder)
{
    if (holder->stops >= PK_TURN_STOPS_MAX) {
        tell_busy(turn, holder);
        refuse(turn, PK_BUSY);
        return;
    }
    holder->stops++;
    stop_for(holder, ASKED);
    inform(turn, "contention", strdup("Another request was confirmed first: the key is stopped."));
    inform(holder, "contention", strdup("Another request was confirmed too: the key is stopped."));
    ask_rivals((struct pk_turn *const[]){holder, turn}, 2);
}

void pk_turn_answered(struct pk_turn *turn, const struct pk_secret *answer)
{
    struct pk_turn *holder = first_rival(turn, HAS);

    if (turn->state != ASKED)
        return;
    if (!answer->data || answer->len > 0) {
        refuse(turn, PK_CANCELLED);
    } else if (holder) {
        confirmed_twice(turn, holder);
    } else {
        turn->state = HAS;
        turn->confirmed = true;
        (void)evtimer_add(turn->wake, &at_once);
    }
}

/* --- what is known ---------------------------------------------------------------------------- */

bool pk_turn_parked(const struct pk_turn *turn)
{
    return turn->state == ASKED || turn->state == REFUSED;
}

bool pk_turn_waits(const struct pk_turn *turn)
{
    return turn->waited || turn->behind.count > 0;
}

bool pk_turn_asks(const struct pk_turn *turn)
{
    return turn->state == ASKED;
}

bool pk_turn_others(const struct pk_turn *turn)
{
    const struct pk_turn *other;

    LIST_FOREACH(other, &turn->turns->list, entry)
    if (other != turn && other->state == HAS)
        return true;
    return false;
}

const char *pk_turn_user(const struct pk_turn *turn)
{
    const struct pk_turn *other;

    LIST_FOREACH(other, &turn->turns->list, entry)
    for (size_t i = 0; other != turn && other->state == HAS && i < other->paths.count; i++)
        if (turn->ops->awaits(turn->data, other->paths.items[i]))
            return other->who;
    return NULL;
}

/* --- coming and going ------------------------------------------------------------------------- */

static void on_wake(evutil_socket_t fd, short what, void *data)
{
    struct pk_turn *turn = data;

    (void)fd, (void)what;
    if (turn->state == REFUSED)
        turn->ops->refused(turn->data, turn->refusal);
    else if (turn->state == HAS)
        turn->ops->go(turn->data);
}

struct pk_turn *pk_turn_new(struct pk_turns *turns, const struct pk_dialogue *person,
                            const char *who, const struct pk_turn_ops *ops, void *data)
{
    struct pk_turn *turn = calloc(1, sizeof(*turn));

    if (!turn)
        return NULL;
    *turn = (struct pk_turn){
        .turns = turns, .person = *person, .who = strdup(who), .ops = ops, .data = data};
    turn->wake = evtimer_new(turns->base, on_wake, turn);
    LIST_INSERT_HEAD(&turns->list, turn, entry);
    if (!turn->who || !turn->wake) {
        pk_turn_free(turn);
        return NULL;
    }
    return turn;
}

void pk_turn_mute(struct pk_turn *turn)
{
    turn->mute = true;
}

void pk_turn_free(struct pk_turn *turn)
{
    struct pk_turn *other;

    LIST_REMOVE(turn, entry);
    LIST_FOREACH(other, &turn->turns->list, entry)
    if (other->told == turn)
        other->told = NULL;
    if (turn->wake)
        event_free(turn->wake);
    pk_strings_clear(&turn->paths);
    pk_strings_clear(&turn->behind);
    free(turn->who);
    free(turn->name);
    free(turn->demand);
    free(turn);
}

struct pk_turns *pk_turns_new(struct event_base *base)
{
    struct pk_turns *turns = calloc(1, sizeof(*turns));

    if (turns)
        turns->base = base;
    return turns;
}

void pk_turns_free(struct pk_turns *turns)
{
    free(turns);
}
