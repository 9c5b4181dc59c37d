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

struct bus;
struct call;

/* How a connection answers the calls that it received. Neither function releases the call. */
struct call_ops {
    /* false: result cannot be encoded as a message. */
    bool (*reply)(struct call *call, const struct value *result);
    /* error: a name such as PK_BUS_ERROR_…; a text that is not UTF-8 is replaced. */
    void (*fail)(struct call *call, const char *error, const char *text);
};

struct call {
    const struct call_ops *ops;
    struct bus *bus; /* the connection that it arrived on; borrowed */
    char *sender;    /* the caller's unique bus name; owned, as are the strings below */
    uid_t uid;
    pid_t pid;            /* of the process that connected; 0: unknown */
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

/* Sends result (an 'r', which is emptied) and releases the call. */
void call_reply(struct call *call, struct value *result);
/* Sends and logs an error "message [id]" and releases the call. error: PK_BUS_ERROR_… */
void call_fail(struct call *call, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise for org.freedesktop.DBus.Error.NAME. */
void call_fail_standard(struct call *call, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether dict, an a{sv} of the call, is as members say (value_check()). false: the call has been
 * answered with InvalidArguments. */
bool call_check(struct call *call, const struct value *dict, const struct member *members,
                size_t count) PK_WARN_UNUSED;
/* Releases the call without an answer, because the caller has left the bus. */
void call_drop(struct call *call);

#endif
