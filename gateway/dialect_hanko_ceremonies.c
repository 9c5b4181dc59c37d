/* SPDX-License-Identifier: BSD-2-Clause */
/* H1 to H4 and H10 to H14: registration, login, second factors and transactions. */
#include "gateway/dialect_hanko.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "gateway/canonical_json.h"
#include "gateway/credential_body.h"
#include "gateway/options_shape.h"

#include <string.h>

#define NAME_MAX_CHARACTERS        128
#define TRANSACTION_MAX_CHARACTERS 128

#define NO_ATTESTATION "failed to validate attestation"
#define NO_ASSERTION   "failed to validate assertion"
#define BAD_RESPONSE   "Error validating the authenticator response"
#define NO_CREDENTIAL  "Unable to find the credential for the returned credential ID"
#define NO_CHALLENGE   "received challenge does not match with any stored one"
#define EXPIRED        "Session has Expired"

/* --- failures: status, title, details --------------------------------------------------------- */

static const struct failure registration_rows[] = {
    {PARTY_MALFORMED, NULL, 400, 0, "unable to parse credential creation response",
     "Parse error for Registration"},
    {PARTY_UNKNOWN_CHALLENGE, "expired", 400, 0, NO_ATTESTATION, EXPIRED},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 400, 0, NO_CHALLENGE, ""},
    {PARTY_REFUSED, "type-mismatch", 400, 0, NO_ATTESTATION, "Error validating ceremony type"},
    {PARTY_REFUSED, "challenge-mismatch", 400, 0, NO_ATTESTATION, "Error validating challenge"},
    {PARTY_REFUSED, "origin-mismatch", 400, 0, NO_ATTESTATION, "Error validating origin"},
    {PARTY_REFUSED, "user-not-verified", 422, 0,
     NO_ATTESTATION ": " BAD_RESPONSE
                    ": User verification required but flag not set by authenticator\n",
     BAD_RESPONSE},
    {PARTY_REFUSED, NULL, 400, 0, NO_ATTESTATION, BAD_RESPONSE},
};
static const struct failures registration_failures = FAILURES(registration_rows, &hanko_failures);

static const struct failure login_begin_rows[] = {
    {PARTY_NO_CREDENTIALS, NULL, 500, 0,
     "failed to create webauthn assertion options for login: Found no credentials for user", ""},
};
static const struct failures login_begin_failures = FAILURES(login_begin_rows, &hanko_failures);

static const struct failure assertion_rows[] = {
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 401, 0, NO_ASSERTION, NO_CREDENTIAL},
    {PARTY_NO_CREDENTIALS, NULL, 401, 0, NO_ASSERTION, NO_CREDENTIAL},
    {PARTY_UNKNOWN_USER, NULL, 401, 0, "failed to get user handle", "user not found"},
    {PARTY_REFUSED, "user-handle-missing", 401, 0, "failed to get user handle", "user not found"},
    {PARTY_REFUSED, "user-handle-mismatch", 401, 0, "failed to get user handle", "user not found"},
    {PARTY_REFUSED, "credential-not-allowed", 401, 0, NO_ASSERTION, NO_CREDENTIAL},
    {PARTY_REFUSED, "type-mismatch", 401, 0, NO_ASSERTION, "Error validating ceremony type"},
    {PARTY_REFUSED, "challenge-mismatch", 401, 0, NO_ASSERTION, "Error validating challenge"},
    {PARTY_REFUSED, "origin-mismatch", 401, 0, NO_ASSERTION, "Error validating origin"},
    {PARTY_REFUSED, NULL, 401, 0, NO_ASSERTION, BAD_RESPONSE},
};
static const struct failures assertion_failures = FAILURES(assertion_rows, &hanko_failures);

static const struct failure login_rows[] = {
    {PARTY_MALFORMED, NULL, 400, 0, "unable to finish login", "Parse error for Assertion"},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 401, 0, "failed to get session data", NO_CHALLENGE},
    {PARTY_UNKNOWN_CHALLENGE, "expired", 401, 0, NO_ASSERTION, EXPIRED},
};
static const struct failures login_failures = FAILURES(login_rows, &assertion_failures);

static const struct failure transaction_begin_rows[] = {
    {PARTY_UNKNOWN_USER, NULL, 404, 0, "unable to find user", ""},
    {PARTY_NO_CREDENTIALS, NULL, 400, 0, "user has no suitable credentials for this operation", ""},
    {PARTY_EXISTS, NULL, 409, 0, "transaction already exists", ""},
};
static const struct failures transaction_begin_failures =
    FAILURES(transaction_begin_rows, &hanko_failures);

static const struct failure transaction_rows[] = {
    {PARTY_MALFORMED, NULL, 400, 0, "unable to finish transaction", "Parse error for Assertion"},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 401, 0, "failed to get session data",
     "no transaction found for this challenge"},
    {PARTY_UNKNOWN_CHALLENGE, "expired", 401, 0, NO_ASSERTION, EXPIRED},
};
static const struct failures transaction_failures = FAILURES(transaction_rows, &assertion_failures);

/* WebAuthn 5.4.3: a user handle is 64 bytes at most, and ours is the user_id. */
static bool check_user_id(struct exchange *exchange, const char *user_id)
{
    bool valid = !user_id || strlen(user_id) <= PK_USER_HANDLE_MAX;

    if (!valid)
        hanko_refuse(exchange, 400, "unable to validate request",
                     "user_id cannot have more than 64 bytes");
    return valid;
}

/* --- begin ------------------------------------------------------------------------------------ */

static const char *const descriptor_names[] = {"type", "id", NULL};

static const struct options_shape creation_shape = {
    /* excludeCredentials is what upstream never sends: a browser then says itself that a passkey is
       there, and upstream's answer to a second one is 500. */
    .members =
        (const char *const[]){"rp", "user", "challenge", "pubKeyCredParams", "timeout",
                              "excludeCredentials", "authenticatorSelection", "attestation", NULL},
    .rp = (const char *const[]){"name", "id", NULL},
    .user = (const char *const[]){"name", "icon", "displayName", "id", NULL},
    .selection = (const char *const[]){"authenticatorAttachment", "requireResidentKey",
                                       "residentKey", "userVerification", NULL},
    .descriptor = descriptor_names,
};

static const struct options_shape request_shape = {
    .members = (const char *const[]){"challenge", "timeout", "rpId", "allowCredentials",
                                     "userVerification", NULL},
    .descriptor = descriptor_names,
};

/* What is the same in all that begin: who asks, and that the challenge names the ceremony. */
static json_t *begin_options(struct exchange *exchange, const char *purpose, bool with_key)
{
    json_t *options = json_object();

    if (with_key)
        (void)dialect_add_authority(exchange, ACCESS_API_KEY, options);
    members_set_text(options, "purpose", purpose);
    members_set_flag(options, "byChallenge", true);
    return options;
}

static void answer_options(struct exchange *exchange, const struct party_answer *answer,
                           const struct options_shape *shape, const struct failures *failures)
{
    json_t *options;

    if (answer->outcome != PARTY_DONE) {
        hanko_refuse_answer(exchange, failures, answer);
        return;
    }
    options = options_shape(answer->result, shape);
    hanko_answer(exchange, options ? json_pack("{s:o}", "publicKey", options) : NULL);
}

static void answer_creation(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &creation_shape, &registration_failures);
}

/* An absolute URL with a host, or of a scheme that has none, as data: has. */
static bool is_url(const char *text)
{
    size_t scheme =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    const char *rest = text + scheme;

    if (scheme == 0 || (*text >= '0' && *text <= '9') || *rest != ':' || !rest[1] ||
        strlen(text) > PK_ICON_MAX)
        return false;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ' || strchr("\"<>\\^`{|}", *at) || *at == 0x7f)
            return false;
    return strncmp(rest, "://", 3) != 0 || (rest[3] && rest[3] != '/');
}

static bool is_blank(const char *text)
{
    return !text || pk_text_trim(pk_view_string(text)).len == 0;
}

struct registration_kind {
    const char *purpose;
    bool mfa;
    const char *attachment;
    const char *resident_key;
    const char *user_verification;
};

/* H1, H10 */
static void begin_registration(struct exchange *exchange, const struct registration_kind *kind)
{
    static const struct text_rule rules[] = {
        {"user_id", true, 0},
        {"username", true, NAME_MAX_CHARACTERS},
        {"display_name", false, NAME_MAX_CHARACTERS},
        {"icon", false, 0},
    };
    struct party_request request = {.call = PARTY_BEGIN_REGISTRATION, .answered = answer_creation};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;
    json_t *options;

    if (!hanko_read(exchange, &body) ||
        !hanko_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts) ||
        !check_user_id(exchange, texts[0]))
        return;
    if (texts[3] && !is_url(texts[3])) {
        hanko_refuse(exchange, 400, "unable to validate request", "icon must be a valid URL");
        return;
    }
    options = begin_options(exchange, kind->purpose, true);
    members_set_text(options, "userId", texts[0]);
    members_set_text(options, "userName", texts[1]);
    members_set_text(options, "displayName", is_blank(texts[2]) ? texts[1] : texts[2]);
    members_set_text(options, "icon", texts[3]);
    members_set_text(options, "attestation", "direct");
    members_set_text(options, "authenticatorAttachment", kind->attachment);
    members_set_text(options, "residentKey", kind->resident_key);
    members_set_flag(options, "requireResidentKey", strcmp(kind->resident_key, "required") == 0);
    members_set_text(options, "userVerification", kind->user_verification);
    members_set_flag(options, "exclude", true);
    members_set_flag(options, "mfa", kind->mfa);
    request.options = options;
    party_call(exchange, &request);
}

void hanko_registration_initialize(struct exchange *exchange)
{
    static const struct registration_kind kind = {"registration", false, NULL, "required",
                                                  "required"};

    begin_registration(exchange, &kind);
}

void hanko_mfa_registration_initialize(struct exchange *exchange)
{
    static const struct registration_kind kind = {"mfa-registration", true, "cross-platform",
                                                  "discouraged", "preferred"};

    begin_registration(exchange, &kind);
}

static void answer_login_begin(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &request_shape, &login_begin_failures);
}

/* user_id NULL: whoever has a passkey. */
static void begin_login(struct exchange *exchange, const char *user_id, bool mfa)
{
    json_t *options = begin_options(exchange, mfa ? "mfa-login" : "login", user_id != NULL);
    const struct party_request request = {
        .call = PARTY_BEGIN_AUTHENTICATION, .options = options, .answered = answer_login_begin};

    members_set_text(options, "userId", user_id);
    members_set_text(options, "userVerification", mfa ? "preferred" : "required");
    members_set_flag(options, "mfa", mfa);
    party_call(exchange, &request);
}

/* H3: a key is asked for where a user is named, and not looked at otherwise. */
void hanko_login_initialize(struct exchange *exchange)
{
    static const struct text_rule rule = {"user_id", false, 0};
    AUTO_JSON json_t *key = json_object();
    const char *user_id = NULL;
    const json_t *body;

    if (!hanko_read(exchange, &body) || !hanko_read_texts(exchange, body, &rule, 1, &user_id) ||
        !check_user_id(exchange, user_id))
        return;
    if (user_id && !*user_id)
        hanko_refuse(exchange, 400, "unable to validate request",
                     "user_id must at least have 1 entry");
    else if (user_id && !dialect_add_authority(exchange, ACCESS_API_KEY, key))
        hanko_refuse(exchange, 401, "api key is missing", "");
    else
        begin_login(exchange, user_id, false);
}

/* H11 */
void hanko_mfa_login_initialize(struct exchange *exchange)
{
    static const struct text_rule rule = {"user_id", true, 0};
    const char *user_id = NULL;
    const json_t *body;

    if (hanko_read(exchange, &body) && hanko_read_texts(exchange, body, &rule, 1, &user_id) &&
        check_user_id(exchange, user_id))
        begin_login(exchange, user_id, true);
}

static void answer_transaction_begin(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &request_shape, &transaction_begin_failures);
}

/* H13 */
void hanko_transaction_initialize(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"user_id", true, 0},
        {"transaction_id", true, TRANSACTION_MAX_CHARACTERS},
    };
    struct party_request request = {.call = PARTY_BEGIN_AUTHENTICATION,
                                    .answered = answer_transaction_begin};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    PK_AUTO_FREE char *data = NULL;
    const json_t *body;
    json_t *options;
    json_t *value;

    if (!hanko_read(exchange, &body) ||
        !hanko_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts) ||
        !check_user_id(exchange, texts[0]))
        return;
    value = json_object_get(body, "transaction_data");
    if (!value || json_is_null(value)) {
        hanko_refuse(exchange, 400, "unable to validate request",
                     "transaction_data is a required field");
        return;
    }
    data = canonical_json(value);
    if (!data) {
        hanko_refuse(exchange, 500, "Internal Server Error", NULL);
        return;
    }
    options = begin_options(exchange, "transaction", true);
    members_set_text(options, "userId", texts[0]);
    members_set_text(options, "userVerification", "required");
    members_set_text(options, "transactionId", texts[1]);
    members_set_text(options, "transactionData", data);
    request.options = options;
    party_call(exchange, &request);
}

/* --- finish ----------------------------------------------------------------------------------- */

struct finish_kind {
    enum party_call call;
    enum credential_kind credential;
    const char *purpose;
    bool with_key;
    bool needs_user_handle;
    const struct failures *failures;
    party_answered *answered;
};

static void refuse_outcome(struct exchange *exchange, const struct failures *failures,
                           enum party_outcome outcome, const char *reason)
{
    const struct party_answer answer = {.outcome = outcome, .reason = reason};

    hanko_refuse_answer(exchange, failures, &answer);
}

static void answer_token(struct exchange *exchange, const struct party_answer *answer,
                         const struct failures *failures)
{
    const char *token = members_find_text(answer->result, "tokens", "token", NULL);

    if (answer->outcome != PARTY_DONE)
        hanko_refuse_answer(exchange, failures, answer);
    else
        hanko_answer(exchange, token ? json_pack("{s:s}", "token", token) : NULL);
}

static void answer_registration(struct exchange *exchange, const struct party_answer *answer)
{
    answer_token(exchange, answer, &registration_failures);
}

static void answer_login(struct exchange *exchange, const struct party_answer *answer)
{
    answer_token(exchange, answer, &login_failures);
}

static void answer_transaction(struct exchange *exchange, const struct party_answer *answer)
{
    answer_token(exchange, answer, &transaction_failures);
}

/* What upstream calls those whose model it does not know. */
static void name_passkey(json_t *options, const char *id)
{
    PK_AUTO_FREE char *name = id ? pk_text_format("cred-%.250s", id) : NULL;

    members_set_text(options, "name", name);
}

/* H2, H4, H10, H12, H14 */
static void finish(struct exchange *exchange, const struct finish_kind *kind)
{
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};
    struct party_request request = {.call = kind->call, .answered = kind->answered};
    const json_t *body = NULL;
    const char *why = "";

    if (exchange_json(exchange, &body, &why) ||
        !credential_body_read(body, kind->credential, CREDENTIAL_CAMEL, &credential)) {
        refuse_outcome(exchange, kind->failures, PARTY_MALFORMED, NULL);
        return;
    }
    if (!credential.challenge) {
        refuse_outcome(exchange, kind->failures, PARTY_UNKNOWN_CHALLENGE, NULL);
        return;
    }
    if (kind->needs_user_handle && !credential.has_user_handle) {
        refuse_outcome(exchange, kind->failures, PARTY_REFUSED, "user-handle-missing");
        return;
    }
    request.id = credential.challenge;
    request.credential = credential.text;
    request.options = json_object();
    if (kind->with_key)
        (void)dialect_add_authority(exchange, ACCESS_API_KEY, request.options);
    members_set_text(request.options, "purpose", kind->purpose);
    if (kind->credential == CREDENTIAL_REGISTRATION)
        name_passkey(request.options, members_find_text(body, "id", NULL));
    party_call(exchange, &request);
}

void hanko_registration_finalize(struct exchange *exchange)
{
    static const struct finish_kind kind = {
        PARTY_FINISH_REGISTRATION, CREDENTIAL_REGISTRATION, "registration", false, false,
        &registration_failures,    answer_registration};

    finish(exchange, &kind);
}

void hanko_mfa_registration_finalize(struct exchange *exchange)
{
    static const struct finish_kind kind = {
        PARTY_FINISH_REGISTRATION, CREDENTIAL_REGISTRATION, "mfa-registration", true, false,
        &registration_failures,    answer_registration};

    finish(exchange, &kind);
}

void hanko_login_finalize(struct exchange *exchange)
{
    static const struct finish_kind kind = {PARTY_FINISH_AUTHENTICATION,
                                            CREDENTIAL_AUTHENTICATION,
                                            "login",
                                            false,
                                            false,
                                            &login_failures,
                                            answer_login};

    finish(exchange, &kind);
}

void hanko_mfa_login_finalize(struct exchange *exchange)
{
    static const struct finish_kind kind = {PARTY_FINISH_AUTHENTICATION,
                                            CREDENTIAL_AUTHENTICATION,
                                            "mfa-login",
                                            true,
                                            false,
                                            &login_failures,
                                            answer_login};

    finish(exchange, &kind);
}

void hanko_transaction_finalize(struct exchange *exchange)
{
    static const struct finish_kind kind = {
        PARTY_FINISH_AUTHENTICATION, CREDENTIAL_AUTHENTICATION, "transaction", true, true,
        &transaction_failures,       answer_transaction};

    finish(exchange, &kind);
}
