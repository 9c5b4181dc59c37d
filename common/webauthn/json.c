/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/json.h"

#include "common/base/limits.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/webauthn/json_text.h"

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

/*
 * What every function keeps: besides what its reader does, that the texts without escapes have room
 * for what is still unread, and for so many bytes that were read and are not written yet.
 */
/*@ predicate writable(struct pk_json *json, integer size) =
      json->unescaped == \null ||
      (on_heap(json->unescaped) && \valid(json->unescaped + (0 .. size - 1)));
    predicate parsing(struct parser *parser, integer taken) =
      \valid(parser) && sound(&parser->reader) && \valid(parser->json) &&
      \separated(parser, parser->json) && writable(parser->json, parser->text_len) &&
      parser->json->unescaped_len + taken + parser->reader.remaining <= parser->text_len; */

/* A value is in memory of its own. */
/*@ predicate fresh(struct parser *parser, struct pk_json_value *value) =
      \valid(value) && on_heap(value) && \separated(value, parser) &&
      \separated(value, &parser->json->chunks) && \separated(value, &parser->json->count) &&
      \separated(value, &parser->json->unescaped) &&
      \separated(value, &parser->json->unescaped_len); */

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

/*@ requires \valid(parser);
    assigns parser->reader.status;
    ensures parser->reader.status ==
      (\old(parser->reader.status) == PK_OK ? status : \old(parser->reader.status)); */
static void fail(struct parser *parser, enum pk_status status)
{
    pk_reader_fail(&parser->reader, status);
}

/* The next byte, which stays unread; 0, which no JSON token begins with, at the end. */
/*@ requires \valid_read(parser) && sound(&parser->reader);
    assigns \nothing;
    ensures \result != 0 ==> parser->reader.status == PK_OK && parser->reader.remaining > 0; */
static uint8_t peek(const struct parser *parser)
{
    return parser->reader.status == PK_OK && parser->reader.remaining > 0 ? parser->reader.ptr[0]
                                                                          : 0;
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader);
    ensures \old(parser->reader.status) == PK_OK && len <= \old(parser->reader.remaining) ==>
      advanced{Pre, Post}(&parser->reader, len); */
static void skip(struct parser *parser, size_t len)
{
    (void)pk_reader_take(&parser->reader, len);
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader); */
static void skip_space(struct parser *parser)
{
    uint8_t c;

    /*@ loop invariant sound(&parser->reader) && went_on{Pre, Here}(&parser->reader);
        loop assigns c, parser->reader;
        loop variant parser->reader.remaining; */
    while ((c = peek(parser)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        skip(parser, 1);
}

/* Takes that byte when it is next. */
/*@ requires \valid(parser) && sound(&parser->reader) && wanted != 0;
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader);
    ensures \result ? \old(parser->reader.status) == PK_OK &&
      advanced{Pre, Post}(&parser->reader, 1) :
      parser->reader == \old(parser->reader); */
static bool accept(struct parser *parser, uint8_t wanted)
{
    if (peek(parser) != wanted)
        return false;
    skip(parser, 1);
    return true;
}

/*
 * The chunk that has room for one more value; NULL: no memory. To the prover, which knows no memory
 * that is new, this function's contract is taken on trust.
 */
/*@ requires parsing(parser, 0);
    assigns parser->json->chunks;
    ensures \result == \null ? parser->json->count > 0 :
      \forall integer i; 0 <= i < CHUNK_VALUES ==> fresh(parser, &\result->values[i]); */
static struct chunk *chunk_with_room(const struct parser *parser)
{
    struct pk_json *json = parser->json;
    struct chunk *chunk;

    if (json->count == 0 || json->count % CHUNK_VALUES != 0)
        return json->chunks;
    chunk = malloc(sizeof(*chunk));
    if (!chunk)
        return NULL;
    chunk->before = json->chunks;
    json->chunks = chunk;
    return chunk;
}

/* NULL after a failure, or when there is no memory or are values enough. */
/*@ requires parsing(parser, 0);
    assigns parser->reader.status, parser->json->chunks, parser->json->count, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures \result == \null ? parser->reader.status != PK_OK :
      fresh(parser, \result) && parser->json->count <= PK_JSON_VALUES_MAX;
    ensures \old(parser->json->count) == 0 ==> \result != \null; */
static struct pk_json_value *new_value(struct parser *parser)
{
    struct pk_json *json = parser->json;
    size_t at = json->count % CHUNK_VALUES;
    struct pk_json_value *value;
    struct chunk *chunk;

    if (json->count >= PK_JSON_VALUES_MAX) {
        fail(parser, PK_TOO_LARGE);
        return NULL;
    }
    chunk = chunk_with_room(parser);
    if (!chunk) {
        fail(parser, PK_NO_MEMORY);
        return NULL;
    }
    /*@ assert at < CHUNK_VALUES; */
    value = &chunk->values[at];
    json->count++;
    /*@ assert fresh(parser, value); */
    /*@ assert parsing(parser, 0); */
    *value = (struct pk_json_value){0};
    return value;
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader);
    ensures \result == 0 || parser->reader.remaining == \old(parser->reader.remaining) - 4; */
static uint32_t read_hex4(struct parser *parser)
{
    struct pk_view digits = pk_reader_take(&parser->reader, 4);
    uint32_t code = 0;

    /*@ loop invariant 0 <= i <= digits.len && (i == 0 ==> code == 0);
        loop invariant \at(parser->reader.status, LoopEntry) != PK_OK ==>
          parser->reader.status != PK_OK;
        loop assigns i, code, parser->reader.status;
        loop variant digits.len - i; */
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
/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader);
    ensures \result == 0 || parser->reader.remaining <= \old(parser->reader.remaining) - 4; */
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

/*@ requires parsing(parser, 1) && parser->json->unescaped != \null;
    assigns parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures parser->json->unescaped_len == \old(parser->json->unescaped_len) + 1; */
static void put_byte(struct parser *parser, uint8_t byte)
{
    parser->json->unescaped[parser->json->unescaped_len++] = byte;
}

/*@ requires parsing(parser, code == 0 ? 1 : 4) && parser->json->unescaped != \null;
    assigns parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures parser->json->unescaped_len >= \old(parser->json->unescaped_len); */
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
/*@ requires parsing(parser, 1) && parser->json->unescaped != \null;
    assigns parser->reader, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures parser->json->unescaped_len >= \old(parser->json->unescaped_len); */
static void read_escape(struct parser *parser)
{
    uint8_t letter = pk_reader_u8(&parser->reader);

    if (letter == 'u')
        put_code_point(parser, read_code_point(parser));
    else if (pk_json_meant_by(letter) != 0)
        put_byte(parser, pk_json_meant_by(letter));
    else
        fail(parser, PK_INVALID_INPUT);
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader) && readable(\result);
    ensures parser->reader.remaining == \old(parser->reader.remaining) - \result.len; */
static struct pk_view take_plain(struct parser *parser)
{
    struct pk_reader *reader = &parser->reader;

    return pk_reader_take(reader,
                          pk_json_plain_length((struct pk_view){reader->ptr, reader->remaining}));
}

/* A string with escapes, whose first plain part has been read. */
/*@ requires parsing(parser, plain.len) && readable(plain);
    assigns parser->reader, parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result); */
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
    /*@ loop invariant parsing(parser, plain.len);
        loop invariant readable(plain);
        loop invariant went_on{Pre, Here}(&parser->reader);
        loop invariant parser->json->unescaped != \null;
        loop invariant start <= json->unescaped_len;
        loop assigns plain, parser->reader, json->unescaped_len, heap[..];
        loop variant parser->reader.remaining; */
    for (;;) {
        if (plain.len > 0)
            memcpy(json->unescaped + json->unescaped_len, plain.ptr, plain.len);
        json->unescaped_len += plain.len;
        /*@ assert parsing(parser, 0); */
        if (!accept(parser, '\\'))
            break;
        read_escape(parser);
        /*@ assert parsing(parser, 0); */
        plain = take_plain(parser);
    }
    return (struct pk_view){json->unescaped + start, json->unescaped_len - start};
}

/* After the opening quote. */
/*@ requires parsing(parser, 0);
    assigns parser->reader, parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result); */
static struct pk_view read_string(struct parser *parser)
{
    struct pk_view text = take_plain(parser);

    if (peek(parser) == '\\')
        text = read_escaped(parser, text);
    if (!accept(parser, '"') || !pk_utf8_valid(text))
        fail(parser, PK_INVALID_INPUT);
    return text;
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader); */
static size_t skip_digits(struct parser *parser)
{
    size_t count = 0;

    /*@ loop invariant sound(&parser->reader) && went_on{Pre, Here}(&parser->reader);
        loop assigns count, parser->reader;
        loop variant parser->reader.remaining; */
    while (peek(parser) >= '0' && peek(parser) <= '9') {
        skip(parser, 1);
        count++;
    }
    return count;
}

/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader); */
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

/* A word of the code, which to the prover is no text. */
/*@ requires \valid(parser) && sound(&parser->reader);
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader); */
static void read_word(struct parser *parser, const char *word)
{
    /*@ admit is_string(word); */
    if (!pk_view_equal(pk_reader_take(&parser->reader, strlen(word)), pk_view_string(word)))
        fail(parser, PK_INVALID_INPUT);
}

/*@ requires parsing(parser, 0) && fresh(parser, value) && parser->depth <= PK_JSON_DEPTH_MAX;
    decreases 3 * (PK_JSON_DEPTH_MAX + 1 - parser->depth) + 2;
    assigns parser->reader, parser->depth, *value, parser->json->chunks, parser->json->count;
    assigns parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures parser->depth == \old(parser->depth);
    ensures readable(value->raw); */
static void read_value(struct parser *parser, struct pk_json_value *value);

/* Fails when the object has that key already. The prover does not follow lists: on trust. */
/*@ requires parsing(parser, 0) && fresh(parser, object) && readable(key);
    assigns parser->reader.status;
    ensures parser->reader.status == PK_OK ==> \old(parser->reader.status) == PK_OK; */
static void check_key(struct parser *parser, const struct pk_json_value *object, struct pk_view key)
{
    if (object->count >= PK_JSON_MEMBERS_MAX)
        fail(parser, PK_TOO_LARGE);
    for (const struct pk_json_value *member = object->first; member; member = member->next)
        if (pk_view_equal(member->key, key))
            fail(parser, PK_EXISTS);
}

/*@ requires parsing(parser, 0) && fresh(parser, object);
    assigns parser->reader, parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result); */
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
/*@ requires parsing(parser, 0) && fresh(parser, container) && parser->depth <= PK_JSON_DEPTH_MAX;
    decreases 3 * (PK_JSON_DEPTH_MAX + 1 - parser->depth) + 3;
    assigns parser->reader, parser->depth, *container, parser->json->chunks, parser->json->count;
    assigns parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures parser->depth == \old(parser->depth); */
static void read_container(struct parser *parser, struct pk_json_value *container)
{
    bool object = container->type == PK_JSON_OBJECT;
    uint8_t end = object ? '}' : ']';
    struct pk_json_value *last = NULL;

    skip_space(parser);
    if (accept(parser, end))
        return;
    /*@ loop invariant parsing(parser, 0);
        loop invariant went_on{Pre, Here}(&parser->reader);
        loop invariant parser->depth == \at(parser->depth, Pre);
        loop invariant last == \null || fresh(parser, last);
        loop assigns last, *container, parser->reader, parser->depth, heap[..];
        loop assigns parser->json->chunks, parser->json->count;
        loop assigns parser->json->unescaped, parser->json->unescaped_len;
        loop variant parser->reader.remaining; */
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
        if (last)
            last->next = value;
        else
            container->first = value;
        last = value;
        container->count++;
        skip_space(parser);
    } while (accept(parser, ','));
    if (!accept(parser, end))
        fail(parser, PK_INVALID_INPUT);
}

/*@ requires parsing(parser, 0) && fresh(parser, value) && parser->depth <= PK_JSON_DEPTH_MAX;
    decreases 3 * (PK_JSON_DEPTH_MAX + 1 - parser->depth) + 1;
    assigns parser->reader, parser->depth, *value, parser->json->chunks, parser->json->count;
    assigns parser->json->unescaped, parser->json->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures parser->depth == \old(parser->depth); */
static void read_nested(struct parser *parser, struct pk_json_value *value)
{
    value->type = peek(parser) == '{' ? PK_JSON_OBJECT : PK_JSON_ARRAY;
    /*@ assert parsing(parser, 0); */
    skip(parser, 1);
    /*@ assert parsing(parser, 0); */
    if (++parser->depth > PK_JSON_DEPTH_MAX)
        fail(parser, PK_TOO_LARGE);
    else
        read_container(parser, value);
    /*@ assert parsing(parser, 0); */
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
    /*@ assert went_on{Pre, Here}(&parser->reader); */
    /*@ assert parsing(parser, 0) && fresh(parser, value); */
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
