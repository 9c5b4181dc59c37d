/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/http_client.h"

#include "common/base/cleanup.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* A look-up of a name may take a thread for each connection (TasksMax in the unit). */
#define CONNECTIONS_MAX  32L
#define CONNECTIONS_HOST 8L /* to one host and port */
#define CONNECTIONS_KEPT 8L /* idle, for the next requests */
#define CONNECT_SECONDS  5L

struct transfer {
    LIST_ENTRY(transfer) entry;
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    struct pk_secret body;
    uint8_t answer[HTTP_CLIENT_ANSWER_MAX];
    size_t len;
    char error[CURL_ERROR_SIZE];
    http_answered *answered;
    void *data;
};

struct http_client {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    LIST_HEAD(, transfer) transfers;
    size_t count;
    bool failing; /* no more are taken */
};

/* --- the loop --------------------------------------------------------------------------------- */

static void transfer_free(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer->url);
    pk_secret_clear(&transfer->body);
    explicit_bzero(transfer->answer, transfer->len);
    free(transfer);
}

static void end(struct http_client *client, struct transfer *transfer,
                const struct http_answer *answer)
{
    LIST_REMOVE(transfer, entry);
    client->count--;
    (void)curl_multi_remove_handle(client->multi, transfer->easy);
    transfer->answered(transfer->data, answer);
    transfer_free(transfer);
}

static void end_done(struct http_client *client, struct transfer *transfer, CURLcode result)
{
    struct http_answer answer = {.why = transfer->error};
    long status = 0;

    if (result == CURLE_OK &&
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) {
        answer.status = (unsigned)status;
        answer.body = (struct pk_view){transfer->answer, transfer->len};
    } else if (!*answer.why) {
        answer.why = curl_easy_strerror(result);
    }
    end(client, transfer, &answer);
}

static void take_done(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left))) {
        char *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK)
            end_done(client, (struct transfer *)(void *)transfer, message->data.result);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    struct http_client *client = data;
    int running;

    (void)fd, (void)what;
    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_done(client);
}

static void on_socket(evutil_socket_t fd, short what, void *data)
{
    struct http_client *client = data;
    int flags =
        ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);
    int running;

    (void)curl_multi_socket_action(client->multi, fd, flags, &running);
    take_done(client);
}

/* A CURLMOPT_TIMERFUNCTION, within which nothing of curl may be called. */
static int set_timer(CURLM *multi, long ms, void *data)
{
    struct http_client *client = data;
    const struct timeval later = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};

    (void)multi;
    return (ms < 0 ? evtimer_del(client->timer) : evtimer_add(client->timer, &later)) ? -1 : 0;
}

/* A CURLMOPT_SOCKETFUNCTION; what it keeps with each socket is its event. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *kept)
{
    struct http_client *client = data;
    short flags = EV_PERSIST;
    struct event *event;

    (void)easy;
    if (kept)
        event_free(kept);
    if (what == CURL_POLL_REMOVE)
        return 0;
    if (what & CURL_POLL_IN)
        flags |= EV_READ;
    if (what & CURL_POLL_OUT)
        flags |= EV_WRITE;
    event = event_new(client->base, fd, flags, on_socket, client);
    (void)curl_multi_assign(client->multi, fd, event);
    return event && event_add(event, NULL) == 0 ? 0 : -1;
}

struct http_client *http_client_new(struct event_base *base)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        return NULL;
    }
    client->base = base;
    client->multi = curl_multi_init();
    client->timer = evtimer_new(base, on_timer, client);
    if (!client->multi || !client->timer ||
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket) != CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client) != CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client) != CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX) !=
            CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_HOST) !=
            CURLM_OK) {
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_fail_all(struct http_client *client)
{
    const struct http_answer answer = {.why = "the gateway is ending"};

    client->failing = true;
    while (!LIST_EMPTY(&client->transfers))
        end(client, LIST_FIRST(&client->transfers), &answer);
}

void http_client_free(struct http_client *client)
{
    http_client_fail_all(client);
    if (client->multi)
        (void)curl_multi_cleanup(client->multi);
    if (client->timer)
        event_free(client->timer);
    curl_global_cleanup();
    free(client);
}

size_t http_client_requests(const struct http_client *client)
{
    return client->count;
}

/* --- a request -------------------------------------------------------------------------------- */

/* A CURLOPT_WRITEFUNCTION: fewer bytes than there were end the transfer. */
static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t len = size * count;

    if (len > sizeof(transfer->answer) - transfer->len)
        return 0;
    memcpy(transfer->answer + transfer->len, bytes, len);
    transfer->len += len;
    return len;
}

/* "Expect" would have some servers wait for us, and curl for them. */
static bool add_headers(struct transfer *transfer)
{
    static const char *const lines[] = {"Content-Type: application/json",
                                        "Accept: application/json", "Expect:"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct curl_slist *longer = curl_slist_append(transfer->headers, lines[i]);

        if (!longer)
            return false;
        transfer->headers = longer;
    }
    return true;
}

#define SET(option, value) (curl_easy_setopt(transfer->easy, option, value) == CURLE_OK)

/* What must not be forgotten is refused, not left out, where a libcurl does not know it. */
static bool prepare(struct transfer *transfer)
{
    return SET(CURLOPT_PRIVATE, transfer) && SET(CURLOPT_ERRORBUFFER, transfer->error) &&
           SET(CURLOPT_URL, transfer->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") && SET(CURLOPT_NETRC, 0L) &&
           SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) &&
           SET(CURLOPT_TIMEOUT, (long)HTTP_CLIENT_SECONDS) &&
           SET(CURLOPT_MAXFILESIZE, (long)HTTP_CLIENT_ANSWER_MAX) &&
           SET(CURLOPT_USERAGENT, "passkey-gateway") && add_headers(transfer) &&
           SET(CURLOPT_HTTPHEADER, transfer->headers) && SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDSIZE, (long)transfer->body.len) &&
           SET(CURLOPT_POSTFIELDS, (const char *)transfer->body.data) &&
           SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, transfer);
}

static bool is_full(const struct http_client *client, const char *url)
{
    const struct transfer *transfer;
    size_t same = 0;

    LIST_FOREACH(transfer, &client->transfers, entry)
    same += strcmp(transfer->url, url) == 0;
    return client->failing || client->count >= HTTP_CLIENT_REQUESTS_MAX ||
           same >= HTTP_CLIENT_URL_MAX;
}

enum pk_status http_client_post(struct http_client *client, struct http_request *request)
{
    struct transfer *transfer = NULL;
    bool full = is_full(client, request->url);

    if (!full)
        transfer = calloc(1, sizeof(*transfer));
    if (!transfer) {
        pk_secret_clear(&request->body);
        return full ? PK_LIMIT_EXCEEDED : PK_NO_MEMORY;
    }
    transfer->body = request->body;
    request->body = (struct pk_secret){0};
    transfer->answered = request->answered;
    transfer->data = request->data;
    transfer->url = strdup(request->url);
    transfer->easy = curl_easy_init();
    if (!transfer->url || !transfer->easy || !prepare(transfer) ||
        curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
        transfer_free(transfer);
        return PK_NO_MEMORY;
    }
    LIST_INSERT_HEAD(&client->transfers, transfer, entry);
    client->count++;
    return PK_OK;
}
