/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/bus.h"

#include "common/base/clock.h"
#include "common/base/text.h"

#include "daemon/bus/connection.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/message.h"

#include <dbus/dbus.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVED_SIZE_MAX 1048576 /* unreleased bytes at which libdbus stops reading */
#define SILENCE_MS        1000    /* after which the bus itself counts as hanging */
#define RECEIVED_FDS_MAX  64
#define OUTGOING_SIZE_MAX 4194304 /* bytes not taken by the bus: no refusal is answered then */

/*
 * Two connections: one has the name, and everybody's calls arrive on it; the other asks questions.
 * Nobody may send it anything but replies, so that a flood of calls is never in front of these.
 */
struct bus {
    struct connection *serving, *asking;
    DBusConnection *dbus, *questions; /* theirs */
    DBusPendingCall *probe;           /* a question to the bus itself, not answered; NULL: none */
    int64_t probed;                   /* when that was sent, in milliseconds */
    const char *watched;              /* a service's name; NULL: none */
    enum bus_service service;
    const struct bus_ops *ops;
    void *data;
};

struct bus_request {
    DBusPendingCall *pending;
    bus_reply_function *reply;
    void *data;
};

PK_DEFINE_CLEANUP(DBusMessage *, dbus_message_unref);

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
        !dbus_connection_send_with_reply(bus->questions, message, &pending, (int)timeout_ms))
        return NULL;
    return pending; /* also NULL when the connection was lost */
}

static void on_probe(DBusPendingCall *pending, void *data)
{
    struct bus *bus = data;

    (void)pending;
    dbus_pending_call_unref(pk_steal(bus->probe));
}

/* Beside each question: somebody who does not answer is told apart from a bus that does not. */
static void probe(struct bus *bus)
{
    PK_CLEANUP(dbus_message_unref) DBusMessage *message = NULL;

    if (bus->probe)
        return;
    /* Not Peer.Ping: the bus's own policy does not have that, and the log a line for each. */
    message = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS,
                                           "GetId");
    if (!message || !dbus_connection_send_with_reply(bus->questions, message, &bus->probe,
                                                     DBUS_TIMEOUT_INFINITE))
        return;
    bus->probed = pk_clock_monotonic_ms();
    if (bus->probe && !dbus_pending_call_set_notify(bus->probe, on_probe, bus, NULL)) {
        dbus_pending_call_cancel(bus->probe);
        dbus_pending_call_unref(pk_steal(bus->probe));
    }
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
    probe(bus);
    *request = (struct bus_request){.pending = pending, .reply = reply, .data = data};
    return request;
}

void bus_request_forget(struct bus_request *request)
{
    dbus_pending_call_cancel(request->pending);
    dbus_pending_call_unref(request->pending);
    free(request);
}

bool bus_answers(const struct bus *bus)
{
    return !bus->probe || pk_clock_monotonic_ms() - bus->probed < SILENCE_MS;
}

/* --- incoming messages ------------------------------------------------------------------------ */

static void receive_owner_change(struct bus *bus, DBusMessage *message)
{
    const char *name, *old_owner, *new_owner;

    if (!dbus_message_has_sender(message, DBUS_SERVICE_DBUS) ||
        !dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old_owner,
                               DBUS_TYPE_STRING, &new_owner, DBUS_TYPE_INVALID))
        return;
    if (bus->watched && strcmp(name, bus->watched) == 0)
        bus->service = new_owner[0] ? BUS_SERVICE_RUNS : BUS_SERVICE_STOPPED;
    else if (name[0] == ':' && new_owner[0] == '\0')
        bus->ops->vanished(bus->data, name);
}

static void receive_call(struct bus *bus, DBusMessage *message)
{
    const char *sender = dbus_message_get_sender(message);
    struct call *call;

    switch (sender ? bus->ops->admit(bus->data, sender, connection_rate(message)) : BUS_IGNORED) {
    case BUS_ADMITTED:
        break;
    case BUS_REFUSED:
        /* The bus reads what it is sent; where it is too busy for that, nobody waits for this. */
        if (dbus_connection_get_outgoing_size(bus->dbus) < OUTGOING_SIZE_MAX)
            connection_refuse(bus->dbus, message);
        return;
    case BUS_IGNORED:
        return;
    }
    if (connection_answer_peer(bus->dbus, message))
        return;
    call = connection_call_new(bus->dbus, message, sender, NULL);
    if (!call)
        return;
    call->bus = bus;
    bus->ops->call(bus->data, call);
}

static bool on_message(void *data, DBusMessage *message)
{
    struct bus *bus = data;

    if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL)
        receive_call(bus, message);
    else if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
        bus->ops->lost(bus->data);
    else if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged"))
        receive_owner_change(bus, message);
    return true;
}

static void on_lost(void *data)
{
    struct bus *bus = data;

    bus->ops->lost(bus->data);
}

static const struct connection_ops serving_ops = {.message = on_message};
static const struct connection_ops asking_ops = {.lost = on_lost};

/* --- beginning and end ------------------------------------------------------------------------ */

static DBusConnection *connect_to_bus(DBusError *error)
{
    DBusConnection *dbus = dbus_bus_get_private(DBUS_BUS_SYSTEM, error);

    if (dbus) {
        dbus_connection_set_exit_on_disconnect(dbus, FALSE);
        dbus_connection_set_max_received_size(dbus, RECEIVED_SIZE_MAX);
        dbus_connection_set_max_received_unix_fds(dbus, RECEIVED_FDS_MAX);
    }
    return dbus;
}

static void give_up(DBusConnection *dbus)
{
    if (!dbus)
        return;
    dbus_connection_close(dbus);
    dbus_connection_unref(dbus);
}

enum pk_status bus_open(struct event_base *base, const struct bus_ops *ops, void *data,
                        struct bus **ret_bus, char **ret_why)
{
    DBusError error = DBUS_ERROR_INIT;
    struct bus *bus = calloc(1, sizeof(*bus));
    DBusConnection *asking = NULL;

    if (!bus)
        return PK_NO_MEMORY;
    *bus = (struct bus){.ops = ops, .data = data};
    bus->dbus = connect_to_bus(&error);
    if (bus->dbus)
        asking = connect_to_bus(&error);
    /*
     * One match rule for all connections that leave, added before any call can arrive: no
     * departure is missed between a call and a rule for its sender.
     */
    if (asking)
        dbus_bus_add_match(bus->dbus,
                           "type='signal',sender='" DBUS_SERVICE_DBUS
                           "',interface='" DBUS_INTERFACE_DBUS
                           "',member='NameOwnerChanged',arg2=''",
                           &error);
    if (!dbus_error_is_set(&error)) {
        bus->serving = connection_new(base, bus->dbus, DESCRIPTORS_OF_BUS, &serving_ops, bus);
        bus->asking = connection_new(base, asking, 0, &asking_ops, bus);
    }
    if (!bus->serving || !bus->asking) {
        *ret_why = pk_text_format("system bus: %s", error.message ? error.message : "no memory");
        dbus_error_free(&error);
        if (!bus->serving)
            give_up(bus->dbus);
        if (!bus->asking)
            give_up(asking);
        bus_close(bus);
        return PK_UNAVAILABLE;
    }
    bus->questions = asking;
    *ret_bus = bus;
    return PK_OK;
}

enum pk_status bus_own_name(struct bus *bus, const char *name, char **ret_why)
{
    DBusError error = DBUS_ERROR_INIT;
    int result = dbus_bus_request_name(bus->dbus, name, DBUS_NAME_FLAG_DO_NOT_QUEUE, &error);

    if (result == DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
        return PK_OK;
    *ret_why = pk_text_format("%s: %s", name, error.message ? error.message : "taken already");
    dbus_error_free(&error);
    return PK_EXISTS;
}

/* Whether the bus could start the service. */
static bool is_activatable(DBusConnection *dbus, const char *name, DBusError *error)
{
    PK_CLEANUP(dbus_message_unref)
    DBusMessage *question = dbus_message_new_method_call(
        DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "ListActivatableNames");
    PK_CLEANUP(dbus_message_unref) DBusMessage *answer = NULL;
    char **names = NULL;
    int count = 0;
    bool found = false;

    if (question)
        answer = dbus_connection_send_with_reply_and_block(dbus, question, DBUS_TIMEOUT_USE_DEFAULT,
                                                           error);
    else
        dbus_set_error_const(error, DBUS_ERROR_NO_MEMORY, "no memory");
    if (answer && dbus_message_get_args(answer, error, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &names,
                                        &count, DBUS_TYPE_INVALID))
        for (int i = 0; i < count && !found; i++)
            found = strcmp(names[i], name) == 0;
    dbus_free_string_array(names);
    return found;
}

/*
 * On the connection that its comings and goings are told on, so that none is missed between the
 * questions and them. The rule for departures is there already.
 */
enum pk_status bus_watch(struct bus *bus, const char *name, char **ret_why)
{
    PK_AUTO_FREE char *rule =
        pk_text_format("type='signal',sender='" DBUS_SERVICE_DBUS
                       "',interface='" DBUS_INTERFACE_DBUS "',member='NameOwnerChanged',arg0='%s'",
                       name);
    DBusError error = DBUS_ERROR_INIT;
    enum bus_service service = BUS_SERVICE_NONE;

    if (!rule)
        return PK_NO_MEMORY;
    dbus_bus_add_match(bus->dbus, rule, &error);
    if (!dbus_error_is_set(&error) && dbus_bus_name_has_owner(bus->dbus, name, &error))
        service = BUS_SERVICE_RUNS;
    else if (!dbus_error_is_set(&error) && is_activatable(bus->dbus, name, &error))
        service = BUS_SERVICE_STOPPED;
    if (dbus_error_is_set(&error)) {
        *ret_why = pk_text_format("%s: %s", name, error.message);
        dbus_error_free(&error);
        return PK_UNAVAILABLE;
    }
    bus->watched = name;
    bus->service = service;
    return PK_OK;
}

enum bus_service bus_service(const struct bus *bus)
{
    return bus->service;
}

void bus_close(struct bus *bus)
{
    if (bus->serving) {
        dbus_connection_flush(bus->dbus);
        connection_free(bus->serving);
    }
    if (bus->probe) {
        dbus_pending_call_cancel(bus->probe);
        dbus_pending_call_unref(bus->probe);
    }
    if (bus->asking)
        connection_free(bus->asking);
    free(bus);
}
