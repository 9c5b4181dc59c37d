/* SPDX-License-Identifier: BSD-2-Clause */
/* The Hanko dialect: credentials, keys and lists of transactions (H5 to H9, H15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/members.h"
#include "tests/unit/hanko_exchanges.h"

/* --- H5 to H8: credentials -------------------------------------------------------------------- */

#define PASSKEY                                                                                    \
    "{'credentialId':'AAEC','user':'u-1','userId':'u-1','rp':'portal','rpId':'portal.example',"    \
    "'name':'','alg':-7,'aaguid':'01020304-0506-0708-0102-030405060708','fmt':'packed',"           \
    "'attestationType':'basic','trusted':'no','transports':['internal'],'discoverable':true,"      \
    "'userVerified':true,'backupEligible':true,'backupState':false,'signCount':0,"                 \
    "'created':1795838400,'lastUsed':0,'publicKey':'pQECAyYg','mfa':false}"
#define CREDENTIAL                                                                                 \
    "{'id':'AAEC','name':'cred-AAEC','public_key':'pQECAyYg','attestation_type':'packed',"         \
    "'aaguid':'01020304-0506-0708-0102-030405060708','last_used_at':'2026-11-28T04:00:00Z',"       \
    "'created_at':'2026-11-28T04:00:00Z','transports':['internal'],'backup_eligible':true,"        \
    "'backup_state':false,'is_mfa':false,'user_id':'u-1'}"
#define USED_PASSKEY                                                                               \
    "{'credentialId':'AAEC','userId':'u-1','name':'Laptop','fmt':'none',"                          \
    "'aaguid':'00000000-0000-0000-0000-000000000000','backupEligible':false,'backupState':true,"   \
    "'created':1795838400,'lastUsed':1795838460,'publicKey':'pQECAyYg','mfa':true}"
#define USED_CREDENTIAL                                                                            \
    "{'id':'AAEC','name':'Laptop','public_key':'pQECAyYg','attestation_type':'none',"              \
    "'aaguid':'00000000-0000-0000-0000-000000000000','last_used_at':'2026-11-28T04:01:00Z',"       \
    "'created_at':'2026-11-28T04:00:00Z','transports':[],'backup_eligible':false,"                 \
    "'backup_state':true,'is_mfa':true,'user_id':'u-1'}"

static void test_credentials_are_listed(void **state)
{
    (void)state;
    fake_request("GET /credentials?user_id=u-1", NULL);
    fake_call_has(PARTY_LIST,
                  "{'apiKey':'key','userId':'u-1','oldestFirst':false,'offset':0,'limit':20}");
    fake_done("{'items':[" PASSKEY "," USED_PASSKEY "],'total':2}");
    fake_answered(200, "hanko.credentials.list.res", "[" CREDENTIAL "," USED_CREDENTIAL "]");
    assert_string_equal(fake_answer_header("X-Total-Count"), "2");
    /* The only page is the last one, which has a link to the first. */
    assert_string_equal(fake_answer_header("Link"),
                        "<" FAKE_PREFIX
                        "/credentials?order=desc&page=1&per_page=20&user_id=u-1>; rel=\"first\"");
}

#define PAGE(n, rel)                                                                               \
    "<" FAKE_PREFIX "/credentials?order=asc&page=" n "&per_page=3&user_id=a%20b%26>; rel=\"" rel   \
    "\""

static void test_pages_have_links(void **state)
{
    static const struct {
        const char *page, *links;
        json_int_t offset;
    } cases[] = {
        {"1", PAGE("3", "last") "," PAGE("2", "next"), 0},
        {"2", PAGE("1", "first") "," PAGE("3", "last") "," PAGE("3", "next") "," PAGE("1", "prev"),
         3},
        {"3", PAGE("1", "first") "," PAGE("2", "prev"), 6},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        PK_AUTO_FREE char *line = pk_text_format(
            "GET /credentials?user_id=a%%20b%%26&page=%s&per_page=3&order=asc", cases[i].page);

        fake_request(line, NULL);
        assert_int_equal(members_number(fake_call(PARTY_LIST), "offset"), cases[i].offset);
        assert_int_equal(members_number(fake_call(PARTY_LIST), "limit"), 3);
        assert_true(json_is_true(json_object_get(fake_call(PARTY_LIST), "oldestFirst")));
        assert_string_equal(members_find_text(fake_call(PARTY_LIST), "userId", NULL), "a b&");
        fake_done("{'items':[],'total':7}");
        fake_answered(200, "hanko.credentials.list.res", "[]");
        assert_string_equal(fake_answer_header("X-Total-Count"), "7");
        assert_string_equal(fake_answer_header("Link"), cases[i].links);
    }
}

static void test_nobody_s_credentials_are_none(void **state)
{
    (void)state;
    fake_request("GET /credentials?user_id=nobody", NULL);
    fake_failed(PARTY_UNKNOWN_USER, NULL);
    fake_answered(200, "hanko.credentials.list.res", "[]");
    assert_string_equal(fake_answer_header("X-Total-Count"), "0");
    fake_request("GET /credentials", NULL);
    assert_null(json_object_get(fake_call(PARTY_LIST), "userId"));
}

static void test_one_credential(void **state)
{
    (void)state;
    fake_request("GET /credentials/AAEC", NULL);
    fake_call_has(PARTY_LIST, "{'apiKey':'key','credentialId':'AAEC'}");
    fake_done("{'items':[" PASSKEY "],'total':1}");
    fake_answered(200, "hanko.credential.get.res", CREDENTIAL);
    fake_request("GET /credentials/AAEC", NULL);
    fake_done("{'items':[],'total':0}");
    assert_string_equal(members_find_text(fake_answer(404, ERROR_RES), "title", NULL),
                        "credential with id 'AAEC' not found");
    /* What cannot be an id is nobody's. */
    fake_request("DELETE /credentials/A+A", NULL);
    assert_string_equal(members_find_text(fake_answer(404, ERROR_RES), "title", NULL),
                        "credential with id 'A+A' not found");
}

static void test_a_credential_changes(void **state)
{
    (void)state;
    fake_request("PATCH /credentials/AAEC", "{\"name\":\"Laptop\"}");
    fake_call_has(PARTY_RENAME, "{'apiKey':'key','name':'Laptop'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done("{}");
    fake_answered(204, NULL, NULL);
    fake_request("DELETE /credentials/AAEC", NULL);
    fake_call_has(PARTY_REMOVE, "{'apiKey':'key'}");
    assert_string_equal(fake_call_id(), "AAEC");
    fake_done("null");
    fake_answered(204, NULL, NULL);
    assert_string_equal(fake_answer_header("X-Request-Id"), FAKE_ID);
}

/* --- H9, H15 ---------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
    (void)state;
    fake_header("apiKey", NULL);
    fake_request("GET /.well-known/jwks.json", NULL);
    fake_call_has(PARTY_KEYS, "{}");
    fake_done("{'keys':[{'alg':'RS256','e':'AQAB','kid':'" FAKE_ID "','kty':'RSA','n':'AQAB',"
              "'use':'sig','x':1}]}");
    fake_answered(200, "hanko.jwks.res",
                  "{'keys':[{'kty':'RSA','n':'AQAB','e':'AQAB','kid':'" FAKE_ID
                  "','alg':'RS256','use':'sig'}]}");
    assert_string_equal(fake_answer_header("Cache-Control"), "max-age=600");
}

#define TRANSACTIONS                                                                               \
    "[{'transactionId':'order-77','userId':'" FAKE_TENANT "','transactionData':'12.5',"            \
    "'created':1795838400}]"

static void test_transactions(void **state)
{
    PK_AUTO_FREE char *body = NULL;
    const char *id;

    (void)state;
    fake_request("GET /transaction/" FAKE_TENANT, NULL);
    fake_call_has(PARTY_TRANSACTIONS, "{'apiKey':'key','userId':'" FAKE_TENANT "'}");
    fake_done(TRANSACTIONS);
    id = members_find_text(json_array_get(fake_answer(200, "hanko.transaction.list.res"), 0), "id",
                           NULL);
    assert_true(members_is_uuid(id));
    body = pk_text_format("[{'id':'%s','identifier':'order-77','data':'12.5',"
                          "'created_at':'2026-11-28T04:00:00Z',"
                          "'updated_at':'2026-11-28T04:00:00Z'}]",
                          id);
    /* Its id is the same each time. */
    fake_request("GET /transaction/" FAKE_TENANT, NULL);
    fake_done(TRANSACTIONS);
    fake_answered(200, NULL, body);
    fake_request("GET /transaction/" FAKE_TENANT, NULL);
    fake_failed(PARTY_UNKNOWN_USER, NULL);
    fake_answered(200, "hanko.transaction.list.res", "[]");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        HANKO_TEST(test_credentials_are_listed),
        HANKO_TEST(test_pages_have_links),
        HANKO_TEST(test_nobody_s_credentials_are_none),
        HANKO_TEST(test_one_credential),
        HANKO_TEST(test_a_credential_changes),
        HANKO_TEST(test_keys),
        HANKO_TEST(test_transactions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
