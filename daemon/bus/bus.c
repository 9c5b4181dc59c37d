/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/bus.h"

#include "common/base/log.h"
#include "common/base/text.h"

#include "daemon/bus/message.h"

#include <dbus/dbus.h>
#include <event2/event.h>
#include <string.h>

#define DISPATCHES_PER_TURN 32      /* messages handled in one turn of the event loop */
#define RECEIVED_SIZE_MAX   1048576 /* unreleased bytes at which libdbus stops reading */
#define RECEIVED_FDS_MAX    64

struct bus {
    struct event_base *base;
    DBusConnection *connection;
    struct event *dispatch;
    const struct bus_ops *ops;
    void *data;
};

struct bus_request {
    DBusPendingCall *pending;
    bus_reply_function *reply;
    void *data;
};

PK_DEFINE_CLEANUP(DBusMessage *, dbus_message_unref);

/* --- answers ---------------------------------------------------------------------------------- */

static void send_answer(struct call *call, DBusMessage *message)
{
    if (!message || !dbus_message_set_reply_serial(message, call->serial) ||
        !dbus_message_set_destination(message, call->sender) ||
        !dbus_connection_send(call->bus->connection, message, NULL))
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

/* --- outgoing calls --------------------------------------------------------------------------- */

static void on_reply(DBusPendingCall *pending, void *data)
{
    struct bus_request *request = data;
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *message = dbus_pending_call_steal_reply(pending);
    bus_reply_function *reply = request->reply;
    void *reply_data = request->data;
    struct value body = value_body();

    dbus_pending_call_unref(request->pending);
    free(request);
    if (!message || dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR) {
        reply(reply_data, NULL, message ? dbus_message_get_error_name(message) : DBUS_ERROR_FAILED);
        return;
    }
    body = message_read(message);
    reply(reply_data, body.failed ? NULL : &body, body.failed ? DBUS_ERROR_INVALID_ARGS : NULL);
    value_clear(&body);
}

static DBusPendingCall *send_call(struct bus *bus, const struct bus_target *target,
                                  const struct value *arguments, unsigned timeout_ms)
{
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *message = dbus_message_new_method_call(target->destination, target->path,
                                                        target->interface, target->member);
    DBusPendingCall *pending = NULL;

    if (message)
        dbus_message_set_auto_start(message, !target->no_start);
    if (!message || !message_write(message, arguments) ||
        !dbus_connection_send_with_reply(bus->connection, message, &pending, (int)timeout_ms))
        return NULL;
    return pending; /* also NULL when the connection was lost */
}

struct bus_request *bus_call(struct bus *bus, const struct bus_target *target,
                             struct value *arguments, unsigned timeout_ms,
                             bus_reply_function *reply, void *data)
{
    struct bus_request *request = calloc(1, sizeof(*request));
    DBusPendingCall *pending = request ? send_call(bus, target, arguments, timeout_ms) : NULL;

    value_clear(arguments);
    if (!pending || !dbus_pending_call_set_notify(pending, on_reply, request, NULL)) {
        if (pending) {
            dbus_pending_call_cancel(pending);
            dbus_pending_call_unref(pending);
        }
        free(request);
        return NULL;
    }
    *request = (struct bus_request){.pending = pending, .reply = reply, .data = data};
    return request;
}

void bus_request_forget(struct bus_request *request)
{
    dbus_pending_call_cancel(request->pending);
    dbus_pending_call_unref(request->pending);
    free(request);
}

/* --- incoming messages ------------------------------------------------------------------------ */

static char *copy_or_empty(const char *text)
{
    return strdup(text ? text : "");
}

static struct call *call_new(struct bus *bus, DBusMessage *message)
{
    static const struct call_ops ops = {send_reply, send_error};
    struct call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    *call = (struct call){
        .ops = &ops,
        .bus = bus,
        .sender = copy_or_empty(dbus_message_get_sender(message)),
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

static void receive_owner_change(struct bus *bus, DBusMessage *message)
{
    const char *name, *old_owner, *new_owner;

    if (!dbus_message_has_sender(message, DBUS_SERVICE_DBUS) ||
        !dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old_owner,
                               DBUS_TYPE_STRING, &new_owner, DBUS_TYPE_INVALID) ||
        name[0] != ':' || new_owner[0] != '\0')
        return;
    bus->ops->vanished(bus->data, name);
}

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message, void *data)
{
    struct bus *bus = data;

    (void)connection;
    if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL) {
        struct call *call = call_new(bus, message);

        if (call)
            bus->ops->call(bus->data, call);
        return DBUS_HANDLER_RESULT_HANDLED;
    }
    if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
        bus->ops->lost(bus->data);
    else if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged"))
        receive_owner_change(bus, message);
    return DBUS_HANDLER_RESULT_HANDLED;
}

/* --- the event loop --------------------------------------------------------------------------- */

static void on_dispatch(evutil_socket_t fd, short what, void *data)
{
    static const struct timeval at_once = {0, 0};
    struct bus *bus = data;

    (void)fd, (void)what;
    for (unsigned i = 0; i < DISPATCHES_PER_TURN; i++)
        if (dbus_connection_dispatch(bus->connection) != DBUS_DISPATCH_DATA_REMAINS)
            return;
    (void)evtimer_add(bus->dispatch, &at_once);
}

static void dispatch_soon(struct bus *bus)
{
    static const struct timeval at_once = {0, 0};

    (void)evtimer_add(bus->dispatch, &at_once);
}

static void on_dispatch_status(DBusConnection *connection, DBusDispatchStatus status, void *data)
{
    (void)connection;
    if (status == DBUS_DISPATCH_DATA_REMAINS)
        dispatch_soon(data);
}

static void on_watch(evutil_socket_t fd, short what, void *data)
{
    DBusWatch *watch = data;
    unsigned flags = 0;

    (void)fd;
    flags |= (what & EV_READ) ? DBUS_WATCH_READABLE : 0;
    flags |= (what & EV_WRITE) ? DBUS_WATCH_WRITABLE : 0;
    (void)dbus_watch_handle(watch, flags);
}

static void free_event(void *event)
{
    event_free(event);
}

static void toggle_watch(DBusWatch *watch, void *data)
{
    struct event *event = dbus_watch_get_data(watch);

    (void)data;
    if (!event)
        return;
    if (dbus_watch_get_enabled(watch))
        (void)event_add(event, NULL);
    else
        (void)event_del(event);
}

static dbus_bool_t add_watch(DBusWatch *watch, void *data)
{
    struct bus *bus = data;
    unsigned flags = dbus_watch_get_flags(watch);
    short what = EV_PERSIST;
    struct event *event;

    what |= (flags & DBUS_WATCH_READABLE) ? EV_READ : 0;
    what |= (flags & DBUS_WATCH_WRITABLE) ? EV_WRITE : 0;
    event = event_new(bus->base, dbus_watch_get_unix_fd(watch), what, on_watch, watch);
    if (!event)
        return FALSE;
    dbus_watch_set_data(watch, event, free_event);
    toggle_watch(watch, NULL);
    return TRUE;
}

static void remove_watch(DBusWatch *watch, void *data)
{
    (void)data;
    dbus_watch_set_data(watch, NULL, NULL);
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    (void)dbus_timeout_handle(data);
}

static void toggle_timeout(DBusTimeout *timeout, void *data)
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

static dbus_bool_t add_timeout(DBusTimeout *timeout, void *data)
{
    struct bus *bus = data;
    struct event *event = event_new(bus->base, -1, EV_PERSIST, on_timeout, timeout);

    if (!event)
        return FALSE;
    dbus_timeout_set_data(timeout, event, free_event);
    toggle_timeout(timeout, NULL);
    return TRUE;
}

static void remove_timeout(DBusTimeout *timeout, void *data)
{
    (void)data;
    dbus_timeout_set_data(timeout, NULL, NULL);
}

static bool attach_to_loop(struct bus *bus)
{
    bus->dispatch = evtimer_new(bus->base, on_dispatch, bus);
    if (!bus->dispatch ||
        !dbus_connection_set_watch_functions(bus->connection, add_watch, remove_watch, toggle_watch,
                                             bus, NULL) ||
        !dbus_connection_set_timeout_functions(bus->connection, add_timeout, remove_timeout,
                                               toggle_timeout, bus, NULL) ||
        !dbus_connection_add_filter(bus->connection, on_message, bus, NULL))
        return false;
    dbus_connection_set_dispatch_status_function(bus->connection, on_dispatch_status, bus, NULL);
    dispatch_soon(bus);
    return true;
}

enum pk_status bus_open(struct event_base *base, const struct bus_ops *ops, void *data,
                        struct bus **ret_bus, char **ret_why)
{
    DBusError error = DBUS_ERROR_INIT;
    struct bus *bus = calloc(1, sizeof(*bus));

    if (!bus)
        return PK_NO_MEMORY;
    *bus = (struct bus){.base = base, .ops = ops, .data = data};
    bus->connection = dbus_bus_get_private(DBUS_BUS_SYSTEM, &error);
    if (bus->connection) {
        dbus_connection_set_exit_on_disconnect(bus->connection, FALSE);
        dbus_connection_set_max_received_size(bus->connection, RECEIVED_SIZE_MAX);
        dbus_connection_set_max_received_unix_fds(bus->connection, RECEIVED_FDS_MAX);
        /*
         * One match rule for all connections that leave, added before any call can arrive: no
         * departure is missed between a call and a rule for its sender.
         */
        dbus_bus_add_match(bus->connection,
                           "type='signal',sender='" DBUS_SERVICE_DBUS
                           "',interface='" DBUS_INTERFACE_DBUS
                           "',member='NameOwnerChanged',arg2=''",
                           &error);
    }
    if (dbus_error_is_set(&error) || !attach_to_loop(bus)) {
        *ret_why = pk_text_format("system bus: %s", error.message ? error.message : "no memory");
        dbus_error_free(&error);
        bus_close(bus);
        return PK_UNAVAILABLE;
    }
    *ret_bus = bus;
    return PK_OK;
}

enum pk_status bus_own_name(struct bus *bus, const char *name, char **ret_why)
{
    DBusError error = DBUS_ERROR_INIT;
    int result = dbus_bus_request_name(bus->connection, name, DBUS_NAME_FLAG_DO_NOT_QUEUE, &error);

    if (result == DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
        return PK_OK;
    *ret_why = pk_text_format("%s: %s", name, error.message ? error.message : "taken already");
    dbus_error_free(&error);
    return PK_EXISTS;
}

void bus_close(struct bus *bus)
{
    if (bus->connection) {
        dbus_connection_flush(bus->connection);
        dbus_connection_close(bus->connection);
        (void)dbus_connection_set_watch_functions(bus->connection, NULL, NULL, NULL, NULL, NULL);
        (void)dbus_connection_set_timeout_functions(bus->connection, NULL, NULL, NULL, NULL, NULL);
        dbus_connection_unref(bus->connection);
    }
    if (bus->dispatch)
        event_free(bus->dispatch);
    free(bus);
}
