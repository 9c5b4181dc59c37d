/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/credential_body.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/webauthn/json.h"

#include <string.h>

/* Of a transaction's it is 64 bytes; no dialect has a longer one. */
#define CHALLENGE_TEXT_MAX 128

/* How a member's value is handed on. */
enum form { FORM_BASE64URL, FORM_CLIENT_DATA, FORM_USER_HANDLE, FORM_AS_IT_IS };

struct part {
    const char *camel;
    const char *snake;
    enum form form;
    bool registration; /* required there */
    bool authentication;
};

static const struct part parts[] = {
    {"clientDataJSON", "client_data_json", FORM_CLIENT_DATA, true, true},
    {"attestationObject", "attestation_object", FORM_BASE64URL, true, false},
    {"authenticatorData", "authenticator_data", FORM_BASE64URL, false, true},
    {"signature", "signature", FORM_BASE64URL, false, true},
    {"userHandle", "user_handle", FORM_USER_HANDLE, false, false},
};

static const json_t *get(const json_t *object, const char *camel, const char *snake,
                         unsigned spellings)
{
    const json_t *value = NULL;

    if (spellings & CREDENTIAL_SNAKE)
        value = json_object_get(object, snake);
    if (!value && spellings & CREDENTIAL_CAMEL)
        value = json_object_get(object, camel);
    return json_is_null(value) ? NULL : value;
}

/*
 * The text without its padding, which has to be what its length asks for, and in the url alphabet.
 * NULL: it is padded wrongly, or memory ran out.
 */
static char *normal(const json_t *value, bool standard)
{
    const char *text = json_string_value(value);
    size_t len = text ? json_string_length(value) : 0;
    size_t padding = 0;
    char *copy;

    while (padding < len && padding < 2 && text[len - padding - 1] == '=')
        padding++;
    if (!text || strlen(text) != len || (padding > 0 && len % 4 != 0))
        return NULL;
    copy = strndup(text, len - padding);
    for (char *at = copy; standard && at && *at; at++) {
        if (*at == '+')
            *at = '-';
        else if (*at == '/')
            *at = '_';
    }
    return copy;
}

/* The alphabet and the length of base64url; stray bits are for the daemon to refuse. */
static bool looks_base64url(const char *text)
{
    size_t len = strlen(text);

    return len % 4 != 1 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

bool credential_id_valid(const char *id)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    return !pk_base64url_decode(pk_view_string(id), PK_CREDENTIAL_ID_MAX, &bytes) && bytes.len > 0;
}

/* The challenge that client data names; NULL: it names none. */
static char *challenge_of(const char *client_data)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    PK_AUTO_JSON struct pk_json *json = NULL;
    struct pk_view challenge;

    if (pk_base64url_decode(pk_view_string(client_data), PK_CLIENT_DATA_MAX, &bytes) ||
        pk_json_parse(pk_view_of(&bytes), &json) ||
        !pk_json_string(pk_json_get(pk_json_root(json), "challenge"), &challenge) ||
        challenge.len == 0 || challenge.len > CHALLENGE_TEXT_MAX ||
        memchr(challenge.ptr, 0, challenge.len))
        return NULL;
    return strndup((const char *)challenge.ptr, challenge.len);
}

/* Adds a part of the response to ret. false: it is missing, or not well formed. */
static bool take_part(const json_t *response, const struct part *part, enum credential_kind kind,
                      unsigned spellings, json_t *ret)
{
    bool required = kind == CREDENTIAL_REGISTRATION ? part->registration : part->authentication;
    const json_t *value = get(response, part->camel, part->snake, spellings);
    bool standard = part->form == FORM_CLIENT_DATA && spellings & CREDENTIAL_BASE64;
    PK_AUTO_FREE char *text = NULL;

    if (!value)
        return !required;
    text = normal(value, standard);
    if (!text)
        return false;
    if (!*text)
        return !required;
    if (!looks_base64url(text))
        return false;
    members_set_text(ret, part->camel, text);
    return true;
}

static bool are_texts(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!json_is_string(json_array_get(array, i)))
            return false;
    return json_is_array(array);
}

/* transports of the response, or those that stand beside it. false: no array of strings. */
static bool take_transports(const json_t *body, const json_t *response, json_t *ret)
{
    json_t *transports = json_object_get(response, "transports");

    if (!transports || json_is_null(transports) ||
        (json_is_array(transports) && json_array_size(transports) == 0))
        transports = json_object_get(body, "transports");
    if (!transports || json_is_null(transports))
        return true;
    return are_texts(transports) && !json_object_set(ret, "transports", transports);
}

static json_t *take_response(const json_t *body, enum credential_kind kind, unsigned spellings)
{
    const json_t *response = json_object_get(body, "response");
    AUTO_JSON json_t *result = json_object();

    if (!json_is_object(response) || !result)
        return NULL;
    for (size_t i = 0; i < MEMBERS_COUNT(parts); i++)
        if (!take_part(response, &parts[i], kind, spellings, result))
            return NULL;
    if (kind == CREDENTIAL_REGISTRATION && !take_transports(body, response, result))
        return NULL;
    return pk_steal(result);
}

/* What stands beside the response. false: it is not of its type. */
static bool take_rest(const json_t *body, unsigned spellings, json_t *ret)
{
    const json_t *attachment =
        get(body, "authenticatorAttachment", "authenticator_attachment", spellings);
    const json_t *extensions =
        get(body, "clientExtensionResults", "client_extension_results", spellings);

    if ((attachment && !json_is_string(attachment)) || (extensions && !json_is_object(extensions)))
        return false;
    members_set_text(ret, "authenticatorAttachment", json_string_value(attachment));
    return !extensions ||
           !json_object_set_new(ret, "clientExtensionResults", json_deep_copy(extensions));
}

bool credential_body_read(const json_t *body, enum credential_kind kind, unsigned spellings,
                          struct credential_body *ret)
{
    const char *id = members_find_text(body, "id", NULL);
    const char *type = members_find_text(body, "type", NULL);
    AUTO_JSON json_t *response = take_response(body, kind, spellings);
    PK_AUTO_FREE char *raw = normal(get(body, "rawId", "raw_id", spellings), false);
    AUTO_CREDENTIAL_BODY struct credential_body result = {0};
    AUTO_JSON json_t *credential = NULL;

    if (!response || !id || !raw || !type || strcmp(type, "public-key") != 0 ||
        !credential_id_valid(id) || !credential_id_valid(raw))
        return false;
    result.challenge = challenge_of(members_find_text(response, "clientDataJSON", NULL));
    result.has_user_handle = json_object_get(response, "userHandle") != NULL;
    credential = json_pack("{s:s, s:s, s:s, s:O}", "id", id, "rawId", raw, "type", "public-key",
                           "response", response);
    if (!credential || !take_rest(body, spellings, credential))
        return false;
    result.text = json_dumps(credential, JSON_COMPACT);
    if (!result.text)
        return false;
    *ret = result;
    result = (struct credential_body){0};
    return true;
}

void credential_body_clear(struct credential_body *body)
{
    free(body->text);
    free(body->challenge);
    *body = (struct credential_body){0};
}
