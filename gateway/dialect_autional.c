/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the Autional dialect, and the ceremonies of its identity service: N1 to N6. */
#include "gateway/dialect_autional.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "gateway/token_call.h"

#include <string.h>

#define TEXT_MAX 1024 /* of a password, an e-mail */

/* --- failures: status, code, message ---------------------------------------------------------- */

static const struct failure any_rows[] = {
    {PARTY_MALFORMED, NULL, 400, AUTIONAL_INVALID_REQUEST, "invalid request parameters", NULL},
    {PARTY_NOT_SIGNED_IN, NULL, 401, 40000501, "unauthorized", NULL},
    {PARTY_TOKEN_EXPIRED, NULL, 401, 40000501, "unauthorized", NULL},
    {PARTY_WRONG_TOKEN, NULL, 401, 40000501, "unauthorized", NULL},
    {PARTY_FORBIDDEN, NULL, 403, 40000503, "forbidden", NULL},
    {PARTY_UNKNOWN_USER, NULL, 404, 40000404, "user not found", NULL},
    {PARTY_UNKNOWN_CHALLENGE, NULL, 400, 40000601, "webauthn session not found or expired", NULL},
    {PARTY_REFUSED, NULL, 400, 40000602, "webauthn verification failed", NULL},
    {PARTY_REGISTERED, NULL, 400, 40000603, "credential already registered", NULL},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 404, 40000604, "credential not found", NULL},
    {PARTY_NO_CREDENTIALS, NULL, 404, 40000604, "credential not found", NULL},
    {PARTY_EXISTS, NULL, 400, AUTIONAL_INVALID_REQUEST, "the name is taken", NULL},
    {PARTY_LIMITED, NULL, 429, 42900000, "too many requests", NULL},
    {PARTY_UNAVAILABLE, NULL, 503, 50300000, "service unavailable", NULL},
    {PARTY_FAILED, NULL, 500, 50000000, "internal error", NULL},
};
const struct failures autional_failures = FAILURES(any_rows, NULL);

/* With a password, a right token does not allow it only where the password is wrong. */
static const struct failure password_rows[] = {
    {PARTY_FORBIDDEN, NULL, 401, 40000502, "invalid password", NULL},
};
static const struct failures password_failures = FAILURES(password_rows, &autional_failures);

static const struct failure registration_rows[] = {
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 400, 40000602, "webauthn verification failed", NULL},
};
const struct failures autional_registration_failures =
    FAILURES(registration_rows, &autional_failures);

/* A sign-in says 401, and not which of the things is unknown. */
static const struct failure sign_in_rows[] = {
    {PARTY_REFUSED, NULL, 401, 40000602, "webauthn verification failed", NULL},
    {PARTY_UNKNOWN_USER, NULL, 401, 40000602, "webauthn verification failed", NULL},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 401, 40000602, "webauthn verification failed", NULL},
    {PARTY_NO_CREDENTIALS, NULL, 401, 40000602, "webauthn verification failed", NULL},
};
static const struct failures sign_in_failures = FAILURES(sign_in_rows, &autional_failures);

static const struct failure step_up_rows[] = {
    {PARTY_UNKNOWN_USER, NULL, 400, 40000602, "webauthn verification failed", NULL},
    {PARTY_UNKNOWN_CREDENTIAL, NULL, 400, 40000602, "webauthn verification failed", NULL},
    {PARTY_NO_CREDENTIALS, NULL, 400, 40000602, "webauthn verification failed", NULL},
};
static const struct failures step_up_failures = FAILURES(step_up_rows, &autional_failures);

/* --- reading and answering -------------------------------------------------------------------- */

/* Adds the time as the last member, and answers. */
static void answer(struct exchange *exchange, unsigned status, json_t *body)
{
    char time[MEMBERS_TIME_SIZE];

    members_set_text(body, "timestamp",
                     members_time((json_int_t)pk_clock_now(), TIME_SECONDS, time));
    exchange_answer(exchange, status, body);
}

void autional_refuse(struct exchange *exchange, unsigned status, int code, const char *message)
{
    answer(exchange, status, json_pack("{s:i, s:s}", "code", code, "message", message));
}

void autional_refuse_answer(struct exchange *exchange, const struct failures *failures,
                            const struct party_answer *answer)
{
    const struct failure *row = failures_find(failures, answer->outcome, answer->reason);

    autional_refuse(exchange, row->status, row->code, row->text);
}

void autional_refuse_outcome(struct exchange *exchange, const struct failures *failures,
                             enum party_outcome outcome)
{
    const struct party_answer answer = {.outcome = outcome};

    autional_refuse_answer(exchange, failures, &answer);
}

void autional_succeed(struct exchange *exchange, json_t *data)
{
    answer(exchange, 200,
           json_pack("{s:i, s:s, s:o*}", "code", 0, "message", "success", "data", data));
}

void autional_succeed_flat(struct exchange *exchange, json_t *more)
{
    json_t *body = json_pack("{s:i, s:s}", "code", 0, "message", "success");

    if (!more || json_object_update_new(body, more)) {
        json_decref(body);
        autional_refuse_outcome(exchange, &autional_failures, PARTY_FAILED);
        return;
    }
    answer(exchange, 200, body);
}

/* Whether the tenant, where one is named, is the relying party's. */
static bool check_tenant(struct exchange *exchange, const char *named)
{
    const char *tenant = exchange_party(exchange)->tenant;
    bool right = !named || !*named || !*tenant || strcmp(named, tenant) == 0;

    if (!right)
        autional_refuse(exchange, 404, 40000102, "tenant not found");
    return right;
}

bool autional_read(struct exchange *exchange, const json_t **ret)
{
    const char *why = "";
    const json_t *body = NULL;
    enum pk_status status;

    if (!check_tenant(exchange, exchange_header(exchange, "X-Tenant-ID")))
        return false;
    status = exchange_json(exchange, &body, &why);
    if (status == PK_NOT_FOUND)
        body = NULL;
    else if (status || !json_is_object(body)) {
        autional_refuse_outcome(exchange, &autional_failures, PARTY_MALFORMED);
        return false;
    }
    *ret = body;
    return true;
}

bool autional_read_texts(struct exchange *exchange, const json_t *body,
                         const struct text_rule *rules, size_t count, const char **ret)
{
    for (size_t i = 0; i < count; i++)
        if (members_text(body, &rules[i], &ret[i]) != TEXT_FINE) {
            autional_refuse_outcome(exchange, &autional_failures, PARTY_MALFORMED);
            return false;
        }
    return true;
}

json_t *autional_bearer_options(struct exchange *exchange, const char *purpose)
{
    json_t *options = json_object();

    (void)dialect_add_authority(exchange, ACCESS_BEARER, options);
    members_set_text(options, "purpose", purpose);
    return options;
}

/* --- N1: begin a registration ----------------------------------------------------------------- */

const char *const autional_algorithms[] = {"EdDSA", "ES256", "RS256", NULL};

/* Without excludeCredentials: the page decodes the challenge and the user's id only, and its
 * browser would refuse ids that are texts. What is registered is refused by N2. */
const struct options_shape autional_creation_shape = {
    .members = (const char *const[]){"rp", "user", "challenge", "pubKeyCredParams", "timeout",
                                     "attestation", "authenticatorSelection", NULL},
    .rp = (const char *const[]){"id", "name", NULL},
    .user = (const char *const[]){"id", "name", "displayName", NULL},
    .selection =
        (const char *const[]){"authenticatorAttachment", "residentKey", "userVerification", NULL},
};

static const struct options_shape request_shape = {
    .members = (const char *const[]){"challenge", "rpId", "timeout", "userVerification",
                                     "allowCredentials", NULL},
    .descriptor = (const char *const[]){"id", "type", "transports", NULL},
    .lists = true,
};

static void answer_options(struct exchange *exchange, const struct party_answer *answer,
                           const struct options_shape *shape)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &password_failures, answer);
    else
        autional_succeed(exchange,
                         json_pack("{s:o}", "publicKey", options_shape(answer->result, shape)));
}

static void answer_creation(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &autional_creation_shape);
}

/* How the page has written the password; the application knows what to make of it. */
static bool is_transmission(const char *text)
{
    static const char *const words[] = {"plain", "hash", "symmetric", "asymmetric"};

    for (size_t i = 0; i < MEMBERS_COUNT(words); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static void begin_registration(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"password", true, TEXT_MAX},
        {"user_name", true, AUTIONAL_NAME_MAX},
        {"display_name", false, AUTIONAL_NAME_MAX},
        {"password_transmission", false, TEXT_MAX},
    };
    struct party_request request = {.call = PARTY_BEGIN_REGISTRATION, .answered = answer_creation};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    struct party_password password;
    const json_t *body;

    if (!autional_read(exchange, &body) ||
        !autional_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    if (texts[3] && !is_transmission(texts[3])) {
        autional_refuse_outcome(exchange, &autional_failures, PARTY_MALFORMED);
        return;
    }
    request.options = autional_bearer_options(exchange, "registration");
    members_set_text(request.options, "userName", texts[1]);
    members_set_text(request.options, "displayName", texts[2] && *texts[2] ? texts[2] : texts[1]);
    members_set_flag(request.options, "sole", true);
    members_set_flag(request.options, "exclude", false);
    members_set_text(request.options, "attestation", "none");
    members_set_text(request.options, "residentKey", "preferred");
    members_set_text(request.options, "userVerification", "preferred");
    (void)json_object_set_new(request.options, "algorithms", members_words(autional_algorithms));
    password = (struct party_password){json_object_get(body, "password"), texts[3]};
    party_call_with_password(exchange, &request, &password);
}

/* --- N3, N5: begin an authentication ---------------------------------------------------------- */

static void answer_request(struct exchange *exchange, const struct party_answer *answer)
{
    answer_options(exchange, answer, &request_shape);
}

/* password NULL: none is needed. */
static void begin_authentication(struct exchange *exchange, json_t *options,
                                 const struct party_password *password)
{
    const struct party_request request = {
        .call = PARTY_BEGIN_AUTHENTICATION, .options = options, .answered = answer_request};

    members_set_flag(options, "byChallenge", true);
    members_set_text(options, "userVerification", "preferred");
    if (password)
        party_call_with_password(exchange, &request, password);
    else
        party_call(exchange, &request);
}

/* An e-mail that nobody has gets options like any other, without credentials: upstream says 404,
 * from which anybody learns who is a user. */
static void begin_sign_in(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"email", false, TEXT_MAX},
        {"mediation", false, TEXT_MAX},
        {"tenant_id", false, TEXT_MAX},
    };
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;
    json_t *options;

    if (!autional_read(exchange, &body) ||
        !autional_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts) ||
        !check_tenant(exchange, texts[2]))
        return;
    options = json_object();
    members_set_text(options, "purpose", "login");
    members_set_text(options, "userName", texts[0] && *texts[0] ? texts[0] : NULL);
    begin_authentication(exchange, options, NULL);
}

/* Of a user who has signed in already. */
static void begin_step_up(struct exchange *exchange)
{
    static const struct text_rule rule = {"password", true, TEXT_MAX};
    struct party_password password = {0};
    const char *text = NULL;
    const json_t *body;

    if (!autional_read(exchange, &body) || !autional_read_texts(exchange, body, &rule, 1, &text))
        return;
    password.text = json_object_get(body, "password");
    begin_authentication(exchange, autional_bearer_options(exchange, "step-up"), &password);
}

/* --- N2, N4, N6: finish ----------------------------------------------------------------------- */

void autional_finish(struct exchange *exchange, const struct autional_finish *finish)
{
    struct party_request request = {.call = finish->call, .answered = finish->answered};
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};
    const json_t *body;
    const json_t *found = NULL;

    if (!autional_read(exchange, &body))
        return;
    if (finish->wrapped)
        found = json_object_get(body, "credential");
    if (!found && finish->top_level)
        found = body;
    if (!credential_body_read(found, finish->credential, finish->spellings, &credential)) {
        autional_refuse_outcome(exchange, finish->failures, PARTY_MALFORMED);
        return;
    }
    if (!credential.challenge) {
        autional_refuse_outcome(exchange, finish->failures, PARTY_UNKNOWN_CHALLENGE);
        return;
    }
    request.id = finish->sole ? "" : credential.challenge;
    request.credential = credential.text;
    request.options = json_object();
    if (finish->with_bearer)
        (void)dialect_add_authority(exchange, ACCESS_BEARER, request.options);
    members_set_text(request.options, "purpose", finish->purpose);
    if (finish->flag)
        members_set_flag(request.options, finish->flag, true);
    party_call(exchange, &request);
}

static void answer_registration(struct exchange *exchange, const struct party_answer *answer)
{
    json_t *codes = json_object_get(answer->result, "recoveryCodes");

    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &autional_registration_failures, answer);
    else
        autional_succeed(exchange, codes ? json_pack("{s:O}", "recovery_codes", codes) : NULL);
}

static void finish_registration(struct exchange *exchange)
{
    static const struct autional_finish finish = {
        .call = PARTY_FINISH_REGISTRATION,
        .credential = CREDENTIAL_REGISTRATION,
        .spellings = CREDENTIAL_SNAKE,
        .wrapped = true,
        .purpose = "registration",
        .with_bearer = true,
        .sole = true,
        .failures = &autional_registration_failures,
        .answered = answer_registration,
        .flag = "recoveryCodes",
    };

    autional_finish(exchange, &finish);
}

static json_t *sign_in_json(const json_t *result)
{
    const json_t *tokens = json_object_get(result, "tokens");
    const json_t *user = json_object_get(result, "user");
    const char *id = members_find_text(user, "userId", NULL);
    /* Of the application: what users call themselves when they register is not kept. It may call
     * them by something else than an e-mail. */
    const char *name = members_find_text(user, "userName", NULL);
    const char *email = name && strchr(name, '@') ? name : NULL;
    json_int_t left = members_number(tokens, "expires") - (json_int_t)pk_clock_now();

    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:{s:s, s:s*, s:s*, s:s*}}", "access_token",
                     members_find_text(tokens, "token", NULL), "refresh_token",
                     members_find_text(tokens, "refresh", NULL), "token_type", "Bearer",
                     "expires_in", left > 0 ? left : 0, "user_id", id, "user", "id", id,
                     "user_name", name, "email", email, "display_name",
                     members_find_text(user, "displayName", NULL));
}

static void answer_sign_in(struct exchange *exchange, const struct party_answer *answer)
{
    json_t *data;

    if (answer->outcome != PARTY_DONE) {
        autional_refuse_answer(exchange, &sign_in_failures, answer);
        return;
    }
    data = sign_in_json(answer->result);
    if (data)
        autional_succeed(exchange, data);
    else
        autional_refuse_outcome(exchange, &autional_failures, PARTY_FAILED);
}

/* One of the vendor's pages wraps the credential, another does not; one writes WebAuthn's names. */
static void finish_sign_in(struct exchange *exchange)
{
    static const struct autional_finish finish = {
        .call = PARTY_FINISH_AUTHENTICATION,
        .credential = CREDENTIAL_AUTHENTICATION,
        .spellings = CREDENTIAL_SNAKE | CREDENTIAL_CAMEL,
        .wrapped = true,
        .top_level = true,
        .purpose = "login",
        .failures = &sign_in_failures,
        .answered = answer_sign_in,
    };

    autional_finish(exchange, &finish);
}

static void answer_step_up(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &step_up_failures, answer);
    else
        autional_succeed(exchange, NULL);
}

static void finish_step_up(struct exchange *exchange)
{
    static const struct autional_finish finish = {
        .call = PARTY_FINISH_AUTHENTICATION,
        .credential = CREDENTIAL_AUTHENTICATION,
        .spellings = CREDENTIAL_SNAKE | CREDENTIAL_CAMEL,
        .wrapped = true,
        .top_level = true,
        .purpose = "step-up",
        .with_bearer = true,
        .failures = &step_up_failures,
        .answered = answer_step_up,
    };

    autional_finish(exchange, &finish);
}

/* --- recovery codes --------------------------------------------------------------------------- */

static const struct failure recovery_rows[] = {
    {PARTY_REFUSED, NULL, 400, 40000605, "recovery code invalid", NULL},
};
static const struct failures recovery_failures = FAILURES(recovery_rows, &autional_failures);

static void answer_recovery(struct exchange *exchange, const struct party_answer *answer)
{
    if (answer->outcome != PARTY_DONE)
        autional_refuse_answer(exchange, &recovery_failures, answer);
    else
        autional_succeed(exchange,
                         json_pack("{s:I}", "left", members_number(answer->result, "left")));
}

/*
 * A call of our own for the application, whose users have the codes of N2: upstream's calls to use
 * one are not known.
 */
static void use_recovery_code(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"user_id", true, TEXT_MAX},
        {"code", true, 64},
    };
    struct party_request request = {.call = PARTY_USE_RECOVERY_CODE, .answered = answer_recovery};
    const char *texts[MEMBERS_COUNT(rules)] = {0};
    const json_t *body;

    if (!autional_read(exchange, &body) ||
        !autional_read_texts(exchange, body, rules, MEMBERS_COUNT(rules), texts))
        return;
    request.options = json_object();
    (void)dialect_add_authority(exchange, ACCESS_API_KEY, request.options);
    members_set_text(request.options, "userId", texts[0]);
    members_set_text(request.options, "code", texts[1]);
    party_call(exchange, &request);
}

/* --- the table -------------------------------------------------------------------------------- */

static void refuse(struct exchange *exchange, unsigned status)
{
    switch (status) {
    case 401:
        autional_refuse_outcome(exchange, &autional_failures, PARTY_NOT_SIGNED_IN);
        break;
    case 404:
        autional_refuse(exchange, status, 40000404, "not found");
        break;
    case 429:
        autional_refuse_outcome(exchange, &autional_failures, PARTY_LIMITED);
        break;
    case 503:
        autional_refuse_outcome(exchange, &autional_failures, PARTY_UNAVAILABLE);
        break;
    default:
        autional_refuse(exchange, status, status < 500 ? AUTIONAL_INVALID_REQUEST : 50000000,
                        status < 500 ? "invalid request parameters" : "internal error");
    }
}

/* The specification has one prefix for each service, the vendor's own pages another. */
#define IDENTITY(prefix)                                                                           \
    {"POST", prefix "/auth/webauthn/register/begin", ACCESS_BEARER, begin_registration},           \
        {"POST", prefix "/auth/webauthn/register/complete", ACCESS_BEARER, finish_registration},   \
        {"POST", prefix "/auth/webauthn/authenticate/begin", ACCESS_PUBLIC, begin_sign_in},        \
        {"POST", prefix "/auth/webauthn/authenticate/complete", ACCESS_PUBLIC, finish_sign_in},    \
        {"POST", prefix "/auth/webauthn/login/begin", ACCESS_BEARER, begin_step_up},               \
        {"POST", prefix "/auth/webauthn/login/complete", ACCESS_BEARER, finish_step_up},           \
        {"GET", prefix "/auth/me/webauthn-credentials", ACCESS_BEARER, autional_list_own},         \
    {                                                                                              \
        "DELETE", prefix "/auth/me/webauthn-credentials/{id}", ACCESS_BEARER, autional_remove_own  \
    }

#define FACTORS(prefix)                                                                            \
    {"GET", prefix "/mfa/webauthn/credentials", ACCESS_BEARER, autional_list_factors},             \
        {"POST", prefix "/mfa/webauthn/credentials/register", ACCESS_BEARER,                       \
         autional_register_factor},                                                                \
        {"POST", prefix "/mfa/webauthn/credentials/register/verify", ACCESS_BEARER,                \
         autional_verify_factor},                                                                  \
        {"GET", prefix "/mfa/webauthn/credentials/{id}", ACCESS_BEARER, autional_get_factor},      \
        {"PUT", prefix "/mfa/webauthn/credentials/{id}", ACCESS_BEARER, autional_rename_factor},   \
    {                                                                                              \
        "DELETE", prefix "/mfa/webauthn/credentials/{id}", ACCESS_BEARER, autional_remove_factor   \
    }

static void refuse_caller(struct exchange *exchange, const struct party_answer *answer)
{
    autional_refuse_answer(exchange, &autional_failures, answer);
}

static const struct route routes[] = {
    IDENTITY("/bff/identity-service/api/v1"),
    {"POST", "/bff/identity-service/api/v1/tokens", ACCESS_API_KEY, token_call},
    {"POST", "/bff/identity-service/api/v1/recovery-codes/use", ACCESS_API_KEY, use_recovery_code},
    IDENTITY("/bff/identity/api/v1"),
    FACTORS("/bff/mfa-service/api/v1"),
    FACTORS("/bff/mfa/api/v1"),
};

/* No page of another origin may call: upstream tells integrators to put a proxy before it. */
const struct dialect dialect_autional = {
    .name = "autional",
    .json_type = "application/json; charset=utf-8",
    .routes = routes,
    .route_count = MEMBERS_COUNT(routes),
    .refuse = refuse,
    .refuse_caller = refuse_caller,
};
