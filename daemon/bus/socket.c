/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/socket.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/event_loop.h"
#include "daemon/bus/connection.h"
#include "daemon/bus/descriptors.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_FD          3    /* of those that systemd passes */
#define PEERS_MAX         1024 /* in total; budget.c bounds those of users */
#define SILENT_SECONDS    5    /* until the first call, and for a message to become whole */
#define MESSAGE_SIZE_MAX  (PK_JSON_MAX + 32768) /* a response in JSON, and room around it */
#define MESSAGE_FDS_MAX   4                     /* of one message */
#define RECEIVED_SIZE_MAX 65536 /* unreleased bytes at which libdbus stops reading */
#define RECEIVED_FDS_MAX  8
#define OUTGOING_SIZE_MAX 65536 /* bytes of answers that a peer has not read: it waits, then */
#define OUTGOING_FDS_MAX  8

struct peer {
    TAILQ_ENTRY(peer) entry;
    struct socket *socket;
    DBusConnection *dbus;
    struct connection *connection;
    struct event *silent;
    char *name;
    uid_t uid;
    pid_t pid;
    uid_t charged; /* whose connection it counts as */
    bool setuid;   /* charged is whom a program of root's serves */
    bool called;
    uint64_t begun; /* the message that had come in part SILENT_SECONDS ago; 0: none */
};

struct socket {
    struct socket_setup setup;
    DBusServer *server;
    size_t count;
    bool closing;             /* nobody is told any more who leaves */
    uint64_t number;          /* of the last peer's name */
    TAILQ_HEAD(, peer) peers; /* the oldest first */
};

static bool inherited;

/* --- peers ------------------------------------------------------------------------------------ */

static void peer_free(struct peer *peer)
{
    struct socket *socket = peer->socket;

    TAILQ_REMOVE(&socket->peers, peer, entry);
    socket->count--;
    budget_release(socket->setup.budget, peer->charged,
                   peer->setuid ? BUDGET_SETUID_CONNECTIONS : BUDGET_OPEN_CONNECTIONS);
    if (peer->silent)
        event_free(peer->silent);
    connection_free(peer->connection);
    if (peer->called && !socket->closing)
        socket->setup.ops->vanished(socket->setup.data, peer->name);
    free(peer->name);
    free(peer);
}

/*
 * From time to time: who has called nothing yet goes, and so does who began a message and does not
 * go on to its end; what was read of it takes memory.
 */
static void on_silent(evutil_socket_t fd, short what, void *data)
{
    struct peer *peer = data;
    uint64_t begun = connection_message_begun(peer->connection);

    (void)fd, (void)what;
    if (!peer->called || (begun != 0 && begun == peer->begun)) {
        peer_free(peer);
        return;
    }
    peer->begun = begun;
}

/* One that reads no answers gets no further ones. */
static bool reads_nothing(const struct peer *peer)
{
    return dbus_connection_get_outgoing_size(peer->dbus) > OUTGOING_SIZE_MAX ||
           dbus_connection_get_outgoing_unix_fds(peer->dbus) > OUTGOING_FDS_MAX;
}

/*
 * libdbus has taken nobody in whom the kernel did not name (EXTERNAL is the only way to say who one
 * is); here both are compared once more.
 */
static dbus_bool_t may_connect(DBusConnection *dbus, unsigned long uid, void *data)
{
    const struct peer *peer = data;

    (void)dbus;
    return uid == (unsigned long)peer->uid;
}

/* A message of a user who has had enough waits in the socket, where it costs nothing. */
static bool on_ready(void *data, DBusMessage *message)
{
    const struct peer *peer = data;

    if (dbus_message_get_type(message) != DBUS_MESSAGE_TYPE_METHOD_CALL ||
        !dbus_connection_get_is_connected(peer->dbus))
        return true;
    return !reads_nothing(peer) &&
           budget_take(peer->socket->setup.budget, peer->uid, connection_rate(message));
}

static struct peer *peer_of(struct socket *socket, const DBusConnection *dbus)
{
    struct peer *peer;

    TAILQ_FOREACH(peer, &socket->peers, entry)
    if (peer->dbus == dbus)
        break;
    return peer;
}

/* The connection counts as the user's from now on, for whom this program of root's runs. */
static bool on_charge(struct call *call, uid_t uid)
{
    struct socket *socket = call->data;
    struct peer *peer = peer_of(socket, call->origin);

    if (!peer || peer->charged == uid)
        return true;
    if (!budget_hold(socket->setup.budget, uid, BUDGET_SETUID_CONNECTIONS))
        return false;
    budget_release(socket->setup.budget, peer->charged,
                   peer->setuid ? BUDGET_SETUID_CONNECTIONS : BUDGET_OPEN_CONNECTIONS);
    peer->charged = uid;
    peer->setuid = true;
    return true;
}

static void receive_call(struct peer *peer, DBusMessage *message)
{
    const struct socket_setup *setup = &peer->socket->setup;
    struct call *call;

    if (connection_answer_peer(peer->dbus, message))
        return;
    call = connection_call_new(peer->dbus, message, peer->name, on_charge);
    if (!call)
        return;
    call->bus = setup->bus;
    call->uid = peer->uid;
    call->pid = peer->pid;
    call->data = peer->socket;
    peer->called = true;
    if (call_admit(call, setup->budget))
        setup->ops->call(setup->data, call);
    else
        call_refuse(call);
}

/*
 * Anything but calls has no meaning here, and ends the connection, as does whoever passes
 * descriptors that do not close.
 */
static bool on_message(void *data, DBusMessage *message)
{
    struct peer *peer = data;

    if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL &&
        dbus_connection_get_is_connected(peer->dbus) && !descriptors_too_many(peer->uid)) {
        receive_call(peer, message);
        return true;
    }
    peer_free(peer);
    return false;
}

static const struct connection_ops connection_ops = {.ready = on_ready, .message = on_message};

/* --- accepting -------------------------------------------------------------------------------- */

static bool credentials_of(DBusConnection *dbus, struct ucred *ret)
{
    socklen_t len = sizeof(*ret);
    int fd;

    if (!dbus_connection_get_socket(dbus, &fd))
        return false;
    descriptors_mark_connection(fd);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) == 0 && len == sizeof(*ret) &&
           ret->uid != (uid_t)-1;
}

/* Of those that have called nothing yet, the one that has had the longest time to. */
static void drop_silent(struct socket *socket)
{
    struct peer *peer;

    TAILQ_FOREACH(peer, &socket->peers, entry)
    if (!peer->called) {
        peer_free(peer);
        return;
    }
}

static void set_limits(DBusConnection *dbus)
{
    dbus_connection_set_max_message_size(dbus, MESSAGE_SIZE_MAX);
    dbus_connection_set_max_message_unix_fds(dbus, MESSAGE_FDS_MAX);
    dbus_connection_set_max_received_size(dbus, RECEIVED_SIZE_MAX);
    dbus_connection_set_max_received_unix_fds(dbus, RECEIVED_FDS_MAX);
}

static struct peer *peer_new(struct socket *socket, DBusConnection *dbus, const struct ucred *who)
{
    static const struct timeval silent = {SILENT_SECONDS, 0};
    struct peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return NULL;
    *peer = (struct peer){
        .socket = socket,
        .dbus = dbus,
        .name = pk_text_format("socket/%llu", (unsigned long long)++socket->number),
        .uid = who->uid,
        .pid = who->pid,
        .charged = who->uid,
        .silent = event_new(socket->setup.base, -1, EV_PERSIST, on_silent, peer),
    };
    (void)dbus_connection_ref(dbus);
    if (peer->name && peer->silent && event_add(peer->silent, &silent) == 0)
        peer->connection =
            connection_new(socket->setup.base, dbus, who->uid, &connection_ops, peer);
    if (peer->connection) {
        dbus_connection_set_unix_user_function(dbus, may_connect, peer, NULL);
        return peer;
    }
    dbus_connection_unref(dbus);
    if (peer->silent)
        event_free(peer->silent);
    free(peer->name);
    free(peer);
    return NULL;
}

/* Of a connection that is not kept, libdbus closes the socket on return. */
static void on_connection(DBusServer *server, DBusConnection *dbus, void *data)
{
    struct socket *socket = data;
    struct ucred who;
    struct peer *peer;

    (void)server;
    if (!credentials_of(dbus, &who))
        return;
    (void)descriptors_charge(who.uid); /* until the accepting is done (connection.c) */
    if (descriptors_too_many(who.uid) ||
        !budget_take(socket->setup.budget, who.uid, BUDGET_CONNECTIONS))
        return;
    if (socket->count >= PEERS_MAX)
        drop_silent(socket);
    if (socket->count >= PEERS_MAX ||
        !budget_hold(socket->setup.budget, who.uid, BUDGET_OPEN_CONNECTIONS))
        return;
    set_limits(dbus);
    peer = peer_new(socket, dbus, &who);
    if (!peer) {
        budget_release(socket->setup.budget, who.uid, BUDGET_OPEN_CONNECTIONS);
        return;
    }
    TAILQ_INSERT_TAIL(&socket->peers, peer, entry);
    socket->count++;
}

/* --- the socket ------------------------------------------------------------------------------- */

/* A listening socket of the kind that clients connect to. */
static bool is_ours(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t address_len = sizeof(address);
    int listens = 0;
    socklen_t len = sizeof(listens);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens != 0 &&
           getsockname(fd, (struct sockaddr *)&address, &address_len) == 0 &&
           address.ss_family == AF_UNIX;
}

static int number_of(const char *text)
{
    char *end = NULL;
    long number = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

    return end && *end == '\0' && number >= 0 && number <= 65536 ? (int)number : -1;
}

/*
 * libdbus takes the descriptors over itself ("systemd:"), but gives up where one of them is no
 * socket: it is shown the one that it is to have, as the only one. Another that was passed in its
 * place moves to where that was, close-on-exec.
 */
bool socket_inherit(void)
{
    int count = number_of(getenv("LISTEN_FDS"));
    bool ours = number_of(getenv("LISTEN_PID")) == (int)getpid();

    for (int fd = FIRST_FD; ours && fd < FIRST_FD + count; fd++) {
        int moved = -1;

        if (!is_ours(fd))
            continue;
        if (fd != FIRST_FD) {
            moved = fcntl(FIRST_FD, F_DUPFD_CLOEXEC, FIRST_FD);
            if (dup3(fd, FIRST_FD, O_CLOEXEC) < 0 || (moved >= 0 && dup3(moved, fd, O_CLOEXEC) < 0))
                break;
            if (moved >= 0)
                (void)close(moved);
        }
        inherited = setenv("LISTEN_FDS", "1", 1) == 0;
        break;
    }
    if (!inherited)
        (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return inherited;
}

/* Nobody else may put a socket of their own in the place of ours. */
static bool folder_is_safe(const char *path)
{
    PK_AUTO_FREE char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    struct stat found;

    if (!slash || slash == folder)
        return false;
    *slash = '\0';
    return lstat(folder, &found) == 0 && S_ISDIR(found.st_mode) &&
           (found.st_uid == 0 || found.st_uid == geteuid()) && (found.st_mode & 022) == 0;
}

static DBusServer *listen_at(const char *path, char **ret_why)
{
    DBusError error = DBUS_ERROR_INIT;
    PK_AUTO_FREE char *escaped = NULL;
    PK_AUTO_FREE char *address = NULL;
    DBusServer *server;
    char *value;

    if (!inherited && !folder_is_safe(path)) {
        *ret_why = pk_text_format("%s: its folder must be there, be root's or the daemon's, and be "
                                  "writable by nobody else",
                                  path);
        return NULL;
    }
    value = inherited ? NULL : dbus_address_escape_value(path);
    address = inherited ? strdup("systemd:") : pk_text_format("unix:path=%s", value ? value : "");
    dbus_free(value);
    /* A socket that a killed daemon left behind is replaced. */
    server = address ? dbus_server_listen(address, &error) : NULL;
    if (!server)
        *ret_why = pk_text_format("%s: %s", inherited ? "the socket of systemd's" : path,
                                  error.message ? error.message : "no memory");
    dbus_error_free(&error);
    /* Everybody may connect; libdbus has made it executable as well. */
    if (server && !inherited && chmod(path, 0666))
        pk_log(LOG_WARNING, "%s: %s", path, strerror(errno));
    return server;
}

enum pk_status socket_open(const struct socket_setup *setup, const char *path, struct socket **ret,
                           char **ret_why)
{
    static const char *mechanisms[] = {"EXTERNAL", NULL};
    struct socket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return PK_NO_MEMORY;
    socket->setup = *setup;
    TAILQ_INIT(&socket->peers);
    if (!inherited && !path) {
        *ret = socket;
        return PK_OK;
    }
    socket->server = listen_at(path, ret_why);
    if (!socket->server) {
        free(socket);
        return PK_UNAVAILABLE;
    }
    dbus_server_set_new_connection_function(socket->server, on_connection, socket, NULL);
    if (!dbus_server_set_auth_mechanisms(socket->server, mechanisms) ||
        !pk_bus_loop_attach_server(setup->base, socket->server)) {
        socket_close(socket);
        *ret_why = strdup("no memory");
        return PK_UNAVAILABLE;
    }
    *ret = socket;
    return PK_OK;
}

void socket_close(struct socket *socket)
{
    struct peer *peer;

    socket->closing = true;
    while ((peer = TAILQ_FIRST(&socket->peers)))
        peer_free(peer);
    if (socket->server) {
        dbus_server_disconnect(socket->server);
        dbus_server_unref(socket->server);
    }
    free(socket);
}
