/* SPDX-License-Identifier: BSD-2-Clause */
/* Our JSON reader against jansson: both accept an object, or both refuse it. */
#include "common/base/text.h"
#include "common/webauthn/json.h"
#include "tests/fuzz/fuzz_target.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void compare_strings(const struct pk_json_value *ours, const json_t *theirs)
{
    if (ours->text.len != json_string_length(theirs) ||
        memcmp(ours->text.ptr, json_string_value(theirs), ours->text.len) != 0)
        abort();
}

/* The same strings under the same names, one level deep. */
static void compare(const struct pk_json_value *ours, const json_t *theirs)
{
    if (ours->count != json_object_size(theirs))
        abort();
    for (const struct pk_json_value *member = ours->first; member; member = member->next) {
        const json_t *value = NULL;
        const char *key;
        json_t *each;

        json_object_foreach((json_t *)(uintptr_t)theirs, key, each)
        {
            if (strlen(key) == member->key.len &&
                memcmp(key, member->key.ptr, member->key.len) == 0)
                value = each;
        }
        if (!value)
            abort();
        if ((member->type == PK_JSON_STRING) != json_is_string(value))
            abort();
        if (member->type == PK_JSON_STRING)
            compare_strings(member, value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_JSON struct pk_json *ours = NULL;
    enum pk_status status = pk_json_parse((struct pk_view){data, size}, &ours);
    json_error_t error;
    json_t *theirs =
        json_loadb((const char *)data, size,
                   JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);

    if (theirs && !json_is_object(theirs)) {
        json_decref(theirs);
        theirs = NULL;
    }
    /* jansson has no place for numbers beyond a double and for keys with a NUL. */
    if (status == PK_OK && !theirs && json_error_code(&error) != json_error_numeric_overflow &&
        json_error_code(&error) != json_error_null_byte_in_key)
        abort();
    /* jansson loses a NUL that stands right behind a number; RFC 8259 section 2 has none there. */
    if (theirs && status != PK_OK && status != PK_TOO_LARGE && !memchr(data, 0, size))
        abort();
    if (status == PK_OK && theirs)
        compare(pk_json_root(ours), theirs);
    json_decref(theirs);
    return 0;
}
