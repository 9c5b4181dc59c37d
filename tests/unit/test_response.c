/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/response.h"

#include "common/base/text.h"
#include "common/base/writer.h"
#include "tests/unit/webauthn_ceremony.h"

static char *encoded(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);
    char *text = pk_base64url_encode(pk_view_of(&bytes));

    assert_non_null(text);
    return text;
}

static char *encoded_text(const char *text)
{
    char *encoded = pk_base64url_encode(pk_view_string(text));

    assert_non_null(encoded);
    return encoded;
}

/* The signed sample as JSON; what is "" in the middle goes in there. */
static char *assertion_json(const char *response_more, const char *more)
{
    PK_AUTO_FREE char *id = encoded(sample_credential_id);
    PK_AUTO_FREE char *client_data = encoded_text(sample_client_data_get);
    PK_AUTO_FREE char *data = encoded(sample_assertion_data);
    PK_AUTO_FREE char *signature = encoded(sample_assertion_signature);
    char *json = pk_text_format(
        "{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\",\"response\":{"
        "\"clientDataJSON\":\"%s\",\"authenticatorData\":\"%s\",\"signature\":\"%s\"%s}%s}",
        id, id, client_data, data, signature, response_more, more);

    assert_non_null(json);
    return json;
}

static enum pk_status authenticate(const struct pk_requirements *requirements, const char *json)
{
    __attribute__((cleanup(
        pk_authentication_response_clear))) struct pk_authentication_response response = {0};
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    AUTO_RECORD struct pk_credential_record record = sample_record();
    enum pk_status status = pk_authentication_response_parse(pk_view_string(json), &response);

    if (status == PK_OK)
        status = pk_authentication_response_verify(requirements, &record, &response, &result);
    if (status == PK_OK)
        assert_int_equal(result.sign_count, 5);
    return status;
}

static void assertions(void **state)
{
    static const struct {
        const char *response_more, *more;
        enum pk_status status;
    } cases[] = {
        {"", "", PK_OK},
        {"", ",\"clientExtensionResults\":{},\"authenticatorAttachment\":\"platform\"", PK_OK},
        {"", ",\"clientExtensionResults\":{\"x\":[1,{}]},\"authenticatorAttachment\":null", PK_OK},
        {",\"userHandle\":null,\"unknown\":1", "", PK_OK},
        {",\"userHandle\":\"AQI\"", "", PK_OK},
        {",\"userHandle\":\"AQM\"", "", PK_USER_HANDLE_MISMATCH},
        {",\"userHandle\":\"\"", "", PK_OK}, /* Safari */
        {"", ",\"clientExtensionResults\":null", PK_OK},
        {"", ",\"clientExtensionResults\":{\"appid\":null}", PK_OK},
        {",\"userHandle\":7", "", PK_RESPONSE_MALFORMED},
        {",\"userHandle\":\"AQI=\"", "", PK_BASE64URL_MALFORMED},
        {",\"userHandle\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AAAAAAAAAAAAAAAAAAA\"",
         "", PK_RESPONSE_MALFORMED},
        {"", ",\"clientExtensionResults\":[]", PK_EXTENSIONS_MALFORMED},
        {"", ",\"clientExtensionResults\":{\"appid\":1}", PK_EXTENSIONS_MALFORMED},
        {"", ",\"clientExtensionResults\":{\"appid\":true}", PK_RP_ID_MISMATCH},
        {"", ",\"type\":\"public-key\"", PK_RESPONSE_MALFORMED},
        {"", ",", PK_RESPONSE_MALFORMED},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);

    (void)state;
    requirements.appid = strdup("https://u2f.example.org");
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_FREE char *json = assertion_json(cases[i].response_more, cases[i].more);
        enum pk_status status = authenticate(&requirements, json);

        if (status != cases[i].status)
            fail_msg("%s %s: %s", cases[i].response_more, cases[i].more, pk_status_name(status));
    }
    /* The payment output reaches the result. */
    requirements.refuse_unsolicited_extensions = true;
    {
        PK_AUTO_FREE char *json =
            assertion_json("", ",\"clientExtensionResults\":{\"credProps\":{}}");

        assert_status(authenticate(&requirements, json), PK_EXTENSION_UNSOLICITED);
    }
}

/* What the client data say counts in this form as well. */
static void client_data_are_looked_at(void **state)
{
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements =
        sample_requirements(PK_AUTHENTICATION);
    PK_AUTO_FREE char *json = assertion_json("", "");

    (void)state;
    assert_status(authenticate(&requirements, json), PK_OK);
    requirements.challenge.data[0] ^= 1;
    assert_status(authenticate(&requirements, json), PK_CHALLENGE_MISMATCH);
    requirements.challenge.data[0] ^= 1;
    requirements.origins.items[0][0] = 'H';
    assert_status(authenticate(&requirements, json), PK_ORIGIN_MISMATCH);
    requirements.origins.items[0][0] = 'h';
    requirements.payment = true;
    assert_status(authenticate(&requirements, json), PK_TYPE_MISMATCH);
}

#define RESPONSE                                                                                   \
    "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\","                       \
    "\"signature\":\"AA\"}"
#define IDENTITY "\"id\":\"AQ\",\"rawId\":\"AQ\",\"type\":\"public-key\","

static void identities(void **state)
{
    static const struct {
        const char *json;
        enum pk_status status;
    } cases[] = {
        {"{" IDENTITY RESPONSE "}", PK_OK},
        {"{\"rawId\":\"AQ\",\"type\":\"public-key\"," RESPONSE "}", PK_RESPONSE_MALFORMED},
        {"{\"id\":\"AQ\",\"type\":\"public-key\"," RESPONSE "}", PK_RESPONSE_MALFORMED},
        {"{\"id\":\"AQ\",\"rawId\":\"AQ\"," RESPONSE "}", PK_RESPONSE_MALFORMED},
        {"{\"id\":1,\"rawId\":\"AQ\",\"type\":\"public-key\"," RESPONSE "}", PK_RESPONSE_MALFORMED},
        {"{\"id\":\"AQ\",\"rawId\":\"AQ\",\"type\":\"password\"," RESPONSE "}",
         PK_CREDENTIAL_TYPE_UNKNOWN},
        {"{\"id\":\"Ag\",\"rawId\":\"AQ\",\"type\":\"public-key\"," RESPONSE "}",
         PK_CREDENTIAL_ID_MISMATCH},
        {"{\"id\":\"AR\",\"rawId\":\"AR\",\"type\":\"public-key\"," RESPONSE "}",
         PK_BASE64URL_MALFORMED},
        {"{\"id\":\"\",\"rawId\":\"\",\"type\":\"public-key\"," RESPONSE "}",
         PK_CREDENTIAL_ID_LENGTH},
        {"{" IDENTITY "\"response\":[]}", PK_RESPONSE_MALFORMED},
        {"{" IDENTITY "\"response\":{}}", PK_RESPONSE_MALFORMED},
        {"{" IDENTITY "\"response\":{\"clientDataJSON\":\"e30\"}}", PK_RESPONSE_MALFORMED},
        {"{" IDENTITY "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"A\"}}",
         PK_BASE64URL_MALFORMED},
        {"{" IDENTITY "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\"}}",
         PK_RESPONSE_MALFORMED},
        {"[]", PK_RESPONSE_MALFORMED},
        {"{", PK_RESPONSE_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        __attribute__((cleanup(
            pk_authentication_response_clear))) struct pk_authentication_response response = {0};
        enum pk_status status =
            pk_authentication_response_parse(pk_view_string(cases[i].json), &response);

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].json, pk_status_name(status));
    }
}

/* A response whose one member is so long. */
static enum pk_status parse_long(const char *format, size_t len)
{
    __attribute__((cleanup(
        pk_authentication_response_clear))) struct pk_authentication_response response = {0};
    char *text = malloc(len + 1), *json;
    enum pk_status status;

    assert_non_null(text);
    memset(text, 'A', len);
    text[len] = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    assert_true(asprintf(&json, format, text, text) > 0);
#pragma GCC diagnostic pop
    status = pk_authentication_response_parse(pk_view_string(json), &response);
    free(json);
    free(text);
    return status;
}

static void sizes(void **state)
{
    (void)state;
    assert_status(parse_long("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\"}", 1368),
                  PK_CREDENTIAL_ID_LENGTH);
    assert_status(parse_long("{" IDENTITY "\"response\":{\"clientDataJSON\":\"%s\"}}", 21848),
                  PK_CLIENT_DATA_MALFORMED);
    assert_status(parse_long("{" IDENTITY "\"response\":{\"clientDataJSON\":\"\","
                             "\"authenticatorData\":\"%s\"}}",
                             21848),
                  PK_AUTH_DATA_TOO_LARGE);
    assert_status(parse_long("{" IDENTITY "\"response\":{\"clientDataJSON\":\"\","
                             "\"authenticatorData\":\"\",\"signature\":\"%s\"}}",
                             10924),
                  PK_SIGNATURE_MALFORMED);
    assert_status(parse_long("{\"a\":\"%s\"}", PK_JSON_MAX), PK_TOO_LARGE);
}

/* The sample with fmt none. */
static char *registration_json(const char *id_hex, const char *response_more, const char *more)
{
    PK_AUTO_FREE char *id = encoded(id_hex);
    PK_AUTO_FREE char *client_data = encoded_text(sample_client_data_create);
    PK_AUTO_FREE char *hex =
        pk_text_format("a363666d74646e6f6e656761747453746d74a068617574684461746158%02x%s",
                       (unsigned)strlen(sample_attested_data) / 2, sample_attested_data);
    PK_AUTO_FREE char *object = NULL;
    char *json;

    assert_non_null(hex);
    object = encoded(hex);
    json = pk_text_format("{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"public-key\",\"response\":{"
                          "\"clientDataJSON\":\"%s\",\"attestationObject\":\"%s\"%s}%s}",
                          id, id, client_data, object, response_more, more);
    assert_non_null(json);
    return json;
}

static void registrations(void **state)
{
    static const struct {
        const char *response_more, *more;
        enum pk_status status;
        unsigned transports;
    } cases[] = {
        {"", "", PK_OK, 0},
        {",\"transports\":[\"usb\",\"nfc\",\"warp\",\"a transport with a long name\",\"u\\u0000\"]",
         "", PK_OK, PK_TRANSPORT_USB | PK_TRANSPORT_NFC},
        {",\"publicKey\":\"AA\",\"publicKeyAlgorithm\":0,\"authenticatorData\":1", "", PK_OK, 0},
        {"", ",\"clientExtensionResults\":{\"credProps\":{\"rk\":true}}", PK_OK, 0},
        {",\"transports\":\"usb\"", "", PK_RESPONSE_MALFORMED, 0},
        {",\"transports\":[1]", "", PK_RESPONSE_MALFORMED, 0},
        {"", ",\"clientExtensionResults\":7", PK_EXTENSIONS_MALFORMED, 0},
        {"", ",\"clientExtensionResults\":{\"credProps\":7}", PK_EXTENSIONS_MALFORMED, 0},
    };
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);

    (void)state;
    requirements.cred_props = true;
    for (size_t i = 0; i < COUNT(cases); i++) {
        __attribute__((
            cleanup(pk_registration_result_clear))) struct pk_registration_result result = {0};
        PK_AUTO_FREE char *json =
            registration_json(sample_credential_id, cases[i].response_more, cases[i].more);
        enum pk_status status =
            pk_registration_response_verify(&requirements, pk_view_string(json), &result);

        if (status != cases[i].status)
            fail_msg("%s %s: %s", cases[i].response_more, cases[i].more, pk_status_name(status));
        assert_int_equal(result.transports, cases[i].transports);
        assert_int_equal(result.extensions.resident_key, i == 3);
    }
}

static void registration_refusals(void **state)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = sample_requirements(PK_REGISTRATION);
    PK_AUTO_FREE char *other = registration_json("0102", "", "");
    PK_AUTO_FREE char *right = registration_json(sample_credential_id, "", "");

    (void)state;
    assert_status(pk_registration_response_verify(&requirements, pk_view_string(other), &result),
                  PK_CREDENTIAL_ID_MISMATCH);
    assert_status(pk_registration_response_verify(
                      &requirements, pk_view_string("{" IDENTITY "\"response\":1}"), &result),
                  PK_RESPONSE_MALFORMED);
    assert_status(pk_registration_response_verify(&requirements, pk_view_string("{"), &result),
                  PK_RESPONSE_MALFORMED);
    requirements.challenge.data[0] ^= 1;
    assert_status(pk_registration_response_verify(&requirements, pk_view_string(right), &result),
                  PK_CHALLENGE_MISMATCH);
    assert_null(result.credential_id.data);
}

static enum pk_status parse(struct pk_view text)
{
    __attribute__((cleanup(
        pk_authentication_response_clear))) struct pk_authentication_response response = {0};

    return pk_authentication_response_parse(text, &response);
}

static void prefixes(void **state)
{
    PK_AUTO_FREE char *json = assertion_json("", ",\"clientExtensionResults\":{}");
    char *hex = calloc(2, strlen(json) + 1);

    (void)state;
    assert_non_null(hex);
    for (size_t i = 0; json[i]; i++)
        (void)sprintf(hex + 2 * i, "%02x", (unsigned char)json[i]);
    check_prefixes(parse, hex);
    free(hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assertions),    cmocka_unit_test(client_data_are_looked_at),
        cmocka_unit_test(identities),    cmocka_unit_test(sizes),
        cmocka_unit_test(registrations), cmocka_unit_test(registration_refusals),
        cmocka_unit_test(prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
