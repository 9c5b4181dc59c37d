/* SPDX-License-Identifier: BSD-2-Clause */
/* The Autional dialect: the identity service's ceremonies (N1 to N6), and the samples of requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/autional_exchanges.h"

#define CREATION_RES "autional.register-begin.res"
#define REQUEST_RES  "autional.login-options.res"
#define PARAMETERS                                                                                 \
    "'pubKeyCredParams':[{'type':'public-key','alg':-8},{'type':'public-key','alg':-7},"           \
    "{'type':'public-key','alg':-257}],'timeout':300000"
#define ALGORITHMS "'algorithms':['EdDSA','ES256','RS256']"

/* --- N1, N2 ----------------------------------------------------------------------------------- */

static void test_registration_begins(void **state)
{
    static const char *const lines[] = {"POST " AUTH "/webauthn/register/begin",
                                        "POST /bff/identity/api/v1/auth/webauthn/register/begin"};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++) {
        fake_request(lines[i], "{\"user_name\":\"ann\",\"display_name\":\"Ann\","
                               "\"password\":\"secret\",\"password_transmission\":\"plain\"}");
        fake_call_has(PARTY_BEGIN_REGISTRATION,
                      "{'bearer':'aa.bb.cc','purpose':'registration','password':'secret',"
                      "'passwordTransmission':'plain','userName':'ann','displayName':'Ann',"
                      "'sole':true,'exclude':false,'attestation':'none',"
                      "'residentKey':'preferred','userVerification':'preferred'," ALGORITHMS "}");
        fake_begun(HTTP_CHALLENGE,
                   "{'rp':{'name':'Portal','id':'portal.example'},"
                   "'user':{'id':'dXNyXzAx','displayName':'Ann','name':'ann'},"
                   "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS
                   ",'excludeCredentials':[{'type':'public-key','id':'AAEC'}],"
                   "'authenticatorSelection':{'residentKey':'preferred',"
                   "'userVerification':'preferred'},'attestation':'none','hints':['hybrid'],"
                   "'extensions':{'credProps':true}}");
        autional_answered(200, CREATION_RES,
                          "{'code':0,'message':'success','data':{'publicKey':{"
                          "'rp':{'id':'portal.example','name':'Portal'},"
                          "'user':{'id':'dXNyXzAx','name':'ann','displayName':'Ann'},"
                          "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'attestation':'none',"
                          "'authenticatorSelection':{'residentKey':'preferred',"
                          "'userVerification':'preferred'}}}}");
    }
    fake_request(lines[0], "{\"user_name\":\"ann\",\"password\":\"x\"}");
    assert_string_equal(members_find_text(fake_call(PARTY_BEGIN_REGISTRATION), "displayName", NULL),
                        "ann");
    assert_null(json_object_get(fake_call(PARTY_BEGIN_REGISTRATION), "passwordTransmission"));
}

static void test_registration_finishes(void **state)
{
    (void)state;
    fake_request("POST " AUTH "/webauthn/register/complete",
                 "{\"credential\":" SNAKE_ATTESTATION "}");
    fake_call_has(PARTY_FINISH_REGISTRATION,
                  "{'bearer':'aa.bb.cc','purpose':'registration','recoveryCodes':true}");
    assert_string_equal(fake_call_id(), "");
    assert_string_equal(fake_call_credential(), HTTP_ATTESTATION);
    fake_done("{'credential':{},'user':{},'recoveryCodes':['a-b','c-d']}");
    autional_answered(200, SIMPLE_RES,
                      "{'code':0,'message':'success','data':{'recovery_codes':['a-b','c-d']}}");
    fake_request("POST " AUTH "/webauthn/register/complete",
                 "{\"credential\":" SNAKE_ATTESTATION "}");
    fake_done("{'credential':{},'user':{}}");
    autional_answered(200, SIMPLE_RES, "{'code':0,'message':'success'}");
}

/* --- N3, N4 ----------------------------------------------------------------------------------- */

#define DAEMON_REQUEST                                                                             \
    "{'challenge':'" HTTP_CHALLENGE "','timeout':300000,'rpId':'portal.example',"                  \
    "'allowCredentials':[{'type':'public-key','id':'AAEC','transports':['usb']}],"                 \
    "'userVerification':'preferred','hints':['hybrid']}"
#define CLIENT_REQUEST(allowed)                                                                    \
    "{'code':0,'message':'success','data':{'publicKey':{'challenge':'" HTTP_CHALLENGE "',"         \
    "'rpId':'portal.example','timeout':300000,'userVerification':'preferred',"                     \
    "'allowCredentials':[" allowed "]}}}"
#define ALLOWED "{'id':'AAEC','type':'public-key','transports':['usb']}"

static void test_sign_in_begins(void **state)
{
    static const char *const bodies[] = {NULL, "{}", "{\"mediation\":\"conditional\"}",
                                         "{\"email\":\"\",\"tenant_id\":\"" FAKE_TENANT "\"}"};

    (void)state;
    fake_header("Authorization", NULL);
    for (size_t i = 0; i < MEMBERS_COUNT(bodies); i++) {
        fake_request("POST " AUTH "/webauthn/authenticate/begin", bodies[i]);
        fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                      "{'purpose':'login','byChallenge':true,'userVerification':'preferred'}");
    }
    fake_begun(HTTP_CHALLENGE, "{'challenge':'" HTTP_CHALLENGE "','timeout':300000,"
                               "'rpId':'portal.example','userVerification':'preferred'}");
    autional_answered(200, REQUEST_RES, CLIENT_REQUEST(""));
    fake_request("POST /bff/identity/api/v1/auth/webauthn/authenticate/begin",
                 "{\"email\":\"ann@a.example\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'purpose':'login','userName':'ann@a.example','byChallenge':true,"
                  "'userVerification':'preferred'}");
    fake_begun(HTTP_CHALLENGE, DAEMON_REQUEST);
    autional_answered(200, REQUEST_RES, CLIENT_REQUEST(ALLOWED));
}

static void signed_in(const char *body)
{
    const json_t *answer;
    PK_AUTO_FREE char *text = NULL;

    fake_request("POST " AUTH "/webauthn/authenticate/complete", body);
    fake_call_has(PARTY_FINISH_AUTHENTICATION, "{'purpose':'login'}");
    assert_string_equal(fake_call_id(), HTTP_CHALLENGE);
    assert_string_equal(fake_call_credential(), HTTP_ASSERTION);
    /* A token that expires in the year 2100. */
    fake_done("{'credential':{},'user':{'userId':'usr_01','userName':'ann@a.example',"
              "'displayName':'Ann'},'tokens':{'token':'aa.bb.cc','expires':4102444800,"
              "'refresh':'dd.ee.ff','refreshExpires':4102444800}}");
    answer = json_object_get(fake_answer(200, SIMPLE_RES), "data");
    assert_true(members_number(answer, "expires_in") > 0);
    assert_true(members_number(answer, "expires_in") < 4102444800);
    text = pk_text_format(
        "{'code':0,'message':'success','data':{'access_token':'aa.bb.cc',"
        "'refresh_token':'dd.ee.ff','token_type':'Bearer','expires_in':%" JSON_INTEGER_FORMAT
        ",'user_id':'usr_01','user':{'id':'usr_01','user_name':'ann@a.example',"
        "'email':'ann@a.example','display_name':'Ann'}}}",
        members_number(answer, "expires_in"));
    autional_answered(200, NULL, text);
}

/* Both wrappings and both spellings, as the vendor's pages have them. */
static void test_sign_in_finishes(void **state)
{
    (void)state;
    fake_header("Authorization", NULL);
    signed_in("{\"credential\":" SNAKE_ASSERTION ",\"email\":\"ann@a.example\"}");
    signed_in(SNAKE_ASSERTION);
    signed_in("{\"credential\":" HTTP_ASSERTION "}");
    signed_in(HTTP_ASSERTION);
    /* A name is no e-mail. */
    fake_request("POST " AUTH "/webauthn/authenticate/complete", SNAKE_ASSERTION);
    fake_done("{'user':{'userId':'usr_01','userName':'ann'},"
              "'tokens':{'token':'aa.bb.cc','expires':1,'refresh':'dd.ee.ff'}}");
    autional_answered(200, NULL,
                      "{'code':0,'message':'success','data':{'access_token':'aa.bb.cc',"
                      "'refresh_token':'dd.ee.ff','token_type':'Bearer','expires_in':0,"
                      "'user_id':'usr_01','user':{'id':'usr_01','user_name':'ann'}}}");
    /* Without both tokens nobody is signed in; one that has expired is good for no second. */
    fake_request("POST " AUTH "/webauthn/authenticate/complete", SNAKE_ASSERTION);
    fake_done("{'user':{'userId':'usr_01'},'tokens':{'token':'aa.bb.cc','expires':1}}");
    autional_failed(500, 50000000, "internal error");
    fake_request("POST " AUTH "/webauthn/authenticate/complete", SNAKE_ASSERTION);
    fake_done("{'user':{'userId':'usr_01'},'tokens':{'token':'aa.bb.cc','expires':1,"
              "'refresh':'dd.ee.ff'}}");
    assert_int_equal(members_number(json_object_get(fake_answer(200, NULL), "data"), "expires_in"),
                     0);
}

/* --- N5, N6 ----------------------------------------------------------------------------------- */

static void test_step_up(void **state)
{
    static const char *const bodies[] = {SNAKE_ASSERTION, "{\"credential\":" SNAKE_ASSERTION "}",
                                         HTTP_ASSERTION};

    (void)state;
    fake_request("POST " AUTH "/webauthn/login/begin", "{\"password\":\"secret\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'bearer':'aa.bb.cc','purpose':'step-up','password':'secret',"
                  "'byChallenge':true,'userVerification':'preferred'}");
    fake_begun(HTTP_CHALLENGE, DAEMON_REQUEST);
    autional_answered(200, REQUEST_RES, CLIENT_REQUEST(ALLOWED));
    for (size_t i = 0; i < MEMBERS_COUNT(bodies); i++) {
        fake_request("POST " AUTH "/webauthn/login/complete", bodies[i]);
        fake_call_has(PARTY_FINISH_AUTHENTICATION, "{'bearer':'aa.bb.cc','purpose':'step-up'}");
        assert_string_equal(fake_call_id(), HTTP_CHALLENGE);
        assert_string_equal(fake_call_credential(), HTTP_ASSERTION);
        fake_done("{'credential':{},'user':{},'tokens':{}}");
        autional_answered(200, SIMPLE_RES, "{'code':0,'message':'success'}");
    }
}

/* --- errors ----------------------------------------------------------------------------------- */

static void test_bad_bodies_are_refused(void **state)
{
    static const char *const requests[][2] = {
        {"/webauthn/register/begin", NULL},
        {"/webauthn/register/begin", "{"},
        {"/webauthn/register/begin", "[]"},
        {"/webauthn/register/begin", "{\"user_name\":\"\",\"password\":\"x\"}"},
        {"/webauthn/register/begin", "{\"user_name\":1,\"password\":\"x\"}"},
        {"/webauthn/register/begin",
         "{\"user_name\":\"a\",\"password\":\"x\",\"password_transmission\":\"rot13\"}"},
        {"/webauthn/register/complete", NULL},
        {"/webauthn/register/complete", "{\"credential\":{}}"},
        /* The specification's own form alone, where no page has another. */
        {"/webauthn/register/complete", SNAKE_ATTESTATION},
        {"/webauthn/register/complete", "{\"credential\":" HTTP_ATTESTATION "}"},
        {"/webauthn/authenticate/begin", "{\"email\":7}"},
        {"/webauthn/authenticate/complete", "{}"},
        {"/webauthn/authenticate/complete", "{\"credential\":" SNAKE_ATTESTATION "}"},
        {"/webauthn/authenticate/complete", "{\"credential\":[]}"},
        {"/webauthn/login/begin", "{\"password\":\"\"}"},
        {"/webauthn/login/complete", "x"},
    };
    char name[130] = "";

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(requests); i++) {
        PK_AUTO_FREE char *line = pk_text_format("POST " AUTH "%s", requests[i][0]);

        autional_refused(line, requests[i][1], INVALID);
    }
    memset(name, 'x', 128);
    fake_send("POST " AUTH "/webauthn/register/begin", "{\"user_name\":\"%s\",\"password\":\"x\"}",
              name);
    (void)fake_call(PARTY_BEGIN_REGISTRATION);
    memset(name, 'x', 129);
    fake_send("POST " AUTH "/webauthn/register/begin", "{\"user_name\":\"%s\",\"password\":\"x\"}",
              name);
    autional_failed(INVALID);
}

static void test_another_tenant(void **state)
{
    (void)state;
    autional_refused("POST " AUTH "/webauthn/authenticate/begin", "{\"tenant_id\":\"other\"}", 404,
                     40000102, "tenant not found");
    fake_header("X-Tenant-ID", "other");
    autional_refused("POST " AUTH "/webauthn/authenticate/begin", "{}", 404, 40000102,
                     "tenant not found");
    autional_refused("DELETE " AUTH "/me/webauthn-credentials/AAEC", NULL, 404, 40000102,
                     "tenant not found");
    fake_header("X-Tenant-ID", FAKE_TENANT);
    fake_request("POST " AUTH "/webauthn/authenticate/begin", "{}");
    (void)fake_call(PARTY_BEGIN_AUTHENTICATION);
}

/* A call of our own, with the application's key. */
static void test_the_application_uses_a_recovery_code(void **state)
{
    static const char line[] = "POST /bff/identity-service/api/v1/recovery-codes/use";
    static const char body[] = "{\"user_id\":\"usr_01\",\"code\":\"AAAA-BBBB\"}";

    (void)state;
    autional_refused(line, body, 401, 40000501, "unauthorized");
    fake_header("Authorization", NULL);
    fake_header("apiKey", "k");
    autional_refused(line, "{\"user_id\":\"usr_01\"}", INVALID);
    autional_refused(line, "{\"code\":\"AAAA-BBBB\"}", INVALID);
    fake_request(line, body);
    fake_call_has(PARTY_USE_RECOVERY_CODE, "{'apiKey':'k','userId':'usr_01','code':'AAAA-BBBB'}");
    fake_done("{'userId':'usr_01','left':9}");
    autional_answered(200, SIMPLE_RES, "{'code':0,'message':'success','data':{'left':9}}");
    fake_request(line, body);
    fake_failed(PARTY_REFUSED, "recovery-code-invalid");
    autional_failed(400, 40000605, "recovery code invalid");
    fake_request(line, body);
    fake_failed(PARTY_UNKNOWN_USER, NULL);
    autional_failed(404, 40000404, "user not found");
}

static void test_errors(void **state)
{
    static const char *const requests[][2] = {
        {"POST " AUTH "/webauthn/register/begin", "{\"user_name\":\"a\",\"password\":\"x\"}"},
        {"POST " AUTH "/webauthn/register/complete", "{\"credential\":" SNAKE_ATTESTATION "}"},
        {"POST " AUTH "/webauthn/authenticate/begin", "{\"email\":\"x\"}"},
        {"POST " AUTH "/webauthn/authenticate/complete", SNAKE_ASSERTION},
        {"POST " AUTH "/webauthn/login/begin", "{\"password\":\"x\"}"},
        {"POST " AUTH "/webauthn/login/complete", SNAKE_ASSERTION},
    };
    enum { N1, N2, N3, N4, N5, N6 };
    static const struct {
        int line;
        enum party_outcome outcome;
        const char *reason;
        unsigned status;
        int code;
        const char *message;
    } rows[] = {
        {N1, PARTY_MALFORMED, NULL, INVALID},
        {N1, PARTY_NOT_SIGNED_IN, NULL, 401, 40000501, "unauthorized"},
        {N1, PARTY_TOKEN_EXPIRED, NULL, 401, 40000501, "unauthorized"},
        {N1, PARTY_WRONG_TOKEN, NULL, 401, 40000501, "unauthorized"},
        {N1, PARTY_FORBIDDEN, NULL, 401, 40000502, "invalid password"},
        {N1, PARTY_UNKNOWN_USER, NULL, 404, 40000404, "user not found"},
        {N1, PARTY_EXISTS, NULL, 400, 40000001, "the name is taken"},
        {N1, PARTY_LIMITED, NULL, 429, 42900000, "too many requests"},
        {N1, PARTY_UNAVAILABLE, NULL, 503, 50300000, "service unavailable"},
        {N1, PARTY_FAILED, NULL, 500, 50000000, "internal error"},
        {N2, PARTY_MALFORMED, NULL, INVALID},
        {N2, PARTY_FORBIDDEN, NULL, 403, 40000503, "forbidden"},
        {N2, PARTY_UNKNOWN_CHALLENGE, NULL, 400, 40000601, "webauthn session not found or expired"},
        {N2, PARTY_REFUSED, "origin-mismatch", 400, 40000602, "webauthn verification failed"},
        {N2, PARTY_REFUSED, "response-malformed", INVALID},
        {N2, PARTY_UNKNOWN_CREDENTIAL, NULL, 400, 40000602, "webauthn verification failed"},
        {N2, PARTY_REGISTERED, NULL, 400, 40000603, "credential already registered"},
        {N3, PARTY_UNKNOWN_USER, NULL, 404, 40000404, "user not found"},
        {N3, PARTY_NO_CREDENTIALS, NULL, 404, 40000604, "credential not found"},
        {N4, PARTY_UNKNOWN_CHALLENGE, NULL, 400, 40000601, "webauthn session not found or expired"},
        {N4, PARTY_REFUSED, "signature-invalid", 401, 40000602, "webauthn verification failed"},
        {N4, PARTY_UNKNOWN_USER, NULL, 401, 40000602, "webauthn verification failed"},
        {N4, PARTY_UNKNOWN_CREDENTIAL, NULL, 401, 40000602, "webauthn verification failed"},
        {N4, PARTY_NO_CREDENTIALS, NULL, 401, 40000602, "webauthn verification failed"},
        {N4, PARTY_MALFORMED, NULL, INVALID},
        {N5, PARTY_FORBIDDEN, NULL, 401, 40000502, "invalid password"},
        {N5, PARTY_NO_CREDENTIALS, NULL, 404, 40000604, "credential not found"},
        {N6, PARTY_UNKNOWN_CHALLENGE, NULL, 400, 40000601, "webauthn session not found or expired"},
        {N6, PARTY_REFUSED, "signature-invalid", 400, 40000602, "webauthn verification failed"},
        {N6, PARTY_UNKNOWN_USER, NULL, 400, 40000602, "webauthn verification failed"},
        {N6, PARTY_UNKNOWN_CREDENTIAL, NULL, 400, 40000602, "webauthn verification failed"},
        {N6, PARTY_NO_CREDENTIALS, NULL, 400, 40000602, "webauthn verification failed"},
        {N6, PARTY_WRONG_TOKEN, NULL, 401, 40000501, "unauthorized"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(rows); i++) {
        fake_request(requests[rows[i].line][0], requests[rows[i].line][1]);
        assert_true(fake_is_asked());
        fake_failed(rows[i].outcome, rows[i].reason);
        autional_failed(rows[i].status, rows[i].code, rows[i].message);
    }
}

static void test_the_router_refuses(void **state)
{
    static const char *const lines[] = {
        "POST " AUTH "/webauthn/register/begin",
        "POST " AUTH "/webauthn/register/complete",
        "POST " AUTH "/webauthn/login/begin",
        "POST " AUTH "/webauthn/login/complete",
        "GET " AUTH "/me/webauthn-credentials",
        "DELETE " AUTH "/me/webauthn-credentials/AAEC",
        "GET " FACTORS,
        "POST " FACTORS "/register",
        "POST " FACTORS "/register/verify",
        "GET " FACTORS "/AAEC",
        "PUT " FACTORS "/AAEC",
        "DELETE " FACTORS "/AAEC",
    };
    static const struct {
        unsigned status;
        int code;
        const char *message;
    } cases[] = {
        {INVALID},
        {405, 40000001, "invalid request parameters"},
        {413, 40000001, "invalid request parameters"},
        {415, 40000001, "invalid request parameters"},
        {429, 42900000, "too many requests"},
        {503, 50300000, "service unavailable"},
        {500, 50000000, "internal error"},
    };

    (void)state;
    fake_header("Authorization", NULL);
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++)
        autional_refused(lines[i], "{}", 401, 40000501, "unauthorized");
    autional_refused("GET /bff", NULL, 404, 40000404, "not found");
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        fake_refuse(cases[i].status);
        autional_failed(cases[i].status, cases[i].code, cases[i].message);
    }
}

/* --- samples ---------------------------------------------------------------------------------- */

#define REFUSED    "{'code':40000001,'message':'invalid request parameters'}"
#define NO_SESSION "{'code':40000601,'message':'webauthn session not found or expired'}"

static void test_samples(void **state)
{
    static const struct http_sample samples[] = {
        {.schema = "autional.register-begin.req",
         .line = "POST " AUTH "/webauthn/register/begin",
         .call = PARTY_BEGIN_REGISTRATION,
         .refusals = {REFUSED, REFUSED},
         .status = 400},
        {.schema = "autional.register-complete.req",
         .line = "POST " AUTH "/webauthn/register/complete",
         .refusals = {REFUSED, REFUSED},
         .status = 400,
         .accepted = NO_SESSION,
         .accepted_status = 400},
        {.schema = "autional.authenticate-begin.req",
         .line = "POST " AUTH "/webauthn/authenticate/begin",
         .call = PARTY_BEGIN_AUTHENTICATION},
        /* The invalid one is what one of the vendor's pages sends: refused for what it holds. */
        {.schema = "autional.authenticate-complete.req",
         .line = "POST " AUTH "/webauthn/authenticate/complete",
         .refusals = {NO_SESSION},
         .status = 400,
         .accepted = NO_SESSION,
         .accepted_status = 400},
        {.schema = "autional.login-begin.req",
         .line = "POST " AUTH "/webauthn/login/begin",
         .call = PARTY_BEGIN_AUTHENTICATION,
         .refusals = {REFUSED},
         .status = 400},
        {.schema = "autional.login-complete.req",
         .line = "POST " AUTH "/webauthn/login/complete",
         .accepted = NO_SESSION,
         .accepted_status = 400},
        {.schema = "autional.mfa.register.req",
         .line = "POST " FACTORS "/register",
         .call = PARTY_BEGIN_REGISTRATION},
        {.schema = "autional.mfa.register-verify.req",
         .line = "POST " FACTORS "/register/verify",
         .accepted = NO_SESSION,
         .accepted_status = 400},
        {.schema = "autional.mfa.rename.req",
         .line = "PUT " FACTORS "/AAEC",
         .call = PARTY_RENAME,
         .refusals = {REFUSED},
         .status = 400},
    };

    (void)state;
    http_samples_ignore("timestamp");
    http_samples_send_all("autional", samples, MEMBERS_COUNT(samples), NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        AUTIONAL_TEST(test_registration_begins),
        AUTIONAL_TEST(test_registration_finishes),
        AUTIONAL_TEST(test_sign_in_begins),
        AUTIONAL_TEST(test_sign_in_finishes),
        AUTIONAL_TEST(test_step_up),
        AUTIONAL_TEST(test_bad_bodies_are_refused),
        AUTIONAL_TEST(test_another_tenant),
        AUTIONAL_TEST(test_the_application_uses_a_recovery_code),
        AUTIONAL_TEST(test_errors),
        AUTIONAL_TEST(test_the_router_refuses),
        AUTIONAL_TEST(test_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
