/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any request, "METHOD TARGET", header lines, a blank line and the body, up to the answer of the
 * standard dialect: every request is answered once, and what goes to the daemon is what it takes.
 */
#include "common/base/text.h"
#include "gateway/authority.h"
#include "gateway/exchange_private.h"
#include "gateway/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char prefix[] = "/a";
static char tenant[] = "t";
static struct party items[] = {{.prefix = prefix, .tenant = tenant, .dialect = &dialect_standard}};
static const struct parties parties = {1, items, 1};

/* What the handler has asked the daemon for, until it has returned. */
static struct party_request asked;

static void check_options(const json_t *options)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)options, name, value)
    {
        if (json_is_object(value) || json_is_real(value) || !pk_utf8_valid(pk_view_string(name)))
            abort();
    }
}

void party_call(struct exchange *exchange, const struct party_request *request)
{
    if (asked.answered || exchange->answered)
        abort();
    check_options(request->options);
    asked = *request;
}

void party_call_with_password(struct exchange *exchange, const struct party_request *request,
                              const struct party_password *password)
{
    if (json_string_length(password->text) == 0)
        abort();
    party_call(exchange, request);
}

static void answer(struct exchange *exchange, uint8_t how)
{
    json_t *result = json_pack("{s:[{s:s}], s:i}", "items", "id", "x", "total", 1);
    struct party_answer answer = {.outcome = (enum party_outcome)(how % PARTY_OUTCOMES),
                                  .reason = "signature-invalid"};

    if (answer.outcome == PARTY_DONE) {
        answer.id = "id";
        answer.result = result;
    }
    json_decref(asked.options);
    asked.answered(exchange, &answer);
    asked = (struct party_request){0};
    json_decref(result);
}

static bool take_headers(struct exchange *exchange, struct pk_view *rest)
{
    while (rest->len > 0) {
        struct pk_view line = pk_text_take_line(rest);
        const uint8_t *colon = memchr(line.ptr, ':', line.len);
        size_t at = colon ? (size_t)(colon - line.ptr) : 0;

        if (line.len == 0)
            return true;
        if (!colon || exchange_take_header(
                          exchange, (struct pk_view){line.ptr, at},
                          pk_text_trim((struct pk_view){colon + 1, line.len - at - 1})) != PK_OK)
            return false;
    }
    return true;
}

static void serve(struct exchange *exchange, uint8_t how)
{
    struct router_match match;

    if (target_read(exchange->raw_target, &exchange->target) != PK_OK ||
        router_find(&parties, exchange->method, &exchange->target, &match) != ROUTER_FOUND)
        return;
    exchange->party = match.party;
    exchange->route = match.route;
    (void)memcpy(exchange->captures, match.captures, sizeof(exchange->captures));
    for (enum access access = ACCESS_PUBLIC; access <= ACCESS_SECRET; access++)
        (void)authority_suffices(exchange, access);
    match.route->handler(exchange);
    if (asked.answered)
        answer(exchange, how);
    if (!exchange->answered || exchange->status < 200 || exchange->status > 599)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view rest = {data + 1, size - 1};
    struct pk_view line;
    struct exchange *exchange;
    const uint8_t *blank;
    char *target;

    if (size < 2)
        return 0;
    line = pk_text_take_line(&rest);
    blank = memchr(line.ptr, ' ', line.len);
    if (!blank || (size_t)(blank - line.ptr) >= EXCHANGE_METHOD_SIZE)
        return 0;
    target = strndup((const char *)blank + 1, line.len - (size_t)(blank - line.ptr) - 1);
    exchange = target ? exchange_new(NULL, target) : NULL;
    free(target);
    if (!exchange)
        return 0;
    (void)memcpy(exchange->method, line.ptr, (size_t)(blank - line.ptr));
    if (take_headers(exchange, &rest) && exchange_take_body(exchange, rest) == PK_OK)
        serve(exchange, data[0]);
    exchange_free(exchange);
    return 0;
}
