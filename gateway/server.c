/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/server_private.h"

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/ownership.h"
#include "common/base/text.h"
#include "gateway/metrics.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SWEEP_MS         250 /* how often slow connections are looked for */
#define PEM_MAX          131072
#define SPARE            64 /* of libmicrohttpd's limit, which is never to be reached */
#define DESCRIPTORS_MORE 256

/* --- running ---------------------------------------------------------------------------------- */

void http_run_soon(struct http *http)
{
    event_active(http->timer, EV_TIMEOUT, 0);
}

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG ms;

    (void)MHD_run(http->mhd);
    if (MHD_get_timeout(http->mhd, &ms) == MHD_YES) {
        const struct timeval when = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};

        (void)evtimer_add(http->timer, &when);
    }
}

static void on_ready(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    run(data);
}

struct connection *server_connection_of(const struct server *server, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info && (size_t)info->connect_fd < server->by_fd_size
               ? server->by_fd[info->connect_fd].connection
               : NULL;
}

void server_enter(struct server *server, struct connection *connection, enum connection_state state)
{
    connection_enter(&server->connections, connection, state, pk_clock_monotonic_ms());
}

static void say_if_done(struct server *server)
{
    if (server->done && server->connections.count == 0) {
        void (*done)(void *) = server->done;

        server->done = NULL;
        done(server->data);
    }
}

/* libmicrohttpd sees the end of what it reads, and closes. */
static void end(struct server *server, struct connection *connection)
{
    server_enter(server, connection, CONNECTION_ENDING);
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static void http_free(struct http *http)
{
    if (http->ready)
        event_free(http->ready);
    if (http->mhd)
        MHD_stop_daemon(http->mhd);
    if (http->timer)
        event_free(http->timer);
    free(http);
}

static void drop_retired(struct server *server)
{
    for (struct http **at = &server->first; *at;) {
        struct http *http = *at;

        if (http->retired && http->connections == 0) {
            *at = http->next;
            http_free(http);
        } else {
            at = &http->next;
        }
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *data)
{
    static const struct timeval again = {0, SWEEP_MS * 1000};
    struct server *server = data;
    const struct gateway *gateway = server->gateway;
    const int64_t now = pk_clock_monotonic_ms();

    (void)fd, (void)what;
    for (struct connection *each = server->connections.first; each; each = each->next) {
        if (!connection_is_slow(each, &gateway->config->limits, now))
            continue;
        if (each->state != CONNECTION_ENDING)
            metrics_closed(gateway->metrics, true);
        end(server, each);
    }
    drop_retired(server);
    say_if_done(server);
    (void)evtimer_add(server->sweep, &again);
}

/* --- connections ------------------------------------------------------------------------------ */

static void on_notice(void *data, struct MHD_Connection *mhd, void **context,
                      enum MHD_ConnectionNotificationCode code)
{
    struct http *http = data;
    struct server *server = http->server;
    struct connection *connection;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = server_connection_of(server, mhd);
        return;
    }
    connection = *context;
    if (!connection)
        return;
    server->by_fd[connection->fd].connection = NULL;
    connections_remove(&server->connections, connection);
    http->connections--;
    if (server->done)
        http_run_soon(http);
}

/* What libmicrohttpd would decode is decoded by target.c, once. */
static size_t keep_escapes(void *data, struct MHD_Connection *mhd, char *text)
{
    (void)data, (void)mhd;
    return strlen(text);
}

static void __attribute__((format(printf, 2, 0)))
on_log(void *data, const char *format, va_list arguments)
{
    char line[512];
    int len = vsnprintf(line, sizeof(line), format, arguments);

    (void)data;
    if (len > 0 && (size_t)len < sizeof(line) && line[len - 1] == '\n')
        line[len - 1] = 0;
    pk_log(LOG_DEBUG, "libmicrohttpd: %s", line);
}

/* certificate, key: PEM, or NULL. */
static struct http *http_new(struct server *server, const char *certificate, const char *key)
{
    struct http *http = calloc(1, sizeof(*http));
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (certificate ? MHD_USE_TLS : 0);
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    const union MHD_DaemonInfo *info;

    if (!http)
        return NULL;
    http->server = server;
    http->is_tls = certificate;
    http->timer = evtimer_new(server->gateway->base, on_ready, http);
    http->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, request_on_progress, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_LIMIT, server->gateway->config->limits.connections + SPARE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER, MHD_OPTION_URI_LOG_CALLBACK,
        request_on_first_line, http, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_notice, http,
#if MHD_VERSION >= 0x00097701
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#else
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
#endif
        MHD_OPTION_ARRAY, certificate ? tls : none, MHD_OPTION_END);
    info = http->mhd ? MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (info)
        http->ready =
            event_new(server->gateway->base, info->epoll_fd, EV_READ | EV_PERSIST, on_ready, http);
    if (!http->timer || !http->ready || event_add(http->ready, NULL) != 0) {
        http_free(http);
        return NULL;
    }
    http->next = server->first;
    server->first = http;
    return http;
}

static struct http *http_for(const struct server *server, enum listener_role role)
{
    for (struct http *http = server->first; http; http = http->next)
        if (!http->retired && http->is_tls == (role == LISTENER_TLS))
            return http;
    return NULL;
}

static bool has_place(struct server *server, int fd)
{
    size_t size = (size_t)fd + DESCRIPTORS_MORE;
    struct place *places;

    if ((size_t)fd < server->by_fd_size)
        return !server->by_fd[fd].connection;
    places = reallocarray(server->by_fd, size, sizeof(*places));
    if (!places)
        return false;
    (void)memset(places + server->by_fd_size, 0, (size - server->by_fd_size) * sizeof(*places));
    server->by_fd = places;
    server->by_fd_size = size;
    return true;
}

void server_accept(void *data, int fd, enum listener_role role, const struct sockaddr *from,
                   socklen_t len)
{
    struct server *server = data;
    const struct gateway_config *config = server->gateway->config;
    struct connection made = {.fd = fd, .role = role, .peer = address_of(from)};
    struct http *http = http_for(server, role);
    struct connection *victim = NULL;
    struct place *place;

    made.since = pk_clock_monotonic_ms();
    made.is_proxy = role == LISTENER_ADMIN || made.peer.local ||
                    networks_include(&config->trusted_proxies, &made.peer);
    if (!http || !has_place(server, fd) ||
        !connections_make_room(&server->connections, &made.peer, made.is_proxy, &config->limits,
                               &victim)) {
        (void)close(fd);
        return;
    }
    if (victim) {
        metrics_closed(server->gateway->metrics, false);
        end(server, victim);
    }
    place = &server->by_fd[fd];
    place->connection = connections_add(&server->connections, &made);
    if (!place->connection) {
        (void)close(fd);
        return;
    }
    http->connections++;
    if (MHD_add_connection(http->mhd, fd, from, len) == MHD_YES) {
        http_run_soon(http);
        return;
    }
    /* libmicrohttpd has closed it. */
    if (place->connection) {
        connections_remove(&server->connections, place->connection);
        place->connection = NULL;
        http->connections--;
    }
}

size_t server_connections(const struct server *server)
{
    return server->connections.count;
}

/* --- start and end ---------------------------------------------------------------------------- */

/* PEM; the caller's to free after explicit_bzero(). */
static enum pk_status read_pem(const char *path, char **ret, char **ret_why)
{
    PK_AUTO_CLOSE int fd = -1;
    PK_AUTO_FREE char *text = malloc(PEM_MAX + 1);
    size_t len = 0;
    enum pk_status status = text ? ownership_open(path, 0, &fd, ret_why) : PK_NO_MEMORY;

    if (status == PK_NOT_FOUND)
        *ret_why = pk_text_format("%s: no such file", path);
    if (status)
        return status;
    status = pk_read_all(fd, text, PEM_MAX + 1, &len);
    if (status || len > PEM_MAX) {
        *ret_why = pk_text_format("%s: it cannot be read, or is larger than 128 KiB", path);
        return PK_CONFIG;
    }
    text[len] = 0;
    *ret = pk_steal(text);
    return PK_OK;
}

enum pk_status server_load_tls(struct server *server, char **ret_why)
{
    const struct gateway_config *config = server->gateway->config;
    PK_AUTO_FREE char *certificate = NULL;
    PK_AUTO_FREE char *key = NULL;
    struct http *before = http_for(server, LISTENER_TLS);
    struct http *now = NULL;
    enum pk_status status;

    if (!config->tls_certificate)
        return PK_OK;
    status = read_pem(config->tls_certificate, &certificate, ret_why);
    if (!status)
        status = read_pem(config->tls_key, &key, ret_why);
    if (status)
        return status == PK_NO_MEMORY ? status : PK_CONFIG;
    now = http_new(server, certificate, key);
    explicit_bzero(key, strlen(key));
    if (!now) {
        *ret_why = pk_text_format("%s and %s: no certificate and key in PEM that fit each other",
                                  config->tls_certificate, config->tls_key);
        return PK_CONFIG;
    }
    if (before)
        before->retired = true;
    return PK_OK;
}

struct server *server_new(struct gateway *gateway)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->gateway = gateway;
    server->sweep = evtimer_new(gateway->base, on_sweep, server);
    if (!server->sweep || !http_new(server, NULL, NULL)) {
        server_free(server);
        return NULL;
    }
    on_sweep(-1, 0, server);
    return server;
}

void server_stop(struct server *server, void (*done)(void *data), void *data)
{
    server->done = done;
    server->data = data;
    for (struct connection *each = server->connections.first; each; each = each->next)
        if (each->state == CONNECTION_NEW || each->state == CONNECTION_IDLE ||
            each->state == CONNECTION_HEADERS)
            end(server, each);
}

void server_free(struct server *server)
{
    struct http *http;

    server->done = NULL;
    while ((http = server->first)) {
        server->first = http->next;
        http_free(http);
    }
    if (server->sweep)
        event_free(server->sweep);
    free(server->by_fd);
    free(server);
}
