/* SPDX-License-Identifier: BSD-2-Clause */
/* The Authsignal dialect: lists of authenticators and the server API (A6, A7, S1 to S3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gateway/members.h"
#include "tests/unit/authsignal_exchanges.h"

#define LIST_RES     "authsignal.user-authenticators.list.res"
#define PASSKEY_RES  "authsignal.user-authenticators-passkey.get.res"
#define TRACK_RES    "authsignal.server.track.res"
#define VALIDATE_RES "authsignal.server.validate.res"

#define USED_PASSKEY                                                                               \
    "{'credentialId':'AAEC','name':'Laptop','aaguid':'01020304-0506-0708-0102-030405060708',"      \
    "'backupEligible':true,'backupState':false,'created':1795838400,'lastUsed':1795838460}"

static void test_lists(void **state)
{
    static const struct {
        const char *line, *options;
    } cases[] = {
        {"GET /client/user-authenticators",
         "{'bearer':'aa.bb.cc','oldestFirst':true,'limit':1000}"},
        {"GET /users/u-43/authenticators",
         "{'apiKey':'secret','userId':'u-43','oldestFirst':true,'limit':1000}"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        if (i == 0)
            with_token();
        else
            with_secret();
        fake_request(cases[i].line, NULL);
        fake_call_has(PARTY_LIST, cases[i].options);
        fake_done("{'items':[" DAEMON_PASSKEY "," USED_PASSKEY "],'total':2}");
        fake_answered(200, LIST_RES, "[" FIRST_AUTHENTICATOR "," USED_AUTHENTICATOR "]");
        fake_request(cases[i].line, NULL);
        fake_done("{'items':[],'total':0}");
        fake_answered(200, LIST_RES, "[]");
    }
    with_secret();
    fake_request("GET /users/u-43/authenticators", NULL);
    fake_failed(PARTY_UNKNOWN_USER, NULL);
    fake_answered(200, LIST_RES, "[]");
}

/* --- A7 --------------------------------------------------------------------------------------- */

static void test_a_passkey_is_found(void **state)
{
    (void)state;
    with_tenant();
    fake_request("GET " PASSKEYS "?credentialId=AAEC", NULL);
    fake_call_has(PARTY_LIST, "{'credentialId':'AAEC'}");
    fake_done("{'items':[" DAEMON_PASSKEY "],'total':1}");
    fake_answered(200, PASSKEY_RES,
                  "{'credentialId':'AAEC','verifiedAt':'2026-11-28T04:00:00.000Z'}");
    /* The first of several that there is. */
    fake_request("GET " PASSKEYS "?credentialIds=AA,BBBB%2CAAEC,CCCC", NULL);
    fake_call_has(PARTY_LIST, "{'credentialId':'AA'}");
    fake_done("{'items':[],'total':0}");
    fake_call_has(PARTY_LIST, "{'credentialId':'BBBB'}");
    fake_failed(PARTY_UNKNOWN_CREDENTIAL, NULL);
    fake_call_has(PARTY_LIST, "{'credentialId':'AAEC'}");
    fake_done("{'items':[" USED_PASSKEY "],'total':1}");
    fake_answered(200, PASSKEY_RES,
                  "{'credentialId':'AAEC','verifiedAt':'2026-11-28T04:01:00.000Z'}");
}

static void test_a_passkey_is_not_found(void **state)
{
    static const char *const lines[] = {
        "GET " PASSKEYS "?credentialIds=",
        "GET " PASSKEYS "?credentialIds=AA,",
        "GET " PASSKEYS "?credentialIds=,AA",
        "GET " PASSKEYS "?credentialId=A%2BA",
        "GET " PASSKEYS
        "?credentialIds=AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA,AA",
    };

    (void)state;
    with_tenant();
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++)
        authsignal_refused(lines[i], NULL, 400, "invalid_credential");
    authsignal_refused("GET " PASSKEYS, NULL, 400, "invalid_request");
    fake_request("GET " PASSKEYS "?credentialIds=AA,AAEC", NULL);
    fake_done("{'items':[],'total':0}");
    fake_done("{'items':[],'total':0}");
    authsignal_failed(400, "invalid_credential");
    fake_request("GET " PASSKEYS "?credentialIds=AA,AAEC", NULL);
    fake_failed(PARTY_UNAVAILABLE, NULL);
    authsignal_failed(503, "service_unavailable");
}

/* --- S1, S2 ----------------------------------------------------------------------------------- */

static void test_track(void **state)
{
    (void)state;
    with_secret();
    fake_request(
        "POST /users/u%2F43/actions/signIn",
        "{\"username\":\"ann\",\"email\":\"ann@a.example\",\"scope\":\"add:authenticators\","
        "\"idempotencyKey\":\"k1\",\"custom\":{},\"redirectUrl\":\"https://x\"}");
    fake_call_has(PARTY_ISSUE_TOKEN,
                  "{'apiKey':'secret','userId':'u/43','userName':'ann','email':'ann@a.example',"
                  "'action':'signIn','idempotencyKey':'k1','scope':'add:authenticators'}");
    fake_done("{'userId':'u/43','passkeys':1,'enrolled':true,'token':'aa.bb.cc',"
              "'expires':1795839000}");
    fake_answered(200, TRACK_RES,
                  "{'idempotencyKey':'k1','state':'CHALLENGE_REQUIRED',"
                  "'url':'https://portal.example','token':'aa.bb.cc','isEnrolled':true,"
                  "'enrolledVerificationMethods':['PASSKEY'],"
                  "'allowedVerificationMethods':['PASSKEY']}");
    fake_request("POST /users/u-43/actions/signIn", NULL);
    fake_call_has(PARTY_ISSUE_TOKEN, "{'apiKey':'secret','userId':'u-43','action':'signIn',"
                                     "'idempotencyKey':'" FAKE_ID "'}");
    fake_done("{'userId':'u-43','passkeys':0,'enrolled':false,'token':'aa.bb.cc'}");
    fake_answered(200, TRACK_RES,
                  "{'idempotencyKey':'" FAKE_ID "','state':'CHALLENGE_REQUIRED',"
                  "'url':'https://portal.example','token':'aa.bb.cc','isEnrolled':false,"
                  "'enrolledVerificationMethods':[],'allowedVerificationMethods':['PASSKEY']}");
    fake_request("POST /users/u-43/actions/signIn", NULL);
    fake_done("{'userId':'u-43','enrolled':false}");
    authsignal_failed(500, "internal_error");
}

#define CLAIMS(approved, refresh)                                                                  \
    "{'valid':true,'userId':'u-43','approved':" approved ",'refresh':" refresh                     \
    ",'expires':1795839000,'claims':{'sub':'u-43','iat':1795838400,'other':{'actionCode':"         \
    "'signIn','idempotencyKey':'k1'}}}"

static void test_validate(void **state)
{
    static const struct {
        const char *body, *result, *answer;
    } cases[] = {
        {"{\"token\":\"aa.bb.cc\",\"userId\":\"u-43\",\"action\":\"signIn\"}",
         CLAIMS("true", "false"),
         "{'isValid':true,'state':'CHALLENGE_SUCCEEDED',"
         "'stateUpdatedAt':'2026-11-28T04:00:00.000Z','userId':'u-43','actionCode':'signIn',"
         "'idempotencyKey':'k1','verificationMethod':'PASSKEY'}"},
        {"{\"token\":\"aa.bb.cc\"}", "{'valid':true,'userId':'u-43','approved':true,'claims':{}}",
         "{'isValid':true,'state':'CHALLENGE_SUCCEEDED','userId':'u-43',"
         "'verificationMethod':'PASSKEY'}"},
        /* The token of track() is one, but says nothing of a passkey. */
        {"{\"token\":\"aa.bb.cc\"}", CLAIMS("false", "false"),
         "{'isValid':false,'state':'CHALLENGE_REQUIRED',"
         "'stateUpdatedAt':'2026-11-28T04:00:00.000Z','userId':'u-43','actionCode':'signIn',"
         "'idempotencyKey':'k1'}"},
        {"{\"token\":\"aa.bb.cc\"}", CLAIMS("true", "true"),
         "{'isValid':false,'state':'CHALLENGE_REQUIRED',"
         "'stateUpdatedAt':'2026-11-28T04:00:00.000Z','userId':'u-43','actionCode':'signIn',"
         "'idempotencyKey':'k1'}"},
        {"{\"token\":\"aa.bb.cc\",\"userId\":\"u-44\"}", CLAIMS("true", "false"),
         "{'isValid':false,'error':'invalid_token'}"},
        {"{\"token\":\"aa.bb.cc\",\"action\":\"pay\"}", CLAIMS("true", "false"),
         "{'isValid':false,'error':'invalid_token'}"},
        {"{\"token\":\"aa.bb.cc\",\"action\":\"pay\"}",
         "{'valid':true,'userId':'u-43','approved':true,'claims':{}}",
         "{'isValid':false,'error':'invalid_token'}"},
        {"{\"token\":\"aa.bb.cc\"}", "{'valid':false,'reason':'token-expired'}",
         "{'isValid':false,'error':'expired_token'}"},
        {"{\"token\":\"aa.bb.cc\"}", "{'valid':false,'reason':'wrong-token'}",
         "{'isValid':false,'error':'invalid_token'}"},
    };

    (void)state;
    with_secret();
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        fake_request("POST /validate", cases[i].body);
        fake_call_has(PARTY_CHECK_TOKEN, "{'apiKey':'secret'}");
        assert_string_equal(fake_call_id(), "aa.bb.cc");
        fake_done(cases[i].result);
        fake_answered(200, VALIDATE_RES, cases[i].answer);
    }
}

/* --- S3 --------------------------------------------------------------------------------------- */

static void test_remove(void **state)
{
    (void)state;
    with_secret();
    fake_request("DELETE /users/u-43/authenticators/AAEC", NULL);
    fake_call_has(PARTY_LIST, "{'apiKey':'secret','userId':'u-43','credentialId':'AAEC'}");
    fake_done("{'items':[" DAEMON_PASSKEY "],'total':1}");
    fake_call_has(PARTY_REMOVE, "{'apiKey':'secret'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done("null");
    fake_answered(200, NULL, "{'success':true}");
    /* Gone meanwhile. */
    fake_request("DELETE /users/u-43/authenticators/AAEC", NULL);
    fake_done("{'items':[" DAEMON_PASSKEY "],'total':1}");
    fake_failed(PARTY_UNKNOWN_CREDENTIAL, NULL);
    authsignal_failed(404, "not_found");
    /* Somebody else's. */
    fake_request("DELETE /users/u-43/authenticators/AAEC", NULL);
    fake_done("{'items':[],'total':0}");
    authsignal_failed(404, "not_found");
    authsignal_refused("DELETE /users/u-43/authenticators/A+", NULL, 404, "not_found");
}

/* --- errors ----------------------------------------------------------------------------------- */

static void test_errors(void **state)
{
    static const char *const requests[][2] = {
        {"POST /users/u-43/actions/signIn", "{}"},
        {"POST /validate", "{\"token\":\"x\"}"},
        {"GET /users/u-43/authenticators", NULL},
        {"DELETE /users/u-43/authenticators/AAEC", NULL},
    };
    static const struct {
        enum party_outcome outcome;
        unsigned status;
        const char *error;
    } rows[] = {
        {PARTY_NOT_SIGNED_IN, 401, "unauthorized"}, {PARTY_WRONG_TOKEN, 401, "unauthorized"},
        {PARTY_MALFORMED, 400, "invalid_request"},  {PARTY_UNAVAILABLE, 503, "service_unavailable"},
        {PARTY_LIMITED, 429, "too_many_requests"},  {PARTY_FAILED, 500, "internal_error"},
    };

    (void)state;
    with_secret();
    for (size_t i = 0; i < MEMBERS_COUNT(requests); i++)
        for (size_t j = 0; j < MEMBERS_COUNT(rows); j++) {
            fake_request(requests[i][0], requests[i][1]);
            fake_failed(rows[j].outcome, NULL);
            authsignal_failed(rows[j].status, rows[j].error);
        }
    authsignal_refused("POST /users/u-43/actions/a%20b", "{}", 400, "invalid_request");
    authsignal_refused("POST /users/u-43/actions/a", "{\"scope\":7}", 400, "invalid_request");
    authsignal_refused("POST /validate", "{}", 400, "invalid_request");
    authsignal_refused("POST /validate", NULL, 400, "invalid_request");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        AUTHSIGNAL_TEST(test_lists),
        AUTHSIGNAL_TEST(test_a_passkey_is_found),
        AUTHSIGNAL_TEST(test_a_passkey_is_not_found),
        AUTHSIGNAL_TEST(test_track),
        AUTHSIGNAL_TEST(test_validate),
        AUTHSIGNAL_TEST(test_remove),
        AUTHSIGNAL_TEST(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
