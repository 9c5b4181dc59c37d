/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our own calls: WebAuthn Level 3's JSON in and out, errors of RFC 9457. doc/openapi.yaml describes
 * them, and is served at /openapi.yaml.
 */
#include "gateway/dialect.h"
#include "gateway/openapi.h"
#include "gateway/problem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX     200

PK_DEFINE_CLEANUP(json_t *, json_decref);
#define AUTO_JSON PK_CLEANUP(json_decref)

/* --- refusals --------------------------------------------------------------------------------- */

static const struct {
    unsigned status;
    const char *reason;
    const char *detail; /* NULL: the daemon's words */
} failures[] = {
    [PARTY_DONE] = {500, "internal", NULL},
    [PARTY_MALFORMED] = {400, "invalid-request", NULL},
    [PARTY_NOT_SIGNED_IN] = {401, "not-signed-in", "No valid API key or token came with it."},
    [PARTY_TOKEN_EXPIRED] = {401, "token-expired", "The token has expired."},
    [PARTY_WRONG_TOKEN] = {401, "wrong-token", "The token is not for this."},
    [PARTY_FORBIDDEN] = {403, "forbidden", "That may not be done with this key or token."},
    [PARTY_UNKNOWN_USER] = {404, "unknown-user", "There is no such user."},
    [PARTY_NO_CREDENTIALS] = {404, "no-credentials", "The user has no passkey that could be used."},
    [PARTY_UNKNOWN_CHALLENGE] = {409, "challenge-unknown",
                                 "The ceremony has expired, was answered already, or never was."},
    [PARTY_REFUSED] = {422, NULL, "The answer of the authenticator did not verify."},
    [PARTY_UNKNOWN_CREDENTIAL] = {404, "unknown-credential", "There is no such passkey."},
    [PARTY_REGISTERED] = {409, "credential-registered", "That passkey is registered already."},
    [PARTY_EXISTS] = {409, "exists", "There is one of that name or id already."},
    [PARTY_LIMITED] = {429, "limit-exceeded", NULL},
    [PARTY_UNAVAILABLE] = {503, "unavailable", "It cannot be done now; try it again later."},
    [PARTY_FAILED] = {500, "internal", "Something went wrong; the log says what."},
};

static void refuse(struct exchange *exchange, unsigned http_status)
{
    problem_answer(exchange, http_status, NULL, NULL);
}

static void fail(struct exchange *exchange, const struct party_answer *answer)
{
    const char *detail = failures[answer->outcome].detail;
    const char *reason = failures[answer->outcome].reason;

    problem_answer(exchange, failures[answer->outcome].status, reason ? reason : answer->reason,
                   detail ? detail : answer->reason);
}

static void refuse_body(struct exchange *exchange, const char *detail)
{
    problem_answer(exchange, 400, "invalid-request", detail);
}

/* --- reading ---------------------------------------------------------------------------------- */

enum member_type {
    MEMBER_TEXT,
    MEMBER_FLAG,
    MEMBER_NUMBER,
    MEMBER_TEXTS,
    MEMBER_OBJECT, /* not for the daemon */
};

struct member {
    const char *name;
    enum member_type type;
};

static bool is_of_type(const json_t *value, enum member_type type)
{
    switch (type) {
    case MEMBER_TEXT:
        return json_is_string(value);
    case MEMBER_FLAG:
        return json_is_boolean(value);
    case MEMBER_NUMBER:
        return json_is_integer(value);
    case MEMBER_TEXTS:
        return json_is_array(value);
    case MEMBER_OBJECT:
        return json_is_object(value);
    }
    return false;
}

static const struct member *find_member(const struct member *members, const char *name)
{
    for (; members->name; members++)
        if (strcmp(members->name, name) == 0)
            return members;
    return NULL;
}

/*
 * The body's members as options of the daemon's. *ret_body is the exchange's. NULL: it has been
 * answered. members: what is allowed, ended by a NULL name.
 */
static json_t *read_options(struct exchange *exchange, const struct member *members,
                            const json_t **ret_body)
{
    AUTO_JSON json_t *options = json_object();
    const json_t *body = NULL;
    const char *why = NULL;
    const char *name;
    json_t *value;
    enum pk_status status = exchange_json(exchange, &body, &why);

    if (status != PK_OK && status != PK_NOT_FOUND) {
        refuse_body(exchange, why);
        return NULL;
    }
    json_object_foreach((json_t *)(uintptr_t)body, name, value)
    {
        const struct member *member = find_member(members, name);

        if (!member || (!json_is_null(value) && !is_of_type(value, member->type))) {
            refuse_body(exchange, member ? "A member is of another type than it has to be."
                                         : "A member is not known here.");
            return NULL;
        }
        if (!json_is_null(value) && member->type != MEMBER_OBJECT && strcmp(name, "id") != 0)
            (void)json_object_set(options, name, value);
    }
    *ret_body = body;
    return pk_steal(options);
}

static void set_purpose(json_t *options, const char *purpose)
{
    if (!json_object_get(options, "purpose"))
        (void)json_object_set_new(options, "purpose", json_string(purpose));
}

/* --- answers ---------------------------------------------------------------------------------- */

static void on_begun(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *options = answer->result;

    if (answer->outcome != PARTY_DONE) {
        fail(exchange, answer);
        return;
    }
    if (json_object_get(options, "publicKey"))
        options = json_object_get(options, "publicKey");
    exchange_answer(exchange, 200,
                    json_pack("{s:s, s:I, s:O}", "id", answer->id, "expires",
                              (json_int_t)answer->expires, "publicKey", options));
}

static void answer_result(struct exchange *exchange, unsigned http_status,
                          const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        exchange_answer(exchange, http_status, json_incref((json_t *)(uintptr_t)answer->result));
    else
        fail(exchange, answer);
}

static void on_registered(struct exchange *exchange, const struct party_answer *answer)
{
    answer_result(exchange, 201, answer);
}

static void on_result(struct exchange *exchange, const struct party_answer *answer)
{
    answer_result(exchange, 200, answer);
}

static void on_removed(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        exchange_answer(exchange, 204, NULL);
    else
        fail(exchange, answer);
}

/* Of a list that was asked for with one id. */
static void on_one(struct exchange *exchange, const struct party_answer *answer)
{
    json_t *one = json_array_get(json_object_get(answer->result, "items"), 0);

    if (answer->outcome == PARTY_DONE && !one)
        fail(exchange, &(struct party_answer){.outcome = PARTY_UNKNOWN_CREDENTIAL, .reason = ""});
    else if (answer->outcome == PARTY_DONE)
        exchange_answer(exchange, 200, json_incref(one));
    else
        fail(exchange, answer);
}

/* --- registration and authentication ---------------------------------------------------------- */

static const struct member registration_members[] = {
    {"userId", MEMBER_TEXT},
    {"userName", MEMBER_TEXT},
    {"displayName", MEMBER_TEXT},
    {"icon", MEMBER_TEXT},
    {"purpose", MEMBER_TEXT},
    {"attestation", MEMBER_TEXT},
    {"authenticatorAttachment", MEMBER_TEXT},
    {"residentKey", MEMBER_TEXT},
    {"requireResidentKey", MEMBER_FLAG},
    {"userVerification", MEMBER_TEXT},
    {"timeout", MEMBER_NUMBER},
    {"hints", MEMBER_TEXTS},
    {"credProps", MEMBER_FLAG},
    {"minPinLength", MEMBER_FLAG},
    {"credProtect", MEMBER_NUMBER},
    {"mfa", MEMBER_FLAG},
    {0},
};

static const struct member authentication_members[] = {
    {"userId", MEMBER_TEXT},
    {"userName", MEMBER_TEXT},
    {"purpose", MEMBER_TEXT},
    {"userVerification", MEMBER_TEXT},
    {"timeout", MEMBER_NUMBER},
    {"hints", MEMBER_TEXTS},
    {"mfa", MEMBER_FLAG},
    {"transactionId", MEMBER_TEXT},
    {"transactionData", MEMBER_TEXT},
    {0},
};

static const struct member finish_members[] = {
    {"id", MEMBER_TEXT},
    {"credential", MEMBER_OBJECT},
    {"name", MEMBER_TEXT},
    {"purpose", MEMBER_TEXT},
    {0},
};

static void begin(struct exchange *exchange, enum party_call call, const struct member *members,
                  const char *purpose)
{
    const json_t *body = NULL;
    json_t *options = read_options(exchange, members, &body);

    if (!options)
        return;
    set_purpose(options, purpose);
    (void)dialect_add_authority(exchange, ACCESS_BEARER_OR_API_KEY, options);
    party_call(exchange,
               &(struct party_request){.call = call, .options = options, .answered = on_begun});
}

static void begin_registration(struct exchange *exchange)
{
    begin(exchange, PARTY_BEGIN_REGISTRATION, registration_members, "registration");
}

static void begin_authentication(struct exchange *exchange)
{
    begin(exchange, PARTY_BEGIN_AUTHENTICATION, authentication_members, "login");
}

static void finish(struct exchange *exchange, enum party_call call, const char *purpose,
                   party_answered *answered)
{
    const json_t *body = NULL;
    json_t *options = read_options(exchange, finish_members, &body);
    const char *id = json_string_value(json_object_get(body, "id"));
    const json_t *credential = json_object_get(body, "credential");
    char *text = json_is_object(credential) ? json_dumps(credential, JSON_COMPACT) : NULL;

    if (options && id && text) {
        set_purpose(options, purpose);
        (void)dialect_add_authority(exchange, ACCESS_BEARER_OR_API_KEY, options);
        party_call(exchange, &(struct party_request){.call = call,
                                                     .id = id,
                                                     .credential = text,
                                                     .options = options,
                                                     .answered = answered});
    } else if (options) {
        json_decref(options);
        refuse_body(exchange, "id and credential are needed.");
    }
    free(text);
}

static void finish_registration(struct exchange *exchange)
{
    finish(exchange, PARTY_FINISH_REGISTRATION, "registration", on_registered);
}

static void finish_authentication(struct exchange *exchange)
{
    finish(exchange, PARTY_FINISH_AUTHENTICATION, "login", on_result);
}

/* --- passkeys --------------------------------------------------------------------------------- */

/* false: it has been answered. */
static bool add_number(struct exchange *exchange, json_t *options, const char *name, unsigned max)
{
    const char *text = exchange_argument(exchange, name);
    unsigned long number;

    if (!text)
        return true;
    number = strlen(text) <= 9 ? strtoul(text, NULL, 10) : ULONG_MAX;
    if (!*text || strspn(text, "0123456789") != strlen(text) || number > max) {
        refuse_body(exchange, "offset and limit are numbers; a page has 200 at most.");
        return false;
    }
    (void)json_object_set_new(options, name, json_integer((json_int_t)number));
    return true;
}

static json_t *options_of_credentials(const struct exchange *exchange)
{
    const char *user = exchange_argument(exchange, "userId");
    json_t *options = json_object();

    if (user)
        (void)json_object_set_new(options, "userId", json_string(user));
    (void)dialect_add_authority(exchange, ACCESS_BEARER_OR_API_KEY, options);
    return options;
}

static void list_credentials(struct exchange *exchange)
{
    json_t *options = options_of_credentials(exchange);

    (void)json_object_set_new(options, "limit", json_integer(LIMIT_DEFAULT));
    if (!add_number(exchange, options, "offset", 1000000000) ||
        !add_number(exchange, options, "limit", LIMIT_MAX)) {
        json_decref(options);
        return;
    }
    party_call(exchange, &(struct party_request){
                             .call = PARTY_LIST, .options = options, .answered = on_result});
}

static void show_credential(struct exchange *exchange)
{
    json_t *options = options_of_credentials(exchange);

    (void)json_object_set_new(options, "credentialId", json_string(exchange_capture(exchange, 0)));
    party_call(exchange,
               &(struct party_request){.call = PARTY_LIST, .options = options, .answered = on_one});
}

static void rename_credential(struct exchange *exchange)
{
    static const struct member members[] = {{"name", MEMBER_TEXT}, {0}};
    const json_t *body = NULL;
    AUTO_JSON json_t *given = read_options(exchange, members, &body);
    json_t *options;

    if (!given)
        return;
    if (!json_object_get(given, "name")) {
        refuse_body(exchange, "name is needed.");
        return;
    }
    options = options_of_credentials(exchange);
    (void)json_object_update(options, given);
    party_call(exchange, &(struct party_request){.call = PARTY_RENAME,
                                                 .id = exchange_capture(exchange, 0),
                                                 .options = options,
                                                 .answered = on_result});
}

static void remove_credential(struct exchange *exchange)
{
    party_call(exchange, &(struct party_request){.call = PARTY_REMOVE,
                                                 .id = exchange_capture(exchange, 0),
                                                 .options = options_of_credentials(exchange),
                                                 .answered = on_removed});
}

/* --- tokens ------------------------------------------------------------------------------------
 */

static void issue_token(struct exchange *exchange)
{
    static const struct member members[] = {
        {"userId", MEMBER_TEXT},         {"userName", MEMBER_TEXT},   {"displayName", MEMBER_TEXT},
        {"email", MEMBER_TEXT},          {"action", MEMBER_TEXT},     {"scope", MEMBER_TEXT},
        {"idempotencyKey", MEMBER_TEXT}, {"lifetime", MEMBER_NUMBER}, {0},
    };
    const json_t *body = NULL;
    json_t *options = read_options(exchange, members, &body);

    if (!options)
        return;
    (void)dialect_add_authority(exchange, ACCESS_API_KEY, options);
    party_call(exchange, &(struct party_request){
                             .call = PARTY_ISSUE_TOKEN, .options = options, .answered = on_result});
}

/* --- documents -------------------------------------------------------------------------------- */

static void on_keys(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_DONE)
        exchange_add_header(exchange, "Cache-Control", "public, max-age=60");
    answer_result(exchange, 200, answer);
}

static void show_keys(struct exchange *exchange)
{
    party_call(exchange, &(struct party_request){.call = PARTY_KEYS, .answered = on_keys});
}

static void show_openapi(struct exchange *exchange)
{
    exchange_add_header(exchange, "Cache-Control", "public, max-age=3600");
    exchange_answer_text(exchange, 200, "application/yaml", openapi);
}

static const struct route routes[] = {
    {"POST", "/registration/options", ACCESS_BEARER_OR_API_KEY, begin_registration},
    {"POST", "/registration", ACCESS_PUBLIC, finish_registration},
    {"POST", "/authentication/options", ACCESS_PUBLIC, begin_authentication},
    {"POST", "/authentication", ACCESS_PUBLIC, finish_authentication},
    {"GET", "/credentials", ACCESS_BEARER_OR_API_KEY, list_credentials},
    {"GET", "/credentials/{id}", ACCESS_BEARER_OR_API_KEY, show_credential},
    {"PATCH", "/credentials/{id}", ACCESS_BEARER_OR_API_KEY, rename_credential},
    {"DELETE", "/credentials/{id}", ACCESS_BEARER_OR_API_KEY, remove_credential},
    {"POST", "/tokens", ACCESS_API_KEY, issue_token},
    {"GET", "/.well-known/jwks.json", ACCESS_PUBLIC, show_keys},
    {"GET", "/openapi.yaml", ACCESS_PUBLIC, show_openapi},
};

static const struct dialect_cors cors = {
    .methods = "GET, POST, PATCH, DELETE",
    .headers = "Authorization, Content-Type",
    .max_age = 600,
};

const struct dialect dialect_standard = {
    .name = "standard",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .refuse = refuse,
    .refuse_caller = fail,
    .cors = &cors,
};
