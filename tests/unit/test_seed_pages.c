/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/vectors/pages/README describes the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/options.h"
#include "daemon/config/policy.h"
#include "tests/unit/scratch.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

PK_DEFINE_CLEANUP(json_t *, json_decref);
#define AUTO_JSON PK_CLEANUP(json_decref)
PK_DEFINE_CLEANUP(struct config *, config_free);
#define AUTO_CONFIG PK_CLEANUP(config_free)

static json_t *load_json(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool has_type(const json_t *value, const char *type)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static bool contains(const json_t *array, const json_t *value)
{
    size_t i;
    json_t *item;

    json_array_foreach(array, i, item) if (json_equal(item, value)) return true;
    return false;
}

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void assert_valid(const json_t *schema, json_t *value, const char *where);

static void assert_members_valid(const json_t *schema, json_t *value, const char *where)
{
    json_t *properties = json_object_get(schema, "properties");
    const char *key;
    json_t *member;
    size_t i;

    json_array_foreach(json_object_get(schema, "required"), i, member)
    {
        if (!json_object_get(value, json_string_value(member)))
            fail_msg("%s: %s is missing", where, json_string_value(member));
    }
    json_object_foreach(value, key, member)
    {
        PK_AUTO_FREE char *inner = pk_text_format("%s.%s", where, key);
        const json_t *property = json_object_get(properties, key);

        if (property)
            assert_valid(property, member, inner);
    }
}

/* As much of JSON Schema as the pages use. */
static void assert_valid(const json_t *schema, json_t *value, const char *where)
{
    const json_t *enumeration = json_object_get(schema, "enum");
    const json_t *max_length = json_object_get(schema, "maxLength");
    size_t i;
    json_t *item;

    if (!has_type(value, text_of(schema, "type")))
        fail_msg("%s is no %s", where, text_of(schema, "type"));
    if (enumeration && !contains(enumeration, value))
        fail_msg("%s is %s", where, json_string_value(value));
    if (max_length &&
        count_characters(json_string_value(value)) > (size_t)json_integer_value(max_length))
        fail_msg("%s is too long", where);
    json_array_foreach(value, i, item)
    {
        assert_valid(json_object_get(schema, "items"), item, where);
        if (json_is_true(json_object_get(schema, "uniqueItems")))
            for (size_t j = 0; j < i; j++)
                assert_false(json_equal(item, json_array_get(value, j)));
    }
    if (json_is_object(value))
        assert_members_valid(schema, value, where);
}

static struct config *load_config(const json_t *lines)
{
    struct config *config = NULL;
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_FREE char *text = strdup("");
    PK_AUTO_FREE char *why = NULL;
    enum pk_status status;
    size_t i;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        char *longer = pk_text_format("%s%s\n", text, json_string_value(line));

        free(text);
        text = longer;
    }
    scratch_new(folder);
    scratch_write(folder, "passkeyd.conf", text, strlen(text));
    path = pk_text_format("%s/passkeyd.conf", folder);
    status = config_load(path, &config, &why);
    scratch_remove(folder);
    if (status != PK_OK)
        fail_msg("%s", why);
    return config;
}

/* The options of BeginRegistration by the names that doc/protocol.md gives them. */
static struct registration_request registration_request(const json_t *json)
{
    return (struct registration_request){
        .account_name = text_of(json, "account"),
        .user_id = text_of(json, "userId"),
        .user_name = text_of(json, "userName"),
        .display_name = text_of(json, "displayName"),
        .icon = text_of(json, "icon"),
        .attestation = text_of(json, "attestation"),
        .authenticator_attachment = text_of(json, "authenticatorAttachment"),
        .resident_key = text_of(json, "residentKey"),
        .user_verification = text_of(json, "userVerification"),
        .appid = text_of(json, "appid"),
        .appid_exclude = text_of(json, "appidExclude"),
        .instrument_display_name = text_of(json, "instrumentDisplayName"),
        .timeout_ms = (uint32_t)json_integer_value(json_object_get(json, "timeout")),
        .require_resident_key = json_is_true(json_object_get(json, "requireResidentKey")),
        .cred_props = json_is_true(json_object_get(json, "credProps")),
        .secure_payment_confirmation =
            json_is_true(json_object_get(json, "securePaymentConfirmation")),
    };
}

static struct pk_bytes bytes_of(const json_t *object, const char *key)
{
    struct pk_bytes bytes = {0};

    assert_int_equal(pk_base64url_decode(pk_view_string(text_of(object, key)), 1024, &bytes),
                     PK_OK);
    return bytes;
}

/* What the ceremony adds to the policy's requirements. */
static void add_ceremony(const json_t *page, struct pk_requirements *requirements)
{
    size_t i, j;
    json_t *credential, *transport;

    requirements->challenge = bytes_of(page, "challenge");
    requirements->user_handle = bytes_of(page, "userHandle");
    json_array_foreach(json_object_get(page, "credentials"), i, credential)
    {
        PK_AUTO_BYTES struct pk_bytes id = bytes_of(credential, "id");
        unsigned transports = 0;

        json_array_foreach(json_object_get(credential, "transports"), j, transport)
        {
            enum pk_transport bit;

            assert_int_equal(pk_transport_parse(json_string_value(transport), &bit), PK_OK);
            transports |= bit;
        }
        assert_int_equal(pk_requirements_add_credential(requirements, pk_view_of(&id), transports),
                         PK_OK);
    }
}

static char *render(const json_t *page, const struct rp_config *rp,
                    struct pk_requirements *requirements)
{
    bool registration = strcmp(text_of(page, "ceremony"), "registration") == 0;
    const struct registration_request create =
        registration_request(json_object_get(page, "request"));
    const struct authentication_request get = {0};
    const char *why = "";
    char *json = NULL;
    enum pk_status status = registration
                                ? policy_registration(rp, &create, requirements, &why)
                                : policy_authentication(rp, NULL, &get, requirements, &why);

    if (status != PK_OK)
        fail_msg("%s", why);
    add_ceremony(page, requirements);
    status = registration ? pk_creation_options_json(requirements, &json)
                          : pk_request_options_json(requirements, &json);
    assert_int_equal(status, PK_OK);
    return json;
}

static void check_page(const char *path)
{
    AUTO_JSON json_t *page = load_json(path);
    AUTO_CONFIG struct config *config = load_config(json_object_get(page, "configuration"));
    PK_AUTO_FREE char *schema_path = pk_text_format("%s/tests/vectors/pages/schemas/%s.json",
                                                    getenv("srcdir"), text_of(page, "schema"));
    AUTO_JSON json_t *schema = load_json(schema_path);
    PK_AUTO_REQUIREMENTS struct pk_requirements requirements = {0};
    PK_AUTO_FREE char *json = render(page, config_rp(config, "page"), &requirements);
    AUTO_JSON json_t *options = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const json_t *expected = json_object_get(page, "options");
    const char *instrument = text_of(page, "instrumentDisplayName");

    assert_non_null(options);
    assert_valid(schema, options, path);
    if (expected && !json_equal(options, expected))
        fail_msg("%s: %s", path, json);
    if (instrument)
        assert_string_equal(requirements.instrument_display_name, instrument);
    else
        assert_null(requirements.instrument_display_name);
    assert_int_equal(requirements.payment, instrument != NULL);
}

static void pages_get_their_options(void **state)
{
    PK_AUTO_FREE char *pattern = pk_text_format("%s/tests/vectors/pages/*.json", getenv("srcdir"));
    glob_t found;

    (void)state;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 12);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_page(found.gl_pathv[i]);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_get_their_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
