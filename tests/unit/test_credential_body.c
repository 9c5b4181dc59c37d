/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials of requests in every spelling, and what else the dialects read by the same rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "gateway/credential_body.h"
#include "tests/unit/http_samples.h"

#include <string.h>

static bool reads(const char *text, enum credential_kind kind, unsigned spellings)
{
    AUTO_JSON json_t *body = members_parse(text, strlen(text));
    AUTO_CREDENTIAL_BODY struct credential_body credential = {0};

    return credential_body_read(body, kind, spellings, &credential);
}

/* Every prefix of one is none, and so is one with a byte behind it. */
static void test_a_text_is_whole(void **state)
{
    static const char *const texts[] = {HTTP_ATTESTATION, HTTP_ASSERTION};

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(texts); i++) {
        PK_AUTO_FREE char *longer = pk_text_format("%s}", texts[i]);
        PK_AUTO_FREE char *spaced = pk_text_format("%s\n", texts[i]);
        enum credential_kind kind = i == 0 ? CREDENTIAL_REGISTRATION : CREDENTIAL_AUTHENTICATION;

        assert_true(reads(texts[i], kind, CREDENTIAL_CAMEL));
        assert_true(reads(spaced, kind, CREDENTIAL_CAMEL));
        assert_false(reads(longer, kind, CREDENTIAL_CAMEL));
        for (size_t len = 0; len < strlen(texts[i]); len++) {
            AUTO_JSON json_t *cut = members_parse(texts[i], len);

            assert_null(cut);
        }
        /* A NUL behind it is a byte, too. */
        assert_null(members_parse(texts[i], strlen(texts[i]) + 1));
    }
}

static void test_parsing_is_strict(void **state)
{
    static const char *const texts[] = {"",      "[]",          "\"x\"",   "{\"a\":1,\"a\":2}",
                                        "{} {}", "{\"a\":NaN}", "{\"a\"}", "{\"a\":\"\\u0000\"}"};
    AUTO_JSON json_t *whole = members_parse(" {\"a\":[1]} ", 11);

    (void)state;
    assert_true(json_is_object(whole));
    for (size_t i = 0; i < MEMBERS_COUNT(texts); i++) {
        AUTO_JSON json_t *json = members_parse(texts[i], strlen(texts[i]));

        if (json)
            fail_msg("read: %s", texts[i]);
    }
}

#define REGISTRATION(id, raw, type, response)                                                      \
    "{\"id\":" id ",\"rawId\":" raw ",\"type\":" type ",\"response\":" response "}"
#define RESPONSE "{\"clientDataJSON\":\"e30\",\"attestationObject\":\"o2Nm\"}"

static void test_what_is_no_registration(void **state)
{
    static const char *const texts[] = {
        REGISTRATION("\"A\"", "\"AAEC\"", "\"public-key\"", RESPONSE),
        REGISTRATION("\"\"", "\"AAEC\"", "\"public-key\"", RESPONSE),
        REGISTRATION("\"AA==\"", "\"AA\"", "\"public-key\"", RESPONSE),
        REGISTRATION("\"A+/C\"", "\"AAEC\"", "\"public-key\"", RESPONSE),
        REGISTRATION("7", "\"AAEC\"", "\"public-key\"", RESPONSE),
        REGISTRATION("\"AAEC\"", "null", "\"public-key\"", RESPONSE),
        REGISTRATION("\"AAEC\"", "\"A+/C\"", "\"public-key\"", RESPONSE),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"password\"", RESPONSE),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "null", RESPONSE),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"", "null"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"", "[]"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"", "{\"clientDataJSON\":\"e30\"}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"", "{\"attestationObject\":\"o2Nm\"}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     "{\"clientDataJSON\":\"\",\"attestationObject\":\"o2Nm\"}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     "{\"clientDataJSON\":\"e30\",\"attestationObject\":\"\"}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     "{\"clientDataJSON\":{},\"attestationObject\":\"o2Nm\"}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     "{\"clientDataJSON\":\"e30\",\"attestationObject\":\"o2N\",\"transports\":1}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     "{\"clientDataJSON\":\"e30\",\"attestationObject\":\"o2N\","
                     "\"transports\":[1]}"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     RESPONSE ",\"clientExtensionResults\":[]"),
        REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"",
                     RESPONSE ",\"authenticatorAttachment\":1"),
    };

    (void)state;
    assert_true(reads(REGISTRATION("\"AAEC\"", "\"AAEC\"", "\"public-key\"", RESPONSE),
                      CREDENTIAL_REGISTRATION, CREDENTIAL_CAMEL));
    for (size_t i = 0; i < MEMBERS_COUNT(texts); i++)
        if (reads(texts[i], CREDENTIAL_REGISTRATION, CREDENTIAL_CAMEL))
            fail_msg("read: %s", texts[i]);
    assert_false(reads(HTTP_ASSERTION, CREDENTIAL_REGISTRATION, CREDENTIAL_CAMEL));
    assert_false(reads(HTTP_ATTESTATION, CREDENTIAL_AUTHENTICATION, CREDENTIAL_CAMEL));
}

static bool reads_client_data(const char *client_data, unsigned spellings)
{
    PK_AUTO_FREE char *text =
        pk_text_format("{\"id\":\"AAEC\",\"rawId\":\"AAEC\",\"type\":\"public-key\",\"response\":{"
                       "\"clientDataJSON\":\"%s\",\"attestationObject\":\"o2Nm\"}}",
                       client_data);

    return reads(text, CREDENTIAL_REGISTRATION, spellings);
}

/* Padding is taken off where it is what the length asks for. */
static void test_alphabets(void **state)
{
    static const struct {
        const char *text;
        bool url, both;
    } cases[] = {
        {"AAEC", true, true},        {"AA", true, true},      {"AA==", true, true},
        {"AAE=", true, true},        {"AAE", true, true},     {"AA=", false, false},
        {"A===", false, false},      {"AAEC=", false, false}, {"AAEC====", false, false},
        {"A", false, false},         {"-_8", true, true},     {"+/8", false, true},
        {"+/8=", false, true},       {"A A", false, false},   {"AA\\n", false, false},
        {"AA\\u00e9", false, false},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        if (reads_client_data(cases[i].text, CREDENTIAL_CAMEL) != cases[i].url ||
            reads_client_data(cases[i].text, CREDENTIAL_CAMEL | CREDENTIAL_BASE64) != cases[i].both)
            fail_msg("%s", cases[i].text);
    }
}

/* The challenge of client data, or none of what is not client data. */
static void test_challenges(void **state)
{
    static const struct {
        const char *client_data, *challenge;
    } cases[] = {
        {"{\"challenge\":\"AAAA\",\"type\":\"x\"}", "AAAA"},
        {"{\"challenge\":\"\"}", NULL},
        {"{\"challenge\":7}", NULL},
        {"{\"type\":\"x\"}", NULL},
        {"{\"challenge\":\"AAAA\"}x", NULL},
        {"{\"challenge\":\"AAAA\",\"challenge\":\"BBBB\"}", NULL},
        {"{\"challenge\":\"A\\u0000A\"}", NULL},
        {"[]", NULL},
        {"x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        PK_AUTO_FREE char *data = pk_base64url_encode(pk_view_string(cases[i].client_data));
        AUTO_JSON json_t *body = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "id", "AAEC", "rawId",
                                           "AAEC", "type", "public-key", "response",
                                           "clientDataJSON", data, "attestationObject", "o2Nm");
        AUTO_CREDENTIAL_BODY struct credential_body credential = {0};

        assert_true(
            credential_body_read(body, CREDENTIAL_REGISTRATION, CREDENTIAL_CAMEL, &credential));
        if (cases[i].challenge)
            assert_string_equal(credential.challenge, cases[i].challenge);
        else
            assert_null(credential.challenge);
    }
}

static void test_spellings(void **state)
{
    static const char snake[] =
        "{\"id\":\"AAEC\",\"raw_id\":\"AAEC\",\"type\":\"public-key\",\"response\":{"
        "\"client_data_json\":\"" HTTP_CLIENT_DATA "\",\"authenticator_data\":\"SZYN\","
        "\"signature\":\"MEUC\",\"user_handle\":\"dS0x\"}}";

    (void)state;
    assert_true(reads(snake, CREDENTIAL_AUTHENTICATION, CREDENTIAL_SNAKE));
    assert_false(reads(snake, CREDENTIAL_AUTHENTICATION, CREDENTIAL_CAMEL));
    assert_false(reads(HTTP_ASSERTION, CREDENTIAL_AUTHENTICATION, CREDENTIAL_SNAKE));
    assert_true(
        reads(HTTP_ASSERTION, CREDENTIAL_AUTHENTICATION, CREDENTIAL_SNAKE | CREDENTIAL_CAMEL));
}

static void test_times(void **state)
{
    char text[MEMBERS_TIME_SIZE];

    (void)state;
    assert_string_equal(members_time(0, TIME_SECONDS, text), "1970-01-01T00:00:00Z");
    assert_string_equal(members_time(1795838400, TIME_MILLISECONDS, text),
                        "2026-11-28T04:00:00.000Z");
    assert_string_equal(members_time(253402300799, TIME_SECONDS, text), "9999-12-31T23:59:59Z");
    assert_string_equal(members_time(253402300800, TIME_SECONDS, text), "");
    assert_string_equal(members_time(-1, TIME_SECONDS, text), "");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        unsigned number;
    } cases[] = {
        {NULL, true, 7},  {"", true, 7},    {"1", true, 1},    {"010", true, 10},
        {"99", true, 99}, {"0", false, 7},  {"100", false, 7}, {"99999999999999999999", false, 7},
        {"-1", false, 7}, {"+1", false, 7}, {" 1", false, 7},  {"1x", false, 7},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        unsigned number = 7;

        assert_int_equal(members_parse_number(cases[i].text, 1, 99, &number), cases[i].valid);
        assert_int_equal(number, cases[i].number);
    }
}

static void test_ids(void **state)
{
    char once[MEMBERS_UUID_SIZE];
    char again[MEMBERS_UUID_SIZE];
    char other[MEMBERS_UUID_SIZE];

    (void)state;
    assert_true(members_is_uuid(FAKE_ID));
    assert_false(members_is_uuid(""));
    assert_false(members_is_uuid(FAKE_ID "0"));
    assert_false(members_is_uuid("b4351ecc-ee1a-4455-bc94-2c3dbcc5853g"));
    assert_false(members_is_uuid("b4351ecc+ee1a-4455-bc94-2c3dbcc58538"));
    members_made_uuid("a", "b", once);
    members_made_uuid("a", "b", again);
    members_made_uuid("a", "c", other);
    assert_true(members_is_uuid(once));
    assert_string_equal(once, again);
    assert_string_not_equal(once, other);
    assert_int_equal(once[14], '8'); /* RFC 9562 section 5.8 */
    assert_true(credential_id_valid("AAEC"));
    assert_false(credential_id_valid(""));
    assert_false(credential_id_valid("AA=="));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_is_whole),
        cmocka_unit_test(test_parsing_is_strict),
        cmocka_unit_test(test_what_is_no_registration),
        cmocka_unit_test(test_alphabets),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
