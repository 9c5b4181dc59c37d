/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's end of the system bus. bus.c is the only file that knows libdbus; everybody else
 * sees calls whose caller's uid the bus has vouched for, and values (value.h).
 */
#ifndef PASSKEYD_BUS_H
#define PASSKEYD_BUS_H

#include "daemon/bus/value.h"

#include <sys/types.h>

#define CORRELATION_SIZE 17 /* 16 hex digits and a NUL */

struct event_base;
struct bus;

/*
 * One method call. It belongs to whoever was handed it and ends in exactly one of call_reply(),
 * call_fail(), call_fail_standard() and call_drop(), at any later time.
 */
struct call {
    struct bus *bus;
    char *sender; /* unique name */
    uid_t uid;
    pid_t pid; /* of the process that connected; 0: not known */
    char *path;
    char *interface; /* empty: the caller named none */
    char *member;
    char *signature;
    struct value arguments; /* 'r' */
    bool interactive;       /* ALLOW_INTERACTIVE_AUTHORIZATION was set */
    char id[CORRELATION_SIZE];
    uint32_t serial; /* of the message: what the answer refers to */
    bool no_reply;   /* the caller wants no answer */
};

/* Sends result (an 'r', emptied) and releases the call. */
void call_reply(struct call *call, struct value *result);
/* Sends and logs an error "message [id]" and releases the call. error: PK_BUS_ERROR_… */
void call_fail(struct call *call, const char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Likewise for org.freedesktop.DBus.Error.NAME. */
void call_fail_standard(struct call *call, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Releases without an answer: the caller is gone. */
void call_drop(struct call *call);
/* Sends an error as it is and releases the call: what the others are made of. */
void call_send_error(struct call *call, const char *error, const char *text);

struct bus_ops {
    /* The call's uid and pid are not known yet: peers.h finds it out. */
    void (*call)(void *data, struct call *call);
    void (*vanished)(void *data, const char *name); /* a unique name left the bus */
    void (*lost)(void *data);                       /* the bus itself is gone */
};

/*
 * Connects to the system bus (or the one DBUS_SYSTEM_BUS_ADDRESS names) and serves it from base.
 * PK_UNAVAILABLE with *ret_why, the caller's to free.
 */
enum pk_status bus_open(struct event_base *base, const struct bus_ops *ops, void *data,
                        struct bus **ret_bus, char **ret_why) PK_WARN_UNUSED;
/* Takes the well-known name: from here on calls arrive. PK_EXISTS when somebody else has it. */
enum pk_status bus_own_name(struct bus *bus, const char *name, char **ret_why) PK_WARN_UNUSED;
void bus_close(struct bus *bus);

/* What a call that we make is answered with; result is NULL on an error. */
typedef void bus_reply_function(void *data, const struct value *result, const char *error);

struct bus_target {
    const char *destination, *path, *interface, *member;
    bool no_start; /* a service that does not run is not to be started for this */
};

/*
 * Calls a method of another service; arguments is an 'r' and is emptied. reply is called once from
 * the event loop unless the returned call is forgotten first; NULL: no memory, reply is not called.
 */
struct bus_request;
struct bus_request *bus_call(struct bus *bus, const struct bus_target *target,
                             struct value *arguments, unsigned timeout_ms,
                             bus_reply_function *reply, void *data);
void bus_request_forget(struct bus_request *request);

/* A fresh correlation id. */
void correlation_new(char ret[CORRELATION_SIZE]);

#endif
