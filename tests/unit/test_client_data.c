/* SPDX-License-Identifier: BSD-2-Clause */
/* pk_client_data_verify(), which lives in client_data.c. */
#include "common/webauthn/crypto.h"
#include "tests/unit/webauthn_ceremony.h"

#define CHALLENGE "\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""
#define GET       "\"type\":\"webauthn.get\""
#define ORIGIN    "\"origin\":\"https://example.org\""
#define REST      "," CHALLENGE "," ORIGIN

struct verdict {
    const char *text;
    enum pk_status status;
};

static void check(const struct pk_requirements *requirements,
                  const struct pk_credential_record *record, const struct verdict *cases,
                  size_t count)
{
    uint8_t hash[PK_HASH_SIZE];

    for (size_t i = 0; i < count; i++) {
        enum pk_status status =
            pk_client_data_verify(requirements, record, pk_view_string(cases[i].text), hash);

        if (status != cases[i].status)
            fail_msg("%s: %s, not %s", cases[i].text, pk_status_name(status),
                     pk_status_name(cases[i].status));
    }
}

static void members(void **state)
{
    static const struct verdict cases[] = {
        {"{" GET REST "}", PK_OK},
        {"{" GET REST ",\"crossOrigin\":false}", PK_OK},
        {"\xef\xbb\xbf{" GET REST "}", PK_OK},
        {"{" ORIGIN "," CHALLENGE "," GET "}", PK_OK},
        {"{" GET REST ",\"tokenBinding\":{\"status\":\"present\",\"id\":\"x\"}}", PK_OK},
        {"{" GET REST ",\"tokenBinding\":7,\"other\":[1e999,{}]}", PK_OK},
        {"{\"type\":\"webauthn\\u002eget\"" REST "}", PK_OK},
        {"", PK_CLIENT_DATA_MALFORMED},
        {"[]", PK_CLIENT_DATA_MALFORMED},
        {"{" GET REST "}x", PK_CLIENT_DATA_MALFORMED},
        {"\xef\xbb\xbf\xef\xbb\xbf{" GET REST "}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET REST ",\"x\":\"\xff\"}", PK_CLIENT_DATA_NOT_UTF8},
        {"{" GET REST "," GET "}", PK_CLIENT_DATA_DUPLICATE},
        {"{" GET REST ",\"x\":{\"a\":1,\"a\":1}}", PK_CLIENT_DATA_DUPLICATE},
        {"{" CHALLENGE "," ORIGIN "}", PK_CLIENT_DATA_MALFORMED},
        {"{\"type\":1" REST "}", PK_CLIENT_DATA_MALFORMED},
        {"{\"type\":\"webauthn.create\"" REST "}", PK_TYPE_MISMATCH},
        {"{\"type\":\"\"" REST "}", PK_TYPE_MISMATCH},
        {"{\"type\":\"webauthn.get\\u0000\"" REST "}", PK_TYPE_MISMATCH},
        {"{\"type\":\"payment.get\"" REST "}", PK_PAYMENT_DENIED},
        {"{" GET "," ORIGIN "}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET "," ORIGIN ",\"challenge\":null}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET "," ORIGIN ",\"challenge\":\"\"}", PK_CHALLENGE_MISMATCH},
        {"{" GET "," ORIGIN ",\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}",
         PK_CHALLENGE_MISMATCH},
        {"{" GET "," ORIGIN ",\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\"}",
         PK_CHALLENGE_MISMATCH},
        {"{" GET "," CHALLENGE "}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET "," CHALLENGE ",\"origin\":[]}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET "," CHALLENGE ",\"origin\":\"https://example.org/\"}", PK_ORIGIN_MISMATCH},
        {"{" GET "," CHALLENGE ",\"origin\":\"https://example.org.evil\"}", PK_ORIGIN_MISMATCH},
        {"{" GET "," CHALLENGE ",\"origin\":\"https://Example.org\"}", PK_ORIGIN_MISMATCH},
        {"{" GET "," CHALLENGE ",\"origin\":\"\"}", PK_ORIGIN_MISMATCH},
        {"{" GET REST ",\"crossOrigin\":true}", PK_CROSS_ORIGIN_DENIED},
        {"{" GET REST ",\"crossOrigin\":\"false\"}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET REST ",\"crossOrigin\":null}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET REST ",\"topOrigin\":\"https://example.org\"}", PK_TOP_ORIGIN_MISMATCH},
        {"{" GET REST ",\"topOrigin\":1}", PK_CLIENT_DATA_MALFORMED},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);

    (void)state;
    check(&requirements, NULL, cases, COUNT(cases));
}

/* Not even a ceremony that lost its challenge takes an answer without one. */
static void without_a_challenge_nothing_answers(void **state)
{
    static const struct verdict cases[] = {
        {"{" GET "," ORIGIN ",\"challenge\":\"\"}", PK_CHALLENGE_MISMATCH},
        {"{" GET REST "}", PK_CHALLENGE_MISMATCH},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);

    (void)state;
    pk_bytes_clear(&requirements.challenge);
    check(&requirements, NULL, cases, COUNT(cases));
}

static void registration(void **state)
{
    static const struct verdict cases[] = {
        {sample_client_data_create, PK_OK},
        {sample_client_data_get, PK_TYPE_MISMATCH},
        {"{\"type\":\"payment.get\"" REST "}", PK_TYPE_MISMATCH},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);

    (void)state;
    check(&requirements, NULL, cases, COUNT(cases));
}

static void cross_origin(void **state)
{
    static const struct verdict any[] = {
        {"{" GET REST ",\"crossOrigin\":true}", PK_OK},
        {"{" GET REST ",\"crossOrigin\":true,\"topOrigin\":\"https://top.example\"}", PK_OK},
        {"{" GET REST ",\"crossOrigin\":false,\"topOrigin\":\"https://top.example\"}",
         PK_TOP_ORIGIN_MISMATCH},
    };
    static const struct verdict listed[] = {
        {"{" GET REST ",\"crossOrigin\":true}", PK_OK},
        {"{" GET REST ",\"crossOrigin\":true,\"topOrigin\":\"https://top.example\"}", PK_OK},
        {"{" GET REST ",\"crossOrigin\":true,\"topOrigin\":\"https://bad.example\"}",
         PK_TOP_ORIGIN_MISMATCH},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);

    (void)state;
    requirements.allow_cross_origin = true;
    check(&requirements, NULL, any, COUNT(any));
    assert_status(pk_strings_add(&requirements.top_origins, "https://top.example"), PK_OK);
    check(&requirements, NULL, listed, COUNT(listed));
}

static void payment(void **state)
{
    static const struct verdict capable[] = {
        {"{\"type\":\"payment.get\"" REST ",\"payment\":{\"rpId\":\"example.org\"}}", PK_OK},
        {"{\"type\":\"payment.get\"" REST ",\"payment\":{\"rpId\":\"example.com\"}}",
         PK_PAYMENT_MISMATCH},
        {"{\"type\":\"payment.get\"" REST ",\"payment\":{}}", PK_PAYMENT_MISMATCH},
        {"{\"type\":\"payment.get\"" REST ",\"payment\":true}", PK_CLIENT_DATA_MALFORMED},
        {"{\"type\":\"payment.get\"" REST "}", PK_CLIENT_DATA_MALFORMED},
        {"{" GET REST "}", PK_OK},
    };
    static const struct verdict demanded[] = {
        {"{\"type\":\"payment.get\"" REST ",\"payment\":{\"rpId\":\"example.org\"}}", PK_OK},
        {"{" GET REST "}", PK_TYPE_MISMATCH},
    };
    static const struct verdict plain[] = {
        {"{\"type\":\"payment.get\"" REST ",\"payment\":{\"rpId\":\"example.org\"}}",
         PK_PAYMENT_DENIED},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    struct pk_credential_record record = {.payment = true};

    (void)state;
    check(&requirements, &record, capable, COUNT(capable));
    requirements.payment = true;
    check(&requirements, &record, demanded, COUNT(demanded));
    record.payment = false;
    check(&requirements, &record, plain, COUNT(plain));
}

static void hash_is_over_what_came(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    struct pk_view text = pk_view_string("\xef\xbb\xbf{" GET REST "}");
    uint8_t hash[PK_HASH_SIZE], expected[PK_HASH_SIZE];

    (void)state;
    pk_sha256(text, expected);
    assert_status(pk_client_data_verify(&requirements, NULL, text, hash), PK_OK);
    assert_memory_equal(hash, expected, sizeof(hash));
}

static void size(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    static uint8_t text[PK_CLIENT_DATA_MAX + 1];
    uint8_t hash[PK_HASH_SIZE];
    size_t len = strlen(sample_client_data_get);

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, sample_client_data_get, len);
    assert_status(pk_client_data_verify(&requirements, NULL,
                                        (struct pk_view){text, PK_CLIENT_DATA_MAX}, hash),
                  PK_OK);
    assert_status(
        pk_client_data_verify(&requirements, NULL, (struct pk_view){text, sizeof(text)}, hash),
        PK_CLIENT_DATA_MALFORMED);
}

static enum pk_status parse(struct pk_view text)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    uint8_t hash[PK_HASH_SIZE];

    return pk_client_data_verify(&requirements, NULL, text, hash);
}

static void prefixes(void **state)
{
    char hex[2 * sizeof(sample_client_data_get)] = "";

    (void)state;
    for (const char *at = sample_client_data_get; *at; at++)
        (void)sprintf(hex + strlen(hex), "%02x", (unsigned char)*at);
    check_prefixes(parse, hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),      cmocka_unit_test(without_a_challenge_nothing_answers),
        cmocka_unit_test(registration), cmocka_unit_test(cross_origin),
        cmocka_unit_test(payment),      cmocka_unit_test(hash_is_over_what_came),
        cmocka_unit_test(size),         cmocka_unit_test(prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
