/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/text.h"
#include "common/webauthn/json.h"

const struct pk_json_value *pk_json_get(const struct pk_json_value *object, const char *name)
{
    struct pk_view wanted = pk_view_string(name);

    if (!pk_json_is(object, PK_JSON_OBJECT))
        return NULL;
    for (const struct pk_json_value *member = object->first; member; member = member->next)
        if (pk_view_equal(member->key, wanted))
            return member;
    return NULL;
}

const struct pk_json_value *pk_json_optional(const struct pk_json_value *object, const char *name)
{
    const struct pk_json_value *value = pk_json_get(object, name);

    return pk_json_is(value, PK_JSON_NULL) ? NULL : value;
}

bool pk_json_is(const struct pk_json_value *value, enum pk_json_type type)
{
    return value && value->type == type;
}

bool pk_json_is_bool(const struct pk_json_value *value)
{
    return pk_json_is(value, PK_JSON_TRUE) || pk_json_is(value, PK_JSON_FALSE);
}

bool pk_json_string(const struct pk_json_value *value, struct pk_view *ret)
{
    if (!pk_json_is(value, PK_JSON_STRING))
        return false;
    *ret = value->text;
    return true;
}

bool pk_json_integer(const struct pk_json_value *value, int64_t *ret)
{
    struct pk_view digits;
    bool negative;
    int64_t number = 0;

    if (!pk_json_is(value, PK_JSON_NUMBER))
        return false;
    negative = value->raw.ptr[0] == '-';
    digits = (struct pk_view){value->raw.ptr + negative, value->raw.len - negative};
    /*@ loop invariant 0 <= i <= digits.len;
        loop assigns i, number;
        loop variant digits.len - i; */
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, digits.ptr[i] - '0', &number))
            return false;
    }
    /* Gathered below zero, where there is room for one more. */
    if (!negative && number == INT64_MIN)
        return false;
    *ret = negative ? number : -number;
    return true;
}

enum pk_status pk_json_bytes(const struct pk_json_value *value, size_t max, struct pk_bytes *ret)
{
    struct pk_view text;
    enum pk_status status;

    if (!pk_json_string(value, &text))
        return PK_RESPONSE_MALFORMED;
    status = pk_base64url_decode(text, max, ret);
    return status == PK_INVALID_INPUT ? PK_BASE64URL_MALFORMED : status;
}
