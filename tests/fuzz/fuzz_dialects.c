/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as the body of a request of any row of any dialect, as what stood in its path, and as
 * its arguments and cookies; and any outcome of the calls that come of it. The first byte is the
 * dialect, the second the row, the third the outcome. Every request is answered exactly once, and
 * what is handed on as a credential is one object of JSON.
 */
#include "tests/fuzz/fuzz_target.h"

#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "gateway/dialect.h"
#include "gateway/members.h"

#include <string.h>

#define CALLS_MAX 64 /* of one request; A7 of Authsignal makes up to twenty */

struct exchange {
    const struct party *party;
    char *text; /* the body, with a NUL behind it */
    size_t len;
    char *line; /* its first line: captures and arguments */
    json_t *json;
    json_t *kept;
    party_answered *asked;
    bool answered;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

const struct party *exchange_party(const struct exchange *exchange)
{
    return exchange->party;
}

const char *exchange_id(const struct exchange *exchange)
{
    (void)exchange;
    return "b4351ecc-ee1a-4455-bc94-2c3dbcc58538";
}

const char *exchange_method(const struct exchange *exchange)
{
    (void)exchange;
    return "POST";
}

const char *exchange_capture(const struct exchange *exchange, size_t n)
{
    require(n < EXCHANGE_CAPTURES_MAX);
    return exchange->line;
}

const char *exchange_argument(const struct exchange *exchange, const char *name)
{
    (void)name;
    return *exchange->line ? exchange->line : NULL;
}

/* The pages' calls have the first line as their cookies. */
const char *exchange_header(const struct exchange *exchange, const char *name)
{
    if (strcmp(name, "origin") == 0)
        return "https://localhost";
    if (strcmp(name, "cookie") == 0 || strcmp(name, "accept-language") == 0)
        return exchange->line;
    return strcmp(name, "X-Tenant-ID") == 0 && exchange->line[0] == '@' ? exchange->line + 1 : NULL;
}

const char *exchange_client(const struct exchange *exchange)
{
    (void)exchange;
    return "192.0.2.1";
}

enum pk_status exchange_json(struct exchange *exchange, const json_t **ret, const char **ret_why)
{
    if (exchange->len == 0)
        return PK_NOT_FOUND;
    if (!exchange->json)
        exchange->json = members_parse(exchange->text, exchange->len);
    *ret_why = "no JSON";
    if (!exchange->json)
        return PK_INVALID_INPUT;
    *ret = exchange->json;
    return PK_OK;
}

void exchange_keep(struct exchange *exchange, void *data, void (*release)(void *data))
{
    (void)release;
    require(!exchange->kept);
    exchange->kept = data;
}

void *exchange_kept(const struct exchange *exchange)
{
    return exchange->kept;
}

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
    require(!exchange->answered && *name && value);
}

void exchange_answer(struct exchange *exchange, unsigned http_status, json_t *body)
{
    require(!exchange->answered && http_status >= 200 && http_status < 600);
    require(body ? http_status != 204 : http_status == 204);
    exchange->answered = true;
    json_decref(body);
}

void exchange_answer_text(struct exchange *exchange, unsigned http_status, const char *media_type,
                          const char *text)
{
    (void)media_type;
    require(text != NULL);
    exchange_answer(exchange, http_status, json_object());
}

bool dialect_add_authority(const struct exchange *exchange, enum access access, json_t *options)
{
    (void)exchange;
    if (access == ACCESS_PUBLIC || access == ACCESS_TENANT)
        return false;
    members_set_text(
        options, access == ACCESS_API_KEY || access == ACCESS_SECRET ? "apiKey" : "bearer", "x");
    return true;
}

void party_call(struct exchange *exchange, const struct party_request *request)
{
    require(!exchange->answered && !exchange->asked && request->answered);
    if (request->credential) {
        AUTO_JSON json_t *credential =
            members_parse(request->credential, strlen(request->credential));

        require(credential != NULL);
    }
    exchange->asked = request->answered;
    json_decref(request->options);
}

void party_call_with_password(struct exchange *exchange, const struct party_request *request,
                              const struct party_password *password)
{
    require(json_string_length(password->text) > 0);
    party_call(exchange, request);
}

/* What every call's result has at once. */
static json_t *make_result(void)
{
    return json_pack(
        "{s:s, s:b, s:i, s:b, s:b, s:[], s:i, s:{s:s, s:i, s:i, s:s}, s:{s:s, s:s, s:i}, "
        "s:{s:s, s:I, s:s}, s:s, s:s, s:{s:s, s:s, s:s}}",
        "token", "aa.bb.cc", "exists", 1, "passkeys", 1, "valid", 1, "approved", 1, "keys", "total",
        1, "credential", "credentialId", "AAEC", "created", 1795838400, "lastUsed", 0, "name", "x",
        "user", "userId", "u-1", "userName", "ann", "passkeys", 1, "tokens", "token", "aa.bb.cc",
        "expires", (json_int_t)4102444800, "refresh", "dd.ee.ff", "challenge", "AAAA", "stage",
        "new", "context", "act", "enroll", "user", "<&>\"", "rhost", "192.0.2.7");
}

static void answer(struct exchange *exchange, uint8_t outcome, const json_t *result)
{
    static const char *const reasons[] = {NULL, "response-malformed", "user-not-verified",
                                          "credential-not-allowed"};
    const struct party_answer answer = {
        .outcome = (enum party_outcome)(outcome % PARTY_OUTCOMES),
        .reason = reasons[outcome / PARTY_OUTCOMES % MEMBERS_COUNT(reasons)],
        .id = "b4351ecc-ee1a-4455-bc94-2c3dbcc58538",
        .result = outcome % PARTY_OUTCOMES == PARTY_DONE ? result : NULL,
    };
    party_answered *answered = exchange->asked;

    exchange->asked = NULL;
    answered(exchange, &answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dialect *const dialects[] = {
        &dialect_hanko, &dialect_cloudreve, &dialect_authsignal, &dialect_autional, &dialect_pages};
    const struct dialect *dialect = size > 0 ? dialects[data[0] % MEMBERS_COUNT(dialects)] : NULL;
    char empty[] = "";
    struct party party = {.name = empty,
                          .id = empty,
                          .prefix = empty,
                          .tenant = empty,
                          .self_service = true,
                          .dialect = dialect};
    struct exchange exchange = {.party = &party};
    AUTO_JSON json_t *result = make_result();

    if (size < 3)
        return 0;
    require(result != NULL);
    exchange.len = size - 3;
    exchange.text = strndup((const char *)data + 3, exchange.len);
    exchange.line = exchange.text ? strndup(exchange.text, strcspn(exchange.text, "\n")) : NULL;
    if (exchange.line && strlen(exchange.text) == exchange.len &&
        pk_utf8_valid(pk_view_string(exchange.line))) {
        dialect->routes[data[1] % dialect->route_count].handler(&exchange);
        for (int i = 0; exchange.asked && i < CALLS_MAX; i++)
            answer(&exchange, data[2], result);
        require(exchange.answered && !exchange.asked);
    }
    json_decref(exchange.json);
    json_decref(exchange.kept);
    free(exchange.text);
    free(exchange.line);
    return 0;
}
