/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/json.h"

#include "common/base/text.h"

json_t *pk_json_load_object(struct pk_view text, bool *ret_duplicate)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)text.ptr, text.len,
                               JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    *ret_duplicate = !value && json_error_code(&error) == json_error_duplicate_key;
    if (value && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

bool pk_json_string(const json_t *value, struct pk_view *ret)
{
    if (!json_is_string(value))
        return false;
    *ret = (struct pk_view){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return true;
}

enum pk_status pk_json_bytes(const json_t *value, size_t max, struct pk_bytes *ret)
{
    struct pk_view text;
    enum pk_status status;

    if (!pk_json_string(value, &text))
        return PK_RESPONSE_MALFORMED;
    status = pk_base64url_decode(text, max, ret);
    return status == PK_INVALID_INPUT ? PK_BASE64URL_MALFORMED : status;
}
