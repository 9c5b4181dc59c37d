/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/event_loop.h"
#include "common/bus/names.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/message.h"

#include <stdlib.h>
#include <string.h>

/* How long one connection's messages are handled before others have a turn. */
#define TURN_US      1000
#define PAUSE_MS     50 /* until a message that was not ready is looked at again */
#define LOW_PRIORITY 2

struct connection {
    DBusConnection *dbus;
    struct pk_bus_loop *loop;
    uid_t owner;         /* of the descriptors that come by it (descriptors.h) */
    uint64_t beginnings; /* of messages whose rest was not there with them */
    bool begun;          /* that of the last of these is not there yet */
    const struct connection_ops *ops;
    void *data;
};

PK_DEFINE_CLEANUP(DBusMessage *, dbus_message_unref);

/* --- the event loop --------------------------------------------------------------------------- */

/* There was something to read, which now is whole messages, or a part of one that goes on. */
static void note_received(struct connection *connection)
{
    bool whole = dbus_connection_get_dispatch_status(connection->dbus) != DBUS_DISPATCH_COMPLETE;

    if (!whole && !connection->begun)
        connection->beginnings++;
    connection->begun = !whole;
}

static void handle(void *data, DBusWatch *watch, unsigned flags)
{
    struct connection *connection = data;
    uid_t before = descriptors_charge(connection->owner);

    (void)dbus_watch_handle(watch, flags);
    if (flags & DBUS_WATCH_READABLE)
        note_received(connection);
    (void)descriptors_charge(before);
}

/*
 * Messages are taken out one by one, past libdbus's own handling, which would answer some of them
 * uncounted. Where there are many, other connections have their turn in between.
 */
static void take_messages(struct connection *connection)
{
    const int64_t until = pk_clock_monotonic_us() + TURN_US;
    DBusMessage *message;

    while ((message = dbus_connection_borrow_message(connection->dbus))) {
        bool stays;

        if (connection->ops->ready && !connection->ops->ready(connection->data, message)) {
            dbus_connection_return_message(connection->dbus, message);
            pk_bus_loop_dispatch_in(connection->loop, PAUSE_MS);
            return;
        }
        dbus_connection_steal_borrowed_message(connection->dbus, message);
        stays = connection->ops->message(connection->data, message);
        dbus_message_unref(message);
        if (!stays)
            return;
        if (pk_clock_monotonic_us() >= until) {
            pk_bus_loop_dispatch_in(connection->loop, 0);
            return;
        }
    }
}

static void dispatch(void *data)
{
    const struct connection *connection = data;
    uid_t before = descriptors_charge(connection->owner);

    take_messages(data);
    (void)descriptors_charge(before);
}

static void on_lost(void *data)
{
    const struct connection *connection = data;

    connection->ops->lost(connection->data);
}

uint64_t connection_message_begun(const struct connection *connection)
{
    return connection->begun ? connection->beginnings : 0;
}

struct connection *connection_new(struct event_base *base, DBusConnection *dbus, uid_t owner,
                                  const struct connection_ops *ops, void *data)
{
    static const struct pk_bus_loop_ops served = {.handle = handle, .dispatch = dispatch};
    /* Replies to the daemon's own calls: libdbus knows what to do with them. */
    static const struct pk_bus_loop_ops calling = {.handle = handle, .lost = on_lost};
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    *connection = (struct connection){.dbus = dbus, .owner = owner, .ops = ops, .data = data};
    connection->loop =
        pk_bus_loop_attach(base, dbus, ops->message ? &served : &calling, connection);
    if (!connection->loop) {
        free(connection);
        return NULL;
    }
    if (owner != 0)
        pk_bus_loop_set_priority(connection->loop, LOW_PRIORITY);
    return connection;
}

void connection_free(struct connection *connection)
{
    DBusConnection *dbus = connection->dbus;
    uid_t before = descriptors_charge(connection->owner);

    pk_bus_loop_detach(connection->loop);
    free(connection);
    dbus_connection_close(dbus);
    dbus_connection_unref(dbus);
    (void)descriptors_charge(before);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void send_answer(struct call *call, DBusMessage *message)
{
    if (!message || !dbus_message_set_reply_serial(message, call->serial) ||
        !dbus_message_set_destination(message, call->destination) ||
        !dbus_connection_send(call->origin, message, NULL))
        pk_log(LOG_ERR, "[%s] out of memory for an answer", call->id);
}

static bool send_reply(struct call *call, const struct value *result)
{
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);

    if (!message || !message_write(message, result))
        return false;
    if (!call->no_reply)
        send_answer(call, message);
    return true;
}

static void send_error(struct call *call, const char *error, const char *text)
{
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *message = dbus_message_new(DBUS_MESSAGE_TYPE_ERROR);

    if (message && !call->no_reply && dbus_message_set_error_name(message, error) &&
        (message_write_text(message, text) ||
         message_write_text(message, "the reason is not valid text")))
        send_answer(call, message);
}

static void release(struct call *call)
{
    dbus_connection_unref(call->origin);
}

void connection_refuse(DBusConnection *dbus, DBusMessage *message)
{
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *answer = dbus_message_get_no_reply(message)
                              ? NULL
                              : dbus_message_new_error(message, PK_BUS_ERROR_LIMIT_EXCEEDED,
                                                       "too many calls at once");

    if (answer)
        (void)dbus_connection_send(dbus, answer, NULL);
}

bool connection_answer_peer(DBusConnection *dbus, DBusMessage *message)
{
    PK_CLEANUP(dbus_message_unref) DBusMessage *answer = NULL;
    static char *machine;

    if (!dbus_message_has_interface(message, DBUS_INTERFACE_PEER))
        return false;
    if (dbus_message_has_member(message, "GetMachineId") && !machine)
        machine = dbus_try_get_local_machine_id(NULL);
    if (dbus_message_get_no_reply(message))
        return true;
    if (dbus_message_has_member(message, "Ping"))
        answer = dbus_message_new_method_return(message);
    else if (dbus_message_has_member(message, "GetMachineId") && machine) {
        answer = dbus_message_new_method_return(message);
        if (answer && !message_write_text(answer, machine))
            return true;
    } else {
        answer = dbus_message_new_error(message, DBUS_ERROR_UNKNOWN_METHOD, "no such method");
    }
    if (answer)
        (void)dbus_connection_send(dbus, answer, NULL);
    return true;
}

/* --- calls ------------------------------------------------------------------------------------ */

enum budget_rate connection_rate(DBusMessage *message)
{
    if (dbus_message_has_interface(message, PK_BUS_GATEWAY))
        return BUDGET_GATEWAY;
    return dbus_message_has_interface(message, PK_BUS_RELYING_PARTY) ? BUDGET_CEREMONIES
                                                                     : BUDGET_CALLS;
}

static char *copy_or_empty(const char *text)
{
    return strdup(text ? text : "");
}

struct call *connection_call_new(DBusConnection *dbus, DBusMessage *message, const char *sender,
                                 bool (*charge)(struct call *call, uid_t uid))
{
    static const struct call_ops ops = {send_reply, send_error};
    const char *destination = dbus_message_get_sender(message);
    struct call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    *call = (struct call){
        .ops = &ops,
        .origin = dbus_connection_ref(dbus),
        .destination = destination ? strdup(destination) : NULL,
        .charge = charge,
        .release = release,
        .sender = copy_or_empty(sender),
        .uid = (uid_t)-1,
        .path = copy_or_empty(dbus_message_get_path(message)),
        .interface = copy_or_empty(dbus_message_get_interface(message)),
        .member = copy_or_empty(dbus_message_get_member(message)),
        .signature = copy_or_empty(dbus_message_get_signature(message)),
        .interactive = dbus_message_get_allow_interactive_authorization(message),
        .serial = dbus_message_get_serial(message),
        .no_reply = dbus_message_get_no_reply(message),
        .arguments = message_read(message),
    };
    pk_correlation_new(call->id);
    if (!call->sender || !call->path || !call->interface || !call->member || !call->signature) {
        call_drop(call);
        return NULL;
    }
    return call;
}
