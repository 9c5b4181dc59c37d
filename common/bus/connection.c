/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/bus/connection.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/bus/message.h"
#include "common/bus/names.h"
#include "common/bus/open_socket.h"

#include <poll.h>
#include <string.h>
#include <sys/types.h>

/* D-Bus specification, "System message bus". */
#define SYSTEM_BUS_PATH "/var/run/dbus/system_bus_socket"

/* How long a wait may overlook cancel_fd. */
#define SLICE_MS 100

/* A daemon that works answers a ping at once, however long a person takes. */
#define PING_EVERY_MS    2000
#define PING_PATIENCE_MS 5000

struct pk_bus {
    DBusConnection *connection;
    pid_t opener;     /* a fork()ed child must not use it */
    int64_t deadline; /* milliseconds of CLOCK_MONOTONIC */
    int cancel_fd;
    int listen_fd; /* -1: none */
    void (*typed)(void *data);
    void *typed_data;
    bool interactive;
    bool direct;  /* to the daemon's own socket: there is nobody else at the other end */
    char *daemon; /* unique name; NULL: not yet known, or direct */
    char *error_name;
    char *error_message;
};

PK_DEFINE_CLEANUP(DBusPendingCall *, dbus_pending_call_unref);

void pk_bus_set_deadline(struct pk_bus *bus, unsigned seconds)
{
    bus->deadline = pk_clock_monotonic_ms() + (int64_t)seconds * 1000;
}

void pk_bus_set_interactive(struct pk_bus *bus, bool interactive)
{
    bus->interactive = interactive;
}

const char *pk_bus_error_name(const struct pk_bus *bus)
{
    return bus->error_name ? bus->error_name : "";
}

const char *pk_bus_error_message(const struct pk_bus *bus)
{
    return bus->error_message ? bus->error_message : "";
}

const char *pk_bus_error_text(const struct pk_bus *bus)
{
    const char *name = pk_bus_error_name(bus);
    bool ours = strncmp(name, PK_BUS_ERROR_PREFIX, strlen(PK_BUS_ERROR_PREFIX)) == 0;

    return ours || pk_bus_error_status(name) != PK_UNAVAILABLE ? pk_bus_error_message(bus) : "";
}

static void forget_error(struct pk_bus *bus)
{
    free(pk_steal(bus->error_name));
    free(pk_steal(bus->error_message));
}

static void remember_error(struct pk_bus *bus, DBusMessage *reply)
{
    const char *message = "";
    DBusMessageIter arguments;

    if (dbus_message_iter_init(reply, &arguments) &&
        dbus_message_iter_get_arg_type(&arguments) == DBUS_TYPE_STRING)
        dbus_message_iter_get_basic(&arguments, &message);
    bus->error_name = pk_text_printable(dbus_message_get_error_name(reply), PK_BUS_TEXT_MAX);
    bus->error_message = pk_text_printable(message, PK_BUS_TEXT_MAX);
}

static bool is_readable(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};

    return fd >= 0 && poll(&event, 1, 0) > 0;
}

void pk_bus_listen(struct pk_bus *bus, int fd, void (*typed)(void *data), void *data)
{
    bus->listen_fd = fd;
    bus->typed = typed;
    bus->typed_data = data;
}

/* Whether the daemon lives, while something else is waited for. */
struct pulse {
    DBusPendingCall *ping; /* that is not answered yet; NULL: none */
    int64_t next;          /* when there is to be one, or when that one must have been answered */
};

static void pulse_clear(struct pulse *pulse)
{
    if (!pulse->ping)
        return;
    dbus_pending_call_cancel(pulse->ping);
    dbus_pending_call_unref(pulse->ping);
}
#define AUTO_PULSE __attribute__((cleanup(pulse_clear)))

static enum pk_status send_ping(struct pk_bus *bus, DBusPendingCall **ret)
{
    PK_AUTO_MESSAGE DBusMessage *ping =
        dbus_message_new_method_call(bus->daemon, PK_BUS_PATH, DBUS_INTERFACE_PEER, "Ping");
    DBusPendingCall *pending = NULL;

    if (!ping ||
        !dbus_connection_send_with_reply(bus->connection, ping, &pending, DBUS_TIMEOUT_INFINITE))
        return PK_NO_MEMORY;
    *ret = pending;
    return pending ? PK_OK : PK_UNAVAILABLE;
}

/* PK_UNAVAILABLE: it has not answered in time. An answer of any kind is a sign of life. */
static enum pk_status feel_pulse(struct pk_bus *bus, struct pulse *pulse)
{
    const int64_t now = pk_clock_monotonic_ms();

    if (pulse->ping && dbus_pending_call_get_completed(pulse->ping)) {
        dbus_pending_call_unref(pk_steal(pulse->ping));
        pulse->next = now + PING_EVERY_MS;
    }
    if (now < pulse->next)
        return PK_OK;
    if (pulse->ping)
        return PK_UNAVAILABLE;
    pulse->next = now + PING_PATIENCE_MS;
    return send_ping(bus, &pulse->ping);
}

/*
 * Lets libdbus work until the reply is there, the connection is lost or it must not wait longer:
 * patient: no longer than the daemon lives.
 */
static enum pk_status await_reply(struct pk_bus *bus, DBusPendingCall *pending, bool patient)
{
    AUTO_PULSE struct pulse pulse = {.next = pk_clock_monotonic_ms() + PING_EVERY_MS};

    while (!dbus_pending_call_get_completed(pending)) {
        int64_t left = bus->deadline - pk_clock_monotonic_ms();
        enum pk_status alive = patient ? feel_pulse(bus, &pulse) : PK_OK;

        if (alive != PK_OK)
            return alive;
        if (dbus_connection_get_dispatch_status(bus->connection) == DBUS_DISPATCH_DATA_REMAINS) {
            (void)dbus_connection_dispatch(bus->connection);
            continue;
        }
        if (!dbus_connection_get_is_connected(bus->connection))
            return PK_UNAVAILABLE;
        if (is_readable(bus->cancel_fd))
            return PK_CANCELLED;
        if (patient && is_readable(bus->listen_fd))
            bus->typed(bus->typed_data);
        if (left <= 0)
            return PK_TIMEOUT;
        (void)dbus_connection_read_write(bus->connection, left < SLICE_MS ? (int)left : SLICE_MS);
    }
    return PK_OK;
}

/*
 * libdbus pairs replies with calls by serial number alone. A return counts only when the bus
 * stamped it with the name of the peer that was called; errors may come from the bus itself, or
 * from libdbus (no sender) when the connection is lost.
 */
static bool reply_is_from(DBusMessage *reply, const char *peer)
{
    const char *sender = dbus_message_get_sender(reply);

    if (!peer) /* the daemon's own socket */
        return true;
    if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
        return !sender || strcmp(sender, peer) == 0 || strcmp(sender, DBUS_SERVICE_DBUS) == 0;
    return sender && strcmp(sender, peer) == 0;
}

static enum pk_status judge_reply(struct pk_bus *bus, DBusMessage *reply, const char *peer,
                                  const char *signature)
{
    if (!reply_is_from(reply, peer))
        return PK_PROTOCOL;
    switch (dbus_message_get_type(reply)) {
    case DBUS_MESSAGE_TYPE_ERROR:
        remember_error(bus, reply);
        return pk_bus_error_status(dbus_message_get_error_name(reply));
    case DBUS_MESSAGE_TYPE_METHOD_RETURN:
        return dbus_message_has_signature(reply, signature) ? PK_OK : PK_PROTOCOL;
    default:
        return PK_PROTOCOL;
    }
}

static enum pk_status call_and_wait(struct pk_bus *bus, DBusMessage *call, const char *signature,
                                    bool patient, DBusMessage **ret_reply)
{
    PK_CLEANUP(dbus_pending_call_unref) DBusPendingCall *pending = NULL;
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    enum pk_status status;

    forget_error(bus);
    if (bus->opener != getpid())
        return PK_INVALID_ARGUMENT;
    dbus_message_set_allow_interactive_authorization(call, bus->interactive);
    if (!dbus_connection_send_with_reply(bus->connection, call, &pending, DBUS_TIMEOUT_INFINITE))
        return PK_NO_MEMORY;
    if (!pending)
        return PK_UNAVAILABLE;
    status = await_reply(bus, pending, patient);
    if (status != PK_OK) {
        dbus_pending_call_cancel(pending);
        return status;
    }
    reply = dbus_pending_call_steal_reply(pending);
    if (!reply)
        return PK_PROTOCOL;
    status = judge_reply(bus, reply, dbus_message_get_destination(call), signature);
    if (status == PK_OK)
        *ret_reply = pk_steal(reply);
    return status;
}

/*
 * Whether descriptors can be sent is known once both sides have agreed who they are. On a bus they
 * have by then; on the daemon's own socket a call that carries one may be the first.
 */
static enum pk_status prepare_descriptors(struct pk_bus *bus, DBusMessage *call)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_MESSAGE DBusMessage *ping = NULL;

    if (!dbus_message_contains_unix_fds(call) ||
        dbus_connection_can_send_type(bus->connection, DBUS_TYPE_UNIX_FD))
        return PK_OK;
    ping = dbus_message_new_method_call(NULL, PK_BUS_PATH, DBUS_INTERFACE_PEER, "Ping");
    return ping ? call_and_wait(bus, ping, "", false, &reply) : PK_NO_MEMORY;
}

enum pk_status pk_bus_call(struct pk_bus *bus, DBusMessage *call, const char *signature,
                           DBusMessage **ret_reply)
{
    enum pk_status status = prepare_descriptors(bus, call);

    return status == PK_OK ? call_and_wait(bus, call, signature, false, ret_reply) : status;
}

enum pk_status pk_bus_call_patiently(struct pk_bus *bus, DBusMessage *call, const char *signature,
                                     DBusMessage **ret_reply)
{
    enum pk_status status = prepare_descriptors(bus, call);

    return status == PK_OK ? call_and_wait(bus, call, signature, true, ret_reply) : status;
}

void pk_bus_send(struct pk_bus *bus, DBusMessage *message)
{
    dbus_message_set_no_reply(message, TRUE);
    if (dbus_connection_send(bus->connection, message, NULL))
        (void)dbus_connection_read_write(bus->connection, 0);
}

/* Calls the bus itself; name is the one argument, or NULL. */
static enum pk_status ask_bus(struct pk_bus *bus, const char *member, const char *name,
                              const char *signature, DBusMessage **ret_reply)
{
    PK_AUTO_MESSAGE DBusMessage *call = dbus_message_new_method_call(
        DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, member);

    if (!call ||
        (name && !dbus_message_append_args(call, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID)))
        return PK_NO_MEMORY;
    return pk_bus_call(bus, call, signature, ret_reply);
}

static enum pk_status register_connection(struct pk_bus *bus)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const char *name;
    enum pk_status status = ask_bus(bus, "Hello", NULL, "s", &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    return dbus_bus_set_unique_name(bus->connection, name) ? PK_OK : PK_NO_MEMORY;
}

static struct pk_bus *bus_new(unsigned seconds, int cancel_fd)
{
    struct pk_bus *bus = calloc(1, sizeof(*bus));

    if (!bus)
        return NULL;
    bus->opener = getpid();
    bus->cancel_fd = cancel_fd;
    bus->listen_fd = -1;
    pk_bus_set_deadline(bus, seconds);
    /* The process keeps its SIGPIPE; libdbus sends with MSG_NOSIGNAL. */
    dbus_connection_set_change_sigpipe(FALSE);
    return bus;
}

static void set_up(struct pk_bus *bus)
{
    dbus_connection_set_exit_on_disconnect(bus->connection, FALSE);
    dbus_connection_set_max_message_size(bus->connection, PK_BUS_MESSAGE_MAX);
}

/*
 * Not dbus_bus_get_private(): its Hello waits for libdbus's own 25 seconds, and it makes a lost
 * connection end the process until told otherwise.
 */
static enum pk_status open_bus(struct pk_bus *bus)
{
    const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
    enum pk_status status = PK_OK;

    if (address)
        bus->connection = dbus_connection_open_private(address, NULL);
    else
        status = pk_bus_open_socket(SYSTEM_BUS_PATH, false, bus->deadline, bus->cancel_fd,
                                    &bus->connection);
    if (!bus->connection)
        return status == PK_OK || status == PK_NOT_FOUND ? PK_UNAVAILABLE : status;
    set_up(bus);
    return register_connection(bus);
}

/* The daemon's own socket. PK_NOT_FOUND: there is none, or none that can be trusted. */
static enum pk_status open_direct(struct pk_bus *bus)
{
    const char *path = secure_getenv(PK_SOCKET_VARIABLE);
    enum pk_status status;

    /* Whoever names another bus means another daemon. */
    if (!path && secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"))
        return PK_NOT_FOUND;
    status = pk_bus_open_socket(path ? path : PK_SOCKET_PATH, true, bus->deadline, bus->cancel_fd,
                                &bus->connection);
    if (status == PK_OK) {
        set_up(bus);
        bus->direct = true;
    }
    return status;
}

enum pk_status pk_bus_open(unsigned seconds, int cancel_fd, struct pk_bus **ret)
{
    PK_AUTO_BUS struct pk_bus *bus = bus_new(seconds, cancel_fd);
    enum pk_status status = bus ? open_direct(bus) : PK_NO_MEMORY;

    if (status == PK_NOT_FOUND)
        status = open_bus(bus);
    if (status == PK_OK)
        *ret = pk_steal(bus);
    return status;
}

enum pk_status pk_bus_open_system(unsigned seconds, int cancel_fd, struct pk_bus **ret)
{
    PK_AUTO_BUS struct pk_bus *bus = bus_new(seconds, cancel_fd);
    enum pk_status status = bus ? open_bus(bus) : PK_NO_MEMORY;

    if (status == PK_OK)
        *ret = pk_steal(bus);
    return status;
}

void pk_bus_close(struct pk_bus *bus)
{
    if (!bus)
        return;
    if (bus->connection) {
        dbus_connection_close(bus->connection);
        dbus_connection_unref(bus->connection);
    }
    forget_error(bus);
    free(bus->daemon);
    free(bus);
}

static enum pk_status name_owner(struct pk_bus *bus, const char *name, char **ret)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    const char *owner;
    enum pk_status status = ask_bus(bus, "GetNameOwner", name, "s", &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &owner, DBUS_TYPE_INVALID))
        return PK_PROTOCOL;
    return pk_text_copy(owner, ret);
}

static enum pk_status start_service(struct pk_bus *bus, const char *name)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    PK_AUTO_MESSAGE DBusMessage *call = dbus_message_new_method_call(
        DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "StartServiceByName");
    dbus_uint32_t flags = 0;

    if (!call || !dbus_message_append_args(call, DBUS_TYPE_STRING, &name, DBUS_TYPE_UINT32, &flags,
                                           DBUS_TYPE_INVALID))
        return PK_NO_MEMORY;
    return pk_bus_call(bus, call, "u", &reply);
}

enum pk_status pk_bus_find_daemon(struct pk_bus *bus)
{
    enum pk_status status;

    if (bus->opener != getpid())
        return PK_INVALID_ARGUMENT;
    if (bus->daemon || bus->direct)
        return PK_OK;
    status = name_owner(bus, PK_BUS_NAME, &bus->daemon);
    if (status != PK_UNAVAILABLE)
        return status;
    status = start_service(bus, PK_BUS_NAME);
    if (status == PK_OK)
        status = name_owner(bus, PK_BUS_NAME, &bus->daemon);
    return status;
}

enum pk_status pk_bus_name_has_owner(struct pk_bus *bus, const char *name, bool *ret)
{
    PK_AUTO_FREE char *owner = NULL;
    enum pk_status status = name_owner(bus, name, &owner);

    if (status != PK_OK && status != PK_UNAVAILABLE)
        return status;
    *ret = owner != NULL;
    return PK_OK;
}

enum pk_status pk_bus_name_activatable(struct pk_bus *bus, const char *name, bool *ret)
{
    PK_AUTO_MESSAGE DBusMessage *reply = NULL;
    DBusMessageIter arguments, names;
    bool found = false;
    enum pk_status status = ask_bus(bus, "ListActivatableNames", NULL, "as", &reply);

    if (status != PK_OK)
        return status;
    if (!dbus_message_iter_init(reply, &arguments))
        return PK_PROTOCOL;
    for (dbus_message_iter_recurse(&arguments, &names);
         dbus_message_iter_get_arg_type(&names) == DBUS_TYPE_STRING;
         dbus_message_iter_next(&names)) {
        const char *item;

        dbus_message_iter_get_basic(&names, &item);
        found = found || strcmp(item, name) == 0;
    }
    *ret = found;
    return PK_OK;
}

DBusMessage *pk_bus_message_new(struct pk_bus *bus, const char *path, const char *interface,
                                const char *member)
{
    return dbus_message_new_method_call(bus->daemon, path, interface, member);
}
