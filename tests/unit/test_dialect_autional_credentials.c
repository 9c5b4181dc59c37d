/* SPDX-License-Identifier: BSD-2-Clause */
/* The Autional dialect: the user's credentials (N7, N8) and second factors (M1 to M4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/autional_exchanges.h"

#define LIST_RES "autional.mfa.credentials-list.res"
#define ITEM_RES "autional.mfa.credential.res"

#define PASSKEY                                                                                    \
    "{'credentialId':'AAEC','name':'Laptop','aaguid':'01020304-0506-0708-0102-030405060708',"      \
    "'fmt':'none','transports':['usb','nfc'],'userVerified':true,'backupEligible':true,"           \
    "'backupState':false,'created':1795838400,'lastUsed':1795838460}"
#define ITEM                                                                                       \
    "{'id':'AAEC','credential_id':'AAEC','name':'Laptop','device_info':'FIDO2',"                   \
    "'created_at':'2026-11-28T04:00:00Z','last_used_at':'2026-11-28T04:01:00Z'}"

/* --- N7, N8 ----------------------------------------------------------------------------------- */

static void test_own_credentials(void **state)
{
    (void)state;
    fake_request("GET " AUTH "/me/webauthn-credentials", NULL);
    fake_call_has(PARTY_LIST, "{'bearer':'aa.bb.cc','limit':1000}");
    fake_done("{'items':[" PASSKEY ",{'credentialId':'AA','created':1795838400,'lastUsed':0}],"
              "'total':2}");
    autional_answered(
        200, SIMPLE_RES,
        "{'code':0,'message':'success','data':[{'id':'AAEC','name':'Laptop',"
        "'credential_id':'AAEC','aaguid':'01020304-0506-0708-0102-030405060708',"
        "'attestation_type':'none','transports':'usb,nfc','backup_eligible':true,"
        "'backup_state':false,'user_verified':true,'created_at':'2026-11-28T04:00:00Z',"
        "'last_used_at':'2026-11-28T04:01:00Z'},{'id':'AA','credential_id':'AA',"
        "'transports':'','backup_eligible':false,'backup_state':false,'user_verified':false,"
        "'created_at':'2026-11-28T04:00:00Z'}]}");
    fake_request("DELETE /bff/identity/api/v1/auth/me/webauthn-credentials/AAEC", NULL);
    fake_call_has(PARTY_REMOVE, "{'bearer':'aa.bb.cc'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done("null");
    autional_answered(200, SIMPLE_RES, "{'code':0,'message':'success'}");
}

/* --- M1 --------------------------------------------------------------------------------------- */

static void listed(const char *query, int offset, int limit, const char *pagination)
{
    PK_AUTO_FREE char *line = pk_text_format("GET " FACTORS "%s", query);
    PK_AUTO_FREE char *options =
        pk_text_format("{'bearer':'aa.bb.cc','offset':%d,'limit':%d}", offset, limit);
    PK_AUTO_FREE char *body =
        pk_text_format("{'code':0,'message':'success','items':[" ITEM "],'total':41,"
                       "'pagination':{%s}}",
                       pagination);

    fake_request(line, NULL);
    fake_call_has(PARTY_LIST, options);
    fake_done("{'items':[" PASSKEY "],'total':41}");
    autional_answered(200, LIST_RES, body);
}

static void test_factors(void **state)
{
    (void)state;
    listed("", 0, 20,
           "'page':1,'page_size':20,'total':41,'total_pages':3,'has_next':true,'has_prev':false");
    listed("?page=2&page_size=20", 20, 20,
           "'page':2,'page_size':20,'total':41,'total_pages':3,'has_next':true,'has_prev':true");
    listed("?page=3", 40, 20,
           "'page':3,'page_size':20,'total':41,'total_pages':3,'has_next':false,'has_prev':true");
    autional_refused("GET " FACTORS "?page=0", NULL, INVALID);
    autional_refused("GET " FACTORS "?page=x", NULL, INVALID);
    autional_refused("GET " FACTORS "?page_size=101", NULL, INVALID);
    fake_request("GET /bff/mfa/api/v1/mfa/webauthn/credentials", NULL);
    fake_done("{'items':[],'total':0}");
    autional_answered(200, LIST_RES,
                      "{'code':0,'message':'success','items':[],'total':0,'pagination':{'page':1,"
                      "'page_size':20,'total':0,'total_pages':0,'has_next':false,"
                      "'has_prev':false}}");
}

/* --- M2, M3 ----------------------------------------------------------------------------------- */

static void test_a_factor_is_registered(void **state)
{
    (void)state;
    fake_request("POST " FACTORS "/register", "{\"display_name\":\"Ann\"}");
    fake_call_has(PARTY_BEGIN_REGISTRATION,
                  "{'bearer':'aa.bb.cc','purpose':'mfa-registration','mfa':true,"
                  "'displayName':'Ann','sole':true,'exclude':false,'attestation':'none',"
                  "'residentKey':'discouraged','userVerification':'preferred',"
                  "'algorithms':['EdDSA','ES256','RS256']}");
    fake_begun(HTTP_CHALLENGE,
               "{'rp':{'name':'Portal','id':'portal.example'},"
               "'user':{'id':'dXNyXzAx','displayName':'Ann','name':'ann'},"
               "'challenge':'" HTTP_CHALLENGE "','pubKeyCredParams':[{'type':'public-key',"
               "'alg':-8}],'timeout':300000,'authenticatorSelection':{"
               "'residentKey':'discouraged','userVerification':'preferred'},"
               "'attestation':'none'}");
    autional_answered(200, "autional.register-begin.res",
                      "{'code':0,'message':'success','data':{'publicKey':{"
                      "'rp':{'id':'portal.example','name':'Portal'},"
                      "'user':{'id':'dXNyXzAx','name':'ann','displayName':'Ann'},"
                      "'challenge':'" HTTP_CHALLENGE "','pubKeyCredParams':[{"
                      "'type':'public-key','alg':-8}],'timeout':300000,'attestation':'none',"
                      "'authenticatorSelection':{'residentKey':'discouraged',"
                      "'userVerification':'preferred'}}}}");
    fake_request("POST " FACTORS "/register/verify", SNAKE_ATTESTATION);
    fake_call_has(PARTY_FINISH_REGISTRATION, "{'bearer':'aa.bb.cc','purpose':'mfa-registration'}");
    assert_string_equal(fake_call_id(), "");
    assert_string_equal(fake_call_credential(), HTTP_ATTESTATION);
    fake_done("{'credential':" PASSKEY ",'user':{}}");
    autional_answered(200, ITEM_RES, "{'code':0,'message':'success','data':" ITEM "}");
    autional_refused("POST " FACTORS "/register/verify", "{\"credential\":" SNAKE_ATTESTATION "}",
                     INVALID);
    autional_refused("POST " FACTORS "/register/verify", HTTP_ATTESTATION, INVALID);
}

/* --- M4 --------------------------------------------------------------------------------------- */

static void test_one_factor(void **state)
{
    (void)state;
    fake_request("GET " FACTORS "/AAEC", NULL);
    fake_call_has(PARTY_LIST, "{'bearer':'aa.bb.cc','credentialId':'AAEC'}");
    fake_done("{'items':[" PASSKEY "],'total':1}");
    autional_answered(200, ITEM_RES, "{'code':0,'message':'success','data':" ITEM "}");
    fake_request("GET " FACTORS "/AAEC", NULL);
    fake_done("{'items':[],'total':0}");
    autional_failed(404, 40000604, "credential not found");
    fake_request("PUT " FACTORS "/AAEC", "{\"name\":\"Laptop\"}");
    fake_call_has(PARTY_RENAME, "{'bearer':'aa.bb.cc','name':'Laptop'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done(PASSKEY);
    autional_answered(200, ITEM_RES, "{'code':0,'message':'success','data':" ITEM "}");
    fake_request("DELETE " FACTORS "/AAEC", NULL);
    fake_call_has(PARTY_REMOVE, "{'bearer':'aa.bb.cc'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done("null");
    fake_answered(204, NULL, NULL);
}

static void test_errors(void **state)
{
    static const char *const ones[][2] = {
        {"DELETE " AUTH "/me/webauthn-credentials/AAEC", NULL},
        {"GET " FACTORS "/AAEC", NULL},
        {"PUT " FACTORS "/AAEC", "{\"name\":\"x\"}"},
        {"DELETE " FACTORS "/AAEC", NULL},
    };
    static const char *const lists[] = {"GET " AUTH "/me/webauthn-credentials", "GET " FACTORS};
    char name[130] = "";

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(ones); i++) {
        fake_request(ones[i][0], ones[i][1]);
        fake_failed(PARTY_UNKNOWN_CREDENTIAL, NULL);
        autional_failed(404, 40000604, "credential not found");
        fake_request(ones[i][0], ones[i][1]);
        fake_failed(PARTY_UNKNOWN_USER, NULL);
        autional_failed(404, 40000604, "credential not found");
        fake_request(ones[i][0], ones[i][1]);
        fake_failed(PARTY_TOKEN_EXPIRED, NULL);
        autional_failed(401, 40000501, "unauthorized");
    }
    for (size_t i = 0; i < MEMBERS_COUNT(lists); i++) {
        fake_request(lists[i], NULL);
        fake_failed(PARTY_NOT_SIGNED_IN, NULL);
        autional_failed(401, 40000501, "unauthorized");
    }
    fake_request("POST " FACTORS "/register/verify", SNAKE_ATTESTATION);
    fake_failed(PARTY_UNKNOWN_CHALLENGE, NULL);
    autional_failed(400, 40000601, "webauthn session not found or expired");
    fake_request("POST " FACTORS "/register/verify", SNAKE_ATTESTATION);
    fake_failed(PARTY_REFUSED, "origin-mismatch");
    autional_failed(400, 40000602, "webauthn verification failed");
    fake_request("POST " FACTORS "/register", NULL);
    fake_failed(PARTY_LIMITED, NULL);
    autional_failed(429, 42900000, "too many requests");
    autional_refused("GET " FACTORS "/A%2BA", NULL, 404, 40000604, "credential not found");
    autional_refused("DELETE " AUTH "/me/webauthn-credentials/x", NULL, 404, 40000604,
                     "credential not found");
    autional_refused("PUT " FACTORS "/AAEC", "{\"name\":\"\"}", INVALID);
    memset(name, 'x', 129);
    fake_send("PUT " FACTORS "/AAEC", "{\"name\":\"%s\"}", name);
    autional_failed(INVALID);
    fake_request("PUT " FACTORS "/AAEC", "{\"name\":\"x\"}");
    fake_failed(PARTY_EXISTS, NULL);
    autional_failed(400, 40000001, "the name is taken");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        AUTIONAL_TEST(test_own_credentials),
        AUTIONAL_TEST(test_factors),
        AUTIONAL_TEST(test_a_factor_is_registered),
        AUTIONAL_TEST(test_one_factor),
        AUTIONAL_TEST(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
