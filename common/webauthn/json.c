/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/json.h"

#include "common/base/limits.h"
#include "common/base/reader.h"
#include "common/base/text.h"

#include <string.h>

enum { CHUNK_VALUES = 64 };

struct chunk {
    struct chunk *before;
    struct pk_json_value values[CHUNK_VALUES];
};

struct pk_json {
    const struct pk_json_value *root;
    struct chunk *chunks; /* the one that is being filled first */
    size_t count;         /* values, in all chunks */
    uint8_t *unescaped;   /* as large as the text, which no escape makes longer; NULL: none yet */
    size_t unescaped_len;
    struct chunk first_chunk; /* enough for most */
};

struct parser {
    struct pk_json *json;
    struct pk_reader reader;
    size_t text_len;
    size_t depth;
};

void pk_json_free(struct pk_json *json)
{
    if (!json)
        return;
    for (struct chunk *chunk = json->chunks, *before; chunk; chunk = before) {
        before = chunk->before;
        if (chunk != &json->first_chunk)
            free(chunk);
    }
    free(json->unescaped);
    free(json);
}

static void fail(struct parser *parser, enum pk_status status)
{
    pk_reader_fail(&parser->reader, status);
}

/* The next byte, which stays unread; 0, which no JSON token begins with, at the end. */
static uint8_t peek(const struct parser *parser)
{
    return parser->reader.status == PK_OK && parser->reader.remaining > 0 ? parser->reader.ptr[0]
                                                                          : 0;
}

static void skip(struct parser *parser, size_t len)
{
    (void)pk_reader_take(&parser->reader, len);
}

static void skip_space(struct parser *parser)
{
    uint8_t c;

    while ((c = peek(parser)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        skip(parser, 1);
}

/* Takes that byte when it is next. */
static bool accept(struct parser *parser, uint8_t wanted)
{
    if (peek(parser) != wanted)
        return false;
    skip(parser, 1);
    return true;
}

static struct pk_json_value *new_value(struct parser *parser)
{
    struct pk_json *json = parser->json;
    size_t at = json->count % CHUNK_VALUES;

    if (json->count >= PK_JSON_VALUES_MAX) {
        fail(parser, PK_TOO_LARGE);
        return NULL;
    }
    if (at == 0 && json->count > 0) {
        struct chunk *chunk = malloc(sizeof(*chunk));

        if (!chunk) {
            fail(parser, PK_NO_MEMORY);
            return NULL;
        }
        chunk->before = json->chunks;
        json->chunks = chunk;
    }
    json->count++;
    json->chunks->values[at] = (struct pk_json_value){0};
    return &json->chunks->values[at];
}

static uint32_t read_hex4(struct parser *parser)
{
    struct pk_view digits = pk_reader_take(&parser->reader, 4);
    uint32_t code = 0;

    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.ptr[i];

        if (c >= '0' && c <= '9')
            code = code << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            fail(parser, PK_INVALID_INPUT);
    }
    return code;
}

/* After "\u": one code point, of two escapes where it takes a pair of surrogates. */
static uint32_t read_code_point(struct parser *parser)
{
    uint32_t code = read_hex4(parser), low;

    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || !accept(parser, '\\') || !accept(parser, 'u')) {
        fail(parser, PK_INVALID_INPUT);
        return 0;
    }
    low = read_hex4(parser);
    if (low < 0xdc00 || low > 0xdfff)
        fail(parser, PK_INVALID_INPUT);
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static void put_byte(struct parser *parser, uint8_t byte)
{
    parser->json->unescaped[parser->json->unescaped_len++] = byte;
}

static void put_code_point(struct parser *parser, uint32_t code)
{
    if (code < 0x80) {
        put_byte(parser, (uint8_t)code);
        return;
    }
    if (code < 0x800) {
        put_byte(parser, (uint8_t)(0xc0 | code >> 6));
    } else {
        if (code < 0x10000) {
            put_byte(parser, (uint8_t)(0xe0 | code >> 12));
        } else {
            put_byte(parser, (uint8_t)(0xf0 | code >> 18));
            put_byte(parser, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
        }
        put_byte(parser, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
    }
    put_byte(parser, (uint8_t)(0x80 | (code & 0x3f)));
}

/* After the backslash. */
static void read_escape(struct parser *parser)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    uint8_t name = pk_reader_u8(&parser->reader);
    const char *found = name != 0 ? strchr(names, name) : NULL;

    if (name == 'u')
        put_code_point(parser, read_code_point(parser));
    else if (found)
        put_byte(parser, (uint8_t)meant[found - names]);
    else
        fail(parser, PK_INVALID_INPUT);
}

/* Whether one of eight bytes is wanted, eight times the same; some that are above it count too. */
static bool has_byte(uint64_t word, uint64_t wanted)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;

    word ^= wanted;
    return (word - ones) & ~word & tops;
}

/* Whether one of eight bytes is below 0x20. */
static bool has_control(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;

    return (word - 0x20 * ones) & ~word & tops;
}

/*
 * How many bytes stand for themselves: up to a quote, a backslash or a control character. Strings
 * are most of what is read, so they are looked at eight bytes at a time.
 */
static size_t plain_length(struct pk_view text)
{
    const uint64_t ones = 0x0101010101010101;
    size_t len = 0;
    uint64_t word;

    for (; text.len - len >= sizeof(word); len += sizeof(word)) {
        memcpy(&word, text.ptr + len, sizeof(word));
        if (has_byte(word, '"' * ones) || has_byte(word, '\\' * ones) || has_control(word))
            break;
    }
    while (len < text.len && text.ptr[len] >= 0x20 && text.ptr[len] != '"' && text.ptr[len] != '\\')
        len++;
    return len;
}

static struct pk_view take_plain(struct parser *parser)
{
    struct pk_reader *reader = &parser->reader;

    return pk_reader_take(reader, plain_length((struct pk_view){reader->ptr, reader->remaining}));
}

/* A string with escapes, whose first plain part has been read. */
static struct pk_view read_escaped(struct parser *parser, struct pk_view plain)
{
    struct pk_json *json = parser->json;
    size_t start;

    if (!json->unescaped)
        json->unescaped = malloc(parser->text_len);
    if (!json->unescaped) {
        fail(parser, PK_NO_MEMORY);
        return plain;
    }
    start = json->unescaped_len;
    for (;;) {
        if (plain.len > 0)
            memcpy(json->unescaped + json->unescaped_len, plain.ptr, plain.len);
        json->unescaped_len += plain.len;
        if (!accept(parser, '\\'))
            break;
        read_escape(parser);
        plain = take_plain(parser);
    }
    return (struct pk_view){json->unescaped + start, json->unescaped_len - start};
}

/* After the opening quote. */
static struct pk_view read_string(struct parser *parser)
{
    struct pk_view text = take_plain(parser);

    if (peek(parser) == '\\')
        text = read_escaped(parser, text);
    if (!accept(parser, '"') || !pk_utf8_valid(text))
        fail(parser, PK_INVALID_INPUT);
    return text;
}

static size_t skip_digits(struct parser *parser)
{
    size_t count = 0;

    while (peek(parser) >= '0' && peek(parser) <= '9') {
        skip(parser, 1);
        count++;
    }
    return count;
}

static void read_number(struct parser *parser)
{
    bool valid;

    (void)accept(parser, '-');
    valid = accept(parser, '0') || skip_digits(parser) > 0;
    if (accept(parser, '.'))
        valid = skip_digits(parser) > 0 && valid;
    if (accept(parser, 'e') || accept(parser, 'E')) {
        if (!accept(parser, '+'))
            (void)accept(parser, '-');
        valid = skip_digits(parser) > 0 && valid;
    }
    if (!valid)
        fail(parser, PK_INVALID_INPUT);
}

static void read_word(struct parser *parser, const char *word)
{
    if (!pk_view_equal(pk_reader_take(&parser->reader, strlen(word)), pk_view_string(word)))
        fail(parser, PK_INVALID_INPUT);
}

static void read_value(struct parser *parser, struct pk_json_value *value);

static void check_key(struct parser *parser, const struct pk_json_value *object, struct pk_view key)
{
    if (object->count >= PK_JSON_MEMBERS_MAX)
        fail(parser, PK_TOO_LARGE);
    for (const struct pk_json_value *member = object->first; member; member = member->next)
        if (pk_view_equal(member->key, key))
            fail(parser, PK_EXISTS);
}

static struct pk_view read_key(struct parser *parser, const struct pk_json_value *object)
{
    struct pk_view key;

    if (!accept(parser, '"'))
        fail(parser, PK_INVALID_INPUT);
    key = read_string(parser);
    skip_space(parser);
    if (!accept(parser, ':'))
        fail(parser, PK_INVALID_INPUT);
    if (parser->reader.status == PK_OK)
        check_key(parser, object, key);
    skip_space(parser);
    return key;
}

/* After the opening bracket or brace. */
static void read_container(struct parser *parser, struct pk_json_value *container)
{
    bool object = container->type == PK_JSON_OBJECT;
    uint8_t end = object ? '}' : ']';
    const struct pk_json_value **link = &container->first;

    skip_space(parser);
    if (accept(parser, end))
        return;
    do {
        struct pk_view key = {NULL, 0};
        struct pk_json_value *value;

        skip_space(parser);
        if (object)
            key = read_key(parser, container);
        value = new_value(parser);
        if (!value)
            return;
        value->key = key;
        read_value(parser, value);
        *link = value;
        link = &value->next;
        container->count++;
        skip_space(parser);
    } while (accept(parser, ','));
    if (!accept(parser, end))
        fail(parser, PK_INVALID_INPUT);
}

static void read_nested(struct parser *parser, struct pk_json_value *value)
{
    value->type = peek(parser) == '{' ? PK_JSON_OBJECT : PK_JSON_ARRAY;
    skip(parser, 1);
    if (++parser->depth > PK_JSON_DEPTH_MAX)
        fail(parser, PK_TOO_LARGE);
    else
        read_container(parser, value);
    parser->depth--;
}

/* The recursion is bounded by PK_JSON_DEPTH_MAX; white space before it is already gone. */
static void read_value(struct parser *parser, struct pk_json_value *value)
{
    struct pk_view raw = {parser->reader.ptr, parser->reader.remaining};

    switch (peek(parser)) {
    case '{':
    case '[':
        read_nested(parser, value);
        break;
    case '"':
        value->type = PK_JSON_STRING;
        skip(parser, 1);
        value->text = read_string(parser);
        break;
    case 't':
        value->type = PK_JSON_TRUE;
        read_word(parser, "true");
        break;
    case 'f':
        value->type = PK_JSON_FALSE;
        read_word(parser, "false");
        break;
    case 'n':
        read_word(parser, "null");
        break;
    default:
        value->type = PK_JSON_NUMBER;
        read_number(parser);
        break;
    }
    value->raw = (struct pk_view){raw.ptr, raw.len - parser->reader.remaining};
}

enum pk_status pk_json_parse(struct pk_view text, struct pk_json **ret)
{
    PK_AUTO_JSON struct pk_json *json = malloc(sizeof(*json));
    struct parser parser = {.json = json, .reader = pk_reader_new(text), .text_len = text.len};
    struct pk_json_value *root;
    enum pk_status status;

    if (!json)
        return PK_NO_MEMORY;
    /* The values of the first chunk are cleared as they are used. */
    json->first_chunk.before = NULL;
    json->chunks = &json->first_chunk;
    json->count = 0;
    json->unescaped = NULL;
    json->unescaped_len = 0;
    root = new_value(&parser);
    skip_space(&parser);
    read_value(&parser, root);
    skip_space(&parser);
    status = pk_reader_finish(&parser.reader);
    if (status == PK_TRUNCATED || status == PK_TRAILING_DATA ||
        (status == PK_OK && root->type != PK_JSON_OBJECT))
        return PK_INVALID_INPUT;
    if (status != PK_OK)
        return status;
    json->root = root;
    *ret = pk_steal(json);
    return PK_OK;
}

const struct pk_json_value *pk_json_root(const struct pk_json *json)
{
    return json->root;
}

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
