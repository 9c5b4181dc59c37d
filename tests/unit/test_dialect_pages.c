/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages for people: what they ask the daemon, what they show of it, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "gateway/page_words.h"
#include "tests/unit/fake_exchange.h"

#include <string.h>

#define WORD        "K7QM3V9D2XTB"
#define CLAIM       "00000000000000000000000000"
#define LINK_COOKIE "__Host-passkey-link-" WORD
#define LINK(stage)                                                                                \
    "{'context':{'act':'authenticate','user':'alice','host':'web1','service':'sshd','rhost':"      \
    "'192.0.2.7','command':'','target':'','tty':'ssh'},'rpId':'example.org','seconds':90,"         \
    "'stage':'" stage "'"

static int start(void **state)
{
    (void)state;
    fake_start(&dialect_pages);
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
}

static void assert_shows(const char *text)
{
    if (!strstr(fake_answer_text(), text))
        fail_msg("it does not say \"%s\": %s", text, fake_answer_text());
}

static void assert_hides(const char *text)
{
    if (strstr(fake_answer_text(), text))
        fail_msg("it says \"%s\"", text);
}

/* "This was not me", and where it is said if that fails. */
static void assert_offers_disown(const char *part)
{
    PK_AUTO_FREE char *start = pk_text_format("<section data-part=\"%s\"", part);
    const char *begins = strstr(fake_answer_text(), start);
    const char *button = begins ? strstr(begins, "data-do=\"disown\"") : NULL;
    const char *note = begins ? strstr(begins, "data-say=\"failed\"") : NULL;

    assert_true(button && button < strstr(begins, "</section>"));
    assert_true(note && note < button);
}

/* --- the page --------------------------------------------------------------------------------- */

static void who_asks_for_what(void **state)
{
    (void)state;
    fake_request("GET /" WORD, NULL);
    (void)fake_call(PARTY_DESCRIBE_LINK);
    assert_string_equal(fake_call_id(), WORD);
    assert_string_equal(fake_call_claim(), "");
    fake_done(LINK("new") "}");
    assert_int_equal(fake_status(), 200);
    assert_shows("<title>Sign in as alice on web1?</title>");
    assert_shows("<dd>192.0.2.7</dd>");
    assert_shows("<section data-part=\"ask\">");
    assert_shows("<section data-part=\"code\" hidden>");
    assert_shows("<noscript>");
    assert_offers_disown("ask");
    assert_offers_disown("code");
    assert_offers_disown("unsupported");
    assert_string_equal(fake_answer_header("Referrer-Policy"), "no-referrer");
    assert_string_equal(fake_answer_header("Content-Security-Policy"),
                        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                        "'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                        "frame-ancestors 'none'; require-trusted-types-for 'script'; "
                        "trusted-types 'none'");
    assert_non_null(fake_answer_header("Strict-Transport-Security"));
}

static void what_others_wrote_is_text(void **state)
{
    (void)state;
    fake_request("GET /" WORD, NULL);
    fake_done("{'context':{'act':'approve','user':'<b>&\\\"x','host':'web1','command':'</code>'}}");
    assert_shows("&lt;b&gt;&amp;&quot;x");
    assert_shows("<code>&lt;/code&gt;</code>");
    assert_hides("<b>");
    assert_shows("Let &lt;b&gt;");
    assert_shows("Let <bdi>&lt;b&gt;");
}

/* All that is signed, as a prompt at the terminal has it: a command is not all that there is. */
static void all_that_is_signed(void **state)
{
    static const char *const members[] = {"user",  "host",   "service", "command", "target",
                                          "group", "cwd",    "chroot",  "files",   "environment",
                                          "ruser", "dialog", "rhost",   "tty",     "digest"};
    json_t *context = json_pack("{s:s}", "act", "approve");
    PK_AUTO_FREE char *link = NULL;
    json_t *whole;

    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        assert_int_equal(
            json_object_set_new(context, members[i], json_sprintf("its %s!", members[i])), 0);
    whole = json_pack("{s:o}", "context", context);
    link = json_dumps(whole, 0);
    fake_request("GET /" WORD, NULL);
    fake_done(link);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        PK_AUTO_FREE char *row = pk_text_format(">its %s!</", members[i]);

        assert_shows(row);
    }
    json_decref(whole);
}

/* Names are a stranger's, who signs in as whomever: no text that reads otherwise than it is. */
static void what_nobody_can_see_is_shown(void **state)
{
    (void)state;
    fake_request("GET /" WORD, NULL);
    fake_done("{'context':{'act':'authenticate','user':'a\\u202eb','host':'web1',"
              "'service':'x\\u200by','tty':'\\u0007\\n','rhost':'\\u2066z'}}");
    assert_shows("Sign in as a\\u202eb on web1?</title>");
    assert_shows("<bdi>a\\u202eb</bdi>");
    assert_shows("<dd>x\\u200by</dd>");
    assert_shows("<dd>\\x07\\n</dd>");
    assert_shows("\\u2066z</bdi>");
    assert_hides("\u202e");
    assert_hides("\u2066");
}

static void long_names_leave_room(void **state)
{
    PK_AUTO_FREE char *link = NULL;
    char name[257] = "";

    (void)state;
    (void)memset(name, 'n', sizeof(name) - 1);
    link = pk_text_format("{'context':{'act':'authenticate','user':'%s','host':'web1'}}", name);
    fake_request("GET /" WORD, NULL);
    fake_done(link);
    assert_hides("Sign in as nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
    assert_shows(name);
}

static void the_code_after_a_reload(void **state)
{
    (void)state;
    fake_header("Cookie", "other=1; __Host-passkey-link-000000000000=1; __Host-passkey-link-" WORD
                          "=" CLAIM "; more=2");
    fake_request("GET /" WORD, NULL);
    assert_string_equal(fake_call_claim(), CLAIM);
    fake_done(LINK("approved") ",'code':'AB12CD'}");
    assert_shows("<section data-part=\"ask\" hidden>");
    assert_shows("<section data-part=\"code\">");
    assert_shows(">AB12CD</output>");
    assert_shows("from the address <bdi>192.0.2.7</bdi>");
}

/* What the claim will be if this browser begins; who has one, or comes later, gets none. */
static void a_claim_is_proposed(void **state)
{
    static const char attributes[] = "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=240";
    char first[128];
    const char *cookie;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_request("GET /" WORD, NULL);
        fake_done(LINK("new") "}");
        cookie = fake_answer_header("Set-Cookie");
        assert_non_null(cookie);
        assert_memory_equal(cookie, LINK_COOKIE "=", strlen(LINK_COOKIE "="));
        assert_int_equal(strcspn(cookie, ";"), strlen(LINK_COOKIE "=" CLAIM));
        assert_string_equal(cookie + strcspn(cookie, ";"), attributes);
        if (i == 0)
            (void)snprintf(first, sizeof(first), "%s", cookie);
        else
            assert_string_not_equal(cookie, first);
    }
    fake_request("GET /" WORD, NULL);
    fake_failed(PARTY_UNKNOWN_CHALLENGE, "");
    assert_null(fake_answer_header("Set-Cookie"));
    fake_header("Cookie", LINK_COOKIE "=" CLAIM);
    fake_request("GET /" WORD, NULL);
    fake_done(LINK("new") "}");
    assert_null(fake_answer_header("Set-Cookie"));
    fake_header("Cookie", NULL);
    fake_request("GET /" WORD, NULL);
    fake_done(LINK("begun") "}"); /* no browser gets here without its claim */
    assert_null(fake_answer_header("Set-Cookie"));
}

static void german(void **state)
{
    (void)state;
    fake_header("Accept-Language", "de-DE,de;q=0.9");
    fake_request("GET /" WORD, NULL);
    fake_done(LINK("new") "}");
    assert_shows("<html lang=\"de\">");
    assert_shows("Als alice auf web1 anmelden?");
}

static void links_that_are_over(void **state)
{
    static const struct {
        enum party_outcome outcome;
        unsigned status;
        const char *text;
    } cases[] = {
        {PARTY_UNKNOWN_CHALLENGE, 404, "This link is of no use any more"},
        {PARTY_LIMITED, 429, "Too many requests"},
        {PARTY_UNAVAILABLE, 503, "passkeyd cannot be reached"},
        {PARTY_FAILED, 503, "passkeyd cannot be reached"},
        {PARTY_MALFORMED, 400, "This request cannot be understood"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_request("GET /" WORD, NULL);
        fake_failed(cases[i].outcome, "");
        assert_int_equal(fake_status(), cases[i].status);
        assert_shows(cases[i].text);
        assert_string_equal(fake_answer_header("X-Frame-Options"), "DENY");
    }
}

static void what_a_page_loads(void **state)
{
    static const struct {
        const char *name, *text;
    } scripts[] = {
        {"link", "navigator.credentials.get"}, {"ticket", "history.replaceState"},
        {"passkeys", "from \"./calls.js\""},   {"calls", "redirect: \"error\""},
        {"parts", "export function show("},    {"webauthn", "export function readRequest("},
    };
    static const char *const others[] = {"GET /static/paste.js", "GET /static/link",
                                         "GET /static/link.css"};

    (void)state;
    fake_request("GET /static/style.css", NULL);
    assert_int_equal(fake_status(), 200);
    assert_shows("prefers-color-scheme");
    assert_hides("http");
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        PK_AUTO_FREE char *line = pk_text_format("GET /static/%s.js", scripts[i].name);

        fake_request(line, NULL);
        assert_int_equal(fake_status(), 200);
        assert_shows(scripts[i].text);
        assert_hides("http");
        assert_string_equal(fake_answer_header("Cache-Control"), "no-store");
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        fake_request(others[i], NULL);
        assert_int_equal(fake_status(), 404);
        assert_shows("There is no such page");
    }
}

/* --- its calls -------------------------------------------------------------------------------- */

static void it_begins(void **state)
{
    (void)state;
    from_page();
    fake_request("POST /" WORD "/begin", "{}");
    (void)fake_call(PARTY_BEGIN_LINK);
    fake_begun(CLAIM, "{'challenge':'AA'}");
    fake_answered(200, NULL, "{'challenge':'AA'}");
    assert_string_equal(fake_answer_header("Set-Cookie"),
                        "__Host-passkey-link-" WORD "=" CLAIM
                        "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=240");
}

static void it_hands_on_the_answer(void **state)
{
    (void)state;
    from_page();
    fake_header("Cookie", "__Host-passkey-link-" WORD "=" CLAIM);
    fake_request("POST /" WORD "/finish", "{\"credential\":{\"id\":\"AA\"}}");
    (void)fake_call(PARTY_FINISH_LINK);
    assert_string_equal(fake_call_id(), WORD);
    assert_string_equal(fake_call_claim(), CLAIM);
    assert_string_equal(fake_call_credential(), "{\"id\":\"AA\"}");
    fake_done(LINK("approved") ",'code':'AB12CD'}");
    fake_answered(200, NULL, "{'code':'AB12CD'}");
    fake_request("POST /" WORD "/finish", "{\"credential\":{}}");
    fake_done(LINK("refused") "}");
    fake_answered(200, NULL, "{}");
}

static void it_disowns(void **state)
{
    (void)state;
    from_page();
    fake_request("POST /" WORD "/disown", "{}");
    (void)fake_call(PARTY_DISOWN_LINK);
    fake_done(NULL);
    fake_answered(204, NULL, NULL);
}

static void calls_that_are_not_its_own(void **state)
{
    static const char *const lines[] = {"POST /" WORD "/begin", "POST /" WORD "/finish",
                                        "POST /" WORD "/disown"};
    static const char *const bodies[] = {"", "[]", "null", "{", "7"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        fake_start(&dialect_pages);
        fake_header("Content-Type", "application/json");
        fake_request(lines[i], "{}"); /* no Origin */
        assert_false(fake_is_asked());
        fake_answered(403, NULL, "{'error':'malformed'}");
        from_page();
        for (size_t j = 0; j < sizeof(bodies) / sizeof(bodies[0]); j++) {
            fake_request(lines[i], bodies[j]);
            assert_false(fake_is_asked());
            fake_answered(400, NULL, "{'error':'malformed'}");
        }
    }
    fake_request("POST /" WORD "/finish", "{}");
    assert_false(fake_is_asked());
    fake_answered(400, NULL, "{'error':'malformed'}");
}

static void scripts_are_told_what_failed(void **state)
{
    (void)state;
    from_page();
    fake_request("POST /" WORD "/begin", "{}");
    fake_failed(PARTY_UNKNOWN_CHALLENGE, "");
    fake_answered(404, NULL, "{'error':'over'}");
    fake_request("POST /" WORD "/begin", "{}");
    fake_failed(PARTY_UNAVAILABLE, "");
    fake_answered(503, NULL, "{'error':'unavailable'}");
}

/* --- enrolment links -------------------------------------------------------------------------- */

#define TICKET        "lAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TICKET_COOKIE "__Host-passkey-ticket-d460b150bf8a7290" /* SHA-256 of "ticket", TICKET */

/* It is the same for every ticket, so nobody is asked. */
static void the_page_of_every_ticket(void **state)
{
    static const char *const parts[] = {"ask",        "made",        "failed", "over",
                                        "incomplete", "unsupported", "lost"};

    (void)state;
    fake_request("GET /enroll", NULL);
    assert_false(fake_is_asked());
    assert_int_equal(fake_status(), 200);
    assert_shows("<section data-part=\"wait\">");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char shown[64];

        (void)snprintf(shown, sizeof(shown), "<section data-part=\"%s\" hidden>", parts[i]);
        assert_shows(shown);
    }
    assert_shows("/static/ticket.js\"></script>");
    assert_hides("link.js");
    assert_shows("<noscript>");
    assert_shows("Add a passkey for <bdi data-fill=\"user\"></bdi> on "
                 "<bdi data-fill=\"host\"></bdi>?");
    assert_string_equal(fake_answer_header("Referrer-Policy"), "no-referrer");
    assert_string_equal(fake_answer_header("Cache-Control"), "no-store");
    fake_request("GET /static/ticket.js", NULL);
    assert_int_equal(fake_status(), 200);
    assert_shows("history.replaceState");
    assert_hides("http:");
}

static void the_page_in_german(void **state)
{
    (void)state;
    fake_header("Accept-Language", "de");
    fake_request("GET /enroll", NULL);
    assert_shows("<html lang=\"de\">");
    assert_shows("<title>Passkey anlegen</title>");
}

static void a_ticket_is_described(void **state)
{
    (void)state;
    from_page();
    fake_request("POST /enroll/describe", "{\"ticket\":\"" TICKET "\"}");
    (void)fake_call(PARTY_DESCRIBE_TICKET);
    assert_string_equal(fake_call_id(), TICKET);
    fake_done("{'user':'alice','host':'web1','rpId':'example.org','expires':7}");
    fake_answered(200, NULL, "{'user':'alice','host':'web1','rpId':'example.org','expires':7}");
}

static void a_ticket_is_begun(void **state)
{
    (void)state;
    from_page();
    fake_request("POST /enroll/begin", "{\"ticket\":\"" TICKET "\"}");
    (void)fake_call(PARTY_BEGIN_TICKET);
    assert_string_equal(fake_call_id(), TICKET);
    fake_begun(FAKE_ID, "{'challenge':'AA'}");
    fake_answered(200, NULL, "{'challenge':'AA'}");
    assert_string_equal(fake_answer_header("Set-Cookie"), TICKET_COOKIE
                        "=" FAKE_ID "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=240");
}

/* A link's claim is none of a ticket's, nor one of another name that ends alike. */
static void a_ticket_is_used(void **state)
{
    (void)state;
    from_page();
    fake_header("Cookie", "__Host-passkey-link=" CLAIM "; x" TICKET_COOKIE "=no; " TICKET_COOKIE
                          "s=no; __Host-passkey-ticket=no; " TICKET_COOKIE "=" FAKE_ID);
    fake_request("POST /enroll/finish",
                 "{\"ticket\":\"" TICKET "\",\"credential\":{\"id\":\"AA\"}}");
    (void)fake_call(PARTY_FINISH_TICKET);
    assert_string_equal(fake_call_id(), TICKET);
    assert_string_equal(fake_call_claim(), FAKE_ID);
    assert_string_equal(fake_call_credential(), "{\"id\":\"AA\"}");
    fake_done("{'name':'passkey'}");
    fake_answered(200, NULL, "{'name':'passkey'}");
}

static void tickets_that_are_none(void **state)
{
    static const char *const calls[] = {"describe", "begin", "finish"};
    static const char *const bodies[] = {
        "", "[]", "null", "{", "{}", "{\"ticket\":7}", "{\"ticket\":null,\"credential\":{}}"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "POST /enroll/%s", calls[i]);
        fake_start(&dialect_pages);
        fake_header("Content-Type", "application/json");
        fake_request(line, "{\"ticket\":\"" TICKET "\",\"credential\":{}}"); /* no Origin */
        assert_false(fake_is_asked());
        fake_answered(403, NULL, "{'error':'malformed'}");
        from_page();
        for (size_t j = 0; j < sizeof(bodies) / sizeof(bodies[0]); j++) {
            fake_request(line, bodies[j]);
            assert_false(fake_is_asked());
            fake_answered(400, NULL, "{'error':'malformed'}");
        }
        fake_request(line, "{\"ticket\":\"" TICKET "\",\"credential\":{}}");
        fake_failed(PARTY_UNKNOWN_CHALLENGE, "");
        fake_answered(404, NULL, "{'error':'over'}");
        assert_null(fake_answer_header("Set-Cookie"));
    }
}

/* --- languages -------------------------------------------------------------------------------- */

static void languages(void **state)
{
    static const struct {
        const char *accepted;
        enum page_language language;
    } cases[] = {
        {NULL, PAGE_ENGLISH},         {"", PAGE_ENGLISH},
        {"de", PAGE_GERMAN},          {"DE-ch", PAGE_GERMAN},
        {"fr", PAGE_ENGLISH},         {"den", PAGE_ENGLISH},
        {"en, de", PAGE_ENGLISH},     {"de, en", PAGE_GERMAN},
        {"en;q=0.8,de", PAGE_GERMAN}, {"de;q=0.4, en;q=0.45", PAGE_ENGLISH},
        {"de;q=0", PAGE_ENGLISH},     {"de;q=0.0,en;q=0.1", PAGE_ENGLISH},
        {"de; q=1, en", PAGE_GERMAN}, {"fr, de;q=0.001", PAGE_GERMAN},
        {",,, de ,", PAGE_GERMAN},    {"de;level=1", PAGE_ENGLISH},
        {"de;q", PAGE_ENGLISH},       {"de;q=", PAGE_ENGLISH},
        {"de;q=0.0", PAGE_ENGLISH},   {"de;q=0.000", PAGE_ENGLISH},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (page_language(cases[i].accepted) != cases[i].language)
            fail_msg("%s", cases[i].accepted);
}

/* Every text is there in each language, with as many places. */
static void texts(void **state)
{
    (void)state;
    for (int word = 0; word < WORD_COUNT; word++) {
        const char *en = page_word(PAGE_ENGLISH, (enum page_word)word);
        const char *de = page_word(PAGE_GERMAN, (enum page_word)word);
        unsigned places = 0;

        for (const char *at = en; (at = strstr(at, "%s")); at += 2)
            places++;
        for (const char *at = de; (at = strstr(at, "%s")); at += 2)
            places--;
        assert_int_equal(places, 0);
        assert_true(*en && *de);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asks_for_what, start, stop),
        cmocka_unit_test_setup_teardown(what_others_wrote_is_text, start, stop),
        cmocka_unit_test_setup_teardown(all_that_is_signed, start, stop),
        cmocka_unit_test_setup_teardown(what_nobody_can_see_is_shown, start, stop),
        cmocka_unit_test_setup_teardown(long_names_leave_room, start, stop),
        cmocka_unit_test_setup_teardown(the_code_after_a_reload, start, stop),
        cmocka_unit_test_setup_teardown(a_claim_is_proposed, start, stop),
        cmocka_unit_test_setup_teardown(german, start, stop),
        cmocka_unit_test_setup_teardown(links_that_are_over, start, stop),
        cmocka_unit_test_setup_teardown(what_a_page_loads, start, stop),
        cmocka_unit_test_setup_teardown(it_begins, start, stop),
        cmocka_unit_test_setup_teardown(it_hands_on_the_answer, start, stop),
        cmocka_unit_test_setup_teardown(it_disowns, start, stop),
        cmocka_unit_test_setup_teardown(calls_that_are_not_its_own, start, stop),
        cmocka_unit_test_setup_teardown(scripts_are_told_what_failed, start, stop),
        cmocka_unit_test_setup_teardown(the_page_of_every_ticket, start, stop),
        cmocka_unit_test_setup_teardown(the_page_in_german, start, stop),
        cmocka_unit_test_setup_teardown(a_ticket_is_described, start, stop),
        cmocka_unit_test_setup_teardown(a_ticket_is_begun, start, stop),
        cmocka_unit_test_setup_teardown(a_ticket_is_used, start, stop),
        cmocka_unit_test_setup_teardown(tickets_that_are_none, start, stop),
        cmocka_unit_test(languages),
        cmocka_unit_test(texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
