/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/bus_client.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/event_loop.h"
#include "common/bus/message.h"
#include "common/bus/names.h"
#include "common/bus/open_socket.h"
#include "gateway/bus_message.h"

#include <event2/event.h>
#include <limits.h>
#include <string.h>

#define SYSTEM_BUS_PATH "/var/run/dbus/system_bus_socket"

#define IN_FLIGHT_MAX 192  /* fewer than the daemon takes of the gateway at once */
#define WAITING_MAX   1024 /* calls that wait for their turn */
#define BACK_OFF_MIN  100  /* milliseconds until a lost daemon is looked for again */
#define BACK_OFF_MAX  5000
#define BUS_SECONDS   10 /* for the bus itself to answer */

static const char match_owner[] = "type='signal',sender='org.freedesktop.DBus',"
                                  "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                  "arg0='" PK_BUS_NAME "'";

struct call {
    struct call *next;
    struct bus_client *client;
    DBusMessage *message; /* NULL: it has been sent */
    DBusPendingCall *pending;
    int64_t until; /* milliseconds of the monotonic clock */
    bus_replied *replied;
    void *data;
};

struct bus_client {
    struct event_base *base;
    struct event *retry;
    struct event *failures; /* tells what failed */
    void (*up)(void *data);
    void *data;
    DBusConnection *dbus; /* NULL: none */
    struct pk_bus_loop *loop;
    bool direct; /* the daemon's own socket */
    char *owner; /* the daemon's unique name; direct: none is needed */
    bool is_up;
    bool said;    /* that it is not there */
    bool closing; /* the connection is to be given up, outside of libdbus's own calls */
    unsigned back_off;
    struct call *waiting;
    struct call **waiting_end;
    struct call *sent;
    size_t waiting_count;
    size_t sent_count;
};

PK_DEFINE_CLEANUP(DBusPendingCall *, dbus_pending_call_unref);

static void send_more(struct bus_client *client);

/* --- calls ------------------------------------------------------------------------------------ */

static void call_free(struct call *call)
{
    if (call->message)
        dbus_message_unref(call->message);
    if (call->pending) {
        dbus_pending_call_cancel(call->pending);
        dbus_pending_call_unref(call->pending);
    }
    free(call);
}

static void finish(struct call *call, const struct bus_reply *reply)
{
    call->replied(call->data, reply);
    call_free(call);
}

static void fail(struct call *call, const char *text)
{
    finish(call, &(struct bus_reply){.error = PK_BUS_ERROR_UNAVAILABLE, .text = text});
}

static void take_sent(struct bus_client *client, const struct call *call)
{
    for (struct call **at = &client->sent; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            client->sent_count--;
            return;
        }
}

static void fail_all(struct bus_client *client, const char *text)
{
    struct call *call;

    while ((call = client->sent)) {
        take_sent(client, call);
        fail(call, text);
    }
    while ((call = client->waiting)) {
        client->waiting = call->next;
        client->waiting_count--;
        if (!client->waiting)
            client->waiting_end = &client->waiting;
        fail(call, text);
    }
}

/*
 * On the bus a reply counts when the daemon sent it; errors may also be the bus's, or libdbus's own
 * for a time that is over.
 */
static bool is_from_daemon(const struct bus_client *client, DBusMessage *message)
{
    const char *sender = dbus_message_get_sender(message);

    if (client->direct)
        return true;
    if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR &&
        (!sender || strcmp(sender, DBUS_SERVICE_DBUS) == 0))
        return true;
    return sender && client->owner && strcmp(sender, client->owner) == 0;
}

static void judge(struct call *call, DBusMessage *message)
{
    struct bus_reply reply = {0};

    if (!message || !is_from_daemon(call->client, message)) {
        fail(call, "the reply is not the daemon's");
    } else if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR) {
        reply.error = dbus_message_get_error_name(message);
        if (!dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &reply.text, DBUS_TYPE_INVALID))
            reply.text = "";
        finish(call, &reply);
    } else if (bus_message_read(message, &reply)) {
        finish(call, &reply);
    } else {
        fail(call, "the reply is not of the documented type");
    }
}

static void on_reply(DBusPendingCall *pending, void *data)
{
    struct call *call = data;
    struct bus_client *client = call->client;
    PK_AUTO_MESSAGE DBusMessage *message = dbus_pending_call_steal_reply(pending);

    take_sent(client, call);
    judge(call, message);
    send_more(client);
}

/* false: the connection is of no use any more; the call has been told. */
static bool send_call(struct bus_client *client, struct call *call)
{
    int64_t left = call->until - pk_clock_monotonic_ms();

    if (client->owner && !dbus_message_set_destination(call->message, client->owner)) {
        fail(call, "out of memory");
        return true;
    }
    if (left <= 0) {
        fail(call, "the daemon did not answer in time");
        return true;
    }
    if (!dbus_connection_send_with_reply(client->dbus, call->message, &call->pending,
                                         left < INT_MAX ? (int)left : INT_MAX - 1) ||
        !call->pending) {
        fail(call, "the connection to the daemon is lost");
        return false;
    }
    dbus_message_unref(pk_steal(call->message));
    call->next = client->sent;
    client->sent = call;
    client->sent_count++;
    if (!dbus_pending_call_set_notify(call->pending, on_reply, call, NULL)) {
        take_sent(client, call);
        fail(call, "out of memory");
    }
    return true;
}

static void send_more(struct bus_client *client)
{
    while (client->is_up && client->waiting && client->sent_count < IN_FLIGHT_MAX) {
        struct call *call = client->waiting;

        client->waiting = call->next;
        client->waiting_count--;
        if (!client->waiting)
            client->waiting_end = &client->waiting;
        call->next = NULL;
        if (!send_call(client, call))
            return;
    }
}

enum pk_status bus_client_call(struct bus_client *client, const struct bus_call *call)
{
    struct call *new;
    enum pk_status status;

    if (!client->is_up)
        return PK_UNAVAILABLE;
    if (client->waiting_count == WAITING_MAX)
        return PK_LIMIT_EXCEEDED;
    new = calloc(1, sizeof(*new));
    if (!new)
        return PK_NO_MEMORY;
    status = bus_message_write(call, &new->message);
    if (status) {
        call_free(new);
        return status;
    }
    new->client = client;
    new->until = pk_clock_monotonic_ms() + (int64_t)call->seconds * 1000;
    new->replied = call->replied;
    new->data = call->data;
    *client->waiting_end = new;
    client->waiting_end = &new->next;
    client->waiting_count++;
    /* From the loop, so that replied() is not called within this. */
    event_active(client->failures, EV_TIMEOUT, 0);
    return PK_OK;
}

/* --- the connection --------------------------------------------------------------------------- */

static void retry_in(struct bus_client *client, unsigned milliseconds)
{
    const struct timeval when = {milliseconds / 1000, (suseconds_t)(milliseconds % 1000) * 1000};

    (void)evtimer_add(client->retry, &when);
}

static void close_connection(struct bus_client *client)
{
    client->is_up = false;
    client->closing = false;
    fail_all(client, "the connection to the daemon is lost");
    if (client->loop)
        pk_bus_loop_detach(pk_steal(client->loop));
    if (client->dbus) {
        dbus_connection_close(client->dbus);
        dbus_connection_unref(pk_steal(client->dbus));
    }
    free(pk_steal(client->owner));
}

/* The rest is done outside of what libdbus calls. */
static void lose(struct bus_client *client, const char *why)
{
    if (client->closing)
        return;
    if (!client->said)
        pk_log(LOG_WARNING, "passkeyd cannot be reached: %s", why);
    client->said = true;
    client->is_up = false;
    client->closing = true;
    retry_in(client, client->back_off);
    client->back_off = client->back_off * 2 < BACK_OFF_MAX ? client->back_off * 2 : BACK_OFF_MAX;
    event_active(client->failures, EV_TIMEOUT, 0);
}

static void on_lost(void *data)
{
    lose(data, "the connection was closed");
}

static void come_up(struct bus_client *client)
{
    client->is_up = true;
    client->up(client->data);
}

static enum pk_status open_direct(struct bus_client *client)
{
    const char *path = secure_getenv(PK_SOCKET_VARIABLE);

    if (!path && secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"))
        return PK_NOT_FOUND;
    return pk_bus_open_socket(path ? path : PK_SOCKET_PATH, true, pk_clock_monotonic_ms(), -1,
                              &client->dbus);
}

static enum pk_status open_bus(struct bus_client *client)
{
    const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
    enum pk_status status = PK_OK;

    if (address)
        client->dbus = dbus_connection_open_private(address, NULL);
    else
        status =
            pk_bus_open_socket(SYSTEM_BUS_PATH, false, pk_clock_monotonic_ms(), -1, &client->dbus);
    return status == PK_OK && !client->dbus ? PK_NOT_FOUND : status;
}

/* Asks the bus itself; name: the argument, or NULL. */
static bool ask_bus(struct bus_client *client, const char *member, const char *name,
                    DBusPendingCallNotifyFunction replied)
{
    PK_AUTO_MESSAGE DBusMessage *message = dbus_message_new_method_call(
        DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, member);
    PK_CLEANUP(dbus_pending_call_unref) DBusPendingCall *pending = NULL;
    dbus_uint32_t flags = 0;

    if (!message ||
        (name && !dbus_message_append_args(message, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID)) ||
        (strcmp(member, "StartServiceByName") == 0 &&
         !dbus_message_append_args(message, DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID)) ||
        !dbus_connection_send_with_reply(client->dbus, message, &pending, BUS_SECONDS * 1000))
        return false;
    return pending && dbus_pending_call_set_notify(pending, replied, client, NULL);
}

static void ask_or_lose(struct bus_client *client, const char *member, const char *name,
                        DBusPendingCallNotifyFunction replied)
{
    if (!ask_bus(client, member, name, replied))
        lose(client, "the bus cannot be asked");
}

static void on_owner(DBusPendingCall *pending, void *data)
{
    PK_AUTO_MESSAGE DBusMessage *reply = dbus_pending_call_steal_reply(pending);
    struct bus_client *client = data;
    const char *name;

    if (!reply || dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR ||
        !dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID)) {
        lose(client, "it is not on the bus");
        return;
    }
    free(client->owner);
    client->owner = strdup(name);
    if (client->owner)
        come_up(client);
    else
        lose(client, "out of memory");
}

/* Whether it could be started or was there, the bus says who it is. */
static void on_started(DBusPendingCall *pending, void *data)
{
    PK_AUTO_MESSAGE DBusMessage *reply = dbus_pending_call_steal_reply(pending);

    ask_or_lose(data, "GetNameOwner", PK_BUS_NAME, on_owner);
}

static void on_match(DBusPendingCall *pending, void *data)
{
    PK_AUTO_MESSAGE DBusMessage *reply = dbus_pending_call_steal_reply(pending);

    ask_or_lose(data, "StartServiceByName", PK_BUS_NAME, on_started);
}

static void on_hello(DBusPendingCall *pending, void *data)
{
    PK_AUTO_MESSAGE DBusMessage *reply = dbus_pending_call_steal_reply(pending);
    struct bus_client *client = data;
    const char *name;

    if (reply && dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
        dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
        dbus_bus_set_unique_name(client->dbus, name))
        ask_or_lose(client, "AddMatch", match_owner, on_match);
    else
        lose(client, "the bus does not take the connection");
}

/* The daemon has gone from the bus, or is another one. */
static DBusHandlerResult on_message(DBusConnection *dbus, DBusMessage *message, void *data)
{
    struct bus_client *client = data;

    (void)dbus;
    if (!client->direct && client->owner &&
        dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged") &&
        dbus_message_has_sender(message, DBUS_SERVICE_DBUS))
        lose(client, "it has left the bus");
    return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static void connect_now(struct bus_client *client)
{
    static const struct pk_bus_loop_ops ops = {.lost = on_lost};
    enum pk_status status = open_direct(client);

    client->direct = status == PK_OK;
    if (status == PK_NOT_FOUND)
        status = open_bus(client);
    if (status != PK_OK) {
        lose(client, status == PK_NOT_FOUND ? "it is not there" : pk_status_name(status));
        return;
    }
    dbus_connection_set_exit_on_disconnect(client->dbus, FALSE);
    dbus_connection_set_max_message_size(client->dbus, PK_BUS_MESSAGE_MAX);
    client->loop = pk_bus_loop_attach(client->base, client->dbus, &ops, client);
    if (!client->loop || !dbus_connection_add_filter(client->dbus, on_message, client, NULL))
        lose(client, "out of memory");
    else if (client->direct)
        come_up(client);
    else
        ask_or_lose(client, "Hello", NULL, on_hello);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct bus_client *client = data;

    (void)fd, (void)what;
    close_connection(client);
    connect_now(client);
}

static void on_failures(evutil_socket_t fd, short what, void *data)
{
    struct bus_client *client = data;

    (void)fd, (void)what;
    if (client->closing)
        close_connection(client);
    else
        send_more(client);
}

struct bus_client *bus_client_new(struct event_base *base, void (*up)(void *data), void *data)
{
    struct bus_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->base = base;
    client->up = up;
    client->data = data;
    client->back_off = BACK_OFF_MIN;
    client->waiting_end = &client->waiting;
    client->retry = evtimer_new(base, on_retry, client);
    client->failures = evtimer_new(base, on_failures, client);
    if (!client->retry || !client->failures) {
        bus_client_free(client);
        return NULL;
    }
    dbus_connection_set_change_sigpipe(FALSE);
    retry_in(client, 0);
    return client;
}

void bus_client_fail_all(struct bus_client *client)
{
    (void)event_del(client->retry);
    close_connection(client);
}

void bus_client_free(struct bus_client *client)
{
    close_connection(client);
    if (client->retry)
        event_free(client->retry);
    if (client->failures)
        event_free(client->failures);
    free(client);
}

void bus_client_working(struct bus_client *client)
{
    client->back_off = BACK_OFF_MIN;
    client->said = false;
}

bool bus_client_is_up(const struct bus_client *client)
{
    return client->is_up;
}

size_t bus_client_calls(const struct bus_client *client)
{
    return client->sent_count + client->waiting_count;
}
