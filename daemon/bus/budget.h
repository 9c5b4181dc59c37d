/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each user may have of the daemon, asked before anything is done for a call: a token bucket
 * for each kind of work, and how much may be under way at once. Counted by the real uid: who
 * started a setuid program, not whom it runs as. Root itself is not held to it. The table is
 * bounded; a user who has been idle longest makes room for a new one. Used in the event loop only.
 */
#ifndef PASSKEYD_BUDGET_H
#define PASSKEYD_BUDGET_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What comes again and again, in a second; budget.c has the numbers. */
enum budget_rate {
    BUDGET_CONNECTIONS, /* to the daemon's own socket */
    BUDGET_CALLS,       /* of people; each causes a few look-ups of accounts at most */
    BUDGET_CEREMONIES,  /* calls of RelyingParty1 */
    BUDGET_GATEWAY,     /* calls of Gateway1 by the gateway, which serves many people */
    BUDGET_CONVERSATIONS,
    BUDGET_OWN_CONVERSATIONS, /* of these, those that users open without a program of root's */
    BUDGET_ANSWERS,           /* to calls that are refused for want of the others */
    BUDGET_LINES,             /* log lines about calls that failed */
    BUDGET_SETUID_LINES,      /* about those of programs that root runs for a user */
    BUDGET_RATES
};

/* What lasts. That of programs which root runs for a user is counted apart from the user's own. */
enum budget_held {
    BUDGET_OPEN_CONNECTIONS, /* to the daemon's own socket */
    BUDGET_OPEN_CALLS,       /* not answered yet */
    BUDGET_SETUID_CONNECTIONS,
    BUDGET_SETUID_CALLS,
    BUDGET_GATEWAY_CALLS, /* of Gateway1, of the gateway's */
    BUDGET_HELD
};

/*
 * In the place of a uid: the callers behind programs that root itself started. Strangers have not
 * said yet who they are (sshd); consoles have a place of their own, that nobody else can take.
 */
#define BUDGET_STRANGERS ((uid_t)-2)
#define BUDGET_CONSOLE   ((uid_t)-3)

struct budget;

/* now: a clock that only goes forward, in milliseconds. NULL: no memory. */
struct budget *budget_new(int64_t (*now)(void));
void budget_free(struct budget *budget);

/*
 * From now on that uid is the gateway's; BUDGET_NOBODY: none is. Of everybody else BUDGET_GATEWAY
 * is BUDGET_CALLS, as calls that will be refused.
 */
#define BUDGET_NOBODY ((uid_t)-1)
void budget_set_gateway(struct budget *budget, uid_t uid);
bool budget_is_gateway(const struct budget *budget, uid_t uid) PK_WARN_UNUSED;

/* Takes one. false: refused, and counted for the log. budget NULL: there is no limit. */
bool budget_take(struct budget *budget, uid_t uid, enum budget_rate rate) PK_WARN_UNUSED;

/* Counts a refusal of that kind which somebody else decided, for the log. */
void budget_refused(struct budget *budget, uid_t uid, enum budget_rate rate);

/* Holds one until budget_release(). false: refused, likewise. */
bool budget_hold(struct budget *budget, uid_t uid, enum budget_held held) PK_WARN_UNUSED;
void budget_release(struct budget *budget, uid_t uid, enum budget_held held);
size_t budget_holds(const struct budget *budget, uid_t uid, enum budget_held held);

/*
 * Logs what was refused since, where it has been a minute. True: something is left that no line has
 * said, and it is to be called again later. budget_take() logs the first refusal at once.
 */
bool budget_log(struct budget *budget);

/* left is told, maybe often, when there is something for budget_log(); it must not free budget. */
void budget_watch(struct budget *budget, void (*left)(void *data), void *data);

#endif
