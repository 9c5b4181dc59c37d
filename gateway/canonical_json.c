/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/canonical_json.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The significant digits that tell every double from its neighbours. */
#define DIGITS_MAX 17
/* Where Go's encoder goes over to an exponent: below 1e-6 and from 1e21 on. */
#define PLAIN_EXPONENT_MIN (-6)
#define PLAIN_EXPONENT_MAX 21

struct decimal {
    char digits[DIGITS_MAX + 1]; /* without trailing zeros, at least one */
    int exponent;                /* of the first digit */
    bool negative;
};

static void put(struct pk_writer *writer, const char *text, size_t len)
{
    pk_writer_put(writer, (struct pk_view){(const uint8_t *)text, len});
}

static void put_string(struct pk_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_zeros(struct pk_writer *writer, int count)
{
    for (int i = 0; i < count; i++)
        put(writer, "0", 1);
}

/* The fewest digits that read back as value. */
static struct decimal shortest(double value)
{
    struct decimal result = {.negative = signbit(value) != 0};
    char text[32];
    const char *exponent;
    size_t len = 0;

    for (int precision = 0; precision < DIGITS_MAX; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    exponent = strchr(text, 'e');
    for (const char *at = text; at < exponent; at++)
        if (*at >= '0' && *at <= '9' && len < DIGITS_MAX)
            result.digits[len++] = *at;
    while (len > 1 && result.digits[len - 1] == '0')
        len--;
    result.digits[len] = '\0';
    result.exponent = (int)strtol(exponent + 1, NULL, 10);
    return result;
}

static void put_plain(struct pk_writer *writer, const struct decimal *number)
{
    int count = (int)strlen(number->digits);
    int whole = number->exponent + 1; /* digits before the point */

    if (whole <= 0) {
        put_string(writer, "0.");
        put_zeros(writer, -whole);
        put_string(writer, number->digits);
    } else if (count <= whole) {
        put_string(writer, number->digits);
        put_zeros(writer, whole - count);
    } else {
        put(writer, number->digits, (size_t)whole);
        put_string(writer, ".");
        put_string(writer, number->digits + whole);
    }
}

static void put_number(struct pk_writer *writer, double value)
{
    struct decimal number = shortest(value);
    char exponent[16];

    if (number.negative)
        put_string(writer, "-");
    if (value == 0 ||
        (number.exponent >= PLAIN_EXPONENT_MIN && number.exponent < PLAIN_EXPONENT_MAX)) {
        put_plain(writer, &number);
        return;
    }
    put(writer, number.digits, 1);
    if (number.digits[1]) {
        put_string(writer, ".");
        put_string(writer, number.digits + 1);
    }
    /* Two digits of a positive exponent; of a negative one as many as it has. */
    snprintf(exponent, sizeof(exponent), number.exponent < 0 ? "e%d" : "e+%02d", number.exponent);
    put_string(writer, exponent);
}

/* What has to be escaped of the text's start: its length, and the escape; 0: nothing. */
static size_t escape(const char *text, char ret[8])
{
    static const char named[] = "\"\\\n\r\t\b\f";
    static const char letters[] = "\"\\nrtbf";
    const char *found = strchr(named, *text);

    if (found) {
        snprintf(ret, 8, "\\%c", letters[found - named]);
        return 1;
    }
    if ((unsigned char)*text < 0x20 || *text == '<' || *text == '>' || *text == '&') {
        snprintf(ret, 8, "\\u%04x", (unsigned)(unsigned char)*text);
        return 1;
    }
    if (strncmp(text, "\xe2\x80\xa8", 3) == 0 || strncmp(text, "\xe2\x80\xa9", 3) == 0) {
        snprintf(ret, 8, "\\u202%c", text[2] == '\xa8' ? '8' : '9');
        return 3;
    }
    return 0;
}

static void put_text(struct pk_writer *writer, const char *text)
{
    char escaped[8];

    put_string(writer, "\"");
    while (*text) {
        size_t len = escape(text, escaped);

        if (len > 0)
            put_string(writer, escaped);
        else
            put(writer, text, 1);
        text += len > 0 ? len : 1;
    }
    put_string(writer, "\"");
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_value(struct pk_writer *writer, json_t *value);

static void put_object(struct pk_writer *writer, json_t *object)
{
    size_t count = json_object_size(object);
    PK_AUTO_FREE const char **keys = calloc(count + 1, sizeof(*keys));
    size_t at = 0;
    const char *key;
    json_t *member;

    if (!keys) {
        writer->status = PK_NO_MEMORY;
        return;
    }
    json_object_foreach(object, key, member) keys[at++] = key;
    qsort(keys, count, sizeof(*keys), compare);
    put_string(writer, "{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put_string(writer, ",");
        put_text(writer, keys[i]);
        put_string(writer, ":");
        put_value(writer, json_object_get(object, keys[i]));
    }
    put_string(writer, "}");
}

static void put_array(struct pk_writer *writer, const json_t *array)
{
    put_string(writer, "[");
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            put_string(writer, ",");
        put_value(writer, json_array_get(array, i));
    }
    put_string(writer, "]");
}

/* As deep as the reader of the request's body lets it be: PK_JSON_DEPTH_MAX. */
static void put_value(struct pk_writer *writer, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(writer, value);
        break;
    case JSON_ARRAY:
        put_array(writer, value);
        break;
    case JSON_STRING:
        put_text(writer, json_string_value(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        put_number(writer, json_number_value(value));
        break;
    case JSON_TRUE:
        put_string(writer, "true");
        break;
    case JSON_FALSE:
        put_string(writer, "false");
        break;
    case JSON_NULL:
        put_string(writer, "null");
        break;
    }
}

char *canonical_json(json_t *value)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_JSON_MAX);
    PK_AUTO_BYTES struct pk_bytes bytes = {0};

    put_value(&writer, value);
    pk_writer_u8(&writer, 0);
    if (pk_writer_finish(&writer, &bytes))
        return NULL;
    return (char *)pk_steal(bytes.data);
}
