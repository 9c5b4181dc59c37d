/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of authenticators, and the server API: A6, A7, S1 to S3. */
#include "gateway/dialect_authsignal.h"

#include "common/base/text.h"
#include "gateway/credential_body.h"

#include <string.h>

#define LISTED_MAX 1000
/* Passkeys that a client may ask about at once: those of one user on one device. */
#define ASKED_MAX 20

static const struct failure secret_rows[] = {
    {PARTY_NOT_SIGNED_IN, NULL, 401, 0, "unauthorized",
     "Check the API key or tenant, and the base URL."},
    {PARTY_WRONG_TOKEN, NULL, 401, 0, "unauthorized",
     "Check the API key or tenant, and the base URL."},
};
const struct failures authsignal_server_failures = FAILURES(secret_rows, &authsignal_failures);

/* --- A6, S3: lists ---------------------------------------------------------------------------- */

json_t *authsignal_authenticators(const json_t *result)
{
    const json_t *items = json_object_get(result, "items");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(items); i++)
        (void)json_array_append_new(
            list, authsignal_authenticator(json_array_get(items, i), NULL, i == 0));
    return list;
}

static void ask_for_list(struct exchange *exchange, enum access access, const char *user_id,
                         party_answered *answered)
{
    json_t *options = json_object();
    const struct party_request request = {
        .call = PARTY_LIST, .options = options, .answered = answered};

    (void)dialect_add_authority(exchange, access, options);
    members_set_text(options, "userId", user_id);
    members_set_flag(options, "oldestFirst", true);
    (void)json_object_set_new(options, "limit", json_integer(LISTED_MAX));
    party_call(exchange, &request);
}

static void answer_own(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        authsignal_refuse_answer(exchange, &authsignal_failures, answer);
    else
        authsignal_answer(exchange, authsignal_authenticators(answer->result));
}

void authsignal_list_own(struct exchange *exchange)
{
    ask_for_list(exchange, ACCESS_BEARER, NULL, answer_own);
}

static void answer_list(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome == PARTY_UNKNOWN_USER)
        authsignal_answer(exchange, json_array());
    else if (answer->outcome != PARTY_DONE)
        authsignal_refuse_answer(exchange, &authsignal_server_failures, answer);
    else
        authsignal_answer(exchange, authsignal_authenticators(answer->result));
}

void authsignal_list(struct exchange *exchange)
{
    ask_for_list(exchange, ACCESS_SECRET, exchange_capture(exchange, 0), answer_list);
}

/* --- A7: whether a passkey is known ----------------------------------------------------------- */

static void ask_for_next(struct exchange *exchange);

/* The ids that are left to be asked about, with commas between them. */
static const char *ids_left(const struct exchange *exchange)
{
    return json_string_value(exchange_kept(exchange));
}

static void release_ids(void *data)
{
    json_decref(data);
}

static void refuse_unknown(struct exchange *exchange)
{
    authsignal_refuse(exchange, 400, "invalid_credential", "The passkey is not known.");
}

static void answer_passkey(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *passkey = json_array_get(json_object_get(answer->result, "items"), 0);
    json_int_t used = members_number(passkey, "lastUsed");
    char time[MEMBERS_TIME_SIZE];

    if (answer->outcome != PARTY_DONE && answer->outcome != PARTY_UNKNOWN_CREDENTIAL &&
        answer->outcome != PARTY_NO_CREDENTIALS) {
        authsignal_refuse_answer(exchange, &authsignal_failures, answer);
        return;
    }
    if (!passkey) {
        ask_for_next(exchange);
        return;
    }
    if (used == 0)
        used = members_number(passkey, "created");
    authsignal_answer(exchange,
                      json_pack("{s:s, s:s}", "credentialId",
                                members_find_text(passkey, "credentialId", NULL), "verifiedAt",
                                members_time(used, TIME_MILLISECONDS, time)));
}

/* The first of those that are left; without one nothing is known. */
static void ask_for_next(struct exchange *exchange)
{
    const char *left = ids_left(exchange);
    size_t len = strcspn(left, ",");
    PK_AUTO_FREE char *id = strndup(left, len);
    struct party_request request = {.call = PARTY_LIST, .answered = answer_passkey};

    if (!id || !*id) {
        refuse_unknown(exchange);
        return;
    }
    request.options = json_object();
    members_set_text(request.options, "credentialId", id);
    (void)json_string_set(exchange_kept(exchange), left[len] ? left + len + 1 : "");
    party_call(exchange, &request);
}

/* Whether ids are one to some ids of credentials with commas between them. */
static bool are_ids(const char *ids)
{
    for (size_t count = 1;; count++) {
        size_t len = strcspn(ids, ",");
        PK_AUTO_FREE char *id = strndup(ids, len);

        if (!id || count > ASKED_MAX || !credential_id_valid(id))
            return false;
        if (!ids[len])
            return true;
        ids += len + 1;
    }
}

void authsignal_find_passkey(struct exchange *exchange)
{
    const char *ids = exchange_argument(exchange, "credentialIds");
    json_t *left;

    if (!ids)
        ids = exchange_argument(exchange, "credentialId");
    if (!ids) {
        authsignal_refuse(exchange, 400, "invalid_request", "credentialIds is needed.");
        return;
    }
    if (!are_ids(ids)) {
        refuse_unknown(exchange);
        return;
    }
    left = json_string(ids);
    if (!left) {
        authsignal_answer(exchange, NULL);
        return;
    }
    exchange_keep(exchange, left, release_ids);
    ask_for_next(exchange);
}

/* --- S1: track an action ---------------------------------------------------------------------- */

static void answer_track(struct exchange *exchange, const struct party_answer *answer)
{
    bool enrolled = json_is_true(json_object_get(answer->result, "enrolled"));
    const struct party *party = exchange_party(exchange);

    if (answer->outcome != PARTY_DONE) {
        authsignal_refuse_answer(exchange, &authsignal_server_failures, answer);
        return;
    }
    /* There is no page of ours to go to: the url is where the relying party's own are. */
    authsignal_answer(exchange,
                      json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:[s]}", "idempotencyKey",
                                json_string_value(exchange_kept(exchange)), "state",
                                "CHALLENGE_REQUIRED", "url",
                                party->origins.count > 0 ? party->origins.items[0] : "", "token",
                                members_find_text(answer->result, "token", NULL), "isEnrolled",
                                (int)enrolled, "enrolledVerificationMethods",
                                enrolled ? json_pack("[s]", "PASSKEY") : json_array(),
                                "allowedVerificationMethods", "PASSKEY"));
}

void authsignal_track(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"username", false, AUTHSIGNAL_TEXT_MAX},
        {"email", false, AUTHSIGNAL_TEXT_MAX},
        {"scope", false, AUTHSIGNAL_TEXT_MAX},
        {"idempotencyKey", false, AUTHSIGNAL_TEXT_MAX},
    };
    struct party_request request = {.call = PARTY_ISSUE_TOKEN, .answered = answer_track};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const char *key;
    const json_t *body;
    json_t *kept;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    if (!authsignal_is_action(exchange_capture(exchange, 1))) {
        authsignal_refuse(exchange, 400, "invalid_request",
                          "An action has 1 to 64 letters, digits, '_' and '-'.");
        return;
    }
    key = texts[3] && *texts[3] ? texts[3] : exchange_id(exchange);
    kept = json_string(key);
    if (!kept) {
        authsignal_answer(exchange, NULL);
        return;
    }
    exchange_keep(exchange, kept, release_ids);
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_SECRET, request.options);
    members_set_text(request.options, "userId", exchange_capture(exchange, 0));
    members_set_text(request.options, "userName", texts[0]);
    members_set_text(request.options, "email", texts[1]);
    members_set_text(request.options, "action", exchange_capture(exchange, 1));
    members_set_text(request.options, "idempotencyKey", key);
    members_set_text(request.options, "scope", texts[2]);
    party_call(exchange, &request);
}

/* --- S2: validate a token --------------------------------------------------------------------- */

/* Whether the body asks for one of its own that the token has not. */
static bool differs(const json_t *body, const char *name, const char *found)
{
    const char *wanted = members_find_text(body, name, NULL);

    return wanted && (!found || strcmp(wanted, found) != 0);
}

static const char *token_error(const char *reason)
{
    return reason && strcmp(reason, "token-expired") == 0 ? "expired_token" : "invalid_token";
}

/* A token of track() says who a user is to be, one of a passkey's approval who somebody is. */
static json_t *validation(const json_t *body, const json_t *result)
{
    const json_t *other = json_object_get(json_object_get(result, "claims"), "other");
    const char *user = members_find_text(result, "userId", NULL);
    const char *action = members_find_text(other, "actionCode", NULL);
    bool approved = json_is_true(json_object_get(result, "approved")) &&
                    !json_is_true(json_object_get(result, "refresh"));
    json_int_t issued = members_number(json_object_get(result, "claims"), "iat");
    char time[MEMBERS_TIME_SIZE];

    if (differs(body, "userId", user) || differs(body, "action", action))
        return json_pack("{s:b, s:s}", "isValid", 0, "error", "invalid_token");
    return json_pack("{s:b, s:s, s:s*, s:s*, s:s*, s:s*, s:s*}", "isValid", (int)approved, "state",
                     approved ? "CHALLENGE_SUCCEEDED" : "CHALLENGE_REQUIRED", "stateUpdatedAt",
                     issued > 0 ? members_time(issued, TIME_MILLISECONDS, time) : NULL, "userId",
                     user, "actionCode", action, "idempotencyKey",
                     members_find_text(other, "idempotencyKey", NULL), "verificationMethod",
                     approved ? "PASSKEY" : NULL);
}

static void answer_validate(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *body = NULL;
    const char *why = "";

    if (answer->outcome != PARTY_DONE)
        authsignal_refuse_answer(exchange, &authsignal_server_failures, answer);
    else if (!json_is_true(json_object_get(answer->result, "valid")))
        authsignal_answer(
            exchange, json_pack("{s:b, s:s}", "isValid", 0, "error",
                                token_error(members_find_text(answer->result, "reason", NULL))));
    else if (exchange_json(exchange, &body, &why))
        authsignal_answer(exchange, NULL);
    else
        authsignal_answer(exchange, validation(body, answer->result));
}

void authsignal_validate(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"token", true, 0},
        {"action", false, AUTHSIGNAL_TEXT_MAX},
        {"userId", false, AUTHSIGNAL_TEXT_MAX},
    };
    struct party_request request = {.call = PARTY_CHECK_TOKEN, .answered = answer_validate};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;

    if (!authsignal_read(exchange, &body) ||
        !authsignal_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    request.id = texts[0];
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_SECRET, request.options);
    party_call(exchange, &request);
}

/* --- S3: remove an authenticator -------------------------------------------------------------- */

static void refuse_absent(struct exchange *exchange)
{
    authsignal_refuse(exchange, 404, "not_found", "There is no such authenticator.");
}

static void answer_removal(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        authsignal_refuse_answer(exchange, &authsignal_server_failures, answer);
    else
        authsignal_answer(exchange, json_pack("{s:b}", "success", 1));
}

/* It is the named user's: a key may remove anybody's, but the path says whose. */
static void answer_owner(struct exchange *exchange, const struct party_answer *answer)
{
    const json_t *items = json_object_get(answer->result, "items");
    struct party_request request = {.call = PARTY_REMOVE, .answered = answer_removal};

    if (answer->outcome != PARTY_DONE) {
        authsignal_refuse_answer(exchange, &authsignal_server_failures, answer);
        return;
    }
    if (json_array_size(items) == 0) {
        refuse_absent(exchange);
        return;
    }
    request.id = exchange_capture(exchange, 1);
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_SECRET, request.options);
    party_call(exchange, &request);
}

void authsignal_remove(struct exchange *exchange)
{
    struct party_request request = {.call = PARTY_LIST, .answered = answer_owner};

    if (!credential_id_valid(exchange_capture(exchange, 1))) {
        refuse_absent(exchange);
        return;
    }
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_SECRET, request.options);
    members_set_text(request.options, "userId", exchange_capture(exchange, 0));
    members_set_text(request.options, "credentialId", exchange_capture(exchange, 1));
    party_call(exchange, &request);
}
