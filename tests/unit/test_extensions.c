/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/extensions.h"

#include "tests/unit/webauthn_ceremony.h"

static enum pk_status read_hex(const struct pk_requirements *requirements, const char *hex,
                               struct pk_extension_results *results)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    return pk_extensions_read(requirements, pk_view_of(&bytes), results);
}

static enum pk_status read_json(const struct pk_requirements *requirements, const char *text,
                                struct pk_extension_results *results)
{
    PK_AUTO_JSON struct pk_json *json = NULL;

    assert_status(pk_json_parse(pk_view_string(text), &json), PK_OK);
    return pk_client_extensions_read(requirements, pk_json_get(pk_json_root(json), "x"), results);
}

#define CRED_PROTECT "6b6372656450726f74656374"
#define MIN_PIN      "6c6d696e50696e4c656e677468"

static void authenticator_outputs(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
        unsigned cred_protect, min_pin_length;
    } cases[] = {
        {"", PK_OK, 0, 0},
        {"a0", PK_OK, 0, 0},
        {"a1" CRED_PROTECT "01", PK_OK, 1, 0},
        {"a2" CRED_PROTECT "03" MIN_PIN "08", PK_OK, 3, 8},
        {"a1" MIN_PIN "183f", PK_OK, 0, 63},
        {"a26178f6" CRED_PROTECT "02", PK_OK, 2, 0},
        {"a1" CRED_PROTECT "00", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" CRED_PROTECT "04", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" CRED_PROTECT "f5", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" CRED_PROTECT "20", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" MIN_PIN "03", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" MIN_PIN "1840", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a1" MIN_PIN "6134", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"a10101", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"80", PK_EXTENSIONS_MALFORMED, 0, 0},
        {"f6", PK_EXTENSIONS_MALFORMED, 0, 0},
    };
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION, .cred_protect = 1, .min_pin_length = true};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pk_extension_results results = {0};
        enum pk_status status = read_hex(&requirements, cases[i].hex, &results);

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].hex, pk_status_name(status));
        if (status != PK_OK)
            continue;
        assert_int_equal(results.cred_protect, cases[i].cred_protect);
        assert_int_equal(results.min_pin_length, cases[i].min_pin_length);
    }
}

static void unsolicited_outputs(void **state)
{
    struct pk_requirements requirements = {.ceremony = PK_REGISTRATION};
    struct pk_extension_results results = {0};

    (void)state;
    /* Ignored, whether valid or not. */
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "63616263", &results), PK_OK);
    assert_status(
        read_json(&requirements, "{\"x\":{\"credProps\":1,\"appid\":2,\"z\":3}}", &results), PK_OK);
    assert_int_equal(results.cred_protect, 0);
    assert_false(results.has_cred_props);
    /* But for the level that a maker chose. */
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "05", &results), PK_OK);
    assert_int_equal(results.cred_protect, 0);
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "03", &results), PK_OK);
    assert_int_equal(results.cred_protect, 3);
    requirements.refuse_unsolicited_extensions = true;
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "01", &results),
                  PK_EXTENSION_UNSOLICITED);
    assert_status(read_hex(&requirements, "a0", &results), PK_OK);
    assert_status(read_json(&requirements, "{\"x\":{\"z\":3}}", &results),
                  PK_EXTENSION_UNSOLICITED);
    assert_status(read_json(&requirements, "{\"x\":{\"appid\":true}}", &results),
                  PK_EXTENSION_UNSOLICITED);
    assert_status(read_json(&requirements, "{\"x\":{}}", &results), PK_OK);
    assert_status(read_json(&requirements, "{}", &results), PK_OK);
}

static void enforced_protection(void **state)
{
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION, .cred_protect = 2, .enforce_cred_protect = true};
    struct pk_extension_results results = {0};

    (void)state;
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "02", &results), PK_OK);
    results = (struct pk_extension_results){0};
    assert_status(read_hex(&requirements, "a1" CRED_PROTECT "01", &results),
                  PK_CRED_PROTECT_TOO_WEAK);
    results = (struct pk_extension_results){0};
    assert_status(read_hex(&requirements, "", &results), PK_CRED_PROTECT_TOO_WEAK);
    /* Given once, at registration. */
    requirements.ceremony = PK_AUTHENTICATION;
    assert_status(read_hex(&requirements, "", &results), PK_OK);
}

static void client_outputs(void **state)
{
    static const struct {
        const char *json;
        enum pk_status status;
    } cases[] = {
        {"{\"x\":{\"credProps\":{\"rk\":true}}}", PK_OK},
        {"{\"x\":{\"credProps\":{}}}", PK_OK},
        {"{\"x\":{\"credProps\":{\"rk\":null},\"appidExclude\":null,\"unknown\":null}}", PK_OK},
        {"{\"x\":{\"credProps\":null,\"payment\":null}}", PK_OK},
        {"{\"x\":{\"unknown\":false}}", PK_EXTENSION_UNSOLICITED},
        {"{\"x\":{\"credProps\":{\"rk\":true},\"payment\":{},\"credProtect\":1,"
         "\"minPinLength\":4,\"appidExclude\":true}}",
         PK_OK},
        {"{\"x\":{\"credProps\":{\"rk\":1}}}", PK_EXTENSIONS_MALFORMED},
        {"{\"x\":{\"credProps\":[]}}", PK_EXTENSIONS_MALFORMED},
        {"{\"x\":{\"appidExclude\":1}}", PK_EXTENSIONS_MALFORMED},
        {"{\"x\":[]}", PK_EXTENSIONS_MALFORMED},
        {"{\"x\":null}", PK_EXTENSIONS_MALFORMED},
    };
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION,
        .cred_props = true,
        .cred_protect = 1,
        .min_pin_length = true,
        .payment = true,
        .appid_exclude = (char[]){"https://u2f.example.org"},
        .refuse_unsolicited_extensions = true,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pk_extension_results results = {0};
        enum pk_status status = read_json(&requirements, cases[i].json, &results);

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].json, pk_status_name(status));
        if (i == 5) {
            assert_true(results.has_cred_props && results.resident_key);
            assert_true(results.payment && results.appid_exclude);
        }
    }
}

static void required_resident_key(void **state)
{
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION, .cred_props = true, .resident_key = PK_REQUIRED};
    struct pk_extension_results results = {0};

    (void)state;
    assert_status(read_json(&requirements, "{\"x\":{\"credProps\":{\"rk\":false}}}", &results),
                  PK_RESIDENT_KEY_MISSING);
    assert_status(read_json(&requirements, "{\"x\":{\"credProps\":{}}}", &results), PK_OK);
    requirements.resident_key = PK_PREFERRED;
    assert_status(read_json(&requirements, "{\"x\":{\"credProps\":{\"rk\":false}}}", &results),
                  PK_OK);
    requirements.require_resident_key = true;
    assert_status(read_json(&requirements, "{\"x\":{\"credProps\":{\"rk\":false}}}", &results),
                  PK_RESIDENT_KEY_MISSING);
}

static void assertion_outputs(void **state)
{
    struct pk_requirements requirements = {.ceremony = PK_AUTHENTICATION};
    struct pk_extension_results results = {0};

    (void)state;
    assert_status(read_json(&requirements, "{\"x\":{\"appid\":true}}", &results), PK_OK);
    assert_false(results.appid);
    requirements.appid = (char[]){"https://u2f.example.org"};
    assert_status(read_json(&requirements, "{\"x\":{\"appid\":false}}", &results), PK_OK);
    assert_false(results.appid);
    assert_status(read_json(&requirements, "{\"x\":{\"appid\":\"true\"}}", &results),
                  PK_EXTENSIONS_MALFORMED);
    assert_status(read_json(&requirements, "{\"x\":{\"appid\":true,\"payment\":{}}}", &results),
                  PK_OK);
    assert_true(results.appid);
    assert_false(results.payment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authenticator_outputs), cmocka_unit_test(unsolicited_outputs),
        cmocka_unit_test(enforced_protection),   cmocka_unit_test(client_outputs),
        cmocka_unit_test(required_resident_key), cmocka_unit_test(assertion_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
