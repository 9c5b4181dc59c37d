/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/connection.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/names.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/message.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define TURN_US                                                                                    \
    1000 /* how long one connection's messages are handled before others have a turn               \
          */
#define PAUSE_MS     50 /* until a message that was not ready is looked at again */
#define LOW_PRIORITY 2

struct connection {
    struct event_base *base;
    DBusConnection *dbus;
    struct event *dispatch;
    bool paused;
    uid_t owner;         /* of the descriptors that come by it (descriptors.h) */
    uint64_t beginnings; /* of messages whose rest was not there with them */
    bool begun;          /* that of the last of these is not there yet */
    const struct connection_ops *ops;
    void *data;
};

struct watch {
    DBusWatch *dbus;
    struct event *event;
    struct connection *connection; /* NULL: it listens for them */
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

/* libdbus may free the watch meanwhile, when the connection is lost. */
static void on_watch(evutil_socket_t fd, short what, void *data)
{
    const struct watch *watch = data;
    struct connection *connection = watch->connection;
    uid_t before = descriptors_charge(connection ? connection->owner : 0);
    unsigned flags = 0;

    (void)fd;
    flags |= (what & EV_READ) ? DBUS_WATCH_READABLE : 0;
    flags |= (what & EV_WRITE) ? DBUS_WATCH_WRITABLE : 0;
    (void)dbus_watch_handle(watch->dbus, flags);
    if (connection && (what & EV_READ))
        note_received(connection);
    (void)descriptors_charge(before);
}

static void free_watch(void *data)
{
    struct watch *watch = data;

    event_free(watch->event);
    free(watch);
}

void connection_watch_toggle(DBusWatch *dbus, void *data)
{
    const struct watch *watch = dbus_watch_get_data(dbus);

    (void)data;
    if (!watch)
        return;
    if (dbus_watch_get_enabled(dbus))
        (void)event_add(watch->event, NULL);
    else
        (void)event_del(watch->event);
}

static dbus_bool_t add_watch(DBusWatch *dbus, struct event_base *base,
                             struct connection *connection)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    unsigned flags = dbus_watch_get_flags(dbus);
    short what = EV_PERSIST;

    if (!watch)
        return FALSE;
    what |= (flags & DBUS_WATCH_READABLE) ? EV_READ : 0;
    what |= (flags & DBUS_WATCH_WRITABLE) ? EV_WRITE : 0;
    *watch = (struct watch){.dbus = dbus, .connection = connection};
    watch->event = event_new(base, dbus_watch_get_unix_fd(dbus), what, on_watch, watch);
    if (!watch->event) {
        free(watch);
        return FALSE;
    }
    dbus_watch_set_data(dbus, watch, free_watch);
    connection_watch_toggle(dbus, NULL);
    return TRUE;
}

dbus_bool_t connection_watch_add(DBusWatch *watch, void *data)
{
    return add_watch(watch, data, NULL);
}

static dbus_bool_t add_own_watch(DBusWatch *watch, void *data)
{
    struct connection *connection = data;

    return add_watch(watch, connection->base, connection);
}

void connection_watch_remove(DBusWatch *watch, void *data)
{
    (void)data;
    dbus_watch_set_data(watch, NULL, NULL);
}

static void free_event(void *event)
{
    event_free(event);
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    (void)dbus_timeout_handle(data);
}

void connection_timeout_toggle(DBusTimeout *timeout, void *data)
{
    struct event *event = dbus_timeout_get_data(timeout);
    int ms = dbus_timeout_get_interval(timeout);
    const struct timeval interval = {ms / 1000, (ms % 1000) * 1000};

    (void)data;
    if (!event)
        return;
    if (dbus_timeout_get_enabled(timeout))
        (void)event_add(event, &interval);
    else
        (void)event_del(event);
}

dbus_bool_t connection_timeout_add(DBusTimeout *timeout, void *data)
{
    struct event *event = event_new(data, -1, EV_PERSIST, on_timeout, timeout);

    if (!event)
        return FALSE;
    dbus_timeout_set_data(timeout, event, free_event);
    connection_timeout_toggle(timeout, NULL);
    return TRUE;
}

void connection_timeout_remove(DBusTimeout *timeout, void *data)
{
    (void)data;
    dbus_timeout_set_data(timeout, NULL, NULL);
}

static void dispatch_in(struct connection *connection, unsigned milliseconds)
{
    const struct timeval when = {0, (suseconds_t)milliseconds * 1000};

    (void)evtimer_add(connection->dispatch, &when);
}

/* Replies to the daemon's own calls: libdbus knows what to do with them. */
static void dispatch_replies(struct connection *connection)
{
    while (dbus_connection_dispatch(connection->dbus) == DBUS_DISPATCH_DATA_REMAINS)
        continue;
    if (!dbus_connection_get_is_connected(connection->dbus))
        connection->ops->lost(connection->data);
}

/*
 * Messages are taken out one by one, past libdbus's own handling, which would answer some of them
 * uncounted. Where there are many, other connections have their turn in between.
 */
static void dispatch(struct connection *connection)
{
    const int64_t until = pk_clock_monotonic_us() + TURN_US;
    DBusMessage *message;

    connection->paused = false;
    if (!connection->ops->message) {
        dispatch_replies(connection);
        return;
    }
    while ((message = dbus_connection_borrow_message(connection->dbus))) {
        bool stays;

        if (connection->ops->ready && !connection->ops->ready(connection->data, message)) {
            dbus_connection_return_message(connection->dbus, message);
            connection->paused = true;
            dispatch_in(connection, PAUSE_MS);
            return;
        }
        dbus_connection_steal_borrowed_message(connection->dbus, message);
        stays = connection->ops->message(connection->data, message);
        dbus_message_unref(message);
        if (!stays)
            return;
        if (pk_clock_monotonic_us() >= until) {
            dispatch_in(connection, 0);
            return;
        }
    }
}

static void on_dispatch(evutil_socket_t fd, short what, void *data)
{
    const struct connection *connection = data;
    uid_t before = descriptors_charge(connection->owner);

    (void)fd, (void)what;
    dispatch(data);
    (void)descriptors_charge(before);
}

static void on_dispatch_status(DBusConnection *dbus, DBusDispatchStatus status, void *data)
{
    struct connection *connection = data;

    (void)dbus;
    if (status == DBUS_DISPATCH_DATA_REMAINS && !connection->paused)
        dispatch_in(connection, 0);
}

static void detach(struct connection *connection)
{
    dbus_connection_set_dispatch_status_function(connection->dbus, NULL, NULL, NULL);
    (void)dbus_connection_set_watch_functions(connection->dbus, NULL, NULL, NULL, NULL, NULL);
    (void)dbus_connection_set_timeout_functions(connection->dbus, NULL, NULL, NULL, NULL, NULL);
    if (connection->dispatch)
        event_free(connection->dispatch);
    free(connection);
}

uint64_t connection_message_begun(const struct connection *connection)
{
    return connection->begun ? connection->beginnings : 0;
}

struct connection *connection_new(struct event_base *base, DBusConnection *dbus, uid_t owner,
                                  const struct connection_ops *ops, void *data)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    *connection =
        (struct connection){.base = base, .dbus = dbus, .owner = owner, .ops = ops, .data = data};
    connection->dispatch = evtimer_new(base, on_dispatch, connection);
    if (!connection->dispatch ||
        !dbus_connection_set_watch_functions(dbus, add_own_watch, connection_watch_remove,
                                             connection_watch_toggle, connection, NULL) ||
        !dbus_connection_set_timeout_functions(dbus, connection_timeout_add,
                                               connection_timeout_remove, connection_timeout_toggle,
                                               base, NULL)) {
        detach(connection);
        return NULL;
    }
    /* Where the loop has no priorities (in tests), this does nothing. */
    if (owner != 0)
        (void)event_priority_set(connection->dispatch, LOW_PRIORITY);
    dbus_connection_set_dispatch_status_function(dbus, on_dispatch_status, connection, NULL);
    dispatch_in(connection, 0);
    return connection;
}

void connection_free(struct connection *connection)
{
    DBusConnection *dbus = connection->dbus;
    uid_t before = descriptors_charge(connection->owner);

    detach(connection);
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
