/* SPDX-License-Identifier: BSD-2-Clause */
/* The Hanko dialect: every row of its errors, and the samples of its requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/members.h"
#include "tests/unit/hanko_exchanges.h"

/* --- errors of the daemon --------------------------------------------------------------------- */

#define RESPONSE_INVALID "Error validating the authenticator response"
#define FLAG_MISSING                                                                               \
    "failed to validate attestation: " RESPONSE_INVALID                                            \
    ": User verification required but flag not set by authenticator\n"

struct error_row {
    const char *line, *body;
    enum party_outcome outcome;
    const char *reason;
    unsigned status;
    const char *title, *details; /* details NULL: no such member */
};

#define REGISTER "POST /registration/finalize", HTTP_ATTESTATION
#define LOGIN    "POST /login/finalize", HTTP_ASSERTION
#define TRANSACT "POST /transaction/finalize", HTTP_ASSERTION
#define BEGIN    "POST /registration/initialize", "{\"user_id\":\"u-1\",\"username\":\"ann\"}"
#define ASK      "POST /login/initialize", "{\"user_id\":\"u-1\"}"
#define ASK_MFA  "POST /mfa/login/initialize", "{\"user_id\":\"u-1\"}"
#define TRANSACTION                                                                                \
    "POST /transaction/initialize",                                                                \
        "{\"user_id\":\"u-1\",\"transaction_id\":\"t\",\"transaction_data\":{}}"
#define KEY_INVALID                                                                                \
    401, "The api key is invalid", "api keys needs to be an apiKey Header and 32 byte long"
#define UNKNOWN 404, "credential with id 'AAEC' not found", ""

static const struct error_row error_rows[] = {
    {REGISTER, PARTY_MALFORMED, NULL, 400, "unable to parse credential creation response",
     "Parse error for Registration"},
    {REGISTER, PARTY_REFUSED, "response-malformed", 400,
     "unable to parse credential creation response", "Parse error for Registration"},
    {REGISTER, PARTY_UNKNOWN_CHALLENGE, NULL, 400,
     "received challenge does not match with any stored one", ""},
    {REGISTER, PARTY_UNKNOWN_CHALLENGE, "expired", 400, "failed to validate attestation",
     "Session has Expired"},
    {REGISTER, PARTY_REFUSED, "type-mismatch", 400, "failed to validate attestation",
     "Error validating ceremony type"},
    {REGISTER, PARTY_REFUSED, "challenge-mismatch", 400, "failed to validate attestation",
     "Error validating challenge"},
    {REGISTER, PARTY_REFUSED, "origin-mismatch", 400, "failed to validate attestation",
     "Error validating origin"},
    {REGISTER, PARTY_REFUSED, "attestation-signature-invalid", 400,
     "failed to validate attestation", RESPONSE_INVALID},
    {REGISTER, PARTY_REFUSED, "user-not-verified", 422, FLAG_MISSING, RESPONSE_INVALID},
    {REGISTER, PARTY_REGISTERED, NULL, 500, "Internal Server Error", NULL},
    {REGISTER, PARTY_LIMITED, NULL, 429, "Too Many Requests", ""},
    {REGISTER, PARTY_UNAVAILABLE, NULL, 503, "Service Unavailable", ""},
    {REGISTER, PARTY_FAILED, NULL, 500, "Internal Server Error", NULL},

    {LOGIN, PARTY_MALFORMED, NULL, 400, "unable to finish login", "Parse error for Assertion"},
    {LOGIN, PARTY_UNKNOWN_CHALLENGE, NULL, 401, "failed to get session data",
     "received challenge does not match with any stored one"},
    {LOGIN, PARTY_UNKNOWN_CHALLENGE, "expired", 401, "failed to validate assertion",
     "Session has Expired"},
    {LOGIN, PARTY_UNKNOWN_USER, NULL, 401, "failed to get user handle", "user not found"},
    {LOGIN, PARTY_REFUSED, "user-handle-missing", 401, "failed to get user handle",
     "user not found"},
    {LOGIN, PARTY_REFUSED, "user-handle-mismatch", 401, "failed to get user handle",
     "user not found"},
    {LOGIN, PARTY_UNKNOWN_CREDENTIAL, NULL, 401, "failed to validate assertion",
     "Unable to find the credential for the returned credential ID"},
    {LOGIN, PARTY_NO_CREDENTIALS, NULL, 401, "failed to validate assertion",
     "Unable to find the credential for the returned credential ID"},
    {LOGIN, PARTY_REFUSED, "credential-not-allowed", 401, "failed to validate assertion",
     "Unable to find the credential for the returned credential ID"},
    {LOGIN, PARTY_REFUSED, "type-mismatch", 401, "failed to validate assertion",
     "Error validating ceremony type"},
    {LOGIN, PARTY_REFUSED, "challenge-mismatch", 401, "failed to validate assertion",
     "Error validating challenge"},
    {LOGIN, PARTY_REFUSED, "origin-mismatch", 401, "failed to validate assertion",
     "Error validating origin"},
    {LOGIN, PARTY_REFUSED, "signature-invalid", 401, "failed to validate assertion",
     RESPONSE_INVALID},
    {LOGIN, PARTY_FAILED, NULL, 500, "Internal Server Error", NULL},

    {TRANSACT, PARTY_MALFORMED, NULL, 400, "unable to finish transaction",
     "Parse error for Assertion"},
    {TRANSACT, PARTY_UNKNOWN_CHALLENGE, NULL, 401, "failed to get session data",
     "no transaction found for this challenge"},
    {TRANSACT, PARTY_UNKNOWN_CHALLENGE, "expired", 401, "failed to validate assertion",
     "Session has Expired"},
    {TRANSACT, PARTY_REFUSED, "signature-invalid", 401, "failed to validate assertion",
     RESPONSE_INVALID},
    {TRANSACT, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},

    {BEGIN, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},
    {BEGIN, PARTY_TOKEN_EXPIRED, NULL, KEY_INVALID},
    {BEGIN, PARTY_WRONG_TOKEN, NULL, KEY_INVALID},
    {BEGIN, PARTY_FORBIDDEN, NULL, KEY_INVALID},
    {BEGIN, PARTY_EXISTS, NULL, 500, "Internal Server Error", NULL},
    {ASK, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},
    {ASK, PARTY_MALFORMED, NULL, 400, "unable to validate request", ""},
    {ASK, PARTY_UNKNOWN_USER, NULL, 404, "user not found", ""},
    {ASK, PARTY_NO_CREDENTIALS, NULL, 500,
     "failed to create webauthn assertion options for login: Found no credentials for user", ""},
    {ASK_MFA, PARTY_UNKNOWN_USER, NULL, 404, "user not found", ""},
    {ASK_MFA, PARTY_NO_CREDENTIALS, NULL, 500,
     "failed to create webauthn assertion options for login: Found no credentials for user", ""},
    {TRANSACTION, PARTY_UNKNOWN_USER, NULL, 404, "unable to find user", ""},
    {TRANSACTION, PARTY_NO_CREDENTIALS, NULL, 400,
     "user has no suitable credentials for this operation", ""},
    {TRANSACTION, PARTY_EXISTS, NULL, 409, "transaction already exists", ""},

    {"GET /credentials", NULL, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},
    {"GET /credentials/AAEC", NULL, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},
    {"GET /credentials/AAEC", NULL, PARTY_UNKNOWN_CREDENTIAL, NULL, UNKNOWN},
    {"PATCH /credentials/AAEC", "{\"name\":\"x\"}", PARTY_UNKNOWN_CREDENTIAL, NULL, UNKNOWN},
    {"PATCH /credentials/AAEC", "{\"name\":\"x\"}", PARTY_MALFORMED, NULL, 400,
     "unable to validate request", ""},
    {"PATCH /credentials/AAEC", "{\"name\":\"x\"}", PARTY_EXISTS, NULL, 409,
     "another credential has that name", ""},
    {"DELETE /credentials/AAEC", NULL, PARTY_UNKNOWN_CREDENTIAL, NULL, UNKNOWN},
    {"DELETE /credentials/AAEC", NULL, PARTY_NO_CREDENTIALS, NULL, UNKNOWN},
    {"GET /transaction/" FAKE_TENANT, NULL, PARTY_NOT_SIGNED_IN, NULL, KEY_INVALID},
    {"GET /.well-known/jwks.json", NULL, PARTY_UNAVAILABLE, NULL, 503, "Service Unavailable", ""},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(error_rows); i++) {
        const struct error_row *row = &error_rows[i];
        AUTO_JSON json_t *expected = NULL;
        const json_t *got;

        fake_request(row->line, row->body);
        assert_true(fake_is_asked());
        fake_failed(row->outcome, row->reason);
        got = fake_answer(row->status, ERROR_RES);
        expected = json_pack("{s:s, s:i}", "title", row->title, "status", (int)row->status);
        members_set_text(expected, "details", row->details);
        if (!json_equal(got, expected)) {
            PK_AUTO_FREE char *text = json_dumps(got, JSON_COMPACT);

            fail_msg("row %zu, %s: %s", i, row->line, text);
        }
    }
}

/* Whatever comes of a call has words and a status; of what nobody thought of they are 500's. */
static void test_every_outcome_has_an_answer(void **state)
{
    static const char *const requests[][2] = {
        {REGISTER},
        {LOGIN},
        {TRANSACT},
        {BEGIN},
        {ASK},
        {TRANSACTION},
        {"GET /credentials/AAEC", NULL},
        {"GET /.well-known/jwks.json", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(requests); i++)
        for (int outcome = PARTY_DONE + 1; outcome < PARTY_OUTCOMES; outcome++) {
            fake_request(requests[i][0], requests[i][1]);
            fake_failed((enum party_outcome)outcome, "no-such-reason");
            assert_true(fake_status() >= 400);
            assert_int_equal(members_number(fake_answer(fake_status(), ERROR_RES), "status"),
                             fake_status());
        }
}

/* --- the router's refusals -------------------------------------------------------------------- */

static void test_the_router_refuses(void **state)
{
    static const struct {
        unsigned asked, status;
        const char *title;
    } cases[] = {
        {413, 413, "Request Entity Too Large"}, {415, 400, "unable to process request"},
        {429, 429, "Too Many Requests"},        {431, 431, "Request Header Fields Too Large"},
        {503, 503, "Service Unavailable"},      {400, 400, "Bad Request"},
        {500, 500, "Internal Server Error"},
    };

    (void)state;
    hanko_refused("GET /no/such/path", NULL, 404, "Not Found", "");
    hanko_refused("DELETE /login/initialize", NULL, 405, "Method Not Allowed", "");
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        fake_refuse(cases[i].asked);
        assert_string_equal(
            members_find_text(fake_answer(cases[i].status, ERROR_RES), "title", NULL),
            cases[i].title);
    }
}

#define INVALID(details)                                                                           \
    "{'title':'unable to validate request','details':'" details "','status':400}"
#define NOT_PARSED                                                                                 \
    "{'title':'unable to parse credential creation response','details':'Parse error for "          \
    "Registration','status':400}"
#define NO_CHALLENGE "received challenge does not match with any stored one"

static const struct http_sample samples[] = {
    {.schema = "hanko.registration-finalize.req",
     .line = "POST /registration/finalize",
     .refusals = {NOT_PARSED, NOT_PARSED},
     .status = 400,
     .accepted = "{'title':'" NO_CHALLENGE "','details':'','status':400}",
     .accepted_status = 400},
    {.schema = "hanko.login-finalize.req",
     .line = "POST /login/finalize",
     .accepted = "{'title':'failed to get session data','details':'" NO_CHALLENGE "','status':401}",
     .accepted_status = 401},
    {.schema = "hanko.registration-initialize.req",
     .line = "POST /registration/initialize",
     .call = PARTY_BEGIN_REGISTRATION,
     .refusals =
         {
             INVALID("user_id is a required field"),
             INVALID("user_id is a required field"),
             INVALID("username cannot have more than 128 entries"),
             INVALID("display_name cannot have more than 128 entries"),
             "{'title':'unable to process request','details':'Unmarshal type error: "
             "expected=string, got=number, field=user_id','status':400}",
         },
     .status = 400},
    {.schema = "hanko.login-initialize.req",
     .line = "POST /login/initialize",
     .call = PARTY_BEGIN_AUTHENTICATION,
     .refusals = {INVALID("user_id must at least have 1 entry")},
     .status = 400},
    {.schema = "hanko.mfa-login-initialize.req",
     .line = "POST /mfa/login/initialize",
     .call = PARTY_BEGIN_AUTHENTICATION,
     .refusals = {INVALID("user_id is a required field")},
     .status = 400},
    {.schema = "hanko.transaction-initialize.req",
     .line = "POST /transaction/initialize",
     .call = PARTY_BEGIN_AUTHENTICATION,
     .refusals = {INVALID("transaction_id cannot have more than 128 entries"),
                  INVALID("transaction_data is a required field")},
     .status = 400},
    {.schema = "hanko.credential.patch.req",
     .line = "PATCH /credentials/AAEC",
     .call = PARTY_RENAME,
     .refusals = {INVALID("name is a required field"), INVALID("name is a required field")},
     .status = 400},
};

static void test_samples(void **state)
{
    /* The admin port's, which is passkeyctl here. */
    static const char *const others[] = {"hanko.admin.tenant-create", NULL};

    (void)state;
    http_samples_send_all("hanko", samples, MEMBERS_COUNT(samples), others);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        HANKO_TEST(test_errors),
        HANKO_TEST(test_every_outcome_has_an_answer),
        HANKO_TEST(test_the_router_refuses),
        HANKO_TEST(test_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
