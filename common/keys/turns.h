/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of several requests the next touch is for. A request has the turn while its keys blink or
 * ask for a PIN. Where two want one key both are stopped, both persons are told who wants what, and
 * the one goes on whose person presses Enter. One that has waited behind another always needs that
 * act, so that no touch serves two.
 */
#ifndef PK_KEYS_TURNS_H
#define PK_KEYS_TURNS_H

#include "common/base/terms.h"
#include "common/keys/dialogue.h"

struct event_base;
struct pk_secret;
struct pk_turn;
struct pk_turns;

/* How often others may stop one request that has the turn; after that they wait for its end. */
#define PK_TURN_STOPS_MAX 3

struct pk_turn_ops {
    /* The keys are given back before it returns. again: and are asked for anew, behind others. */
    void (*stop)(void *data, bool again);
    /* From the event loop, after stop(): the turn is this request's, the keys may be asked for. */
    void (*go)(void *data);
    /* From the event loop: it is not to go on. PK_BUSY, PK_CANCELLED, PK_NO_MEMORY. */
    void (*refused)(void *data, enum pk_status why);
    /* Whether it has yet to learn if the key at path can serve it. */
    bool (*awaits)(void *data, const char *path);
};

struct pk_turns *pk_turns_new(struct event_base *base);
void pk_turns_free(struct pk_turns *turns);

/*
 * A request's place among the others. who: the line that says what it is (pk_message_requester()),
 * copied. mute: nobody can be asked there: it is refused where others would be asked. NULL: no
 * memory.
 */
struct pk_turn *pk_turn_new(struct pk_turns *turns, const struct pk_dialogue *person,
                            const char *who, const struct pk_turn_ops *ops,
                            void *data) PK_WARN_UNUSED;
void pk_turn_mute(struct pk_turn *turn);
void pk_turn_free(struct pk_turn *turn);

/* It is about to ask the key at path, which another one may be using: stops that for the check. */
void pk_turn_interrupt(struct pk_turn *turn, const char *path);

/*
 * The keys at these paths, the first of which has that name, can serve it. true: they may blink
 * now. false: not yet, and stop() may have been called.
 */
bool pk_turn_want(struct pk_turn *turn, const struct pk_strings *paths,
                  const char *name) PK_WARN_UNUSED;
/* Its keys are gone: it wants none now. */
void pk_turn_leave(struct pk_turn *turn);

/*
 * Before its keys blink the person is told that text and asked for Enter; copied. NULL: because the
 * key was in use.
 */
void pk_turn_demand(struct pk_turn *turn, const char *text);

/* Whether the person is asked, or it was refused: no key is to be asked for. */
bool pk_turn_parked(const struct pk_turn *turn);
/* Whether it was told to wait for one that is not stopped any more. */
bool pk_turn_waits(const struct pk_turn *turn);
/* Whether any other request has the turn, with other keys. */
bool pk_turn_others(const struct pk_turn *turn);
/* Who uses one of the keys that it awaits; NULL: none of the requests here. Borrowed. */
const char *pk_turn_user(const struct pk_turn *turn);

/* Whether an answer is to the turn's question. */
bool pk_turn_asks(const struct pk_turn *turn);
/* Empty: Enter. Without data: no answer; that declines, as does any other text. */
void pk_turn_answered(struct pk_turn *turn, const struct pk_secret *answer);

#endif
