/* SPDX-License-Identifier: BSD-2-Clause */
/* One's own passkeys: what the pages ask the daemon, what they show, and which calls are not
 * theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "tests/unit/fake_exchange.h"

#include <stdlib.h>
#include <string.h>

#define SESSION "ABCDEFGHJKMNPQRSTVWXYZ0123"
/* SHA-256 of "session", the origin, the prefix and the relying party id, in lines: 8 bytes. */
#define NAME       "__Host-passkey-session-dc70261849139d34"
#define OTHER_NAME "__Host-passkey-session-25845bcb5845b3a5" /* of FAKE_OTHER_PREFIX */
#define COOKIE     NAME "=" SESSION
#define OWN                                                                                        \
    "{'user':'alice','host':'web1','rpId':'example.org','userHandle':'AAAA','credentialId':'QQ',"  \
    "'fresh':true,'recoveryCodes':0,'passkeys':[{'credentialId':'QQ','name':'<b>blue',"            \
    "'provider':'Keys','created':1700000000,'lastUsed':0,'usableHere':true},{'credentialId':"      \
    "'Qg','name':'ssh','created':1700000000,'lastUsed':1700000001,'usableHere':false,"             \
    "'lastContext':{'service':'sudo','rhost':'192.0.2.7'}}],'decisions':[{'when':1700000000,"      \
    "'accepted':false,'enrollment':false,'times':3,'context':{'service':'<i>','command':"          \
    "'a\\\"b'}}]}"

static int start(void **state)
{
    (void)state;
    fake_start(&dialect_pages);
    fake_self_service(true);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

static void from_page(void)
{
    fake_header("Origin", "https://example.org");
    fake_header("Content-Type", "application/json");
    fake_header("Cookie", COOKIE);
}

/* What the page of that session has, computed here once more. */
static char *token(void)
{
    uint8_t hash[PK_HASH_SIZE];

    pk_sha256(pk_view_string("passkeyd page token\n" SESSION), hash);
    return pk_hex_encode((struct pk_view){hash, sizeof(hash)});
}

static void send_own(const char *call, const char *members)
{
    PK_AUTO_FREE char *own = token();
    PK_AUTO_FREE char *line = pk_text_format("POST /passkeys/%s", call);

    fake_send(line, "{\"token\":\"%s\"%s%s}", own, *members ? "," : "", members);
}

static void assert_shows(const char *text)
{
    if (!strstr(fake_answer_text(), text))
        fail_msg("it does not say \"%s\": %s", text, fake_answer_text());
}

static void without_a_session_nobody_is_asked(void **state)
{
    (void)state;
    fake_request("GET ", NULL);
    assert_int_equal(fake_status(), 200);
    assert_shows("Sign in to see your passkeys");
    fake_request("GET /passkeys", NULL);
    assert_int_equal(fake_status(), 401);
    fake_request("GET /decisions", NULL);
    assert_int_equal(fake_status(), 401);
    assert_false(fake_is_asked());
}

static void the_list(void **state)
{
    PK_AUTO_FREE char *own = token();

    (void)state;
    fake_header("Cookie", COOKIE);
    fake_request("GET /passkeys", NULL);
    (void)fake_call(PARTY_DESCRIBE_OWN);
    assert_string_equal(fake_call_session(), SESSION);
    fake_done(OWN);
    assert_int_equal(fake_status(), 200);
    assert_shows("<title>Passkeys of alice on web1</title>");
    assert_shows("<h2><bdi>&lt;b&gt;blue</bdi></h2>");
    assert_shows("<dd>Keys</dd>");
    assert_shows("<dd>sudo, 192.0.2.7</dd>");
    assert_shows("<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13 UTC</time>");
    assert_shows("It is your last passkey"); /* the other one is of terminals */
    assert_shows("It is used in terminals only");
    assert_shows(own);
    assert_null(strstr(fake_answer_text(), SESSION));
    assert_shows("aria-label=\"Rename “&lt;b&gt;blue”\"");
    assert_null(strstr(fake_answer_text(), "<b>"));
}

static void the_decisions(void **state)
{
    (void)state;
    fake_header("Cookie", COOKIE);
    fake_request("GET /decisions", NULL);
    fake_done(OWN);
    assert_int_equal(fake_status(), 200);
    assert_shows("<h2>Refused</h2>");
    assert_shows("<bdi>3</bdi> times, the last one:");
    assert_shows("<dd>&lt;i&gt;</dd>");
    assert_shows("<dd>a&quot;b</dd>");
    fake_request("GET /decisions", NULL);
    fake_done("{'user':'alice','host':'web1','decisions':[]}");
    assert_shows("There are none yet.");
}

static void a_session_that_is_over(void **state)
{
    (void)state;
    fake_header("Cookie", COOKIE);
    fake_request("GET /passkeys", NULL);
    fake_failed(PARTY_NOT_SIGNED_IN, "");
    assert_int_equal(fake_status(), 401);
    assert_shows("data-say=\"ended\">");
    assert_non_null(strstr(fake_answer_header("Set-Cookie"), "Max-Age=0"));
    fake_request("GET /passkeys", NULL);
    fake_failed(PARTY_UNAVAILABLE, "");
    assert_int_equal(fake_status(), 503);
}

static void who_signs_in_has_no_token(void **state)
{
    (void)state;
    from_page();
    fake_header("Cookie", NULL);
    fake_request("POST /passkeys/begin", "{\"act\":\"sign-in\",\"object\":\"alice\"}");
    (void)fake_call(PARTY_BEGIN_OWN);
    assert_string_equal(fake_call_session(), "");
    assert_string_equal(fake_call_act(), "sign-in");
    assert_string_equal(fake_call_id(), "alice");
    fake_begun("an-id", "{'challenge':'AA'}");
    fake_answered(200, NULL, "{'id':'an-id','options':{'challenge':'AA'}}");
    fake_request("POST /passkeys/finish",
                 "{\"act\":\"sign-in\",\"id\":\"an-id\",\"credential\":{\"id\":\"QQ\"}}");
    (void)fake_call(PARTY_FINISH_OWN);
    assert_string_equal(fake_call_credential(), "{\"id\":\"QQ\"}");
    fake_done("{'session':'" SESSION "','user':'alice'}");
    fake_answered(200, NULL, "{'signedOut':false}");
    assert_string_equal(fake_answer_header("Set-Cookie"),
                        COOKIE "; Path=/; Secure; HttpOnly; SameSite=Strict");
}

static void changes(void **state)
{
    (void)state;
    from_page();
    send_own("rename", "\"object\":\"QQ\",\"name\":\"green\"");
    (void)fake_call(PARTY_RENAME_OWN);
    assert_string_equal(fake_call_session(), SESSION);
    assert_string_equal(fake_call_id(), "QQ");
    assert_string_equal(fake_call_name(), "green");
    fake_done(NULL);
    fake_answered(204, NULL, NULL);
    send_own("finish", "\"act\":\"remove-last\",\"id\":\"i\",\"credential\":{}");
    assert_string_equal(fake_call_act(), "remove-last");
    fake_done("{'signedOut':true}");
    fake_answered(200, NULL, "{'signedOut':true}");
    assert_non_null(strstr(fake_answer_header("Set-Cookie"), "Max-Age=0"));
    send_own("sign-out", "");
    (void)fake_call(PARTY_SIGN_OUT);
    fake_done(NULL);
    fake_answered(204, NULL, NULL);
}

/* One browser, one origin, two relying parties: each has its own session, and ends its own. */
static void two_relying_parties(void **state)
{
    (void)state;
    fake_header("Cookie", COOKIE);
    fake_prefix(FAKE_OTHER_PREFIX);
    fake_request("GET /passkeys", NULL);
    assert_false(fake_is_asked());
    assert_int_equal(fake_status(), 401);
    assert_null(fake_answer_header("Set-Cookie"));
    from_page();
    fake_header("Cookie", COOKIE "; " OTHER_NAME "=3210");
    fake_request("POST /passkeys/finish",
                 "{\"act\":\"sign-in\",\"id\":\"an-id\",\"credential\":{\"id\":\"QQ\"}}");
    assert_string_equal(fake_call_session(), "3210");
    fake_done("{'session':'" SESSION "','user':'alice'}");
    assert_string_equal(fake_answer_header("Set-Cookie"),
                        OTHER_NAME "=" SESSION "; Path=/; Secure; HttpOnly; SameSite=Strict");
    fake_request("GET /passkeys", NULL);
    fake_failed(PARTY_NOT_SIGNED_IN, "");
    assert_string_equal(fake_answer_header("Set-Cookie"),
                        OTHER_NAME "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    fake_prefix(FAKE_PREFIX);
    fake_header("Cookie", COOKIE "; " OTHER_NAME "=3210");
    fake_request("GET /passkeys", NULL);
    assert_string_equal(fake_call_session(), SESSION);
    fake_done(OWN);
}

/* Each lacks one thing that a call of the page has. */
static void calls_that_are_not_its_own(void **state)
{
    static const char *const calls[] = {"begin", "finish", "rename", "sign-out"};
    static const struct {
        const char *name, *value;
        unsigned status;
    } headers[] = {
        {"Origin", NULL, 403},
        {"Sec-Fetch-Site", "cross-site", 403},
        {"Sec-Fetch-Site", "same-site", 403},
        {"Cookie", NULL, 401},
        {"Cookie", COOKIE "; " COOKIE, 401},
        {"Cookie", "__Host-passkey-session=" SESSION, 401},
        {"Cookie", COOKIE "4", 403}, /* another session's token */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        for (size_t j = 0; j < sizeof(headers) / sizeof(headers[0]); j++) {
            fake_start(&dialect_pages);
            fake_self_service(true);
            from_page();
            fake_header(headers[j].name, headers[j].value);
            send_own(calls[i], "\"act\":\"remove\",\"id\":\"i\",\"credential\":{}");
            if (fake_is_asked() || fake_status() != headers[j].status)
                fail_msg("%s, %s: %s", calls[i], headers[j].name,
                         headers[j].value ? headers[j].value : "none");
        }
    from_page();
    fake_header("Cookie", COOKIE);
    fake_header("Sec-Fetch-Site", "same-origin");
    fake_request("POST /passkeys/sign-out", "{}");
    fake_answered(403, NULL, "{'error':'changed'}");
    fake_request("POST /passkeys/sign-out", "{\"token\":7}");
    fake_answered(403, NULL, "{'error':'changed'}");
    send_own("sign-out", "");
    assert_true(fake_is_asked());
    fake_done(NULL);
}

static void scripts_are_told_what_failed(void **state)
{
    static const struct {
        enum party_outcome outcome;
        unsigned status;
        const char *answer;
    } rows[] = {
        {PARTY_NOT_SIGNED_IN, 401, "{'error':'ended'}"},
        {PARTY_FORBIDDEN, 403, "{'error':'prove'}"},
        {PARTY_UNKNOWN_CHALLENGE, 404, "{'error':'changed'}"},
        {PARTY_UNKNOWN_CREDENTIAL, 410, "{'error':'unknown'}"},
        {PARTY_EXISTS, 409, "{'error':'taken'}"},
        {PARTY_REFUSED, 422, "{'error':'refused'}"},
        {PARTY_LIMITED, 429, "{'error':'limit'}"},
        {PARTY_UNAVAILABLE, 503, "{'error':'unavailable'}"},
    };

    (void)state;
    from_page();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        send_own("begin", "\"act\":\"add\"");
        fake_failed(rows[i].outcome, "");
        fake_answered(rows[i].status, NULL, rows[i].answer);
    }
}

static void where_it_is_off(void **state)
{
    (void)state;
    fake_self_service(false);
    from_page();
    fake_request("GET /passkeys", NULL);
    assert_int_equal(fake_status(), 404);
    assert_shows("There is no such page");
    send_own("sign-out", "");
    assert_false(fake_is_asked());
    assert_int_equal(fake_status(), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_session_nobody_is_asked, start, stop),
        cmocka_unit_test_setup_teardown(the_list, start, stop),
        cmocka_unit_test_setup_teardown(the_decisions, start, stop),
        cmocka_unit_test_setup_teardown(a_session_that_is_over, start, stop),
        cmocka_unit_test_setup_teardown(who_signs_in_has_no_token, start, stop),
        cmocka_unit_test_setup_teardown(changes, start, stop),
        cmocka_unit_test_setup_teardown(two_relying_parties, start, stop),
        cmocka_unit_test_setup_teardown(calls_that_are_not_its_own, start, stop),
        cmocka_unit_test_setup_teardown(scripts_are_told_what_failed, start, stop),
        cmocka_unit_test_setup_teardown(where_it_is_off, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
