/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the Authsignal dialect, and its ceremonies: A1 to A5 and A8. */
#include "gateway/dialect_authsignal.h"

#include "common/base/text.h"
#include "gateway/credential_body.h"
#include "gateway/options_shape.h"

#include <string.h>

#define TIMEOUT_SHOWN    60000 /* milliseconds; the challenge lives as long as the token */
#define ACTION_MAX       64
#define CHALLENGE_ID_MAX 512
#define IDEMPOTENCY_MAX  255

/* --- failures: status, error, description ----------------------------------------------------- */

static const struct failure any_rows[] = {
    {PARTY_MALFORMED, NULL, 400, 0, "invalid_request", "The request is not valid."},
    {PARTY_NOT_SIGNED_IN, NULL, 401, 0, "invalid_token", "The token is not valid."},
    {PARTY_TOKEN_EXPIRED, NULL, 401, 0, "expired_token", "The token has expired."},
    {PARTY_WRONG_TOKEN, NULL, 401, 0, "invalid_token", "The token is not valid for this."},
    {PARTY_FORBIDDEN, NULL, 403, 0, "forbidden", "The token does not allow this."},
    {PARTY_UNKNOWN_USER, NULL, 404, 0, "not_found", "There is no such user."},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 404, 0, "not_found", "There is no such authenticator."},
    {PARTY_NO_CREDENTIALS, NULL, 404, 0, "not_found", "The user has no passkey."},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 400, 0, "invalid_request",
     "The challenge has expired, was answered already, or never was."},
    {PARTY_EXISTS, NULL, 400, 0, "invalid_request", "There is one of that name already."},
    {PARTY_LIMITED, NULL, 429, 0, "too_many_requests", "Too many requests; try again later."},
    {PARTY_UNAVAILABLE, NULL, 503, 0, "service_unavailable", "Try again later."},
    {PARTY_FAILED, NULL, 500, 0, "internal_error", "Something went wrong."},
};
const struct failures authsignal_failures = FAILURES(any_rows, NULL);

#define NOT_VERIFIED "" /* the row of an answer with isVerified false */

static const struct failure registration_rows[] = {
    {PARTY_REFUSED, NULL, 200, 0, NOT_VERIFIED, NULL},
    {PARTY_REGISTERED, NULL, 400, 0, "invalid_credential", "The passkey is registered already."},
};
static const struct failures registration_failures =
    FAILURES(registration_rows, &authsignal_failures);

static const struct failure verification_rows[] = {
    {PARTY_REFUSED, NULL, 200, 0, NOT_VERIFIED, NULL},
    {PARTY_REFUSED, "user-handle-mismatch", 400, 0, "invalid_credential",
     "The passkey is not this user's."},
    {PARTY_REFUSED, "credential-not-allowed", 400, 0, "invalid_credential",
     "The passkey is not this user's."},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 400, 0, "unknown_credential", "The passkey is not known."},
    {PARTY_NO_CREDENTIALS, NULL, 400, 0, "unknown_credential", "The passkey is not known."},
    {PARTY_UNKNOWN_USER, NULL, 400, 0, "unknown_credential", "The passkey is not known."},
};
static const struct failures verification_failures =
    FAILURES(verification_rows, &authsignal_failures);

/* --- reading and answering -------------------------------------------------------------------- */

void authsignal_refuse(struct exchange *exchange, unsigned status, const char *error,
                       const char *description)
{
    exchange_answer(exchange, status,
                    json_pack("{s:s, s:s, s:s}", "error", error, "errorCode", error,
                              "errorDescription", description));
}

void authsignal_refuse_answer(struct exchange *exchange, const struct failures *failures,
                              const struct party_answer *answer)
{
    const struct failure *row = failures_find(failures, answer->outcome, answer->reason);

    if (row->status == 200)
        authsignal_answer(exchange, json_pack("{s:b}", "isVerified", 0));
    else
        authsignal_refuse(exchange, row->status, row->text, row->details);
}

void authsignal_answer(struct exchange *exchange, json_t *body)
{
    if (body)
        exchange_answer(exchange, 200, body);
    else
        authsignal_refuse(exchange, 500, "internal_error", "Something went wrong.");
}

static void refuse_request(struct exchange *exchange, const char *description)
{
    authsignal_refuse(exchange, 400, "invalid_request", description);
}

bool authsignal_read(struct exchange *exchange, const json_t **ret)
{
    const char *why = "";
    const json_t *body = NULL;
    enum pk_status status = exchange_json(exchange, &body, &why);

    if (status == PK_NOT_FOUND)
        body = NULL;
    else if (status || !json_is_object(body)) {
        refuse_request(exchange, status ? why : "The body is no object.");
        return false;
    }
    *ret = body;
    return true;
}

bool authsignal_read_texts(struct exchange *exchange, const json_t *body,
                           const struct text_rule *rules, size_t count, const char **ret)
{
    static const char *const words[] = {
        [TEXT_MISSING] = "is needed",
        [TEXT_TYPE] = "has to be a string",
        [TEXT_LONG] = "is too long",
    };

    for (size_t i = 0; i < count; i++) {
        enum text_fault fault = members_text(body, &rules[i], &ret[i]);
        PK_AUTO_FREE char *problem =
            fault ? pk_text_format("%s %s.", rules[i].name, words[fault]) : NULL;

        if (fault) {
            refuse_request(exchange, problem ? problem : "");
            return false;
        }
    }
    return true;
}

bool authsignal_is_action(const char *action)
{
    size_t len = strlen(action);

    return len > 0 && len <= ACTION_MAX &&
           strspn(action, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               len;
}

/* --- A1: begin a registration ----------------------------------------------------------------- */

static const char *const algorithms[] = {"EdDSA", "ES256", "RS256", NULL};

static const struct options_shape creation_shape = {
    .members = (const char *const[]){"challenge", "rp", "user", "pubKeyCredParams", "timeout",
                                     "attestation", "excludeCredentials", "authenticatorSelection",
                                     "extensions", NULL},
    .rp = (const char *const[]){"name", "id", NULL},
    .user = (const char *const[]){"id", "name", "displayName", NULL},
    .selection = (const char *const[]){"authenticatorAttachment", "residentKey",
                                       "requireResidentKey", "userVerification", NULL},
    .descriptor = (const char *const[]){"id", "type", "transports", NULL},
    .lists = true,
    .timeout = TIMEOUT_SHOWN,
};

static const struct options_shape request_shape = {
    .members = (const char *const[]){"challenge", "rpId", "allowCredentials", "timeout",
                                     "userVerification", "extensions", NULL},
    .descriptor = (const char *const[]){"id", "type", "transports", NULL},
    .lists = true,
    .timeout = TIMEOUT_SHOWN,
};

static void answer_options(struct exchange *exchange, const struct party_answer *answer,
                           const struct options_shape *shape)
{
    if (answer->outcome != PARTY_DONE)
        authsignal_refuse_answer(exchange, &authsignal_failures, answer);
    else
        authsignal_answer(exchange, json_pack("{s:s, s:o}", "challengeId", answer->id, "options",
                                              options_shape(answer->result, shape)));
}

static void answer_creation(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &creation_shape);
}

/* A payment's passkey is of this device, and verifies the user (Secure Payment Confirmation 5.1).
 */
static void set_selection(json_t *options, bool payment, const char *attachment,
                          const char *instrument)
{
    members_set_text(options, "authenticatorAttachment", payment ? "platform" : attachment);
    members_set_text(options, "residentKey", payment ? "preferred" : "required");
    members_set_flag(options, "requireResidentKey", !payment);
    members_set_text(options, "userVerification", "required");
    if (payment) {
        members_set_flag(options, "securePaymentConfirmation", true);
        members_set_text(options, "instrumentDisplayName", instrument);
    }
}

static void begin_registration(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"username", false, AUTHSIGNAL_TEXT_MAX},
        {"displayName", false, AUTHSIGNAL_TEXT_MAX},
        {"instrumentDisplayName", false, AUTHSIGNAL_TEXT_MAX},
        {"authenticatorAttachment", false, AUTHSIGNAL_TEXT_MAX},
    };
    struct party_request request = {.call = PARTY_BEGIN_REGISTRATION, .answered = answer_creation};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;
    bool wrong = false;
    bool payment;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    payment = members_flag(body, "securePaymentConfirmation", &wrong);
    if (wrong) {
        refuse_request(exchange, "securePaymentConfirmation has to be a boolean.");
        return;
    }
    if (texts[3] && strcmp(texts[3], "platform") != 0 && strcmp(texts[3], "cross-platform") != 0) {
        refuse_request(exchange, "authenticatorAttachment has to be platform or cross-platform.");
        return;
    }
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_BEARER, request.options);
    members_set_text(request.options, "purpose", "registration");
    members_set_text(request.options, "userName", texts[0]);
    members_set_text(request.options, "displayName", texts[1]);
    set_selection(request.options, payment, texts[3], texts[2]);
    members_set_text(request.options, "attestation", "none");
    members_set_flag(request.options, "exclude", true);
    members_set_flag(request.options, "credProps", true);
    (void)json_object_set_new(request.options, "algorithms", members_words(algorithms));
    party_call(exchange, &request);
}

/* --- A3, A5: begin a sign-in ------------------------------------------------------------------ */

/*
 * What A5 gives out is no challenge yet, but what the next call is to know of the action: a UUID,
 * and behind dots the action and the idempotency key in base64url. Anybody may ask for any action,
 * so that there is nothing to protect. The id of A3 is the ceremony's.
 */
static void begin_challenge(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"action", false, ACTION_MAX},
        {"idempotencyKey", false, IDEMPOTENCY_MAX},
    };
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    PK_AUTO_FREE char *key = NULL;
    PK_AUTO_FREE char *id = NULL;
    const json_t *body;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    if (texts[0] && !authsignal_is_action(texts[0])) {
        refuse_request(exchange, "action has to be 1 to 64 letters, digits, _ and -.");
        return;
    }
    key = texts[1] ? pk_base64url_encode(pk_view_string(texts[1])) : NULL;
    id = pk_text_format("%s%s%s%s%s", exchange_id(exchange), texts[0] || key ? "." : "",
                        texts[0] ? texts[0] : "", key ? "." : "", key ? key : "");
    authsignal_answer(exchange, id ? json_pack("{s:s}", "challengeId", id) : NULL);
}

/* Adds what such an id says. false: it is none. */
static bool take_challenge_id(const char *id, json_t *options)
{
    PK_AUTO_FREE char *uuid = strndup(id, MEMBERS_UUID_SIZE - 1);
    PK_AUTO_BYTES struct pk_bytes key = {0};
    PK_AUTO_FREE char *action = NULL;
    const char *rest;
    size_t len;

    if (!uuid || strlen(id) > CHALLENGE_ID_MAX || !members_is_uuid(uuid))
        return false;
    rest = id + strlen(uuid);
    if (!*rest)
        return true;
    if (*rest++ != '.')
        return false;
    len = strcspn(rest, ".");
    action = strndup(rest, len);
    if (!action || (*action && !authsignal_is_action(action)))
        return false;
    if (*action)
        members_set_text(options, "action", action);
    rest += len;
    if (!*rest)
        return true;
    if (pk_base64url_decode(pk_view_string(rest + 1), (size_t)IDEMPOTENCY_MAX * 4, &key) ||
        key.len == 0 || memchr(key.data, 0, key.len) || !pk_utf8_valid(pk_view_of(&key)))
        return false;
    (void)json_object_set_new(options, "idempotencyKey",
                              json_stringn((const char *)key.data, key.len));
    return true;
}

static void answer_request(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &request_shape);
}

static void begin_sign_in(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"challengeId", false, CHALLENGE_ID_MAX},
        {"username", false, AUTHSIGNAL_TEXT_MAX},
    };
    struct party_request request = {.call = PARTY_BEGIN_AUTHENTICATION, .answered = answer_request};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    AUTO_JSON json_t *options = json_object();
    const json_t *body;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    if (texts[0] && !take_challenge_id(texts[0], options)) {
        refuse_request(exchange, "challengeId is not one.");
        return;
    }
    (void)dialect_add_authority(exchange, ACCESS_BEARER_OR_TENANT, options);
    members_set_text(options, "purpose", "login");
    /* A token names its own user. */
    if (!json_object_get(options, "bearer"))
        members_set_text(options, "userName", texts[1] && *texts[1] ? texts[1] : NULL);
    members_set_text(options, "userVerification", "required");
    request.options = pk_steal(options);
    party_call(exchange, &request);
}

/* --- A2, A4: finish --------------------------------------------------------------------------- */

json_t *authsignal_authenticator(const json_t *passkey, const json_t *user, bool is_default)
{
    const char *id = members_find_text(passkey, "credentialId", NULL);
    bool many = json_is_true(json_object_get(passkey, "backupEligible"));
    json_int_t used = members_number(passkey, "lastUsed");
    char created[MEMBERS_TIME_SIZE];
    char last[MEMBERS_TIME_SIZE];

    (void)members_time(members_number(passkey, "created"), TIME_MILLISECONDS, created);
    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:b, s:s*, s:s*, s:{s:s, s:s*, s:s*, s:b, s:s, "
                     "s:s}}",
                     "userAuthenticatorId", id, "verificationMethod", "PASSKEY", "createdAt",
                     created, "verifiedAt", created, "lastVerifiedAt",
                     used > 0 ? members_time(used, TIME_MILLISECONDS, last) : NULL, "isDefault",
                     (int)is_default, "username", members_find_text(user, "userName", NULL),
                     "displayName", members_find_text(user, "displayName", NULL),
                     "webauthnCredential", "credentialId", id, "name",
                     members_find_text(passkey, "name", NULL), "aaguid",
                     members_find_text(passkey, "aaguid", NULL), "credentialBackedUp",
                     json_is_true(json_object_get(passkey, "backupState")), "credentialDeviceType",
                     many ? "multiDevice" : "singleDevice", "verifiedAt", created);
}

static void answer_registration(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *passkey = json_object_get(answer->result, "credential");
    const json_t *user = json_object_get(answer->result, "user");
    const char *id = members_find_text(passkey, "credentialId", NULL);
    bool first = members_number(user, "passkeys") <= 1;

    if (answer->outcome != PARTY_DONE) {
        authsignal_refuse_answer(exchange, &registration_failures, answer);
        return;
    }
    authsignal_answer(
        exchange,
        json_pack("{s:b, s:s*, s:s, s:s*, s:o, s:s}", "isVerified", 1, "accessToken",
                  members_find_text(answer->result, "tokens", "token", NULL), "userAuthenticatorId",
                  id, "userId", members_find_text(user, "userId", NULL), "userAuthenticator",
                  authsignal_authenticator(passkey, user, first), "credentialId", id));
}

static void answer_verification(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *user = json_object_get(answer->result, "user");

    if (answer->outcome != PARTY_DONE) {
        authsignal_refuse_answer(exchange, &verification_failures, answer);
        return;
    }
    authsignal_answer(
        exchange, json_pack("{s:b, s:s, s:s, s:s, s:s*, s:s*}", "isVerified", 1, "accessToken",
                            members_find_text(answer->result, "tokens", "token", NULL), "userId",
                            members_find_text(user, "userId", NULL), "userAuthenticatorId",
                            members_find_text(answer->result, "credential", "credentialId", NULL),
                            "username", members_find_text(user, "userName", NULL),
                            "userDisplayName", members_find_text(user, "displayName", NULL)));
}

/* Nobody was named, and what came is nobody's: the client has its browser forget such a passkey. */
static void answer_discovery(struct exchange *exchange, const struct party_answer *answer)
{
    struct party_answer told = *answer;

    if (told.outcome == PARTY_REFUSED && told.reason &&
        strcmp(told.reason, "credential-not-allowed") == 0)
        told.outcome = PARTY_UNKNOWN_CREDENTIAL;
    answer_verification(exchange, &told);
}

struct finish_kind {
    enum party_call call;
    enum credential_kind credential;
    enum access access;
    const char *member;
    const char *purpose;
    party_answered *answered;
};

static void finish(struct exchange *exchange, const struct finish_kind *kind)
{
    static const struct text_rule rules[] = {
        {"challengeId", true, CHALLENGE_ID_MAX},
        {"deviceId", false, AUTHSIGNAL_TEXT_MAX},
    };
    struct party_request request = {.call = kind->call, .answered = kind->answered};
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    if (!credential_body_read(json_object_get(body, kind->member), kind->credential,
                              CREDENTIAL_CAMEL | CREDENTIAL_BASE64, &credential)) {
        PK_AUTO_FREE char *problem = pk_text_format("%s is no credential.", kind->member);

        refuse_request(exchange, problem ? problem : "");
        return;
    }
    request.id = texts[0];
    request.credential = credential.text;
    request.options = json_object();
    if (!dialect_add_authority(exchange, ACCESS_BEARER, request.options) &&
        kind->access == ACCESS_BEARER_OR_TENANT)
        request.answered = answer_discovery;
    members_set_text(request.options, "purpose", kind->purpose);
    party_call(exchange, &request);
}

static void finish_registration(struct exchange *exchange)
{
    static const struct finish_kind kind = {
        PARTY_FINISH_REGISTRATION, CREDENTIAL_REGISTRATION, ACCESS_BEARER,
        "registrationCredential",  "registration",          answer_registration};

    finish(exchange, &kind);
}

static void verify(struct exchange *exchange)
{
    static const struct finish_kind kind = {PARTY_FINISH_AUTHENTICATION,
                                            CREDENTIAL_AUTHENTICATION,
                                            ACCESS_BEARER_OR_TENANT,
                                            "authenticationCredential",
                                            "login",
                                            answer_verification};

    finish(exchange, &kind);
}

/* --- the table -------------------------------------------------------------------------------- */

static void refuse(struct exchange *exchange, unsigned status)
{
    switch (status) {
    case 401:
        authsignal_refuse(exchange, status, "unauthorized",
                          "Check the API key or tenant, and the base URL.");
        break;
    case 404:
        authsignal_refuse(exchange, status, "not_found", "There is no such path.");
        break;
    case 429:
        authsignal_refuse(exchange, status, "too_many_requests",
                          "Too many requests; try again later.");
        break;
    case 503:
        authsignal_refuse(exchange, status, "service_unavailable", "Try again later.");
        break;
    default:
        authsignal_refuse(exchange, status, status < 500 ? "invalid_request" : "internal_error",
                          status < 500 ? "The request is not valid." : "Something went wrong.");
    }
}

static void refuse_caller(struct exchange *exchange, const struct party_answer *answer)
{
    AUTO_JSON json_t *bearer = json_object();
    bool is_user = dialect_add_authority(exchange, ACCESS_BEARER, bearer);

    authsignal_refuse_answer(exchange, is_user ? &authsignal_failures : &authsignal_server_failures,
                             answer);
}

#define PASSKEY "/client/user-authenticators/passkey"

static const struct route routes[] = {
    {"POST", PASSKEY "/registration-options", ACCESS_BEARER, begin_registration},
    {"POST", PASSKEY "/registration-options/web", ACCESS_BEARER, begin_registration},
    {"POST", PASSKEY, ACCESS_BEARER, finish_registration},
    {"POST", PASSKEY "/authentication-options", ACCESS_BEARER_OR_TENANT, begin_sign_in},
    {"POST", PASSKEY "/authentication-options/web", ACCESS_BEARER_OR_TENANT, begin_sign_in},
    {"POST", "/client/verify/passkey", ACCESS_BEARER_OR_TENANT, verify},
    {"POST", "/client/challenge", ACCESS_TENANT, begin_challenge},
    {"POST", "/client/challenge/web", ACCESS_TENANT, begin_challenge},
    {"GET", "/client/user-authenticators", ACCESS_BEARER, authsignal_list_own},
    {"GET", PASSKEY, ACCESS_TENANT, authsignal_find_passkey},
    {"POST", "/users/{id}/actions/{action}", ACCESS_SECRET, authsignal_track},
    {"POST", "/validate", ACCESS_SECRET, authsignal_validate},
    {"GET", "/users/{id}/authenticators", ACCESS_SECRET, authsignal_list},
    {"DELETE", "/users/{id}/authenticators/{authenticator}", ACCESS_SECRET, authsignal_remove},
};

/* A page that uses cookies needs the permission, though no call here sets one. */
static const struct dialect_cors cors = {
    .methods = "GET,POST,DELETE",
    .headers = "Authorization,Content-Type",
    .credentials = true,
    .max_age = 600,
};

const struct dialect dialect_authsignal = {
    .name = "authsignal",
    .routes = routes,
    .route_count = MEMBERS_COUNT(routes),
    .refuse = refuse,
    .refuse_caller = refuse_caller,
    .cors = &cors,
};
