/* SPDX-License-Identifier: BSD-2-Clause */
/* The Hanko dialect: H1 to H15, each with what it asks the daemon, and each row of its errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/members.h"
#include "tests/unit/hanko_exchanges.h"

#include <string.h>

/* What the daemon gives for a registration, in its own order and with what Hanko never sends. */
#define DAEMON_CREATION                                                                            \
    "{'rp':{'name':'Portal','id':'portal.example','icon':'https://portal.example/i.png'},"         \
    "'user':{'id':'dS0x','name':'ann','displayName':'Ann','icon':'https://a.example/a.png'},"      \
    "'challenge':'" HTTP_CHALLENGE "','pubKeyCredParams':[{'type':'public-key','alg':-7},"         \
    "{'type':'public-key','alg':-35},{'type':'public-key','alg':-36},"                             \
    "{'type':'public-key','alg':-257},{'type':'public-key','alg':-258},"                           \
    "{'type':'public-key','alg':-259},{'type':'public-key','alg':-37},"                            \
    "{'type':'public-key','alg':-38},{'type':'public-key','alg':-39},"                             \
    "{'type':'public-key','alg':-8}],'timeout':60000%s,"                                           \
    "'authenticatorSelection':{%s},'hints':['hybrid'],'attestation':'direct',"                     \
    "'extensions':{'credProps':true}}"
#define CLIENT_CREATION                                                                            \
    "{'publicKey':{'rp':{'name':'Portal','id':'portal.example'},"                                  \
    "'user':{'name':'ann','icon':'https://a.example/a.png','displayName':'Ann','id':'dS0x'},"      \
    "'challenge':'" HTTP_CHALLENGE "','pubKeyCredParams':[{'type':'public-key','alg':-7},"         \
    "{'type':'public-key','alg':-35},{'type':'public-key','alg':-36},"                             \
    "{'type':'public-key','alg':-257},{'type':'public-key','alg':-258},"                           \
    "{'type':'public-key','alg':-259},{'type':'public-key','alg':-37},"                            \
    "{'type':'public-key','alg':-38},{'type':'public-key','alg':-39},"                             \
    "{'type':'public-key','alg':-8}],'timeout':60000%s,"                                           \
    "'authenticatorSelection':{%s},'attestation':'direct'}}"
#define DAEMON_REQUEST                                                                             \
    "{'challenge':'" HTTP_CHALLENGE "','timeout':60000,'rpId':'portal.example',"                   \
    "'allowCredentials':[{'type':'public-key','id':'AAEC','transports':['usb']}],"                 \
    "'userVerification':'required','hints':['hybrid'],'extensions':{'appid':'x'}}"
#define CLIENT_REQUEST                                                                             \
    "{'publicKey':{'challenge':'" HTTP_CHALLENGE "','timeout':60000,'rpId':'portal.example',"      \
    "'allowCredentials':[{'type':'public-key','id':'AAEC'}],'userVerification':'required'}}"

/* --- H1, H10: begin a registration ------------------------------------------------------------ */

static void begun(const char *daemon_more, const char *daemon_selection, const char *client_more,
                  const char *client_selection)
{
    PK_AUTO_FREE char *options = pk_text_format(DAEMON_CREATION, daemon_more, daemon_selection);
    PK_AUTO_FREE char *body = pk_text_format(CLIENT_CREATION, client_more, client_selection);

    fake_begun(HTTP_CHALLENGE, options);
    fake_answered(200, CREATION_RES, body);
    assert_string_equal(fake_answer_header("X-Request-Id"), FAKE_ID);
}

static void test_registration_begins(void **state)
{
    (void)state;
    fake_request("POST /registration/initialize",
                 "{\"user_id\":\"u-1\",\"username\":\"ann\",\"display_name\":\"Ann\","
                 "\"icon\":\"https://a.example/a.png\",\"more\":1}");
    fake_call_has(PARTY_BEGIN_REGISTRATION,
                  "{'apiKey':'key','purpose':'registration','byChallenge':true,'userId':'u-1',"
                  "'userName':'ann','displayName':'Ann','icon':'https://a.example/a.png',"
                  "'attestation':'direct','residentKey':'required','requireResidentKey':true,"
                  "'userVerification':'required','exclude':true,'mfa':false}");
    begun("", "'residentKey':'required','requireResidentKey':true,'userVerification':'required'",
          "", "'requireResidentKey':true,'residentKey':'required','userVerification':'required'");
}

/* A blank display name counts as none. */
static void test_display_name_is_the_user_name(void **state)
{
    static const char *const bodies[] = {
        "{\"user_id\":\"u-1\",\"username\":\"ann\"}",
        "{\"user_id\":\"u-1\",\"username\":\"ann\",\"display_name\":null,\"icon\":null}",
        "{\"user_id\":\"u-1\",\"username\":\"ann\",\"display_name\":\"  \"}",
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(bodies); i++) {
        fake_request("POST /registration/initialize", bodies[i]);
        assert_string_equal(
            members_find_text(fake_call(PARTY_BEGIN_REGISTRATION), "displayName", NULL), "ann");
        assert_null(json_object_get(fake_call(PARTY_BEGIN_REGISTRATION), "icon"));
    }
}

static void test_mfa_registration_begins(void **state)
{
    (void)state;
    fake_request("POST /mfa/registration/initialize", "{\"user_id\":\"u-1\",\"username\":\"ann\"}");
    fake_call_has(PARTY_BEGIN_REGISTRATION,
                  "{'apiKey':'key','purpose':'mfa-registration','byChallenge':true,"
                  "'userId':'u-1','userName':'ann','displayName':'ann','attestation':'direct',"
                  "'authenticatorAttachment':'cross-platform','residentKey':'discouraged',"
                  "'requireResidentKey':false,'userVerification':'preferred','exclude':true,"
                  "'mfa':true}");
    begun("",
          "'authenticatorAttachment':'cross-platform','residentKey':'discouraged',"
          "'userVerification':'preferred'",
          "",
          "'authenticatorAttachment':'cross-platform','requireResidentKey':false,"
          "'residentKey':'discouraged','userVerification':'preferred'");
}

/* Against upstream: what the user has is excluded; as everywhere here without transports. */
static void test_registered_credentials_are_excluded(void **state)
{
    (void)state;
    fake_request("POST /registration/initialize", "{\"user_id\":\"u-1\",\"username\":\"ann\"}");
    begun(",'excludeCredentials':[{'type':'public-key','id':'AAEC','transports':['usb']}]",
          "'residentKey':'required','requireResidentKey':true,'userVerification':'required'",
          ",'excludeCredentials':[{'type':'public-key','id':'AAEC'}]",
          "'requireResidentKey':true,'residentKey':'required','userVerification':'required'");
}

static void test_bad_bodies_are_refused(void **state)
{
    static const struct {
        const char *line, *body, *title, *details;
    } cases[] = {
        {"POST /registration/initialize", "{", "unable to process request", "no JSON"},
        {"POST /registration/initialize", "[]", "unable to process request",
         "Unmarshal type error: expected=object, got=array, field="},
        {"POST /registration/initialize", "", "unable to validate request",
         "user_id is a required field and username is a required field"},
        {"POST /registration/initialize", "{\"user_id\":null,\"username\":\"ann\"}",
         "unable to validate request", "user_id is a required field"},
        {"POST /registration/initialize", "{\"user_id\":true,\"username\":\"ann\"}",
         "unable to process request",
         "Unmarshal type error: expected=string, got=bool, field=user_id"},
        {"POST /registration/initialize",
         "{\"user_id\":\"u-1\",\"username\":\"ann\",\"icon\":\"no url\"}",
         "unable to validate request", "icon must be a valid URL"},
        {"POST /registration/initialize",
         "{\"user_id\":\"u-1\",\"username\":\"ann\",\"icon\":\"https://\"}",
         "unable to validate request", "icon must be a valid URL"},
        {"POST /registration/initialize",
         "{\"user_id\":\"1234567890123456789012345678901234567890123456789012345678901234+\","
         "\"username\":\"ann\"}",
         "unable to validate request", "user_id cannot have more than 64 bytes"},
        {"POST /login/initialize", "{\"user_id\":\"\"}", "unable to validate request",
         "user_id must at least have 1 entry"},
        {"POST /login/initialize", "{\"user_id\":7}", "unable to process request",
         "Unmarshal type error: expected=string, got=number, field=user_id"},
        {"POST /login/initialize", "nonsense", "unable to process request", "no JSON"},
        {"POST /mfa/login/initialize", "{}", "unable to validate request",
         "user_id is a required field"},
        {"POST /transaction/initialize", "{}", "unable to validate request",
         "user_id is a required field and transaction_id is a required field"},
        {"POST /transaction/initialize",
         "{\"user_id\":\"u\",\"transaction_id\":\"t\",\"transaction_data\":null}",
         "unable to validate request", "transaction_data is a required field"},
        {"PATCH /credentials/AAEC", "{\"name\":\"\"}", "unable to validate request",
         "name is a required field"},
        {"PATCH /credentials/AAEC", "{\"name\":[]}", "unable to process request",
         "Unmarshal type error: expected=string, got=array, field=name"},
        {"GET /transaction/u-1", NULL, "invalid user id", ""},
        {"GET /credentials?page=0", NULL, "unable to validate request",
         "page must be a number from 1"},
        {"GET /credentials?per_page=x", NULL, "unable to validate request",
         "per_page must be a number from 1 to 1000"},
        {"GET /credentials?per_page=1001", NULL, "unable to validate request",
         "per_page must be a number from 1 to 1000"},
        {"GET /credentials?order=random", NULL, "unable to validate request",
         "order must be one of [desc asc]"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++)
        hanko_refused(cases[i].line, cases[i].body, 400, cases[i].title, cases[i].details);
}

/* Lengths are of characters: 128 of three bytes each are not too long, 129 of one are. */
static void test_lengths_are_of_characters(void **state)
{
    char name[128 * 3 + 1] = "";

    (void)state;
    for (size_t i = 0; i < 128; i++)
        strcat(name, "\xe2\x82\xac");
    fake_send("POST /registration/initialize", "{\"user_id\":\"u\",\"username\":\"%s\"}", name);
    (void)fake_call(PARTY_BEGIN_REGISTRATION);
    fake_send("POST /registration/initialize", "{\"user_id\":\"u\",\"username\":\"%sx\"}", name);
    fake_answered(400, ERROR_RES,
                  "{'title':'unable to validate request','details':'username cannot have more "
                  "than 128 entries','status':400}");
    /* A user_id of 16 bytes is like any other (upstream takes it for a UUID), and so is one of 64.
     */
    fake_send("POST /login/initialize", "{\"user_id\":\"0123456789abcdef\"}");
    (void)fake_call(PARTY_BEGIN_AUTHENTICATION);
    fake_send("POST /login/initialize",
              "{\"user_id\":\"1234567890123456789012345678901234567890123456789012345678901234\"}");
    (void)fake_call(PARTY_BEGIN_AUTHENTICATION);
}

static void test_a_key_is_asked_for(void **state)
{
    static const char *const lines[] = {
        "POST /registration/initialize",   "GET /credentials",
        "GET /credentials/AAEC",           "PATCH /credentials/AAEC",
        "DELETE /credentials/AAEC",        "POST /mfa/registration/initialize",
        "POST /mfa/registration/finalize", "POST /mfa/login/initialize",
        "POST /mfa/login/finalize",        "POST /transaction/initialize",
        "POST /transaction/finalize",      "GET /transaction/47c10dd3-7e10-4950-95d5-483dbc9508e6",
    };

    (void)state;
    fake_header("apiKey", NULL);
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++)
        fake_refused(lines[i], "{}", 401, ERROR_RES, KEY_ERROR);
    hanko_refused("POST /login/initialize", "{\"user_id\":\"u-1\"}", 401, "api key is missing", "");
}

/* --- H3, H11, H13: begin an authentication ---------------------------------------------------- */

static void test_login_begins(void **state)
{
    static const char *const bodies[] = {NULL, "", "{}", "{\"user_id\":null}"};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(bodies); i++) {
        /* The SDK sends its key with this call, too: it is not looked at. */
        fake_request("POST /login/initialize", bodies[i]);
        fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                      "{'purpose':'login','byChallenge':true,'userVerification':'required',"
                      "'mfa':false}");
    }
    fake_begun(HTTP_CHALLENGE,
               "{'challenge':'" HTTP_CHALLENGE "','timeout':60000,'rpId':'portal.example',"
               "'userVerification':'required'}");
    fake_answered(200, REQUEST_RES,
                  "{'publicKey':{'challenge':'" HTTP_CHALLENGE "','timeout':60000,"
                  "'rpId':'portal.example','userVerification':'required'}}");
}

static void test_login_of_a_user_begins(void **state)
{
    (void)state;
    fake_request("POST /login/initialize", "{\"user_id\":\"u-1\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'apiKey':'key','purpose':'login','byChallenge':true,'userId':'u-1',"
                  "'userVerification':'required','mfa':false}");
    fake_begun(HTTP_CHALLENGE, DAEMON_REQUEST);
    fake_answered(200, REQUEST_RES, CLIENT_REQUEST);
}

static void test_mfa_login_begins(void **state)
{
    (void)state;
    fake_request("POST /mfa/login/initialize", "{\"user_id\":\"u-1\"}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'apiKey':'key','purpose':'mfa-login','byChallenge':true,'userId':'u-1',"
                  "'userVerification':'preferred','mfa':true}");
    fake_begun(HTTP_CHALLENGE, DAEMON_REQUEST);
    fake_answered(200, REQUEST_RES, CLIENT_REQUEST);
}

static void test_transaction_begins(void **state)
{
    (void)state;
    fake_request("POST /transaction/initialize",
                 "{\"user_id\":\"u-1\",\"transaction_id\":\"order-77\","
                 "\"transaction_data\":{\"b\": [true, null, \"<&>\"], \"a\": 12.50}}");
    assert_string_equal(
        members_find_text(fake_call(PARTY_BEGIN_AUTHENTICATION), "transactionData", NULL),
        "{\"a\":12.5,\"b\":[true,null,\"\\u003c\\u0026\\u003e\"]}");
    fake_request("POST /transaction/initialize",
                 "{\"user_id\":\"u-1\",\"transaction_id\":\"order-77\",\"transaction_data\":0}");
    fake_call_has(PARTY_BEGIN_AUTHENTICATION,
                  "{'apiKey':'key','purpose':'transaction','byChallenge':true,'userId':'u-1',"
                  "'userVerification':'required','transactionId':'order-77',"
                  "'transactionData':'0'}");
    fake_begun(HTTP_CHALLENGE HTTP_CHALLENGE, DAEMON_REQUEST);
    fake_answered(200, REQUEST_RES, CLIENT_REQUEST);
}

/* --- H2, H4, H10, H12, H14: finish ------------------------------------------------------------ */

static void finished(const char *line, const char *body, enum party_call call, const char *options)
{
    fake_request(line, body);
    fake_call_has(call, options);
    assert_string_equal(fake_call_id(), HTTP_CHALLENGE);
    fake_done("{'credential':{},'user':{},'tokens':{'token':'aa.bb.cc'}}");
    fake_answered(200, TOKEN_RES, "{'token':'aa.bb.cc'}");
}

static void test_ceremonies_finish(void **state)
{
    (void)state;
    finished("POST /registration/finalize", HTTP_ATTESTATION, PARTY_FINISH_REGISTRATION,
             "{'purpose':'registration','name':'cred-AAEC'}");
    finished("POST /mfa/registration/finalize", HTTP_ATTESTATION, PARTY_FINISH_REGISTRATION,
             "{'apiKey':'key','purpose':'mfa-registration','name':'cred-AAEC'}");
    finished("POST /login/finalize", HTTP_ASSERTION, PARTY_FINISH_AUTHENTICATION,
             "{'purpose':'login'}");
    finished("POST /login/finalize", HTTP_ASSERTION_WITH(",\"userHandle\":null"),
             PARTY_FINISH_AUTHENTICATION, "{'purpose':'login'}");
    finished("POST /mfa/login/finalize", HTTP_ASSERTION, PARTY_FINISH_AUTHENTICATION,
             "{'apiKey':'key','purpose':'mfa-login'}");
    finished("POST /transaction/finalize", HTTP_ASSERTION, PARTY_FINISH_AUTHENTICATION,
             "{'apiKey':'key','purpose':'transaction'}");
}

/* Without a token there is nothing to answer with. */
static void test_a_result_without_a_token_is_a_failure(void **state)
{
    (void)state;
    fake_request("POST /login/finalize", HTTP_ASSERTION);
    fake_done("{'credential':{},'user':{}}");
    fake_answered(500, ERROR_RES, INTERNAL_ERROR);
}

static void test_the_credential_is_handed_on(void **state)
{
    (void)state;
    fake_request("POST /login/finalize",
                 HTTP_ASSERTION_WITH(",\"userHandle\":\"dS0xMQ==\",\"x\":1"));
    (void)fake_call(PARTY_FINISH_AUTHENTICATION);
    assert_string_equal(fake_call_credential(), HTTP_ASSERTION_WITH(",\"userHandle\":\"dS0xMQ\""));
    fake_request("POST /login/finalize", HTTP_ASSERTION_WITH(",\"userHandle\":\"\""));
    (void)fake_call(PARTY_FINISH_AUTHENTICATION);
    assert_string_equal(fake_call_credential(), HTTP_ASSERTION_WITH(""));
    /* The legacy place of transports, where the response has none. */
    fake_request("POST /registration/finalize",
                 "{\"id\":\"AAEC\",\"rawId\":\"AAEC\",\"type\":\"public-key\",\"response\":{"
                 "\"clientDataJSON\":\"" HTTP_CLIENT_DATA "\",\"attestationObject\":\"o2Nm\","
                 "\"transports\":[]},\"clientExtensionResults\":{},\"transports\":[\"internal\"]}");
    (void)fake_call(PARTY_FINISH_REGISTRATION);
    assert_string_equal(fake_call_credential(), HTTP_ATTESTATION);
}

static void test_what_is_no_credential_is_refused(void **state)
{
    static const char *const lines[] = {"POST /registration/finalize", "POST /login/finalize",
                                        "POST /transaction/finalize"};
    static const char *const titles[] = {"unable to parse credential creation response",
                                         "unable to finish login", "unable to finish transaction"};
    static const char *const details[] = {"Parse error for Registration",
                                          "Parse error for Assertion", "Parse error for Assertion"};
    /* One for the other is none, either. */
    static const char *const others[] = {HTTP_ASSERTION, HTTP_ATTESTATION, HTTP_ATTESTATION};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(lines); i++) {
        hanko_refused(lines[i], NULL, 400, titles[i], details[i]);
        hanko_refused(lines[i], "{", 400, titles[i], details[i]);
        hanko_refused(lines[i], "[]", 400, titles[i], details[i]);
        hanko_refused(lines[i], "{}", 400, titles[i], details[i]);
        hanko_refused(lines[i], others[i], 400, titles[i], details[i]);
    }
    hanko_refused("POST /transaction/finalize", HTTP_ASSERTION_WITH(",\"userHandle\":null"), 401,
                  "failed to get user handle", "user not found");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        HANKO_TEST(test_registration_begins),
        HANKO_TEST(test_display_name_is_the_user_name),
        HANKO_TEST(test_mfa_registration_begins),
        HANKO_TEST(test_registered_credentials_are_excluded),
        HANKO_TEST(test_bad_bodies_are_refused),
        HANKO_TEST(test_lengths_are_of_characters),
        HANKO_TEST(test_a_key_is_asked_for),
        HANKO_TEST(test_login_begins),
        HANKO_TEST(test_login_of_a_user_begins),
        HANKO_TEST(test_mfa_login_begins),
        HANKO_TEST(test_transaction_begins),
        HANKO_TEST(test_ceremonies_finish),
        HANKO_TEST(test_a_result_without_a_token_is_a_failure),
        HANKO_TEST(test_the_credential_is_handed_on),
        HANKO_TEST(test_what_is_no_credential_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
