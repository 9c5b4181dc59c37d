/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the Hanko dialect, and what all of its calls need. */
#include "gateway/dialect_hanko.h"

#include "common/base/text.h"

#include <string.h>

#define KEY_INVALID "The api key is invalid"
#define KEY_DETAILS "api keys needs to be an apiKey Header and 32 byte long"

/* Status, title, details. */
static const struct failure any_rows[] = {
    {PARTY_MALFORMED, NULL, 400, 0, "unable to validate request", ""},
    {PARTY_NOT_SIGNED_IN, NULL, 401, 0, KEY_INVALID, KEY_DETAILS},
    {PARTY_TOKEN_EXPIRED, NULL, 401, 0, KEY_INVALID, KEY_DETAILS},
    {PARTY_WRONG_TOKEN, NULL, 401, 0, KEY_INVALID, KEY_DETAILS},
    {PARTY_FORBIDDEN, NULL, 401, 0, KEY_INVALID, KEY_DETAILS},
    {PARTY_UNKNOWN_USER, NULL, 404, 0, "user not found", ""},
    {PARTY_LIMITED, NULL, 429, 0, "Too Many Requests", ""},
    {PARTY_UNAVAILABLE, NULL, 503, 0, "Service Unavailable", ""},
    /* A credential that is registered already is nobody's mistake that upstream has words for. */
    {PARTY_FAILED, NULL, 500, 0, "Internal Server Error", NULL},
};
const struct failures hanko_failures = FAILURES(any_rows, NULL);

/* --- reading and answering -------------------------------------------------------------------- */

static void add_request_id(struct exchange *exchange)
{
    exchange_add_header(exchange, "X-Request-Id", exchange_id(exchange));
}

void hanko_refuse(struct exchange *exchange, unsigned status, const char *title,
                  const char *details)
{
    add_request_id(exchange);
    exchange_answer(
        exchange, status,
        json_pack("{s:s, s:s*, s:i}", "title", title, "details", details, "status", (int)status));
}

void hanko_refuse_answer(struct exchange *exchange, const struct failures *failures,
                         const struct party_answer *answer)
{
    const struct failure *row = failures_find(failures, answer->outcome, answer->reason);

    hanko_refuse(exchange, row->status, row->text, row->details);
}

void hanko_answer(struct exchange *exchange, json_t *body)
{
    if (!body) {
        hanko_refuse(exchange, 500, "Internal Server Error", NULL);
        return;
    }
    add_request_id(exchange);
    exchange_answer(exchange, 200, body);
}

void hanko_answer_nothing(struct exchange *exchange)
{
    add_request_id(exchange);
    exchange_answer(exchange, 204, NULL);
}

static void refuse_type(struct exchange *exchange, const char *expected, const json_t *got,
                        const char *field)
{
    PK_AUTO_FREE char *details = pk_text_format(
        "Unmarshal type error: expected=%s, got=%s, field=%s", expected, members_type(got), field);

    hanko_refuse(exchange, 400, "unable to process request", details);
}

bool hanko_read(struct exchange *exchange, const json_t **ret)
{
    const char *why = "";
    const json_t *body = NULL;

    switch (exchange_json(exchange, &body, &why)) {
    case PK_OK:
        break;
    case PK_NOT_FOUND:
        *ret = NULL;
        return true;
    default:
        hanko_refuse(exchange, 400, "unable to process request", why);
        return false;
    }
    if (!json_is_object(body)) {
        refuse_type(exchange, "object", body, "");
        return false;
    }
    *ret = body;
    return true;
}

/* Adds a sentence to *list, which is freed where memory runs out. */
static void add_problem(char **list, char *problem)
{
    char *longer = *list && problem ? pk_text_format("%s and %s", *list, problem) : NULL;

    if (*list) {
        free(problem);
        free(*list);
        *list = longer;
    } else {
        *list = problem;
    }
}

bool hanko_read_texts(struct exchange *exchange, const json_t *body, const struct text_rule *rules,
                      size_t count, const char **ret)
{
    PK_AUTO_FREE char *problems = NULL;
    bool valid = true;

    for (size_t i = 0; i < count; i++) {
        enum text_fault fault = members_text(body, &rules[i], &ret[i]);

        if (fault == TEXT_TYPE) {
            refuse_type(exchange, "string", json_object_get(body, rules[i].name), rules[i].name);
            return false;
        }
        if (fault == TEXT_FINE)
            continue;
        valid = false;
        add_problem(&problems, fault == TEXT_MISSING
                                   ? pk_text_format("%s is a required field", rules[i].name)
                                   : pk_text_format("%s cannot have more than %zu entries",
                                                    rules[i].name, rules[i].max));
    }
    if (!valid)
        hanko_refuse(exchange, 400, "unable to validate request", problems);
    return valid;
}

/* --- keys ------------------------------------------------------------------------------------- */

static void answer_keys(struct exchange *exchange, const struct party_answer *answer)
{
    static const char *const names[] = {"kty", "n", "e", "kid", "alg", "use", NULL};
    json_t *keys;

    if (answer->outcome != PARTY_DONE) {
        hanko_refuse_answer(exchange, &hanko_failures, answer);
        return;
    }
    keys = members_pick_each(json_object_get(answer->result, "keys"), names);
    exchange_add_header(exchange, "Cache-Control", "max-age=600");
    hanko_answer(exchange, keys ? json_pack("{s:o}", "keys", keys) : NULL);
}

/* H9 */
static void jwks(struct exchange *exchange)
{
    const struct party_request request = {.call = PARTY_KEYS, .answered = answer_keys};

    party_call(exchange, &request);
}

/* --- the table -------------------------------------------------------------------------------- */

/* The router's own refusals. Another media type than JSON is what upstream's binder says 400 to. */
static void refuse(struct exchange *exchange, unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
        const char *details;
    } rows[] = {
        {401, KEY_INVALID, KEY_DETAILS},  {404, "Not Found", ""},
        {405, "Method Not Allowed", ""},  {413, "Request Entity Too Large", ""},
        {429, "Too Many Requests", ""},   {431, "Request Header Fields Too Large", ""},
        {503, "Service Unavailable", ""},
    };

    for (size_t i = 0; i < MEMBERS_COUNT(rows); i++)
        if (rows[i].status == status) {
            hanko_refuse(exchange, status, rows[i].title, rows[i].details);
            return;
        }
    if (status == 415)
        hanko_refuse(exchange, 400, "unable to process request", "Unsupported Media Type");
    else
        hanko_refuse(exchange, status, status < 500 ? "Bad Request" : "Internal Server Error", "");
}

static void refuse_caller(struct exchange *exchange, const struct party_answer *answer)
{
    hanko_refuse_answer(exchange, &hanko_failures, answer);
}

static void refuse_tenant(struct exchange *exchange, const char *tenant)
{
    if (members_is_uuid(tenant))
        hanko_refuse(exchange, 404, "tenant not found", "");
    else
        hanko_refuse(exchange, 400, "tenant_id must be a valid uuid4", "");
}

static const struct route routes[] = {
    {"POST", "/registration/initialize", ACCESS_API_KEY, hanko_registration_initialize},
    {"POST", "/registration/finalize", ACCESS_PUBLIC, hanko_registration_finalize},
    {"POST", "/login/initialize", ACCESS_PUBLIC, hanko_login_initialize},
    {"POST", "/login/finalize", ACCESS_PUBLIC, hanko_login_finalize},
    {"GET", "/credentials", ACCESS_API_KEY, hanko_list_credentials},
    {"GET", "/credentials/{id}", ACCESS_API_KEY, hanko_get_credential},
    {"PATCH", "/credentials/{id}", ACCESS_API_KEY, hanko_rename_credential},
    {"DELETE", "/credentials/{id}", ACCESS_API_KEY, hanko_remove_credential},
    {"GET", "/.well-known/jwks.json", ACCESS_PUBLIC, jwks},
    {"POST", "/mfa/registration/initialize", ACCESS_API_KEY, hanko_mfa_registration_initialize},
    {"POST", "/mfa/registration/finalize", ACCESS_API_KEY, hanko_mfa_registration_finalize},
    {"POST", "/mfa/login/initialize", ACCESS_API_KEY, hanko_mfa_login_initialize},
    {"POST", "/mfa/login/finalize", ACCESS_API_KEY, hanko_mfa_login_finalize},
    {"POST", "/transaction/initialize", ACCESS_API_KEY, hanko_transaction_initialize},
    {"POST", "/transaction/finalize", ACCESS_API_KEY, hanko_transaction_finalize},
    {"GET", "/transaction/{user_id}", ACCESS_API_KEY, hanko_list_transactions},
};

static const struct dialect_cors cors = {
    .methods = "GET,HEAD,PUT,PATCH,POST,DELETE",
    .credentials = true,
    .max_age = 7200,
};

const struct dialect dialect_hanko = {
    .name = "hanko",
    .json_type = "application/json; charset=UTF-8",
    .routes = routes,
    .route_count = MEMBERS_COUNT(routes),
    .refuse = refuse,
    .refuse_caller = refuse_caller,
    .refuse_tenant = refuse_tenant,
    .cors = &cors,
};
