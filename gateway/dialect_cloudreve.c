/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The passkey calls of Cloudreve, C1 to C8: whatever comes of a call is said in the body, by the
 * code, and the status of HTTP is 200.
 */
#include "gateway/dialect.h"

#include "common/base/text.h"
#include "gateway/credential_body.h"
#include "gateway/options_shape.h"
#include "gateway/token_call.h"
#include "gateway/user_agent.h"

#include <string.h>

#define NAME_MAX_CHARACTERS 255 /* of a passkey; upstream has no limit but its database's */
/* All that a user can have: the page shows them on one. */
#define LISTED_MAX 1000

#define PARAMETER_ERROR 40001

/* --- failures: code, msg ---------------------------------------------------------------------- */

#define NO_LOGIN    "Login required"
#define NO_USER     "failed to get login user"
#define NOT_READ    "Failed to parse request"
#define NO_SESSION  "Session not found"
#define NOT_BEGUN   "Failed to begin registration" /* upstream says so for a sign-in, too */
#define NOT_FOUND   "Passkey not found"
#define NOT_ADDED   "Failed to add passkey"
#define NOT_VALID   "Failed to finish registration"
#define NO_SIGN_IN  "Failed to validate login"
#define UNAVAILABLE "Service unavailable"

static const struct failure any_rows[] = {
    {PARTY_MALFORMED, NULL, 200, PARAMETER_ERROR, "Parameter error", NULL},
    {PARTY_NOT_SIGNED_IN, NULL, 200, 401, NO_LOGIN, NULL},
    {PARTY_TOKEN_EXPIRED, NULL, 200, 401, NO_LOGIN, NULL},
    {PARTY_WRONG_TOKEN, NULL, 200, 40020, "Invalid token type", NULL},
    {PARTY_FORBIDDEN, NULL, 200, 40089, "Insufficient scope: UserSecurityInfo.Write", NULL},
    {PARTY_UNKNOWN_USER, NULL, 200, 50001, NO_USER, NULL},
    {PARTY_LIMITED, NULL, 200, 429, "Too many requests", NULL},
    {PARTY_UNAVAILABLE, NULL, 200, 50001, UNAVAILABLE, NULL},
    {PARTY_FAILED, NULL, 200, 50001, "Internal error", NULL},
};
static const struct failures any_failures = FAILURES(any_rows, NULL);

static const struct failure begin_rows[] = {
    {PARTY_MALFORMED, NULL, 200, 40024, NOT_BEGUN, NULL},
    {PARTY_FAILED, NULL, 200, 40024, NOT_BEGUN, NULL},
};
static const struct failures begin_failures = FAILURES(begin_rows, &any_failures);

static const struct failure registration_rows[] = {
    {PARTY_MALFORMED, NULL, 200, PARAMETER_ERROR, NOT_READ, NULL},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 200, 404, NO_SESSION, NULL},
    {PARTY_REFUSED, NULL, 200, 40025, NOT_VALID, NULL},
    {PARTY_REGISTERED, NULL, 200, 50001, NOT_ADDED, NULL},
    {PARTY_REGISTERED, "of-another-user", 200, 40025, NOT_VALID, NULL},
    {PARTY_EXISTS, NULL, 200, 50001, NOT_ADDED, NULL},
    {PARTY_LIMITED, NULL, 200, 50001, NOT_ADDED, NULL},
    {PARTY_FAILED, NULL, 200, 50001, NOT_ADDED, NULL},
};
static const struct failures registration_failures = FAILURES(registration_rows, &any_failures);

static const struct failure sign_in_rows[] = {
    {PARTY_MALFORMED, NULL, 200, PARAMETER_ERROR, NOT_READ, NULL},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 200, 404, NO_SESSION, NULL},
    {PARTY_REFUSED, NULL, 200, 40025, NO_SIGN_IN, NULL},
    {PARTY_UNKNOWN_USER, NULL, 200, 40025, NO_SIGN_IN, NULL},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 200, 40025, NO_SIGN_IN, NULL},
    {PARTY_NO_CREDENTIALS, NULL, 200, 40025, NO_SIGN_IN, NULL},
    {PARTY_FORBIDDEN, NULL, 200, 40025, NO_SIGN_IN, NULL},
};
static const struct failures sign_in_failures = FAILURES(sign_in_rows, &any_failures);

static const struct failure removal_rows[] = {
    {PARTY_MALFORMED, NULL, 200, 404, NOT_FOUND, NULL},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 200, 404, NOT_FOUND, NULL},
    {PARTY_NO_CREDENTIALS, NULL, 200, 404, NOT_FOUND, NULL},
};
static const struct failures removal_failures = FAILURES(removal_rows, &any_failures);

static const struct failure prepare_rows[] = {
    {PARTY_UNKNOWN_USER, NULL, 200, 404, "User not found", NULL},
};
static const struct failures prepare_failures = FAILURES(prepare_rows, &any_failures);

/* --- reading and answering -------------------------------------------------------------------- */

static void answer(struct exchange *exchange, unsigned status, json_t *body)
{
    exchange_add_header(exchange, "Cache-Control", "private, no-cache");
    exchange_answer(exchange, status, body);
}

static void refuse_with(struct exchange *exchange, unsigned status, int code, const char *msg)
{
    answer(exchange, status,
           json_pack("{s:i, s:s, s:s}", "code", code, "msg", msg, "correlation_id",
                     exchange_id(exchange)));
}

/* A body or an argument that is not what it has to be: without a correlation id. */
static void refuse_input(struct exchange *exchange, const char *msg)
{
    answer(exchange, 200, json_pack("{s:i, s:s}", "code", PARAMETER_ERROR, "msg", msg));
}

static void refuse_answer(struct exchange *exchange, const struct failures *failures,
                          const struct party_answer *answer)
{
    const struct failure *row = failures_find(failures, answer->outcome, answer->reason);

    refuse_with(exchange, row->status, row->code, row->text);
}

/* data is taken; NULL: without that member. */
static void succeed(struct exchange *exchange, json_t *data)
{
    answer(exchange, 200, json_pack("{s:i, s:o*, s:s}", "code", 0, "data", data, "msg", ""));
}

/* Texts of the body that must be there, by the names of the messages about them. */
struct field {
    const char *name;
    const char *shown;
};

/* false: refused for the first that is missing. */
static bool read_fields(struct exchange *exchange, const struct field *fields, size_t count,
                        const char **ret)
{
    const json_t *body = NULL;
    const char *why = "";
    PK_AUTO_FREE char *msg = NULL;
    enum text_fault fault = TEXT_FINE;
    size_t i = 0;

    if (exchange_json(exchange, &body, &why)) {
        refuse_input(exchange, "Parameter error");
        return false;
    }
    for (i = 0; i < count; i++) {
        const json_t *value = json_object_get(body, fields[i].name);

        if (value && !json_is_null(value) && !json_is_string(value)) {
            refuse_input(exchange, "JSON marshall error");
            return false;
        }
    }
    for (i = 0; i < count && fault == TEXT_FINE; i++) {
        const struct text_rule rule = {fields[i].name, true, 0};

        fault = members_text(body, &rule, &ret[i]);
    }
    if (fault == TEXT_FINE)
        return true;
    msg = pk_text_format("%s cannot be empty", fields[i - 1].shown);
    refuse_input(exchange, msg ? msg : "Parameter error");
    return false;
}

static json_t *bearer_options(struct exchange *exchange, const char *purpose)
{
    json_t *options = json_object();

    (void)dialect_add_authority(exchange, ACCESS_BEARER, options);
    members_set_text(options, "purpose", purpose);
    return options;
}

static json_t *passkey_json(const json_t *passkey)
{
    PK_AUTO_FREE char *id = members_to_base64(members_find_text(passkey, "credentialId", NULL)
                                                  ? members_find_text(passkey, "credentialId", NULL)
                                                  : "");
    json_int_t used = members_number(passkey, "lastUsed");
    json_t *object = json_object();
    char time[MEMBERS_TIME_SIZE];

    members_set_text(object, "id", id);
    members_set_text(object, "name", members_find_text(passkey, "name", NULL));
    if (used > 0)
        members_set_text(object, "used_at", members_time(used, TIME_SECONDS, time));
    members_set_text(object, "created_at",
                     members_time(members_number(passkey, "created"), TIME_SECONDS, time));
    return object;
}

/* --- C1, C2: registration --------------------------------------------------------------------- */

static const struct options_shape creation_shape = {
    .members = (const char *const[]){"rp", "user", "challenge", "pubKeyCredParams", "timeout",
                                     "excludeCredentials", "authenticatorSelection", NULL},
    .rp = (const char *const[]){"name", "id", NULL},
    .user = (const char *const[]){"name", "displayName", "id", NULL},
    .selection = (const char *const[]){"requireResidentKey", "userVerification", NULL},
    .descriptor = (const char *const[]){"type", "id", "transports", NULL},
};

static void answer_creation(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        refuse_answer(exchange, &begin_failures, answer);
    else
        succeed(exchange,
                json_pack("{s:o}", "publicKey", options_shape(answer->result, &creation_shape)));
}

static void begin_registration(struct exchange *exchange)
{
    json_t *options = bearer_options(exchange, "registration");
    const struct party_request request = {
        .call = PARTY_BEGIN_REGISTRATION, .options = options, .answered = answer_creation};

    members_set_flag(options, "sole", true);
    members_set_flag(options, "exclude", true);
    members_set_text(options, "residentKey", "required");
    members_set_flag(options, "requireResidentKey", true);
    members_set_text(options, "userVerification", "preferred");
    party_call(exchange, &request);
}

static void answer_registration(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        refuse_answer(exchange, &registration_failures, answer);
    else
        succeed(exchange, passkey_json(json_object_get(answer->result, "credential")));
}

/* Text with every {word} replaced; takes text. NULL: no memory. */
static char *replace(char *text, const char *word, const char *with)
{
    char *found;

    while (text && (found = strstr(text, word))) {
        char *replaced =
            pk_text_format("%.*s%s%s", (int)(found - text), text, with, found + strlen(word));

        free(text);
        text = replaced;
    }
    return text;
}

/*
 * The user's one registration has its answer with this, whatever that is: what is no credential is
 * handed on as none, and the next try begins anew.
 */
static void finish_registration(struct exchange *exchange)
{
    static const struct field fields[] = {{"response", "Response"}, {"name", "Name"}, {"ua", "UA"}};
    struct party_request request = {.call = PARTY_FINISH_REGISTRATION,
                                    .answered = answer_registration};
    const char *texts[MEMBERS_COUNT(fields)] = {0};
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};
    AUTO_JSON json_t *response = NULL;
    PK_AUTO_FREE char *name = NULL;
    bool read;

    if (!read_fields(exchange, fields, MEMBERS_COUNT(fields), texts))
        return;
    name = members_characters(texts[1]) <= NAME_MAX_CHARACTERS ? strdup(texts[1]) : NULL;
    name = replace(pk_steal(name), "{browser}", user_agent_browser(texts[2]));
    name = replace(pk_steal(name), "{os}", user_agent_system(texts[2]));
    if (!name || members_characters(name) > NAME_MAX_CHARACTERS) {
        refuse_input(exchange, "Name cannot have more than 255 characters");
        return;
    }
    response = members_parse(texts[0], strlen(texts[0]));
    read = credential_body_read(response, CREDENTIAL_REGISTRATION, CREDENTIAL_CAMEL, &credential);
    request.id = "";
    request.credential = read ? credential.text : "{}";
    request.options = bearer_options(exchange, "registration");
    members_set_text(request.options, "name", name);
    party_call(exchange, &request);
}

/* --- C3, C6: the user's passkeys -------------------------------------------------------------- */

static void answer_removal(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        refuse_answer(exchange, &removal_failures, answer);
    else
        succeed(exchange, NULL);
}

static void remove_passkey(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_REMOVE, .answered = answer_removal};
    const char *given = exchange_argument(exchange, "id");
    PK_AUTO_FREE char *id = given ? members_to_base64url(given) : NULL;

    if (!given || !*given) {
        refuse_input(exchange, "ID cannot be empty");
        return;
    }
    if (!id || !credential_id_valid(id)) {
        refuse_input(exchange, "Parameter error");
        return;
    }
    request.id = id;
    request.options = bearer_options(exchange, NULL);
    party_call(exchange, &request);
}

/* The settings that are this program's to know; the others have what a new user has upstream. */
static void answer_setting(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *items = json_object_get(answer->result, "items");
    json_t *passkeys;

    if (answer->outcome != PARTY_DONE) {
        refuse_answer(exchange, &any_failures, answer);
        return;
    }
    passkeys = json_array_size(items) > 0 ? json_array() : NULL;
    for (size_t i = 0; i < json_array_size(items); i++)
        (void)json_array_append_new(passkeys, passkey_json(json_array_get(items, i)));
    succeed(exchange, json_pack("{s:b, s:b, s:b, s:o*, s:b, s:s}", "version_retention_enabled", 0,
                                "passwordless", 0, "two_fa_enabled", 0, "passkeys", passkeys,
                                "disable_view_sync", 0, "share_links_in_profile", ""));
}

static void show_setting(struct exchange *exchange)
{
    json_t *options = bearer_options(exchange, NULL);
    const struct party_request request = {
        .call = PARTY_LIST, .options = options, .answered = answer_setting};

    (void)json_object_set_new(options, "limit", json_integer(LISTED_MAX));
    party_call(exchange, &request);
}

/* --- C4, C5: sign-in -------------------------------------------------------------------------- */

static const struct options_shape request_shape = {
    .members = (const char *const[]){"challenge", "timeout", "rpId", NULL},
};

static void answer_request(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        refuse_answer(exchange, &begin_failures, answer);
    else
        succeed(exchange,
                json_pack("{s:{s:o}, s:s}", "options", "publicKey",
                          options_shape(answer->result, &request_shape), "session_id", answer->id));
}

static void begin_sign_in(struct exchange *exchange)
{
    json_t *options = json_object();
    const struct party_request request = {
        .call = PARTY_BEGIN_AUTHENTICATION, .options = options, .answered = answer_request};

    members_set_text(options, "purpose", "login");
    members_set_text(options, "userVerification", "preferred");
    party_call(exchange, &request);
}

static json_t *user_json(const json_t *result)
{
    const json_t *user = json_object_get(result, "user");
    const char *id = members_find_text(user, "userId", NULL);
    const char *nickname = members_find_text(user, "displayName", NULL);
    json_int_t created = members_number(user, "created");
    char time[MEMBERS_TIME_SIZE];

    if (created == 0)
        created = members_number(json_object_get(result, "credential"), "created");
    return json_pack("{s:s, s:s*, s:s, s:s, s:s}", "id", id, "email",
                     members_find_text(user, "userName", NULL), "nickname",
                     nickname ? nickname : id, "status", "active", "created_at",
                     members_time(created, TIME_SECONDS, time));
}

static json_t *tokens_json(const json_t *tokens)
{
    char access[MEMBERS_TIME_SIZE];
    char refresh[MEMBERS_TIME_SIZE];

    return json_pack(
        "{s:s, s:s, s:s, s:s}", "access_token", members_find_text(tokens, "token", NULL),
        "refresh_token", members_find_text(tokens, "refresh", NULL), "access_expires",
        members_time(members_number(tokens, "expires"), TIME_SECONDS, access), "refresh_expires",
        members_time(members_number(tokens, "refreshExpires"), TIME_SECONDS, refresh));
}

static void answer_sign_in(struct exchange *exchange, const struct party_answer *answer)
{
    const struct party_answer failed = {.outcome = PARTY_FAILED};
    json_t *data;

    if (answer->outcome != PARTY_DONE) {
        refuse_answer(exchange, &sign_in_failures, answer);
        return;
    }
    data = json_pack("{s:o, s:o}", "user", user_json(answer->result), "token",
                     tokens_json(json_object_get(answer->result, "tokens")));
    if (data)
        succeed(exchange, data);
    else
        refuse_answer(exchange, &sign_in_failures, &failed);
}

/* What is no credential is handed on as none, so that its session is gone nevertheless. */
static void finish_sign_in(struct exchange *exchange)
{
    static const struct field fields[] = {{"response", "Response"}, {"session_id", "SessionID"}};
    struct party_request request = {.call = PARTY_FINISH_AUTHENTICATION,
                                    .answered = answer_sign_in};
    const char *texts[MEMBERS_COUNT(fields)] = {0};
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};
    AUTO_JSON json_t *response = NULL;
    bool read;

    if (!read_fields(exchange, fields, MEMBERS_COUNT(fields), texts))
        return;
    if (!members_is_uuid(texts[1])) {
        refuse_with(exchange, 200, 404, NO_SESSION);
        return;
    }
    response = members_parse(texts[0], strlen(texts[0]));
    read = credential_body_read(response, CREDENTIAL_AUTHENTICATION, CREDENTIAL_CAMEL, &credential);
    request.id = texts[1];
    request.credential = read ? credential.text : "{}";
    request.options = json_object();
    members_set_text(request.options, "purpose", "login");
    party_call(exchange, &request);
}

/* --- C7, C8 ----------------------------------------------------------------------------------- */

static void answer_prepare(struct exchange *exchange, const struct party_answer *answer)
{
    const struct party_answer unknown = {.outcome = PARTY_UNKNOWN_USER};

    if (answer->outcome != PARTY_DONE)
        refuse_answer(exchange, &prepare_failures, answer);
    else if (!json_is_true(json_object_get(answer->result, "exists")))
        refuse_answer(exchange, &prepare_failures, &unknown);
    else
        /* Passwords are the application's; it has its own answer where it has none. */
        succeed(exchange,
                json_pack("{s:b, s:b}", "webauthn_enabled",
                          members_number(answer->result, "passkeys") > 0, "password_enabled", 1));
}

static void prepare(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_USER, .answered = answer_prepare};
    const char *email = exchange_argument(exchange, "email");

    if (!email || !*email) {
        refuse_input(exchange, "Email cannot be empty");
        return;
    }
    request.options = json_object();
    members_set_text(request.options, "userName", email);
    party_call(exchange, &request);
}

static void show_login_config(struct exchange *exchange)
{
    succeed(exchange, json_pack("{s:b}", "authn", 1));
}

/* --- the table -------------------------------------------------------------------------------- */

/* What upstream's own code says is in the body; what stands before it, such as a proxy, has real
 * statuses. */
static void refuse(struct exchange *exchange, unsigned status)
{
    switch (status) {
    case 401:
        refuse_with(exchange, 200, 401, NO_LOGIN);
        break;
    case 404:
    case 405:
        refuse_with(exchange, 200, 404, "Not found");
        break;
    case 400:
    case 415:
        refuse_input(exchange, "Parameter error");
        break;
    case 429:
        refuse_with(exchange, status, 429, "Too many requests");
        break;
    case 503:
        refuse_with(exchange, status, 50001, UNAVAILABLE);
        break;
    default:
        refuse_with(exchange, status, status < 500 ? PARAMETER_ERROR : 50001,
                    status < 500 ? "Parameter error" : "Internal error");
    }
}

static void refuse_caller(struct exchange *exchange, const struct party_answer *answer)
{
    refuse_answer(exchange, &any_failures, answer);
}

static const struct route routes[] = {
    {"PUT", "/user/authn", ACCESS_BEARER, begin_registration},
    {"POST", "/user/authn", ACCESS_BEARER, finish_registration},
    {"DELETE", "/user/authn", ACCESS_BEARER, remove_passkey},
    {"PUT", "/session/authn", ACCESS_PUBLIC, begin_sign_in},
    {"POST", "/session/authn", ACCESS_PUBLIC, finish_sign_in},
    {"GET", "/user/setting", ACCESS_BEARER, show_setting},
    {"GET", "/session/prepare", ACCESS_PUBLIC, prepare},
    {"GET", "/site/config/login", ACCESS_PUBLIC, show_login_config},
    {"POST", "/tokens", ACCESS_API_KEY, token_call},
};

/* DELETE is added to upstream's default list: without it a page of another origin removes nothing.
 */
static const struct dialect_cors cors = {
    .methods = "PUT,POST,GET,OPTIONS,DELETE",
    .headers = "Cookie,Authorization,Content-Type,Content-Length,X-Cr-Correlation-Id",
};

const struct dialect dialect_cloudreve = {
    .name = "cloudreve",
    .json_type = "application/json; charset=utf-8",
    .routes = routes,
    .route_count = MEMBERS_COUNT(routes),
    .refuse = refuse,
    .refuse_caller = refuse_caller,
    .cors = &cors,
};
