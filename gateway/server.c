/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/server.h"

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/ownership.h"
#include "common/base/text.h"
#include "gateway/connections.h"
#include "gateway/metrics.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define SWEEP_MS         250   /* how often slow connections are looked for */
#define MEMORY_PER       32768 /* of a connection: headers, and what is read at once */
#define PEM_MAX          131072
#define SPARE            64      /* of libmicrohttpd's limit, which is never to be reached */
#define DISCARDED_MAX    1048576 /* of a body that is too large, to be able to say so */
#define DESCRIPTORS_MORE 256

/* One of libmicrohttpd's daemons: for plain connections, and for each certificate there was. */
struct http {
    struct http *next;
    struct server *server;
    struct MHD_Daemon *mhd;
    struct event *ready; /* its epoll descriptor */
    struct event *timer;
    size_t connections;
    bool is_tls;
    bool retired; /* it takes no more connections */
};

struct place {
    struct connection *connection; /* NULL: the descriptor is none's */
};

struct server {
    struct gateway *gateway;
    struct http *first;
    struct connections connections;
    struct place *by_fd;
    size_t by_fd_size;
    struct event *sweep;
    void (*done)(void *data);
    void *data;
};

/* A request; the exchange is made with its first line. */
struct request {
    struct server *server;
    struct http *http;
    struct MHD_Connection *mhd;
    struct connection *connection;
    struct exchange *exchange;
    const char *uri_end; /* in libmicrohttpd's own buffer, of the first line */
    bool begun;          /* the headers have been looked at */
    bool suspended;
    bool last; /* the connection ends with the answer */
    size_t discarded;
    bool too_large;
};

/* --- running ---------------------------------------------------------------------------------- */

static void run_soon(struct http *http)
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

static struct connection *connection_of(const struct server *server, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info && (size_t)info->connect_fd < server->by_fd_size
               ? server->by_fd[info->connect_fd].connection
               : NULL;
}

static void enter(struct server *server, struct connection *connection, enum connection_state state)
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
    enter(server, connection, CONNECTION_ENDING);
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

/* --- requests --------------------------------------------------------------------------------- */

static void on_wake(void *data)
{
    struct request *request = data;

    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    run_soon(request->http);
}

/* With a request's first line. What it returns is the request's own from now on. */
static void *on_first_line(void *data, const char *uri, struct MHD_Connection *mhd)
{
    struct http *http = data;
    struct server *server = http->server;
    struct request *request = calloc(1, sizeof(*request));
    struct connection *connection = connection_of(server, mhd);

    if (!request || !connection) {
        free(request);
        return NULL;
    }
    request->exchange = exchange_new(server->gateway, uri);
    if (!request->exchange) {
        free(request);
        return NULL;
    }
    request->uri_end = uri + strlen(uri);
    request->server = server;
    request->http = http;
    request->mhd = mhd;
    request->connection = connection;
    request->exchange->admin = connection->role == LISTENER_ADMIN;
    request->exchange->client = connection->peer;
    enter(server, connection, CONNECTION_HEADERS);
    return request;
}

static void on_completed(void *data, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *context;
    const struct http *http = data;

    (void)mhd, (void)code;
    if (!request)
        return;
    *context = NULL;
    enter(http->server, request->connection, CONNECTION_IDLE);
    exchange_free(request->exchange);
    free(request);
}

static enum MHD_Result add_line(struct MHD_Response *response, const struct header *line)
{
    return MHD_add_response_header(response, line->name, line->value);
}

static bool has_line(const struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->line_count; i++)
        if (strcasecmp(exchange->lines[i].name, name) == 0)
            return true;
    return false;
}

static struct MHD_Response *make_response(const struct exchange *exchange, bool last)
{
    static const struct header always[] = {
        {(char *)(uintptr_t) "Cache-Control", (char *)(uintptr_t) "no-store"},
        {(char *)(uintptr_t) "X-Content-Type-Options", (char *)(uintptr_t) "nosniff"},
    };
    const char *text = exchange->text ? exchange->text : "";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result good = MHD_YES;

    if (!response)
        return NULL;
    if (exchange->media_type)
        good = MHD_add_response_header(response, "Content-Type", exchange->media_type);
    for (size_t i = 0; i < exchange->line_count && good == MHD_YES; i++)
        good = add_line(response, &exchange->lines[i]);
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) && good == MHD_YES; i++)
        if (!has_line(exchange, always[i].name))
            good = add_line(response, &always[i]);
    if (good == MHD_YES && (last || exchange->gateway->stopping))
        good = MHD_add_response_header(response, "Connection", "close");
    if (good == MHD_YES)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static enum MHD_Result send_answer(struct request *request)
{
    struct MHD_Response *response = make_response(request->exchange, request->last);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    gateway_log(request->exchange);
    enter(request->server, request->connection, CONNECTION_ANSWERING);
    result = MHD_queue_response(request->mhd, request->exchange->status, response);
    MHD_destroy_response(response);
    return result;
}

struct taking {
    struct exchange *exchange;
    enum pk_status status;
};

static enum MHD_Result take_header(void *data, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct taking *taking = data;

    (void)kind;
    taking->status =
        exchange_take_header(taking->exchange, (struct pk_view){(const uint8_t *)name, name_len},
                             (struct pk_view){(const uint8_t *)value, value ? value_len : 0});
    return taking->status == PK_OK ? MHD_YES : MHD_NO;
}

/* 0, or the status to refuse it with. */
static unsigned take_headers(struct request *request)
{
    struct exchange *exchange = request->exchange;
    struct taking taking = {exchange, PK_OK};
    const char *coding;
    const char *length;

    (void)MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, take_header, &taking);
    if (taking.status == PK_TOO_LARGE)
        return 431;
    if (taking.status != PK_OK)
        return taking.status == PK_INVALID_INPUT ? 400 : 503;
    length = exchange_header(exchange, "content-length");
    coding = exchange_header(exchange, "transfer-encoding");
    if (coding)
        return length || strcasecmp(coding, "chunked") != 0 ? 400 : 0;
    if (!length)
        return 0;
    if (strspn(length, "0123456789") != strlen(length) || !*length)
        return 400;
    return strlen(length) > 9 || strtoul(length, NULL, 10) > EXCHANGE_BODY_MAX ? 413 : 0;
}

static bool has_body(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "content-length");

    return exchange_header(exchange, "transfer-encoding") ||
           (length && strspn(length, "0") != strlen(length));
}

/*
 * A NUL in the first line ends the path for libmicrohttpd, and for nobody else. The version stands
 * behind the path, where there is none between them.
 */
static bool path_is_cut(const struct request *request, const char *version)
{
    uintptr_t end = (uintptr_t)request->uri_end;
    uintptr_t at = (uintptr_t)version;

    return at > end + 1 && at < end + MEMORY_PER;
}

/* The headers are there: whether the body is to be received. */
static enum MHD_Result begin(struct request *request, const char *method, const char *version)
{
    struct exchange *exchange = request->exchange;
    unsigned refused = 0;
    bool admitted;

    request->begun = true;
    if ((strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) ||
        strlen(method) >= sizeof(exchange->method) || path_is_cut(request, version))
        refused = 400;
    (void)snprintf(exchange->method, sizeof(exchange->method), "%.*s",
                   (int)sizeof(exchange->method) - 1, method);
    if (!refused)
        refused = take_headers(request);
    /* Also of what is refused: who it is, and in which words it is told. */
    admitted = (refused == 0 || refused == 413) && gateway_admit(exchange);
    if (!exchange->answered && refused)
        gateway_refuse(exchange, refused);
    /*
     * Where headers are refused, whoever is in front may have read another end of this request than
     * libmicrohttpd did: what comes behind it is no request.
     */
    request->last = refused != 0;
    /* Where a body comes, the connection ends with the answer; it is not waited for. */
    if (exchange->answered && (request->last || has_body(exchange)))
        return send_answer(request);
    enter(request->server, request->connection, CONNECTION_BODY);
    return admitted || exchange->answered ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t len)
{
    if (!request->too_large) {
        enum pk_status status =
            exchange_take_body(request->exchange, (struct pk_view){(const uint8_t *)data, len});

        if (status == PK_OK)
            return MHD_YES;
        if (status != PK_TOO_LARGE)
            return MHD_NO;
        request->too_large = true;
    }
    request->discarded += len;
    return request->discarded <= DISCARDED_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    struct request *request = *context;
    struct exchange *exchange;

    (void)data, (void)mhd, (void)url;
    if (!request)
        return MHD_NO;
    exchange = request->exchange;
    if (!request->begun)
        return begin(request, method, version);
    if (*upload_len > 0) {
        size_t len = *upload_len;

        *upload_len = 0;
        return take_body(request, upload, len);
    }
    if (!exchange->answered && !exchange->wake) {
        exchange->wake = on_wake;
        exchange->wake_data = request;
        if (request->too_large)
            gateway_refuse(exchange, 413);
        else
            gateway_serve(exchange);
    }
    if (exchange->answered)
        return send_answer(request);
    enter(request->server, request->connection, CONNECTION_WORKING);
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
    return MHD_YES;
}

/* --- connections ------------------------------------------------------------------------------ */

static void on_notice(void *data, struct MHD_Connection *mhd, void **context,
                      enum MHD_ConnectionNotificationCode code)
{
    struct http *http = data;
    struct server *server = http->server;
    struct connection *connection;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_of(server, mhd);
        return;
    }
    connection = *context;
    if (!connection)
        return;
    server->by_fd[connection->fd].connection = NULL;
    connections_remove(&server->connections, connection);
    http->connections--;
    if (server->done)
        run_soon(http);
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
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_LIMIT, server->gateway->config->limits.connections + SPARE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER, MHD_OPTION_URI_LOG_CALLBACK,
        on_first_line, http, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_notice,
        http,
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
        run_soon(http);
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
