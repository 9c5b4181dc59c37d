/* SPDX-License-Identifier: BSD-2-Clause */
/* The Authsignal dialect: the client's ceremonies (A1 to A5, A8), and the samples of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gateway/members.h"
#include "tests/unit/authsignal_exchanges.h"

#define CREATION_RES "authsignal.registration-options.res"
#define REQUEST_RES  "authsignal.authentication-options.res"
#define ADDED_RES    "authsignal.add-authenticator.res"
#define VERIFIED_RES "authsignal.verify-passkey.res"

#define PARAMETERS                                                                                 \
    "'pubKeyCredParams':[{'type':'public-key','alg':-8},{'type':'public-key','alg':-7},"           \
    "{'type':'public-key','alg':-257}]"
#define ALGORITHMS "'algorithms':['EdDSA','ES256','RS256']"

#define REGISTRATION(credential)                                                                   \
    "{\"challengeId\":\"" FAKE_ID "\",\"registrationCredential\":" credential                      \
    ",\"conditionalCreate\":false}"
#define VERIFICATION(credential)                                                                   \
    "{\"challengeId\":\"" FAKE_ID "\",\"authenticationCredential\":" credential                    \
    ",\"deviceId\":\"d1\"}"

/* --- A1, A2 ----------------------------------------------------------------------------------- */

static void test_registration_begins(void **state)
{
    static const char *const lines[] = {"POST " PASSKEYS "/registration-options",
                                        "POST " PASSKEYS "/registration-options/web"};

    (void)state;
    with_token();
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++) {
        fake_request(lines[i], "{\"username\":\"ann@a.example\",\"displayName\":\"Ann\","
                               "\"authenticatorAttachment\":\"platform\"}");
        fake_call_has(PARTY_BEGIN_REGISTRATION,
                      "{'bearer':'aa.bb.cc','purpose':'registration','userName':'ann@a.example',"
                      "'displayName':'Ann','authenticatorAttachment':'platform',"
                      "'residentKey':'required','requireResidentKey':true,"
                      "'userVerification':'required','attestation':'none','exclude':true,"
                      "'credProps':true," ALGORITHMS "}");
        fake_begun(FAKE_ID, "{'rp':{'id':'portal.example','name':'Portal'},"
                            "'user':{'displayName':'Ann','name':'ann@a.example','id':'dS00Mw'},"
                            "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'timeout':600000,"
                            "'authenticatorSelection':{'authenticatorAttachment':'platform',"
                            "'residentKey':'required','requireResidentKey':true,"
                            "'userVerification':'required'},'attestation':'none',"
                            "'extensions':{'credProps':true}}");
        fake_answered(
            200, CREATION_RES,
            "{'challengeId':'" FAKE_ID "','options':{'challenge':'" HTTP_CHALLENGE "',"
            "'rp':{'name':'Portal','id':'portal.example'},"
            "'user':{'id':'dS00Mw','name':'ann@a.example','displayName':'Ann'}," PARAMETERS
            ",'timeout':60000,'attestation':'none','excludeCredentials':[],"
            "'authenticatorSelection':{'authenticatorAttachment':'platform',"
            "'residentKey':'required','requireResidentKey':true,"
            "'userVerification':'required'},'extensions':{'credProps':true}}}");
    }
    /* A timeout that is shorter than the one to show is shown; what is registered is excluded. */
    fake_request(lines[0], NULL);
    fake_begun(FAKE_ID, "{'rp':{'id':'portal.example','name':'Portal'},"
                        "'user':{'displayName':'Ann','name':'ann@a.example','id':'dS00Mw'},"
                        "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'timeout':30000,"
                        "'excludeCredentials':[{'type':'public-key','id':'AAEC'}],"
                        "'authenticatorSelection':{'residentKey':'required',"
                        "'requireResidentKey':true,'userVerification':'required'},"
                        "'attestation':'none'}");
    fake_answered(200, CREATION_RES,
                  "{'challengeId':'" FAKE_ID "','options':{'challenge':'" HTTP_CHALLENGE "',"
                  "'rp':{'name':'Portal','id':'portal.example'},"
                  "'user':{'id':'dS00Mw','name':'ann@a.example','displayName':'Ann'}," PARAMETERS
                  ",'timeout':30000,'attestation':'none',"
                  "'excludeCredentials':[{'id':'AAEC','type':'public-key'}],"
                  "'authenticatorSelection':{'residentKey':'required','requireResidentKey':true,"
                  "'userVerification':'required'}}}");
}

static void test_payment(void **state)
{
    (void)state;
    with_token();
    fake_request("POST " PASSKEYS "/registration-options",
                 "{\"securePaymentConfirmation\":true,\"instrumentDisplayName\":\"Card 1234\","
                 "\"authenticatorAttachment\":\"cross-platform\"}");
    fake_call_has(PARTY_BEGIN_REGISTRATION,
                  "{'bearer':'aa.bb.cc','purpose':'registration',"
                  "'authenticatorAttachment':'platform','residentKey':'preferred',"
                  "'requireResidentKey':false,'userVerification':'required',"
                  "'securePaymentConfirmation':true,'instrumentDisplayName':'Card 1234',"
                  "'attestation':'none','exclude':true,'credProps':true," ALGORITHMS "}");
    fake_begun(FAKE_ID, "{'rp':{'id':'portal.example','name':'Portal'},"
                        "'user':{'displayName':'Ann','name':'ann@a.example','id':'dS00Mw'},"
                        "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'timeout':60000,"
                        "'authenticatorSelection':{'authenticatorAttachment':'platform',"
                        "'residentKey':'preferred','userVerification':'required'},"
                        "'attestation':'none',"
                        "'extensions':{'credProps':true,'payment':{'isPayment':true}}}");
    fake_answered(200, CREATION_RES,
                  "{'challengeId':'" FAKE_ID "','options':{'challenge':'" HTTP_CHALLENGE "',"
                  "'rp':{'name':'Portal','id':'portal.example'},"
                  "'user':{'id':'dS00Mw','name':'ann@a.example','displayName':'Ann'}," PARAMETERS
                  ",'timeout':60000,'attestation':'none','excludeCredentials':[],"
                  "'authenticatorSelection':{'authenticatorAttachment':'platform',"
                  "'residentKey':'preferred','requireResidentKey':false,"
                  "'userVerification':'required'},"
                  "'extensions':{'credProps':true,'payment':{'isPayment':true}}}}");
    /* The name of an instrument is a payment's only. */
    fake_request("POST " PASSKEYS "/registration-options",
                 "{\"securePaymentConfirmation\":false,\"instrumentDisplayName\":\"Card\"}");
    assert_null(json_object_get(fake_call(PARTY_BEGIN_REGISTRATION), "instrumentDisplayName"));
    assert_null(json_object_get(fake_call(PARTY_BEGIN_REGISTRATION), "securePaymentConfirmation"));
}

static void test_registration_finishes(void **state)
{
    (void)state;
    with_token();
    fake_request("POST " PASSKEYS, REGISTRATION(HTTP_ATTESTATION));
    fake_call_has(PARTY_FINISH_REGISTRATION, "{'bearer':'aa.bb.cc','purpose':'registration'}");
    assert_string_equal(fake_call_id(), FAKE_ID);
    assert_string_equal(fake_call_credential(), HTTP_ATTESTATION);
    fake_done("{'credential':" DAEMON_PASSKEY ",'user':{'userId':'u-43',"
              "'userName':'ann@a.example','displayName':'Ann','passkeys':1},"
              "'tokens':{'token':'dd.ee.ff','expires':1795839000}}");
    fake_answered(200, ADDED_RES,
                  "{'isVerified':true,'accessToken':'dd.ee.ff','userAuthenticatorId':'AAEC',"
                  "'userId':'u-43','userAuthenticator':" NAMED_AUTHENTICATOR ","
                  "'credentialId':'AAEC'}");
    /* A second one is not what the user begins with; a token may be missing. */
    fake_request("POST " PASSKEYS, REGISTRATION(HTTP_ATTESTATION));
    fake_done("{'credential':" DAEMON_PASSKEY ",'user':{'userId':'u-43','passkeys':2}}");
    fake_answered(200, ADDED_RES,
                  "{'isVerified':true,'userAuthenticatorId':'AAEC','userId':'u-43',"
                  "'userAuthenticator':" SECOND_AUTHENTICATOR ","
                  "'credentialId':'AAEC'}");
}

/* iOS writes clientDataJSON in the standard alphabet with padding, and leaves the outputs out. */
static void test_standard_base64(void **state)
{
    PK_AUTO_FREE char *padded = NULL;
    PK_AUTO_FREE char *body = NULL;
    /* {"challenge":"~~~???>>>"} */
    static const char url[] = "eyJjaGFsbGVuZ2UiOiJ-fn4_Pz8-Pj4ifQ";
    AUTO_JSON json_t *credential = NULL;

    (void)state;
    padded = members_to_base64(url);
    assert_non_null(strpbrk(padded, "+/"));
    assert_non_null(strstr(padded, "="));
    body = pk_text_format("{\"challengeId\":\"" FAKE_ID "\",\"registrationCredential\":{"
                          "\"id\":\"AAEC\",\"rawId\":\"AAEC\",\"type\":\"public-key\","
                          "\"response\":{\"clientDataJSON\":\"%s\",\"attestationObject\":\"o2Nm\"},"
                          "\"authenticatorAttachment\":\"cross-platform\"}}",
                          padded);
    with_token();
    fake_request("POST " PASSKEYS, body);
    (void)fake_call(PARTY_FINISH_REGISTRATION);
    credential = json_loads(fake_call_credential(), 0, NULL);
    assert_string_equal(members_find_text(credential, "response", "clientDataJSON", NULL), url);
    assert_string_equal(members_find_text(credential, "authenticatorAttachment", NULL),
                        "cross-platform");
    /* That alphabet is for client data alone. */
    authsignal_refused("POST " PASSKEYS,
                       "{\"challengeId\":\"x\",\"registrationCredential\":{\"id\":\"AAEC\","
                       "\"rawId\":\"AAEC\",\"type\":\"public-key\",\"response\":{"
                       "\"clientDataJSON\":\"e30\",\"attestationObject\":\"o2+/\"}}}",
                       400, "invalid_request");
}

/* --- A3 to A5 --------------------------------------------------------------------------------- */

#define SIGN_IN "POST " PASSKEYS "/authentication-options"

static void test_sign_in_begins(void **state)
{
    (void)state;
    with_tenant();
    fake_request(SIGN_IN, "{}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION, "{'purpose':'login','userVerification':'required'}");
    fake_begun(FAKE_ID, "{'challenge':'" HTTP_CHALLENGE "','timeout':600000,"
                        "'rpId':'portal.example','userVerification':'required'}");
    fake_answered(200, REQUEST_RES,
                  "{'challengeId':'" FAKE_ID "','options':{'challenge':'" HTTP_CHALLENGE "',"
                  "'rpId':'portal.example','allowCredentials':[],'timeout':60000,"
                  "'userVerification':'required'}}");
    fake_request(SIGN_IN "/web", "{\"username\":\"ann@a.example\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'purpose':'login','userName':'ann@a.example','userVerification':'required'}");
    fake_begun(FAKE_ID, "{'challenge':'" HTTP_CHALLENGE "','timeout':600000,"
                        "'rpId':'portal.example','allowCredentials':[{'type':'public-key',"
                        "'id':'AAEC','transports':['usb']}],'userVerification':'required'}");
    fake_answered(200, REQUEST_RES,
                  "{'challengeId':'" FAKE_ID "','options':{'challenge':'" HTTP_CHALLENGE "',"
                  "'rpId':'portal.example','allowCredentials':[{'id':'AAEC','type':'public-key',"
                  "'transports':['usb']}],'timeout':60000,'userVerification':'required'}}");
    /* With a token it is that of the token's user, whatever name is written beside it. */
    with_token();
    fake_request(SIGN_IN, "{\"username\":\"bob\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'bearer':'aa.bb.cc','purpose':'login','userVerification':'required'}");
}

static void test_an_action_is_handed_on(void **state)
{
    static const struct {
        const char *body, *id, *options;
    } cases[] = {
        {NULL, FAKE_ID, ""},
        {"{\"action\":\"signIn\"}", FAKE_ID ".signIn", "'action':'signIn',"},
        {"{\"action\":\"signIn\",\"idempotencyKey\":\"k 1\"}", FAKE_ID ".signIn.ayAx",
         "'action':'signIn','idempotencyKey':'k 1',"},
        {"{\"idempotencyKey\":\"k 1\"}", FAKE_ID "..ayAx", "'idempotencyKey':'k 1',"},
    };
    static const char *const lines[] = {"POST /client/challenge", "POST /client/challenge/web"};

    (void)state;
    with_tenant();
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        PK_AUTO_FREE char *answer = pk_text_format("{'challengeId':'%s'}", cases[i].id);
        PK_AUTO_FREE char *options =
            pk_text_format("{%s'purpose':'login','userVerification':'required'}", cases[i].options);

        fake_request(lines[i % 2], cases[i].body);
        assert_false(fake_is_asked());
        fake_answered(200, "authsignal.challenge.res", answer);
        fake_send(SIGN_IN, "{\"challengeId\":\"%s\"}", cases[i].id);
        fake_call_has(PARTY_BEGIN_AUTHENTICATION, options);
    }
}

static void test_bad_challenge_ids(void **state)
{
    static const char *const ids[] = {
        "x",          FAKE_ID "x",        FAKE_ID ".a b",  FAKE_ID ".a.",  FAKE_ID ".a.!",
        FAKE_ID "..", FAKE_ID ".a.AA.AA", FAKE_ID ".a._w", FAKE_ID ".a.AA"};

    (void)state;
    with_tenant();
    for (size_t i = 0; i < MEMBERS_COUNT(ids); i++) {
        PK_AUTO_FREE char *body = pk_text_format("{\"challengeId\":\"%s\"}", ids[i]);

        authsignal_refused(SIGN_IN, body, 400, "invalid_request");
    }
}

static void test_sign_in_finishes(void **state)
{
    (void)state;
    with_tenant();
    fake_request("POST /client/verify/passkey", VERIFICATION(HTTP_ASSERTION));
    fake_call_has(PARTY_FINISH_AUTHENTICATION, "{'purpose':'login'}");
    assert_string_equal(fake_call_id(), FAKE_ID);
    assert_string_equal(fake_call_credential(), HTTP_ASSERTION);
    fake_done("{'credential':" DAEMON_PASSKEY ",'user':{'userId':'u-43',"
              "'userName':'ann@a.example','displayName':'Ann'},"
              "'tokens':{'token':'dd.ee.ff','expires':1795839000}}");
    fake_answered(200, VERIFIED_RES,
                  "{'isVerified':true,'accessToken':'dd.ee.ff','userId':'u-43',"
                  "'userAuthenticatorId':'AAEC','username':'ann@a.example',"
                  "'userDisplayName':'Ann'}");
    with_token();
    fake_request("POST /client/verify/passkey", VERIFICATION(HTTP_ASSERTION));
    fake_call_has(PARTY_FINISH_AUTHENTICATION, "{'bearer':'aa.bb.cc','purpose':'login'}");
    /* Nobody is signed in without a token. */
    fake_done("{'credential':" DAEMON_PASSKEY ",'user':{'userId':'u-43'}}");
    authsignal_failed(500, "internal_error");
}

/* --- errors ----------------------------------------------------------------------------------- */

static void test_bad_bodies_are_refused(void **state)
{
    static const char *const requests[][2] = {
        {"POST " PASSKEYS "/registration-options", "{"},
        {"POST " PASSKEYS "/registration-options", "[]"},
        {"POST " PASSKEYS "/registration-options", "{\"displayName\":1}"},
        {"POST " PASSKEYS "/registration-options", "{\"authenticatorAttachment\":\"any\"}"},
        {"POST " PASSKEYS, NULL},
        {"POST " PASSKEYS, "{}"},
        {"POST " PASSKEYS, "{\"challengeId\":\"x\",\"registrationCredential\":{}}"},
        {"POST " PASSKEYS, "{\"challengeId\":\"x\",\"registrationCredential\":" HTTP_ASSERTION "}"},
        {"POST " PASSKEYS,
         "{\"challengeId\":\"\",\"registrationCredential\":" HTTP_ATTESTATION "}"},
        {"POST /client/verify/passkey", "{\"challengeId\":\"x\"}"},
        {"POST /client/verify/passkey",
         "{\"challengeId\":\"x\",\"deviceId\":1,\"authenticationCredential\":" HTTP_ASSERTION "}"},
        {SIGN_IN, "{\"username\":[]}"},
        {SIGN_IN, "nonsense"},
    };
    char name[257] = "";

    (void)state;
    with_token();
    for (size_t i = 0; i < MEMBERS_COUNT(requests); i++)
        authsignal_refused(requests[i][0], requests[i][1], 400, "invalid_request");
    memset(name, 'x', 255);
    fake_send("POST " PASSKEYS "/registration-options", "{\"username\":\"%s\"}", name);
    (void)fake_call(PARTY_BEGIN_REGISTRATION);
    memset(name, 'x', 256);
    fake_send("POST " PASSKEYS "/registration-options", "{\"username\":\"%s\"}", name);
    authsignal_failed(400, "invalid_request");
}

static void test_errors(void **state)
{
    static const char *const lines[][2] = {
        {"POST " PASSKEYS "/registration-options", "{}"},
        {"POST " PASSKEYS, REGISTRATION(HTTP_ATTESTATION)},
        {SIGN_IN, "{}"},
        {"POST /client/verify/passkey", VERIFICATION(HTTP_ASSERTION)},
    };
    enum { BEGIN, ADD, ASK, VERIFY };
    static const struct {
        int line;
        enum party_outcome outcome;
        const char *reason;
        unsigned status;
        const char *error; /* NULL: isVerified is false */
    } rows[] = {
        {BEGIN, PARTY_MALFORMED, NULL, 400, "invalid_request"},
        {BEGIN, PARTY_NOT_SIGNED_IN, NULL, 401, "invalid_token"},
        {BEGIN, PARTY_TOKEN_EXPIRED, NULL, 401, "expired_token"},
        {BEGIN, PARTY_WRONG_TOKEN, NULL, 401, "invalid_token"},
        {BEGIN, PARTY_FORBIDDEN, NULL, 403, "forbidden"},
        {BEGIN, PARTY_UNKNOWN_USER, NULL, 404, "not_found"},
        {BEGIN, PARTY_EXISTS, NULL, 400, "invalid_request"},
        {BEGIN, PARTY_LIMITED, NULL, 429, "too_many_requests"},
        {BEGIN, PARTY_UNAVAILABLE, NULL, 503, "service_unavailable"},
        {BEGIN, PARTY_FAILED, NULL, 500, "internal_error"},
        {ADD, PARTY_MALFORMED, NULL, 400, "invalid_request"},
        {ADD, PARTY_UNKNOWN_CHALLENGE, NULL, 400, "invalid_request"},
        {ADD, PARTY_TOKEN_EXPIRED, NULL, 401, "expired_token"},
        {ADD, PARTY_WRONG_TOKEN, NULL, 401, "invalid_token"},
        {ADD, PARTY_REGISTERED, NULL, 400, "invalid_credential"},
        {ADD, PARTY_REFUSED, "response-malformed", 400, "invalid_request"},
        {ADD, PARTY_REFUSED, "challenge-mismatch", 200, NULL},
        {ADD, PARTY_REFUSED, "origin-mismatch", 200, NULL},
        {ASK, PARTY_UNKNOWN_USER, NULL, 404, "not_found"},
        {ASK, PARTY_NO_CREDENTIALS, NULL, 404, "not_found"},
        {VERIFY, PARTY_UNKNOWN_CHALLENGE, NULL, 400, "invalid_request"},
        {VERIFY, PARTY_REFUSED, "signature-invalid", 200, NULL},
        {VERIFY, PARTY_REFUSED, "challenge-mismatch", 200, NULL},
        {VERIFY, PARTY_REFUSED, "client-data-malformed", 400, "invalid_request"},
        {VERIFY, PARTY_REFUSED, "user-handle-mismatch", 400, "invalid_credential"},
        {VERIFY, PARTY_REFUSED, "credential-not-allowed", 400, "invalid_credential"},
        {VERIFY, PARTY_UNKNOWN_CREDENTIAL, NULL, 400, "unknown_credential"},
        {VERIFY, PARTY_NO_CREDENTIALS, NULL, 400, "unknown_credential"},
        {VERIFY, PARTY_UNKNOWN_USER, NULL, 400, "unknown_credential"},
    };

    (void)state;
    with_token();
    for (size_t i = 0; i < MEMBERS_COUNT(rows); i++) {
        fake_request(lines[rows[i].line][0], lines[rows[i].line][1]);
        assert_true(fake_is_asked());
        fake_failed(rows[i].outcome, rows[i].reason);
        if (rows[i].error)
            authsignal_failed(rows[i].status, rows[i].error);
        else
            fake_answered(200, rows[i].line == ADD ? ADDED_RES : VERIFIED_RES,
                          "{'isVerified':false}");
    }
    /* Where nobody was named, a passkey that is not there is known to nobody. */
    with_tenant();
    fake_request(lines[VERIFY][0], lines[VERIFY][1]);
    fake_failed(PARTY_REFUSED, "credential-not-allowed");
    authsignal_failed(400, "unknown_credential");
    fake_request(lines[VERIFY][0], lines[VERIFY][1]);
    fake_failed(PARTY_REFUSED, "user-handle-mismatch");
    authsignal_failed(400, "invalid_credential");
}

static void test_the_router_refuses(void **state)
{
    static const char *const lines[] = {"POST " PASSKEYS "/registration-options",
                                        "POST " PASSKEYS,
                                        SIGN_IN,
                                        "POST /client/verify/passkey",
                                        "POST /client/challenge",
                                        "GET /client/user-authenticators",
                                        "GET " PASSKEYS,
                                        "POST /users/u/actions/a",
                                        "POST /validate",
                                        "GET /users/u/authenticators",
                                        "DELETE /users/u/authenticators/AAEC"};
    static const struct {
        unsigned status;
        const char *error;
    } cases[] = {{400, "invalid_request"},     {405, "invalid_request"},   {413, "invalid_request"},
                 {415, "invalid_request"},     {429, "too_many_requests"}, {431, "invalid_request"},
                 {503, "service_unavailable"}, {500, "internal_error"}};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++)
        authsignal_refused(lines[i], "{}", 401, "unauthorized");
    authsignal_refused("GET /client/nothing", NULL, 404, "not_found");
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        fake_refuse(cases[i].status);
        authsignal_failed(cases[i].status, cases[i].error);
    }
}

/* --- samples ---------------------------------------------------------------------------------- */

#define INVALID(description)                                                                       \
    "{'error':'invalid_request','errorCode':'invalid_request','errorDescription':'" description "'}"

static void test_samples(void **state)
{
    static const struct http_sample with_tokens[] = {
        {.schema = "authsignal.registration-options.req",
         .line = "POST " PASSKEYS "/registration-options",
         .call = PARTY_BEGIN_REGISTRATION,
         .refusals = {INVALID("username has to be a string."),
                      INVALID("securePaymentConfirmation has to be a boolean.")},
         .status = 400},
        {.schema = "authsignal.add-authenticator.req",
         .line = "POST " PASSKEYS,
         .call = PARTY_FINISH_REGISTRATION,
         .refusals = {INVALID("registrationCredential is no credential.")},
         .status = 400},
        {.schema = "authsignal.authentication-options.req",
         .line = SIGN_IN,
         .call = PARTY_BEGIN_AUTHENTICATION},
        {.schema = "authsignal.verify-passkey.req",
         .line = "POST /client/verify/passkey",
         .call = PARTY_FINISH_AUTHENTICATION,
         .refusals = {INVALID("authenticationCredential is no credential.")},
         .status = 400},
    };
    static const struct http_sample with_secrets[] = {
        {.schema = "authsignal.server.track.req",
         .line = "POST /users/u-43/actions/signIn",
         .call = PARTY_ISSUE_TOKEN},
        {.schema = "authsignal.server.validate.req",
         .line = "POST /validate",
         .call = PARTY_CHECK_TOKEN},
    };
    static const struct http_sample challenge = {
        .schema = "authsignal.challenge.req",
        .line = "POST /client/challenge",
        .refusals = {INVALID("action has to be 1 to 64 letters, digits, _ and -."),
                     INVALID("action is too long.")},
        .status = 400,
        .accepted = "{'challengeId':'" FAKE_ID ".signInWithPasskey'}",
        .accepted_status = 200,
        .accepted_schema = "authsignal.challenge.res"};
    static const char *const others[] = {"authsignal.server.", "authsignal.challenge.", NULL};

    (void)state;
    with_token();
    http_samples_send_all("authsignal", with_tokens, MEMBERS_COUNT(with_tokens), others);
    with_secret();
    for (size_t i = 0; i < MEMBERS_COUNT(with_secrets); i++)
        http_samples_send("authsignal", &with_secrets[i]);
    with_tenant();
    http_samples_send("authsignal", &challenge);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        AUTHSIGNAL_TEST(test_registration_begins),    AUTHSIGNAL_TEST(test_payment),
        AUTHSIGNAL_TEST(test_registration_finishes),  AUTHSIGNAL_TEST(test_standard_base64),
        AUTHSIGNAL_TEST(test_sign_in_begins),         AUTHSIGNAL_TEST(test_an_action_is_handed_on),
        AUTHSIGNAL_TEST(test_bad_challenge_ids),      AUTHSIGNAL_TEST(test_sign_in_finishes),
        AUTHSIGNAL_TEST(test_bad_bodies_are_refused), AUTHSIGNAL_TEST(test_errors),
        AUTHSIGNAL_TEST(test_the_router_refuses),     AUTHSIGNAL_TEST(test_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
