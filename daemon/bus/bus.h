/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's connections to the system bus. The rest of the daemon handles calls (call.h), whose
 * caller's uid the bus has vouched for, and values (value.h).
 */
#ifndef PASSKEYD_BUS_H
#define PASSKEYD_BUS_H

#include "daemon/bus/budget.h"
#include "daemon/bus/call.h"

struct event_base;
struct bus;

enum bus_admission {
    BUS_ADMITTED,
    BUS_REFUSED, /* answered so, without more ado */
    BUS_IGNORED, /* not even answered */
};

struct bus_ops {
    /* Whether a call from that unique name is looked at, which comes out of that budget. */
    enum bus_admission (*admit)(void *data, const char *name, enum budget_rate rate);
    /* A method call arrived. Its uid and pid are not set yet; peers.h asks the bus for them. */
    void (*call)(void *data, struct call *call);
    void (*vanished)(void *data, const char *name); /* a unique name left the bus */
    void (*lost)(void *data);                       /* the connection to the bus was lost */
};

/*
 * Connects to the system bus, or to the one that DBUS_SYSTEM_BUS_ADDRESS names, and serves it from
 * base. PK_UNAVAILABLE with *ret_why, the caller's to free.
 */
enum pk_status bus_open(struct event_base *base, const struct bus_ops *ops, void *data,
                        struct bus **ret_bus, char **ret_why) PK_WARN_UNUSED;
/* Takes the well-known name, then calls arrive. PK_EXISTS when another connection owns it. */
enum pk_status bus_own_name(struct bus *bus, const char *name, char **ret_why) PK_WARN_UNUSED;
void bus_close(struct bus *bus);

/* Another service, as far as the bus has said without being asked. */
enum bus_service {
    BUS_SERVICE_UNKNOWN, /* not watched */
    BUS_SERVICE_NONE,    /* neither running nor to be started when it was watched first */
    BUS_SERVICE_RUNS,
    BUS_SERVICE_STOPPED, /* it has been there, or could be started */
};

/*
 * Looks once for the service with that name, waiting for the bus, and watches it from then on: one
 * only. PK_UNAVAILABLE with *ret_why, the caller's to free: it stays unknown. name: a constant.
 */
enum pk_status bus_watch(struct bus *bus, const char *name, char **ret_why) PK_WARN_UNUSED;
enum bus_service bus_service(const struct bus *bus);

/* The reply to a call that the daemon made; result is NULL on an error, whose name is error. */
typedef void bus_reply_function(void *data, const struct value *result, const char *error);

struct bus_target {
    const char *destination, *path, *interface, *member;
    bool no_start; /* do not start the service for this call */
};

/*
 * Calls a method of another service; arguments is an 'r' and is emptied. reply is called once from
 * the event loop unless the request is forgotten first. NULL: no memory, and reply is not called.
 */
struct bus_request;
struct bus_request *bus_call(struct bus *bus, const struct bus_target *target,
                             struct value *arguments, unsigned timeout_ms,
                             bus_reply_function *reply, void *data);
void bus_request_forget(struct bus_request *request);
/* Whether the bus itself answers, as far as the calls so far have shown. */
bool bus_answers(const struct bus *bus);

#endif
