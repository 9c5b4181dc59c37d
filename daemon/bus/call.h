/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One method call, from its arrival to its answer. Whoever holds it owns it and ends it, at any
 * later time, with exactly one of call_reply(), call_fail(), call_fail_standard() and call_drop().
 * The connection that it arrived on implements how the answer is sent.
 */
#ifndef PASSKEYD_CALL_H
#define PASSKEYD_CALL_H

#include "common/base/correlation.h"
#include "daemon/accounts/account.h"
#include "daemon/bus/caller.h"
#include "daemon/bus/value.h"

#include <sys/types.h>

struct budget;
struct bus;
struct call;

/* How a connection answers the calls that it received. */
struct call_ops {
    /* false: result cannot be encoded as a message. The call is not released. */
    bool (*reply)(struct call *call, const struct value *result);
    /* error: a name such as PK_BUS_ERROR_…; a text that is not UTF-8 is replaced. Likewise. */
    void (*fail)(struct call *call, const char *error, const char *text);
};

struct call {
    const struct call_ops *ops;
    struct bus *bus;   /* the system bus, for questions to other services; borrowed */
    void *origin;      /* libdbus's connection that it arrived on; one reference */
    char *destination; /* of the answer on that connection; may be NULL */
    /*
     * Names the caller's connection, and no other: its unique name on the system bus, which the bus
     * says, or a name that the daemon gave to a connection to its own socket, which has no ':' in
     * front. Owned, as are the strings below.
     */
    char *sender;
    uid_t uid;
    pid_t pid;             /* of the process that connected; 0: unknown */
    struct budget *budget; /* the caller's, and whose it is there (call_admit()); NULL: none */
    uid_t charged;
    bool gateway; /* its handler is Gateway1's, and the caller the gateway */
    bool service; /* it was admitted as a call of the gateway's, which has a budget of its own */
    bool setuid;  /* charged is not uid, but whom a program of root's serves (call_charge()) */
    bool (*charge)(struct call *call, uid_t uid); /* the connection's part; may be NULL */
    void (*release)(struct call *call);           /* gives up origin; may be NULL */
    void *data;                                   /* charge()'s own */
    struct caller caller; /* set by the handlers of calls that may tell it (caller_read()) */
    char *path;
    char *interface; /* empty: not given */
    char *member;
    char *signature;
    struct value arguments; /* of type 'r' */
    /*
     * The account that the first argument names, if the method table's check looked it up;
     * otherwise name is NULL.
     */
    struct system_account account;
    bool interactive; /* ALLOW_INTERACTIVE_AUTHORIZATION was set */
    char id[PK_CORRELATION_SIZE];
    uint32_t serial; /* serial of the message, which the reply refers to */
    bool no_reply;   /* the caller expects no reply */
};

/*
 * Counts the call, whose uid is set, as one of the caller's that wait for their answer, until it is
 * answered. false: that would be too many, and nothing has happened.
 */
bool call_admit(struct call *call, struct budget *budget) PK_WARN_UNUSED;
/*
 * Counts a call of root's as one of that user's, for whom the program runs, and its connection
 * likewise. BUDGET_STRANGERS and BUDGET_CONSOLE are users here. false: that would be too many.
 */
bool call_charge(struct call *call, uid_t uid) PK_WARN_UNUSED;

/* Whose call it counts as. */
uid_t call_charged(const struct call *call);

/* Whether the caller is on the system bus, and not at the daemon's own socket. */
bool call_is_on_bus(const struct call *call);

/* Sends result (an 'r', which is emptied) and releases the call. */
void call_reply(struct call *call, struct value *result);
/* Sends and logs an error "message [id]" and releases the call. error: PK_BUS_ERROR_… */
void call_fail(struct call *call, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise for org.freedesktop.DBus.Error.NAME. */
void call_fail_standard(struct call *call, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* LimitExceeded, without a line in the log: the budget that refused it has counted it. */
void call_refuse(struct call *call);
/* Whether dict, an a{sv} of the call, is as members say (value_check()). false: the call has been
 * answered with InvalidArguments. */
bool call_check(struct call *call, const struct value *dict, const struct member *members,
                size_t count) PK_WARN_UNUSED;
/*
 * On whose account its work is (jobs.h): the uid's or, of a program of root's, that of whoever
 * started it; remote: a person at another host, whom root's program has not identified yet.
 */
uid_t call_owner(const struct call *call, bool remote);
/* Releases the call without an answer, because the caller has left the bus. */
void call_drop(struct call *call);

#endif
