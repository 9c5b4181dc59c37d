/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, from the first line to the answer: libmicrohttpd's side of struct exchange. */
#include "gateway/exchange.h"
#include "gateway/server_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DISCARDED_MAX 1048576 /* of a body that is too large, to be able to say so */

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

static void on_wake(void *data)
{
    struct request *request = data;

    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    http_run_soon(request->http);
}

void *request_on_first_line(void *data, const char *uri, struct MHD_Connection *mhd)
{
    struct http *http = data;
    struct server *server = http->server;
    struct request *request = calloc(1, sizeof(*request));
    struct connection *connection = server_connection_of(server, mhd);

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
    server_enter(server, connection, CONNECTION_HEADERS);
    return request;
}

void request_on_completed(void *data, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode code)
{
    struct request *request = *context;
    const struct http *http = data;

    (void)mhd, (void)code;
    if (!request)
        return;
    *context = NULL;
    server_enter(http->server, request->connection, CONNECTION_IDLE);
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
    /* A page has its own of these; anything else is not to be shown as one. */
    static const struct header always[] = {
        {(char *)(uintptr_t) "Cache-Control", (char *)(uintptr_t) "no-store"},
        {(char *)(uintptr_t) "Content-Security-Policy",
         (char *)(uintptr_t) "default-src 'none'; frame-ancestors 'none'"},
        {(char *)(uintptr_t) "Referrer-Policy", (char *)(uintptr_t) "no-referrer"},
        {(char *)(uintptr_t) "X-Content-Type-Options", (char *)(uintptr_t) "nosniff"},
        {(char *)(uintptr_t) "X-Frame-Options", (char *)(uintptr_t) "DENY"},
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
    server_enter(request->server, request->connection, CONNECTION_ANSWERING);
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

/* Of digits; a number without end is more than anybody takes. */
static unsigned long stated_length(const char *digits)
{
    return strlen(digits) > 9 ? ULONG_MAX : strtoul(digits, NULL, 10);
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
    return stated_length(length) > EXCHANGE_BODY_MAX ? 413 : 0;
}

static bool has_body(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "content-length");

    return exchange_header(exchange, "transfer-encoding") ||
           (length && strspn(length, "0") != strlen(length));
}

/*
 * A body that nobody wants is received all the same where it is short: who is still sending when
 * the connection ends may never see the answer, a proxy would say 502 instead. Not of who asks
 * before sending.
 */
static bool is_discarded(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "content-length");

    return has_body(exchange) && !exchange_header(exchange, "expect") &&
           (!length || stated_length(length) <= DISCARDED_MAX);
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
    bool framed, admitted;

    request->begun = true;
    if ((strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) ||
        strlen(method) >= sizeof(exchange->method) || path_is_cut(request, version))
        refused = 400;
    (void)snprintf(exchange->method, sizeof(exchange->method), "%.*s",
                   (int)sizeof(exchange->method) - 1, method);
    if (!refused)
        refused = take_headers(request);
    /* Also of what is refused: who it is, and in which words it is told. */
    framed = refused == 0 || refused == 413;
    admitted = framed && gateway_admit(exchange);
    if (!exchange->answered && refused)
        gateway_refuse(exchange, refused);
    /*
     * Where headers are refused, whoever is in front may have read another end of this request than
     * libmicrohttpd did: what comes behind it is no request.
     */
    request->last = refused != 0;
    if (exchange->answered && (request->last || has_body(exchange)) &&
        !(framed && is_discarded(exchange)))
        return send_answer(request);
    server_enter(request->server, request->connection, CONNECTION_BODY);
    return admitted || exchange->answered ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t len)
{
    if (!request->too_large && !request->exchange->answered) {
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

enum MHD_Result request_on_progress(void *data, struct MHD_Connection *mhd, const char *url,
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
    server_enter(request->server, request->connection, CONNECTION_WORKING);
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
    return MHD_YES;
}
