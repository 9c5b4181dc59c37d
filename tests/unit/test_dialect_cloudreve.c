/* SPDX-License-Identifier: BSD-2-Clause */
/* The Cloudreve dialect: C1 to C8, each with what it asks the daemon, and every row of its errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/members.h"
#include "gateway/user_agent.h"
#include "tests/unit/http_samples.h"

#include <string.h>

#define ERROR_RES    "cloudreve.error.res"
#define CREATION_RES "cloudreve.user-authn.put.res"
#define PASSKEY_RES  "cloudreve.user-authn.post.res"
#define REQUEST_RES  "cloudreve.session-authn.put.res"
#define SIGN_IN_RES  "cloudreve.session-authn.post.res"

#define PARAMETERS                                                                                 \
    "'pubKeyCredParams':[{'type':'public-key','alg':-7},{'type':'public-key','alg':-35},"          \
    "{'type':'public-key','alg':-36},{'type':'public-key','alg':-257},"                            \
    "{'type':'public-key','alg':-258},{'type':'public-key','alg':-259},"                           \
    "{'type':'public-key','alg':-37},{'type':'public-key','alg':-38},"                             \
    "{'type':'public-key','alg':-39},{'type':'public-key','alg':-8}],'timeout':300000"

#define CHROME                                                                                     \
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "     \
    "Safari/537.36"

static int start(void **state)
{
    (void)state;
    fake_start(&dialect_cloudreve);
    fake_header("Authorization", "Bearer aa.bb.cc");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

/* A credential as a text in JSON. */
static char *quoted(const char *credential)
{
    AUTO_JSON json_t *text = json_string(credential);

    return json_dumps(text, JSON_ENCODE_ANY);
}

static void send_registration(const char *credential, const char *name, const char *agent)
{
    PK_AUTO_FREE char *text = quoted(credential);

    fake_send("POST /user/authn", "{\"response\":%s,\"name\":\"%s\",\"ua\":\"%s\"}", text, name,
              agent);
}

static void send_sign_in(const char *credential)
{
    PK_AUTO_FREE char *text = quoted(credential);

    fake_send("POST /session/authn", "{\"response\":%s,\"session_id\":\"" FAKE_ID "\"}", text);
}

/* --- C1, C2 ----------------------------------------------------------------------------------- */

static void test_registration_begins(void **state)
{
    (void)state;
    fake_request("PUT /user/authn", NULL);
    fake_call_has(PARTY_BEGIN_REGISTRATION,
                  "{'bearer':'aa.bb.cc','purpose':'registration','sole':true,"
                  "'exclude':true,'residentKey':'required','requireResidentKey':true,"
                  "'userVerification':'preferred'}");
    fake_begun(HTTP_CHALLENGE,
               "{'rp':{'id':'portal.example','name':'Portal'},"
               "'user':{'id':'bHB1YQ','name':'ann@a.example','displayName':'Ann','icon':'x'},"
               "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'authenticatorSelection':{"
               "'residentKey':'required','requireResidentKey':true,"
               "'userVerification':'preferred'},'attestation':'none','hints':['hybrid'],"
               "'extensions':{'credProps':true}}");
    fake_answered(200, CREATION_RES,
                  "{'code':0,'data':{'publicKey':{'rp':{'name':'Portal','id':'portal.example'},"
                  "'user':{'name':'ann@a.example','displayName':'Ann','id':'bHB1YQ'},"
                  "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'authenticatorSelection':{"
                  "'requireResidentKey':true,'userVerification':'preferred'}}},'msg':''}");
    assert_string_equal(fake_answer_header("Cache-Control"), "private, no-cache");
}

static void test_passkeys_are_excluded(void **state)
{
    AUTO_JSON json_t *expected = fake_json(
        "[{'type':'public-key','id':'AAEC','transports':['usb']},{'type':'public-key','id':'AA'}]");
    const json_t *answer;

    (void)state;
    fake_request("PUT /user/authn", NULL);
    fake_begun(HTTP_CHALLENGE,
               "{'rp':{'id':'portal.example','name':'Portal'},"
               "'user':{'id':'bHB1YQ','name':'ann@a.example','displayName':'Ann'},"
               "'challenge':'" HTTP_CHALLENGE "'," PARAMETERS ",'excludeCredentials':["
               "{'type':'public-key','id':'AAEC','transports':['usb']},"
               "{'type':'public-key','id':'AA'}],'authenticatorSelection':{"
               "'requireResidentKey':true,'userVerification':'preferred'}}");
    answer = json_object_get(json_object_get(fake_answer(200, CREATION_RES), "data"), "publicKey");
    assert_true(json_equal(json_object_get(answer, "excludeCredentials"), expected));
}

static void test_registration_finishes(void **state)
{
    (void)state;
    send_registration(HTTP_ATTESTATION, "{browser} on {os}", CHROME);
    fake_call_has(PARTY_FINISH_REGISTRATION,
                  "{'bearer':'aa.bb.cc','purpose':'registration','name':'Chrome on Linux'}");
    assert_string_equal(fake_call_id(), "");
    assert_string_equal(fake_call_credential(), HTTP_ATTESTATION);
    fake_done("{'credential':{'credentialId':'AAEC-_8','name':'Chrome on Linux',"
              "'created':1795838400,'lastUsed':0},'user':{}}");
    fake_answered(200, PASSKEY_RES,
                  "{'code':0,'data':{'id':'AAEC+/8=','name':'Chrome on Linux',"
                  "'created_at':'2026-11-28T04:00:00Z'},'msg':''}");
}

static void test_names(void **state)
{
    char name[256 * 3 + 1] = "";

    (void)state;
    send_registration(HTTP_ATTESTATION, "{os}/{os} {browser}{x}", "curl/8");
    assert_string_equal(members_find_text(fake_call(PARTY_FINISH_REGISTRATION), "name", NULL),
                        "Other/Other Other{x}");
    for (size_t i = 0; i < 255; i++)
        strcat(name, "\xe2\x82\xac");
    send_registration(HTTP_ATTESTATION, name, "curl/8");
    assert_string_equal(members_find_text(fake_call(PARTY_FINISH_REGISTRATION), "name", NULL),
                        name);
    strcat(name, "\xe2\x82\xac");
    send_registration(HTTP_ATTESTATION, name, "curl/8");
    fake_answered(200, ERROR_RES,
                  "{'code':40001,'msg':'Name cannot have more than 255 characters'}");
}

static void test_user_agents(void **state)
{
    static const struct {
        const char *text, *browser, *system;
    } cases[] = {
        {CHROME, "Chrome", "Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
         "Edge", "Windows"},
        {"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
         "Firefox", "Ubuntu"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/17.1 Safari/605.1.15",
         "Safari", "Mac OS X"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
         "like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
         "Mobile Safari", "iOS"},
        {"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/120.0.0.0 Mobile Safari/537.36",
         "Chrome Mobile", "Android"},
        {"", "Other", "Other"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        assert_string_equal(user_agent_browser(cases[i].text), cases[i].browser);
        assert_string_equal(user_agent_system(cases[i].text), cases[i].system);
    }
}

/* --- C3, C6 ----------------------------------------------------------------------------------- */

static void test_a_passkey_is_removed(void **state)
{
    (void)state;
    fake_request("DELETE /user/authn?id=AAEC%2B%2F8%3D", NULL);
    fake_call_has(PARTY_REMOVE, "{'bearer':'aa.bb.cc'}");
    assert_string_equal(fake_call_id(), "AAEC-_8");
    fake_done("null");
    fake_answered(200, "cloudreve.user-authn.delete.res", "{'code':0,'msg':''}");
    fake_refused("DELETE /user/authn", NULL, 200, ERROR_RES,
                 "{'code':40001,'msg':'ID cannot be empty'}");
    fake_refused("DELETE /user/authn?id=", NULL, 200, ERROR_RES,
                 "{'code':40001,'msg':'ID cannot be empty'}");
    /* The url alphabet and missing padding are not what the page sends. */
    fake_refused("DELETE /user/authn?id=AAEC-_8%3D", NULL, 200, ERROR_RES,
                 "{'code':40001,'msg':'Parameter error'}");
    fake_refused("DELETE /user/authn?id=AAEC8", NULL, 200, ERROR_RES,
                 "{'code':40001,'msg':'Parameter error'}");
}

static void test_setting(void **state)
{
    (void)state;
    fake_request("GET /user/setting", NULL);
    fake_call_has(PARTY_LIST, "{'bearer':'aa.bb.cc','limit':1000}");
    fake_done("{'items':[{'credentialId':'AAEC','name':'Laptop','created':1795838400,"
              "'lastUsed':1795838460}],'total':1}");
    fake_answered(200, "cloudreve.user-setting.get.res",
                  "{'code':0,'data':{'version_retention_enabled':false,'passwordless':false,"
                  "'two_fa_enabled':false,'passkeys':[{'id':'AAEC','name':'Laptop',"
                  "'used_at':'2026-11-28T04:01:00Z','created_at':'2026-11-28T04:00:00Z'}],"
                  "'disable_view_sync':false,'share_links_in_profile':''},'msg':''}");
    fake_request("GET /user/setting", NULL);
    fake_done("{'items':[],'total':0}");
    fake_answered(200, "cloudreve.user-setting.get.res",
                  "{'code':0,'data':{'version_retention_enabled':false,'passwordless':false,"
                  "'two_fa_enabled':false,'disable_view_sync':false,"
                  "'share_links_in_profile':''},'msg':''}");
}

/* --- C4, C5 ----------------------------------------------------------------------------------- */

static void test_sign_in_begins(void **state)
{
    (void)state;
    fake_header("Authorization", NULL);
    fake_request("PUT /session/authn", NULL);
    fake_call_has(PARTY_BEGIN_AUTHENTICATION, "{'purpose':'login','userVerification':'preferred'}");
    fake_begun(FAKE_ID, "{'challenge':'" HTTP_CHALLENGE "','timeout':300000,"
                        "'rpId':'portal.example','userVerification':'preferred'}");
    fake_answered(200, REQUEST_RES,
                  "{'code':0,'data':{'options':{'publicKey':{'challenge':'" HTTP_CHALLENGE "',"
                  "'timeout':300000,'rpId':'portal.example'}},'session_id':'" FAKE_ID
                  "'},'msg':''}");
}

#define TOKENS                                                                                     \
    "'tokens':{'token':'aa.bb.cc','expires':1795842000,'refresh':'dd.ee.ff',"                      \
    "'refreshExpires':1797048000}"

static void test_sign_in_finishes(void **state)
{
    (void)state;
    send_sign_in(HTTP_ASSERTION_WITH(",\"userHandle\":\"bHB1YQ\",\"attestationObject\":\"\""));
    fake_call_has(PARTY_FINISH_AUTHENTICATION, "{'purpose':'login'}");
    assert_string_equal(fake_call_id(), FAKE_ID);
    assert_string_equal(fake_call_credential(), HTTP_ASSERTION_WITH(",\"userHandle\":\"bHB1YQ\""));
    fake_done("{'credential':{'created':1795838400},'user':{'userId':'lpua',"
              "'userName':'ann@a.example','displayName':'Ann','created':1795838460,"
              "'passkeys':1}," TOKENS "}");
    fake_answered(200, SIGN_IN_RES,
                  "{'code':0,'data':{'user':{'id':'lpua','email':'ann@a.example',"
                  "'nickname':'Ann','status':'active','created_at':'2026-11-28T04:01:00Z'},"
                  "'token':{'access_token':'aa.bb.cc','refresh_token':'dd.ee.ff',"
                  "'access_expires':'2026-11-28T05:00:00Z',"
                  "'refresh_expires':'2026-12-12T04:00:00Z'}},'msg':''}");
    /* Of a user of whom nothing else is known. */
    send_sign_in(HTTP_ASSERTION);
    fake_done("{'credential':{'created':1795838400},'user':{'userId':'lpua'}," TOKENS "}");
    fake_answered(200, SIGN_IN_RES,
                  "{'code':0,'data':{'user':{'id':'lpua','nickname':'lpua','status':'active',"
                  "'created_at':'2026-11-28T04:00:00Z'},"
                  "'token':{'access_token':'aa.bb.cc','refresh_token':'dd.ee.ff',"
                  "'access_expires':'2026-11-28T05:00:00Z',"
                  "'refresh_expires':'2026-12-12T04:00:00Z'}},'msg':''}");
}

/* A session is used up by what is no credential, too; and without tokens nobody is signed in. */
static void test_sign_in_of_nothing(void **state)
{
    static const char *const texts[] = {"{}",
                                        "{\"id\":\"AAEC\"}",
                                        "no JSON",
                                        "[]",
                                        HTTP_ASSERTION "x",
                                        HTTP_ASSERTION "{}",
                                        HTTP_ATTESTATION};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(texts); i++) {
        send_sign_in(texts[i]);
        (void)fake_call(PARTY_FINISH_AUTHENTICATION);
        assert_string_equal(fake_call_id(), FAKE_ID);
        assert_string_equal(fake_call_credential(), "{}");
        fake_failed(PARTY_REFUSED, "response-malformed");
        fake_answered(200, ERROR_RES,
                      "{'code':40001,'msg':'Failed to parse request','correlation_id':'" FAKE_ID
                      "'}");
    }
    send_sign_in(HTTP_ASSERTION);
    fake_done("{'credential':{},'user':{'userId':'lpua'}}");
    assert_int_equal(members_number(fake_answer(200, ERROR_RES), "code"), 50001);
}

/* --- C7, C8 ----------------------------------------------------------------------------------- */

static void test_prepare(void **state)
{
    static const char *const answers[] = {"{'exists':true,'passkeys':2}",
                                          "{'exists':true,'passkeys':0}"};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(answers); i++) {
        fake_request("GET /session/prepare?email=ann%40a.example", NULL);
        fake_call_has(PARTY_USER, "{'userName':'ann@a.example'}");
        fake_done(answers[i]);
        fake_answered(200, "cloudreve.session-prepare.get.res",
                      i == 0 ? "{'code':0,'data':{'webauthn_enabled':true,"
                               "'password_enabled':true},'msg':''}"
                             : "{'code':0,'data':{'webauthn_enabled':false,"
                               "'password_enabled':true},'msg':''}");
    }
    fake_request("GET /session/prepare?email=nobody", NULL);
    fake_done("{'exists':false,'passkeys':0}");
    fake_answered(200, ERROR_RES,
                  "{'code':404,'msg':'User not found','correlation_id':'" FAKE_ID "'}");
    fake_refused("GET /session/prepare", NULL, 200, ERROR_RES,
                 "{'code':40001,'msg':'Email cannot be empty'}");
    fake_request("GET /site/config/login", NULL);
    fake_answered(200, NULL, "{'code':0,'data':{'authn':true},'msg':''}");
}

/* --- errors ----------------------------------------------------------------------------------- */

static void test_bad_bodies_are_refused(void **state)
{
    static const struct {
        const char *line, *body, *msg;
    } cases[] = {
        {"POST /user/authn", NULL, "Parameter error"},
        {"POST /user/authn", "", "Parameter error"},
        {"POST /user/authn", "{", "Parameter error"},
        {"POST /user/authn", "{}", "Response cannot be empty"},
        {"POST /user/authn", "{\"response\":\"\"}", "Response cannot be empty"},
        {"POST /user/authn", "{\"response\":null}", "Response cannot be empty"},
        {"POST /user/authn", "{\"response\":\"x\"}", "Name cannot be empty"},
        {"POST /user/authn", "{\"response\":\"x\",\"name\":\"x\"}", "UA cannot be empty"},
        {"POST /user/authn", "{\"name\":7}", "JSON marshall error"},
        {"POST /session/authn", "nonsense", "Parameter error"},
        {"POST /session/authn", "{}", "Response cannot be empty"},
        {"POST /session/authn", "{\"response\":\"x\"}", "SessionID cannot be empty"},
        {"POST /session/authn", "{\"response\":{}}", "JSON marshall error"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        PK_AUTO_FREE char *answer = pk_text_format("{'code':40001,'msg':'%s'}", cases[i].msg);

        fake_refused(cases[i].line, cases[i].body, 200, ERROR_RES, answer);
    }
    fake_refused("POST /session/authn", "{\"response\":\"x\",\"session_id\":\"1\"}", 200, ERROR_RES,
                 "{'code':404,'msg':'Session not found','correlation_id':'" FAKE_ID "'}");
}

static void test_a_text_that_is_no_credential(void **state)
{
    static const char *const texts[] = {"{}", "no JSON", HTTP_ATTESTATION "x",
                                        HTTP_ATTESTATION HTTP_ATTESTATION, HTTP_ASSERTION};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(texts); i++) {
        send_registration(texts[i], "x", "x");
        /* The user's registration has had its answer with it. */
        (void)fake_call(PARTY_FINISH_REGISTRATION);
        assert_string_equal(fake_call_credential(), "{}");
        fake_failed(PARTY_REFUSED, "response-malformed");
        fake_answered(200, ERROR_RES,
                      "{'code':40001,'msg':'Failed to parse request','correlation_id':'" FAKE_ID
                      "'}");
    }
}

enum act { BEGIN, REGISTER, REMOVE, SETTING, ASK, SIGN_IN, PREPARE };

static void act(enum act act)
{
    switch (act) {
    case BEGIN:
        fake_request("PUT /user/authn", NULL);
        break;
    case REGISTER:
        send_registration(HTTP_ATTESTATION, "x", "x");
        break;
    case REMOVE:
        fake_request("DELETE /user/authn?id=AAEC", NULL);
        break;
    case SETTING:
        fake_request("GET /user/setting", NULL);
        break;
    case ASK:
        fake_request("PUT /session/authn", NULL);
        break;
    case SIGN_IN:
        send_sign_in(HTTP_ASSERTION);
        break;
    case PREPARE:
        fake_request("GET /session/prepare?email=x", NULL);
        break;
    }
}

static void test_errors(void **state)
{
    static const struct {
        enum act act;
        enum party_outcome outcome;
        const char *reason;
        int code;
        const char *msg;
    } rows[] = {
        {BEGIN, PARTY_NOT_SIGNED_IN, NULL, 401, "Login required"},
        {BEGIN, PARTY_TOKEN_EXPIRED, NULL, 401, "Login required"},
        {BEGIN, PARTY_WRONG_TOKEN, NULL, 40020, "Invalid token type"},
        {BEGIN, PARTY_FORBIDDEN, NULL, 40089, "Insufficient scope: UserSecurityInfo.Write"},
        {BEGIN, PARTY_UNKNOWN_USER, NULL, 50001, "failed to get login user"},
        {BEGIN, PARTY_MALFORMED, NULL, 40024, "Failed to begin registration"},
        {BEGIN, PARTY_FAILED, NULL, 40024, "Failed to begin registration"},
        {BEGIN, PARTY_LIMITED, NULL, 429, "Too many requests"},
        {BEGIN, PARTY_UNAVAILABLE, NULL, 50001, "Service unavailable"},
        {REGISTER, PARTY_NOT_SIGNED_IN, NULL, 401, "Login required"},
        {REGISTER, PARTY_MALFORMED, NULL, 40001, "Failed to parse request"},
        {REGISTER, PARTY_UNKNOWN_CHALLENGE, NULL, 404, "Session not found"},
        {REGISTER, PARTY_REFUSED, "origin-mismatch", 40025, "Failed to finish registration"},
        {REGISTER, PARTY_REFUSED, "client-data-malformed", 40001, "Failed to parse request"},
        {REGISTER, PARTY_REGISTERED, NULL, 50001, "Failed to add passkey"},
        {REGISTER, PARTY_REGISTERED, "of-another-user", 40025, "Failed to finish registration"},
        {REGISTER, PARTY_EXISTS, NULL, 50001, "Failed to add passkey"},
        {REGISTER, PARTY_LIMITED, NULL, 50001, "Failed to add passkey"},
        {REGISTER, PARTY_FAILED, NULL, 50001, "Failed to add passkey"},
        {REMOVE, PARTY_WRONG_TOKEN, NULL, 40020, "Invalid token type"},
        {REMOVE, PARTY_UNKNOWN_CREDENTIAL, NULL, 404, "Passkey not found"},
        {REMOVE, PARTY_NO_CREDENTIALS, NULL, 404, "Passkey not found"},
        {REMOVE, PARTY_MALFORMED, NULL, 404, "Passkey not found"},
        {SETTING, PARTY_NOT_SIGNED_IN, NULL, 401, "Login required"},
        {SETTING, PARTY_MALFORMED, NULL, 40001, "Parameter error"},
        {SETTING, PARTY_FAILED, NULL, 50001, "Internal error"},
        {ASK, PARTY_FAILED, NULL, 40024, "Failed to begin registration"},
        {ASK, PARTY_LIMITED, NULL, 429, "Too many requests"},
        {SIGN_IN, PARTY_UNKNOWN_CHALLENGE, NULL, 404, "Session not found"},
        {SIGN_IN, PARTY_MALFORMED, NULL, 40001, "Failed to parse request"},
        {SIGN_IN, PARTY_REFUSED, "signature-invalid", 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_REFUSED, "user-handle-missing", 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_UNKNOWN_USER, NULL, 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_UNKNOWN_CREDENTIAL, NULL, 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_NO_CREDENTIALS, NULL, 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_FORBIDDEN, NULL, 40025, "Failed to validate login"},
        {SIGN_IN, PARTY_UNAVAILABLE, NULL, 50001, "Service unavailable"},
        {PREPARE, PARTY_UNKNOWN_USER, NULL, 404, "User not found"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(rows); i++) {
        PK_AUTO_FREE char *expected = pk_text_format(
            "{'code':%d,'msg':'%s','correlation_id':'" FAKE_ID "'}", rows[i].code, rows[i].msg);

        act(rows[i].act);
        assert_true(fake_is_asked());
        fake_failed(rows[i].outcome, rows[i].reason);
        fake_answered(200, ERROR_RES, expected);
    }
}

static void test_every_outcome_has_an_answer(void **state)
{
    (void)state;
    for (int each = BEGIN; each <= PREPARE; each++)
        for (int outcome = PARTY_DONE + 1; outcome < PARTY_OUTCOMES; outcome++) {
            act((enum act)each);
            fake_failed((enum party_outcome)outcome, "no-such-reason");
            assert_true(members_number(fake_answer(200, ERROR_RES), "code") > 0);
        }
}

static void test_the_router_refuses(void **state)
{
    static const struct {
        unsigned asked, status;
        int code;
    } cases[] = {
        {400, 200, 40001}, {415, 200, 40001}, {405, 200, 404},   {413, 413, 40001},
        {431, 431, 40001}, {429, 429, 429},   {503, 503, 50001}, {500, 500, 50001},
    };
    static const char *const lines[] = {"PUT /user/authn", "POST /user/authn", "DELETE /user/authn",
                                        "GET /user/setting"};

    (void)state;
    fake_header("Authorization", NULL);
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++)
        fake_refused(lines[i], NULL, 200, ERROR_RES,
                     "{'code':401,'msg':'Login required','correlation_id':'" FAKE_ID "'}");
    fake_refused("GET /nowhere", NULL, 200, ERROR_RES,
                 "{'code':404,'msg':'Not found','correlation_id':'" FAKE_ID "'}");
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        fake_refuse(cases[i].asked);
        assert_int_equal(members_number(fake_answer(cases[i].status, ERROR_RES), "code"),
                         cases[i].code);
    }
}

/* --- samples ---------------------------------------------------------------------------------- */

static const struct http_sample samples[] = {
    {.schema = "cloudreve.user-authn.post.req",
     .line = "POST /user/authn",
     .refusals = {"{'code':40001,'msg':'Response cannot be empty'}",
                  "{'code':40001,'msg':'JSON marshall error'}",
                  "{'code':40001,'msg':'UA cannot be empty'}"},
     .call = PARTY_FINISH_REGISTRATION,
     .status = 200},
    {.schema = "cloudreve.session-authn.post.req",
     .line = "POST /session/authn",
     .call = PARTY_FINISH_AUTHENTICATION,
     .refusals = {"{'code':40001,'msg':'SessionID cannot be empty'}"},
     .status = 200},
};

static void test_samples(void **state)
{
    (void)state;
    http_samples_send_all("cloudreve", samples, MEMBERS_COUNT(samples), NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(test_registration_begins),
        TEST(test_passkeys_are_excluded),
        TEST(test_registration_finishes),
        TEST(test_names),
        TEST(test_user_agents),
        TEST(test_a_passkey_is_removed),
        TEST(test_setting),
        TEST(test_sign_in_begins),
        TEST(test_sign_in_finishes),
        TEST(test_sign_in_of_nothing),
        TEST(test_prepare),
        TEST(test_bad_bodies_are_refused),
        TEST(test_a_text_that_is_no_credential),
        TEST(test_errors),
        TEST(test_every_outcome_has_an_answer),
        TEST(test_the_router_refuses),
        TEST(test_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
