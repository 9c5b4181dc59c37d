/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/server/server.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "store/protocol/channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEMD_SOCKET 3   /* sd_listen_fds(3) */
#define REPLY_MARGIN   100 /* milliseconds that a reply has to arrive in */
#define REPLY_SECONDS  5   /* for a daemon that does not read it */
#define ACCEPT_PAUSE   500 /* milliseconds until it is tried again, where it failed */

struct server;

struct server_thread {
    struct server *server;
    pthread_t thread;
    int connection; /* -1: none; under the server's lock */
};

struct server {
    struct store *store;
    uid_t daemon;
    int listener;
    int wake; /* readable once it ends: the listener may be systemd's, which goes on with it */
    char kind[PK_STORE_KIND_MAX + 1];
    atomic_bool ending;
    pthread_mutex_t turn; /* to accept: one thread is woken by a connection, not all */
    pthread_mutex_t lock;
    struct server_thread threads[PK_STORE_CONNECTIONS_MAX];
    size_t thread_count;
};

/* --- a connection ----------------------------------------------------------------------------- */

static bool may_connect(const struct server *server, int connection)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid() || peer.uid == server->daemon);
}

static int64_t reply_deadline(void)
{
    return pk_clock_monotonic_ms() + REPLY_SECONDS * INT64_C(1000);
}

static enum pk_status greet(const struct server *server, int connection)
{
    const struct store_hello own = {.version = PROTOCOL_VERSION,
                                    .kind = (char *)(uintptr_t)server->kind,
                                    .ceremonies = server->store->verbs->ceremony_add != NULL};
    AUTO_STORE_HELLO struct store_hello hello = {0};
    AUTO_FRAME struct pk_bytes received = {0}, sent = {0};
    enum pk_status status = channel_receive(connection, reply_deadline(), &received);

    if (status == PK_OK)
        status = frame_hello_read(pk_view_of(&received), &hello);
    /* One of another version is told which one this is, and reads that in its words. */
    if (status && status != PK_UNSUPPORTED)
        return status;
    if (frame_hello(&own, &sent) || channel_send(connection, pk_view_of(&sent), reply_deadline()))
        return PK_IO;
    return status;
}

static enum pk_status reply(int connection, const struct request_head *head, enum pk_status outcome,
                            const struct store_reply *body)
{
    /* A server's words are in whatever encoding it has. */
    PK_AUTO_FREE char *words =
        pk_text_printable(outcome == PK_OK ? "" : store_error(), STORE_ERROR_SIZE);
    struct reply_head answer = {.number = head->number, .status = outcome, .why = words};
    AUTO_FRAME struct pk_bytes frame = {0};
    enum pk_status status = words ? frame_reply(&answer, head->call, body, &frame) : PK_NO_MEMORY;

    if (status) {
        char why[STORE_ERROR_SIZE];

        (void)snprintf(why, sizeof(why), "%s: the answer: %s", call_shape(head->call)->name,
                       pk_status_clause(status));
        answer.status = PK_STORAGE;
        answer.why = why;
        status = frame_reply(&answer, head->call, NULL, &frame);
    }
    return status ? status : channel_send(connection, pk_view_of(&frame), reply_deadline());
}

static enum pk_status serve_one(struct server *server, int connection)
{
    AUTO_FRAME struct pk_bytes received = {0};
    struct store_request request;
    struct store_reply body;
    struct request_head head;
    int64_t now;
    enum pk_status outcome, status = channel_receive(connection, CHANNEL_FOREVER, &received);

    if (status == PK_OK)
        status = frame_request_read(pk_view_of(&received), &head, &request);
    if (status)
        return status;
    now = pk_clock_monotonic_ms();
    store_set_error("%s", "");
    store_set_deadline(now + head.milliseconds -
                       (head.milliseconds > REPLY_MARGIN ? REPLY_MARGIN : 0));
    outcome = serve_call(server->store, head.call, &request, &body);
    store_set_deadline(INT64_MAX);
    store_request_clear(head.call, &request);
    frame_clear(&received); /* of a password there is nothing left when the caller goes on */
    status = reply(connection, &head, outcome, &body);
    if (outcome == PK_OK)
        store_reply_clear(head.call, &body);
    return status;
}

static void serve(struct server *server, int connection)
{
    enum pk_status status = greet(server, connection);

    while (status == PK_OK && !atomic_load(&server->ending))
        status = serve_one(server, connection);
    if (status && status != PK_NOT_FOUND && !atomic_load(&server->ending))
        pk_log(LOG_WARNING, "a connection was ended: %s", pk_status_clause(status));
}

/* --- threads ---------------------------------------------------------------------------------- */

static void set_connection(struct server_thread *thread, int connection)
{
    (void)pthread_mutex_lock(&thread->server->lock);
    thread->connection = connection;
    (void)pthread_mutex_unlock(&thread->server->lock);
}

/* Waits in turn for a connection. -1: it ends, or there was none after all. */
static int next_connection(struct server *server)
{
    struct pollfd pollers[] = {{.fd = server->wake, .events = POLLIN},
                               {.fd = server->listener, .events = POLLIN}};
    struct sockaddr_un peer; /* without a name */
    socklen_t len = sizeof(peer);
    int connection = -1;

    (void)pthread_mutex_lock(&server->turn);
    if (poll(pollers, 2, -1) > 0 && !pollers[0].revents) {
        connection = accept4(server->listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
        if (connection < 0 && errno != EINTR && errno != ECONNABORTED) {
            /* For want of descriptors or memory, which there may be again. */
            pk_log(LOG_ERR, "accept: %s", strerror(errno));
            (void)poll(pollers, 1, ACCEPT_PAUSE);
        }
    }
    (void)pthread_mutex_unlock(&server->turn);
    return connection;
}

static void *serve_connections(void *data)
{
    struct server_thread *thread = data;
    struct server *server = thread->server;

    while (!atomic_load(&server->ending)) {
        PK_AUTO_CLOSE int connection = next_connection(server);

        if (connection < 0)
            continue;
        if (!may_connect(server, connection)) {
            pk_log(LOG_WARNING, "somebody connected who is not the daemon, and was refused");
            continue;
        }
        set_connection(thread, connection);
        /* From here on stop_threads() sees it. */
        if (!atomic_load(&server->ending))
            serve(server, connection);
        set_connection(thread, -1);
    }
    return NULL;
}

/* Signals are for the first thread. */
static enum pk_status start_threads(struct server *server)
{
    for (size_t i = 0; i < PK_STORE_CONNECTIONS_MAX; i++) {
        struct server_thread *thread = &server->threads[i];

        *thread = (struct server_thread){.server = server, .connection = -1};
        if (pthread_create(&thread->thread, NULL, serve_connections, thread))
            break;
        server->thread_count++;
    }
    return server->thread_count > 0 ? PK_OK : PK_NO_MEMORY;
}

static void stop_threads(struct server *server)
{
    atomic_store(&server->ending, true);
    (void)!eventfd_write(server->wake, 1);
    (void)pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->thread_count; i++)
        if (server->threads[i].connection >= 0)
            (void)shutdown(server->threads[i].connection, SHUT_RD);
    (void)pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->thread_count; i++)
        (void)pthread_join(server->threads[i].thread, NULL);
}

/* --- the socket ------------------------------------------------------------------------------- */

static enum pk_status refuse(const char *what, char **ret_why)
{
    *ret_why = pk_text_format("%s: %s", what, strerror(errno));
    return PK_CONFIG;
}

static enum pk_status inherit(int *ret_listener, char **ret_why)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int listens = 0;
    socklen_t len = sizeof(listens);

    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid() || strcmp(count, "1") != 0 ||
        getsockopt(SYSTEMD_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) || !listens) {
        *ret_why = strdup("systemd has passed no socket on; --socket makes one");
        return PK_CONFIG;
    }
    *ret_listener = SYSTEMD_SOCKET;
    return PK_OK;
}

static enum pk_status make(const char *path, int *ret_listener, char **ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PK_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return refuse(path, ret_why);
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || (unlink(path) && errno != ENOENT) || fchmod(fd, 0600) ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) || chmod(path, 0600) ||
        listen(fd, SOMAXCONN))
        return refuse(path, ret_why);
    *ret_listener = pk_steal_fd(&fd);
    return PK_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static sigset_t ending_signals(void)
{
    sigset_t ends;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    return ends;
}

void store_server_hold_signals(void)
{
    const sigset_t ends = ending_signals();

    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

static void wait_for_the_end(void)
{
    const sigset_t ends = ending_signals();
    int number;

    while (sigwait(&ends, &number) == EINTR)
        continue;
}

static enum pk_status know_kind(struct server *server)
{
    AUTO_STORE_STATE struct store_state state = {0};
    enum pk_status status;

    store_set_deadline(pk_clock_monotonic_ms() + PK_STORE_CALL_MS);
    status = server->store->verbs->state(server->store, &state);
    store_set_deadline(INT64_MAX);
    if (status == PK_OK)
        (void)snprintf(server->kind, sizeof(server->kind), "%s", state.kind);
    return status;
}

static struct server *server_new(struct store *store, uid_t daemon)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->store = store;
    server->daemon = daemon;
    server->listener = -1;
    server->wake = eventfd(0, EFD_CLOEXEC);
    (void)pthread_mutex_init(&server->turn, NULL);
    (void)pthread_mutex_init(&server->lock, NULL);
    return server;
}

static void server_free(struct server *server)
{
    if (server->listener >= 0)
        (void)close(server->listener);
    if (server->wake >= 0)
        (void)close(server->wake);
    (void)pthread_mutex_destroy(&server->turn);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

enum pk_status store_server_run(struct store *store, const struct store_server_setup *setup,
                                char **ret_why)
{
    struct server *server = server_new(store, setup->daemon);
    enum pk_status status;

    if (!server)
        return PK_NO_MEMORY;
    /* Libraries write to connections that may be gone. */
    (void)signal(SIGPIPE, SIG_IGN);
    store_server_hold_signals();
    status = server->wake >= 0 ? know_kind(server) : refuse("eventfd", ret_why);
    if (status == PK_OK)
        status = setup->socket ? make(setup->socket, &server->listener, ret_why)
                               : inherit(&server->listener, ret_why);
    if (status == PK_OK) {
        status = start_threads(server);
        if (status == PK_OK) {
            wait_for_the_end();
            stop_threads(server);
        }
        if (setup->socket)
            (void)unlink(setup->socket);
    }
    server_free(server);
    return status;
}
