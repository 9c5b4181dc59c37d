/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/options.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <jansson.h>
#include <string.h>

/* The WebAuthn spellings; a NULL is a value that is expressed by leaving the member out. */
static const char *const requirement_names[] = {
    [PK_REQUIREMENT_UNSET] = NULL,
    [PK_DISCOURAGED] = "discouraged",
    [PK_PREFERRED] = "preferred",
    [PK_REQUIRED] = "required",
};
static const char *const attachment_names[] = {
    [PK_ATTACHMENT_ANY] = NULL,
    [PK_ATTACHMENT_PLATFORM] = "platform",
    [PK_ATTACHMENT_CROSS_PLATFORM] = "cross-platform",
};
static const char *const attestation_names[] = {
    [PK_ATTESTATION_UNSET] = NULL,
    [PK_ATTESTATION_NONE] = "none",
    [PK_ATTESTATION_INDIRECT] = "indirect",
    [PK_ATTESTATION_DIRECT] = "direct",
    [PK_ATTESTATION_ENTERPRISE] = "enterprise",
};
/* By bit number of enum pk_transport. */
static const char *const transport_names[] = {"usb",        "nfc",    "ble",
                                              "smart-card", "hybrid", "internal"};
/* CTAP 2.1 section 12.1.1: the spellings of credProtect's levels 1 to 3. */
static const char *const cred_protect_names[] = {
    NULL,
    "userVerificationOptional",
    "userVerificationOptionalWithCredentialIDList",
    "userVerificationRequired",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The index of text among names, or count when it is none of them. */
static size_t name_index(const char *const *names, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && strcmp(names[i], text) == 0)
            return i;
    return count;
}

enum pk_status pk_requirement_parse(const char *text, enum pk_requirement *ret)
{
    size_t i = name_index(requirement_names, COUNT(requirement_names), text);

    if (i == COUNT(requirement_names))
        return PK_INVALID_INPUT;
    *ret = (enum pk_requirement)i;
    return PK_OK;
}

enum pk_status pk_attachment_parse(const char *text, enum pk_attachment *ret)
{
    size_t i = name_index(attachment_names, COUNT(attachment_names), text);

    if (i == COUNT(attachment_names))
        return PK_INVALID_INPUT;
    *ret = (enum pk_attachment)i;
    return PK_OK;
}

enum pk_status pk_attestation_preference_parse(const char *text,
                                               enum pk_attestation_preference *ret)
{
    size_t i = name_index(attestation_names, COUNT(attestation_names), text);

    if (i == COUNT(attestation_names))
        return PK_INVALID_INPUT;
    *ret = (enum pk_attestation_preference)i;
    return PK_OK;
}

enum pk_status pk_transport_parse(const char *text, enum pk_transport *ret)
{
    size_t i = name_index(transport_names, COUNT(transport_names), text);

    if (i == COUNT(transport_names))
        return PK_INVALID_INPUT;
    *ret = (enum pk_transport)(1u << i);
    return PK_OK;
}

const char *pk_transport_name(enum pk_transport transport)
{
    for (size_t i = 0; i < COUNT(transport_names); i++)
        if (transport == 1u << i)
            return transport_names[i];
    return NULL;
}

PK_DEFINE_CLEANUP(json_t *, json_decref);
#define AUTO_JSON PK_CLEANUP(json_decref)

/*
 * The put functions return 0, or -1 when memory ran out: every text was found to be UTF-8 before
 * rendering began, which is the only other thing jansson refuses here.
 */

/* A NULL text leaves the member out. */
static int put_text(json_t *object, const char *key, const char *text)
{
    return text ? json_object_set_new(object, key, json_string(text)) : 0;
}

static int put_true(json_t *object, const char *key, bool set)
{
    return set ? json_object_set_new(object, key, json_true()) : 0;
}

static int put_bytes(json_t *object, const char *key, const struct pk_bytes *bytes)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(pk_view_of(bytes));

    return text ? put_text(object, key, text) : -1;
}

/* Steals value; an empty object or array leaves the member out. */
static int put_unless_empty(json_t *object, const char *key, json_t *value)
{
    if (json_object_size(value) == 0 && json_array_size(value) == 0) {
        json_decref(value);
        return 0;
    }
    return json_object_set_new(object, key, value);
}

/* Appends {"type": "public-key"} and leaves it to the caller to add to; borrowed. NULL: no memory.
 */
static json_t *append_public_key(json_t *array)
{
    json_t *item = json_object();

    if (json_array_append_new(array, item) < 0 ||
        json_object_set_new(item, "type", json_string("public-key")) < 0)
        return NULL;
    return item;
}

/* WebAuthn 5.3 */
static int put_algorithms(json_t *options, const struct pk_requirements *requirements)
{
    json_t *array = json_array();

    if (json_object_set_new(options, "pubKeyCredParams", array) < 0)
        return -1;
    for (size_t i = 0; i < requirements->algorithm_count; i++) {
        json_t *item = append_public_key(array);

        if (!item ||
            json_object_set_new(item, "alg", json_integer(requirements->algorithms[i])) < 0)
            return -1;
    }
    return 0;
}

static int put_transports(json_t *descriptor, unsigned transports)
{
    AUTO_JSON json_t *array = json_array();

    if (!array)
        return -1;
    for (size_t i = 0; i < COUNT(transport_names); i++)
        if (transports & 1u << i && json_array_append_new(array, json_string(transport_names[i])))
            return -1;
    return put_unless_empty(descriptor, "transports", pk_steal(array));
}

/* WebAuthn 5.8.3; an empty list is left out. */
static int put_credentials(json_t *options, const char *key,
                           const struct pk_requirements *requirements)
{
    AUTO_JSON json_t *array = json_array();

    if (!array)
        return -1;
    for (size_t i = 0; i < requirements->credential_count; i++) {
        const struct pk_descriptor *credential = &requirements->credentials[i];
        json_t *item = append_public_key(array);

        if (!item || put_bytes(item, "id", &credential->id) < 0 ||
            put_transports(item, credential->transports) < 0)
            return -1;
    }
    return put_unless_empty(options, key, pk_steal(array));
}

static int put_hints(json_t *options, const struct pk_strings *hints)
{
    AUTO_JSON json_t *array = json_array();

    if (!array)
        return -1;
    for (size_t i = 0; i < hints->count; i++)
        if (json_array_append_new(array, json_string(hints->items[i])) < 0)
            return -1;
    return put_unless_empty(options, "hints", pk_steal(array));
}

/* 0 leaves the member out. */
static int put_timeout(json_t *options, unsigned timeout_ms)
{
    return timeout_ms > 0 ? json_object_set_new(options, "timeout", json_integer(timeout_ms)) : 0;
}

/* WebAuthn 5.4.2 and 5.4.3 */
static int put_entities(json_t *options, const struct pk_requirements *requirements)
{
    json_t *rp = json_object();
    json_t *user = json_object();
    int failed = json_object_set_new(options, "rp", rp);

    failed |= json_object_set_new(options, "user", user);
    if (failed)
        return -1;
    failed |= put_text(rp, "name", requirements->rp_name);
    failed |= put_text(rp, "id", requirements->rp_id);
    failed |= put_text(rp, "icon", requirements->rp_icon);
    failed |= put_bytes(user, "id", &requirements->user_handle);
    failed |= put_text(user, "name", requirements->user_name);
    failed |= put_text(user, "displayName", requirements->user_display_name);
    failed |= put_text(user, "icon", requirements->user_icon);
    return failed;
}

/* WebAuthn 5.4.4 */
static int put_selection(json_t *options, const struct pk_requirements *requirements)
{
    AUTO_JSON json_t *selection = json_object();
    int failed = 0;

    if (!selection)
        return -1;
    failed |=
        put_text(selection, "authenticatorAttachment", attachment_names[requirements->attachment]);
    failed |= put_text(selection, "residentKey", requirement_names[requirements->resident_key]);
    failed |= put_true(selection, "requireResidentKey", requirements->require_resident_key);
    failed |=
        put_text(selection, "userVerification", requirement_names[requirements->user_verification]);
    return failed ? -1 : put_unless_empty(options, "authenticatorSelection", pk_steal(selection));
}

/* WebAuthn 10, CTAP 2.1 section 12, Secure Payment Confirmation section 5 */
static int put_extensions(json_t *options, const struct pk_requirements *requirements)
{
    AUTO_JSON json_t *extensions = json_object();
    bool registration = requirements->ceremony == PK_REGISTRATION;
    int failed = 0;

    if (!extensions)
        return -1;
    failed |= put_text(extensions, "appid", requirements->appid);
    if (registration) {
        failed |= put_text(extensions, "appidExclude", requirements->appid_exclude);
        failed |= put_true(extensions, "credProps", requirements->cred_props);
        failed |= put_true(extensions, "minPinLength", requirements->min_pin_length);
        failed |= put_text(extensions, "credentialProtectionPolicy",
                           cred_protect_names[requirements->cred_protect]);
        failed |= put_true(extensions, "enforceCredentialProtectionPolicy",
                           requirements->enforce_cred_protect);
        if (requirements->payment)
            failed |=
                json_object_set_new(extensions, "payment", json_pack("{s:b}", "isPayment", 1));
    }
    return failed ? -1 : put_unless_empty(options, "extensions", pk_steal(extensions));
}

/* Present, not empty, UTF-8. */
static bool text_given(const char *text)
{
    return text && text[0] != 0 && pk_utf8_valid(pk_view_string(text));
}

/* Absent, or UTF-8. */
static bool text_valid(const char *text)
{
    return !text || pk_utf8_valid(pk_view_string(text));
}

/* What both ceremonies' options need. */
static bool common_valid(const struct pk_requirements *requirements)
{
    if (requirements->challenge.len < 16 || !text_given(requirements->rp_id) ||
        !text_valid(requirements->appid))
        return false;
    for (size_t i = 0; i < requirements->hints.count; i++)
        if (!text_given(requirements->hints.items[i]))
            return false;
    for (size_t i = 0; i < requirements->credential_count; i++)
        if (requirements->credentials[i].id.len == 0 ||
            requirements->credentials[i].id.len > PK_CREDENTIAL_ID_MAX)
            return false;
    return true;
}

/* requireResidentKey and residentKey agree (WebAuthn 5.4.4), and so do what payment demands. */
static bool selection_valid(const struct pk_requirements *requirements)
{
    enum pk_requirement resident_key = requirements->resident_key;

    if (requirements->require_resident_key && resident_key != PK_REQUIREMENT_UNSET &&
        resident_key != PK_REQUIRED)
        return false;
    if (!requirements->payment)
        return true;
    return requirements->attachment == PK_ATTACHMENT_PLATFORM &&
           requirements->user_verification == PK_REQUIRED &&
           (resident_key == PK_PREFERRED || resident_key == PK_REQUIRED);
}

static bool registration_valid(const struct pk_requirements *requirements)
{
    return requirements->ceremony == PK_REGISTRATION && common_valid(requirements) &&
           text_given(requirements->rp_name) && text_valid(requirements->rp_icon) &&
           requirements->user_handle.len > 0 &&
           requirements->user_handle.len <= PK_USER_HANDLE_MAX &&
           text_given(requirements->user_name) && requirements->user_display_name &&
           text_valid(requirements->user_display_name) && text_valid(requirements->user_icon) &&
           requirements->algorithm_count > 0 &&
           requirements->algorithm_count <= PK_ALGORITHMS_MAX &&
           text_valid(requirements->appid_exclude) &&
           requirements->cred_protect < COUNT(cred_protect_names) &&
           (requirements->cred_protect > 0 || !requirements->enforce_cred_protect) &&
           selection_valid(requirements);
}

static enum pk_status dump(const json_t *options, int failed, char **ret_json)
{
    char *text = failed ? NULL : json_dumps(options, JSON_COMPACT);

    if (!text)
        return PK_NO_MEMORY;
    *ret_json = text;
    return PK_OK;
}

enum pk_status pk_creation_options_json(const struct pk_requirements *requirements, char **ret_json)
{
    AUTO_JSON json_t *options = NULL;
    int failed = 0;

    if (!registration_valid(requirements))
        return PK_INVALID_ARGUMENT;
    options = json_object();
    if (!options)
        return PK_NO_MEMORY;
    failed |= put_entities(options, requirements);
    failed |= put_bytes(options, "challenge", &requirements->challenge);
    failed |= put_algorithms(options, requirements);
    failed |= put_timeout(options, requirements->timeout_ms);
    failed |= put_credentials(options, "excludeCredentials", requirements);
    failed |= put_selection(options, requirements);
    failed |= put_hints(options, &requirements->hints);
    failed |= put_text(options, "attestation", attestation_names[requirements->attestation]);
    failed |= put_extensions(options, requirements);
    return dump(options, failed, ret_json);
}

enum pk_status pk_request_options_json(const struct pk_requirements *requirements, char **ret_json)
{
    AUTO_JSON json_t *options = NULL;
    int failed = 0;

    if (requirements->ceremony != PK_AUTHENTICATION || !common_valid(requirements))
        return PK_INVALID_ARGUMENT;
    options = json_object();
    if (!options)
        return PK_NO_MEMORY;
    failed |= put_bytes(options, "challenge", &requirements->challenge);
    failed |= put_timeout(options, requirements->timeout_ms);
    failed |= put_text(options, "rpId", requirements->rp_id);
    failed |= put_credentials(options, "allowCredentials", requirements);
    failed |=
        put_text(options, "userVerification", requirement_names[requirements->user_verification]);
    failed |= put_hints(options, &requirements->hints);
    failed |= put_extensions(options, requirements);
    return dump(options, failed, ret_json);
}
