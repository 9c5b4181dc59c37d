/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/members.h"

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/json.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

/* 9999-12-31T23:59:59Z: the last that four digits of a year can say. */
#define TIME_MAX 253402300799

size_t members_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            count++;
    return count;
}

enum text_fault members_text(const json_t *object, const struct text_rule *rule, const char **ret)
{
    const json_t *value = json_object_get(object, rule->name);
    const char *text = json_string_value(value);

    if (!value || json_is_null(value)) {
        if (rule->required)
            return TEXT_MISSING;
        *ret = NULL;
        return TEXT_FINE;
    }
    if (!text || strlen(text) != json_string_length(value))
        return TEXT_TYPE;
    if (rule->required && !*text)
        return TEXT_MISSING;
    if (rule->max > 0 && members_characters(text) > rule->max)
        return TEXT_LONG;
    *ret = text;
    return TEXT_FINE;
}

bool members_flag(const json_t *object, const char *name, bool *ret_wrong)
{
    const json_t *value = json_object_get(object, name);

    if (value && !json_is_boolean(value) && !json_is_null(value))
        *ret_wrong = true;
    return json_is_true(value);
}

const char *members_type(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "bool";
    case JSON_NULL:
        break;
    }
    return "null";
}

const char *members_find_text(const json_t *object, ...)
{
    const char *name;
    va_list names;

    va_start(names, object);
    while (object && (name = va_arg(names, const char *)))
        object = json_object_get(object, name);
    va_end(names);
    return json_string_value(object);
}

json_int_t members_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool members_parse_number(const char *text, unsigned min, unsigned max, unsigned *number)
{
    unsigned value = 0;

    if (!text || !*text)
        return true;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > max / 10)
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    if (value < min || value > max)
        return false;
    *number = value;
    return true;
}

json_t *members_parse(const char *text, size_t len)
{
    PK_AUTO_JSON struct pk_json *checked = NULL;

    if (len > PK_JSON_MAX || pk_json_parse((struct pk_view){(const uint8_t *)text, len}, &checked))
        return NULL;
    return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}

void members_set_text(json_t *object, const char *name, const char *text)
{
    if (text)
        (void)json_object_set_new(object, name, json_string(text));
}

void members_set_flag(json_t *object, const char *name, bool flag)
{
    (void)json_object_set_new(object, name, json_boolean(flag));
}

json_t *members_words(const char *const *words)
{
    json_t *array = json_array();

    for (; *words; words++)
        (void)json_array_append_new(array, json_string(*words));
    return array;
}

json_t *members_pick(const json_t *from, const char *const *names)
{
    json_t *object = json_object();

    for (; *names; names++) {
        json_t *value = json_object_get(from, *names);

        if (value)
            (void)json_object_set(object, *names, value);
    }
    return object;
}

json_t *members_pick_each(const json_t *array, const char *const *names)
{
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(array); i++)
        (void)json_array_append_new(list, members_pick(json_array_get(array, i), names));
    return list;
}

char *members_to_base64(const char *base64url)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    if (pk_base64url_decode(pk_view_string(base64url), PK_JSON_MAX, &bytes))
        return NULL;
    return pk_base64_encode(pk_view_of(&bytes));
}

char *members_to_base64url(const char *base64)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    if (pk_base64_decode(pk_view_string(base64), PK_JSON_MAX, &bytes))
        return NULL;
    return pk_base64url_encode(pk_view_of(&bytes));
}

const char *members_time(json_int_t seconds, enum time_form form, char ret[MEMBERS_TIME_SIZE])
{
    time_t time = (time_t)seconds;
    struct tm parts;

    ret[0] = '\0';
    if (seconds >= 0 && seconds <= TIME_MAX && gmtime_r(&time, &parts))
        (void)strftime(ret, MEMBERS_TIME_SIZE,
                       form == TIME_MILLISECONDS ? "%Y-%m-%dT%H:%M:%S.000Z" : "%Y-%m-%dT%H:%M:%SZ",
                       &parts);
    return ret;
}

bool members_is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
            return false;
    return true;
}

void members_made_uuid(const char *space, const char *text, char ret[MEMBERS_UUID_SIZE])
{
    PK_AUTO_FREE char *name = pk_text_format("%s/%s", space, text);
    uint8_t hash[PK_HASH_SIZE] = {0};
    PK_AUTO_FREE char *hex = NULL;

    if (name)
        pk_sha256(pk_view_string(name), hash);
    hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x80);
    hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
    hex = pk_hex_encode((struct pk_view){hash, 16});
    (void)snprintf(ret, MEMBERS_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex ? hex : "",
                   hex ? hex + 8 : "", hex ? hex + 12 : "", hex ? hex + 16 : "",
                   hex ? hex + 20 : "");
}

static const struct failure *find_row(const struct failures *failures, enum party_outcome outcome,
                                      const char *reason)
{
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure *row = &failures->rows[i];

        if (row->outcome == outcome &&
            (reason ? row->reason && strcmp(row->reason, reason) == 0 : !row->reason))
            return row;
    }
    return NULL;
}

/* Whether a credential was refused for what it looks like, not for what it says. */
static bool is_malformed(const char *reason)
{
    static const char *const reasons[] = {
        "response-malformed",    "base64url-malformed",  "credential-type-unknown",
        "client-data-malformed", "client-data-not-utf8", "client-data-duplicate",
    };

    for (size_t i = 0; reason && i < MEMBERS_COUNT(reasons); i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

const struct failure *failures_find(const struct failures *failures, enum party_outcome outcome,
                                    const char *reason)
{
    if (outcome == PARTY_REFUSED && is_malformed(reason))
        outcome = PARTY_MALFORMED;
    for (const struct failures *table = failures; table; table = table->base) {
        const struct failure *row = reason ? find_row(table, outcome, reason) : NULL;

        if (!row)
            row = find_row(table, outcome, NULL);
        if (row)
            return row;
    }
    return outcome == PARTY_FAILED ? NULL : failures_find(failures, PARTY_FAILED, NULL);
}
