/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/exchange.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "gateway/exchange_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UUID_BYTES 16

/* --- the request ------------------------------------------------------------------------------ */

/* RFC 9562 section 5.4 */
static void make_id(char ret[EXCHANGE_ID_SIZE])
{
    uint8_t b[UUID_BYTES];

    pk_random(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(ret, EXCHANGE_ID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

static bool is_uuid(const char *text)
{
    if (strlen(text) != EXCHANGE_ID_SIZE - 1)
        return false;
    for (size_t i = 0; text[i]; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        if (hyphen ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
            return false;
    }
    return true;
}

struct exchange *exchange_new(struct gateway *gateway, const char *raw_target)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));

    if (!exchange)
        return NULL;
    exchange->gateway = gateway;
    exchange->began = pk_clock_monotonic_us();
    exchange->raw_target = strdup(raw_target);
    if (!exchange->raw_target) {
        free(exchange);
        return NULL;
    }
    make_id(exchange->id);
    return exchange;
}

static void header_clear(struct header *header)
{
    if (header->value)
        explicit_bzero(header->value, strlen(header->value));
    free(header->name);
    free(header->value);
}

void exchange_free(struct exchange *exchange)
{
    if (exchange->release)
        exchange->release(exchange->kept);
    for (size_t i = 0; i < exchange->header_count; i++)
        header_clear(&exchange->headers[i]);
    for (size_t i = 0; i < exchange->line_count; i++)
        header_clear(&exchange->lines[i]);
    json_decref(exchange->json);
    if (exchange->body.data)
        explicit_bzero(exchange->body.data, exchange->body.len);
    free(exchange->body.data);
    if (exchange->text)
        explicit_bzero(exchange->text, strlen(exchange->text));
    free(exchange->text);
    free(exchange->media_type);
    free(exchange->raw_target);
    target_clear(&exchange->target);
    parties_unref(exchange->parties);
    free(exchange);
}

/*
 * Those that mean the same in one line or in several (RFC 9110 section 5.3), and do not decide
 * anything here. Of any other two in one request somebody on the way may have believed the other.
 */
static bool may_repeat(const char *name)
{
    static const char *const names[] = {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "cookie",
        "forwarded",
        "pragma",
        "te",
        "upgrade",
        "via",
        "access-control-request-headers",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* Cloudreve's, and what proxies send. */
static bool names_the_request(const char *name)
{
    return strcasecmp(name, "x-cr-correlation-id") == 0 || strcasecmp(name, "x-request-id") == 0;
}

static bool is_printable(struct pk_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7f)
            return false;
    return true;
}

/*
 * RFC 9110 section 5.1. libmicrohttpd takes other names, too: with a space in front of the colon
 * Content-Length is none to it, and is one to some proxies (RFC 9112 section 5.1).
 */
static bool is_field_name(struct pk_view name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < name.len; i++) {
        char c = (char)name.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !(c && strchr(others, c)))
            return false;
    }
    return name.len > 0;
}

enum pk_status exchange_take_header(struct exchange *exchange, struct pk_view name,
                                    struct pk_view value)
{
    struct header *header = &exchange->headers[exchange->header_count];

    exchange->header_bytes += name.len + value.len;
    if (exchange->header_count == EXCHANGE_HEADERS_MAX || name.len > EXCHANGE_HEADER_NAME_MAX ||
        exchange->header_bytes > EXCHANGE_HEADER_BYTES)
        return PK_TOO_LARGE;
    if (!is_field_name(name) || !is_printable(value))
        return PK_INVALID_INPUT;
    *header = (struct header){strndup((const char *)name.ptr, name.len),
                              strndup(value.len > 0 ? (const char *)value.ptr : "", value.len)};
    if (!header->name || !header->value) {
        header_clear(header);
        return PK_NO_MEMORY;
    }
    if (exchange_header(exchange, header->name) && !may_repeat(header->name)) {
        header_clear(header);
        return PK_INVALID_INPUT;
    }
    exchange->header_count++;
    if (names_the_request(header->name) && is_uuid(header->value))
        (void)memcpy(exchange->id, header->value, EXCHANGE_ID_SIZE);
    return PK_OK;
}

enum pk_status exchange_take_body(struct exchange *exchange, struct pk_view more)
{
    struct pk_bytes *body = &exchange->body;

    if (more.len > EXCHANGE_BODY_MAX - body->len)
        return PK_TOO_LARGE;
    if (body->len + more.len > exchange->body_size) {
        size_t size = body->len + more.len > 4096 ? EXCHANGE_BODY_MAX : 4096;
        uint8_t *data = realloc(body->data, size);

        if (!data)
            return PK_NO_MEMORY;
        body->data = data;
        exchange->body_size = size;
    }
    if (more.len > 0)
        (void)memcpy(body->data + body->len, more.ptr, more.len);
    body->len += more.len;
    return PK_OK;
}

const struct party *exchange_party(const struct exchange *exchange)
{
    return exchange->party;
}

const char *exchange_id(const struct exchange *exchange)
{
    return exchange->id;
}

const char *exchange_method(const struct exchange *exchange)
{
    return exchange->method;
}

const char *exchange_capture(const struct exchange *exchange, size_t n)
{
    return n < EXCHANGE_CAPTURES_MAX ? exchange->captures[n] : NULL;
}

const char *exchange_argument(const struct exchange *exchange, const char *name)
{
    return target_argument(&exchange->target, name);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (strcasecmp(exchange->headers[i].name, name) == 0)
            return exchange->headers[i].value;
    return NULL;
}

const char *exchange_client(const struct exchange *exchange)
{
    return exchange->client_text;
}

bool exchange_says_json(const struct exchange *exchange)
{
    static const char json[] = "application/json";
    const char *type = exchange_header(exchange, "content-type");
    const char *rest;

    if (!type || strncasecmp(type, json, sizeof(json) - 1) != 0)
        return false;
    rest = type + sizeof(json) - 1;
    rest += strspn(rest, " \t");
    if (!*rest)
        return true;
    if (*rest++ != ';')
        return false;
    rest += strspn(rest, " \t");
    return !*rest || strcasecmp(rest, "charset=utf-8") == 0 ||
           strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

static enum pk_status read_json(struct exchange *exchange)
{
    const struct pk_view body = pk_view_of(&exchange->body);
    struct pk_json *strict = NULL;
    enum pk_status status;

    if (body.len == 0)
        return PK_NOT_FOUND;
    if (!exchange_says_json(exchange))
        return PK_INVALID_INPUT;
    status = pk_json_parse(body, &strict);
    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK)
        return PK_INVALID_INPUT;
    pk_json_free(strict);
    exchange->json = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    return exchange->json ? PK_OK : PK_INVALID_INPUT;
}

enum pk_status exchange_json(struct exchange *exchange, const json_t **ret, const char **ret_why)
{
    if (!exchange->json_read) {
        exchange->json_status = read_json(exchange);
        exchange->json_read = true;
    }
    if (exchange->json_status == PK_OK)
        *ret = exchange->json;
    else
        *ret_why = exchange->json_status == PK_NOT_FOUND   ? "the body is empty"
                   : exchange->json_status == PK_NO_MEMORY ? "out of memory"
                   : exchange_says_json(exchange)          ? "the body is not one JSON object"
                                                  : "the Content-Type is not application/json";
    return exchange->json_status;
}

void exchange_keep(struct exchange *exchange, void *data, void (*release)(void *data))
{
    if (exchange->release)
        exchange->release(exchange->kept);
    exchange->kept = data;
    exchange->release = release;
}

void *exchange_kept(const struct exchange *exchange)
{
    return exchange->kept;
}

/* --- the answer ------------------------------------------------------------------------------- */

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
    struct header line;

    if (exchange->answered || exchange->line_count == EXCHANGE_ANSWER_LINES ||
        !is_printable(pk_view_string(value)))
        return;
    line = (struct header){strdup(name), strdup(value)};
    if (line.name && line.value)
        exchange->lines[exchange->line_count++] = line;
    else
        header_clear(&line);
}

void exchange_forget_answer(struct exchange *exchange, size_t lines)
{
    while (exchange->line_count > lines)
        header_clear(&exchange->lines[--exchange->line_count]);
    free(pk_steal(exchange->media_type));
    free(pk_steal(exchange->text));
}

void exchange_release_answer(struct exchange *exchange)
{
    exchange->answered = true;
    if (exchange->wake)
        exchange->wake(exchange->wake_data);
}

/* Without memory for the text, the status says that something went wrong. */
static void finish(struct exchange *exchange, unsigned http_status, const char *media_type,
                   char *text)
{
    bool good = !media_type || text;

    /* Whoever refuses it: what is busy, or away, is so for a moment. */
    if (http_status == 429 || http_status == 503)
        exchange_add_header(exchange, "Retry-After", "1");
    /* A dialect may have one of its own, with a character set perhaps. */
    for (size_t i = 0; i < exchange->line_count; i++)
        if (strcasecmp(exchange->lines[i].name, "content-type") == 0)
            media_type = NULL;
    exchange->media_type = media_type ? strdup(media_type) : NULL;
    exchange->text = text;
    exchange->status = good && (!media_type || exchange->media_type) ? http_status : 500;
    exchange_release_answer(exchange);
}

void exchange_answer(struct exchange *exchange, unsigned http_status, json_t *body)
{
    const char *type = exchange->party && exchange->party->dialect->json_type
                           ? exchange->party->dialect->json_type
                           : "application/json";

    if (!exchange->answered)
        finish(exchange, http_status, body ? type : NULL,
               body ? json_dumps(body, JSON_COMPACT) : NULL);
    json_decref(body);
}

void exchange_answer_text(struct exchange *exchange, unsigned http_status, const char *media_type,
                          const char *text)
{
    if (!exchange->answered)
        finish(exchange, http_status, media_type, strdup(text));
}
