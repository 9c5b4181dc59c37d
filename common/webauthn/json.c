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
    struct chunk *chunks;     /* the last one first */
    uint8_t *unescaped;       /* NULL: there was no escape */
    struct chunk first_chunk; /* enough for most */
};

struct parser {
    struct pk_reader reader;
    size_t text_len;
    struct chunk *chunks; /* the one that is being filled first */
    size_t count;         /* values, in all chunks */
    uint8_t *unescaped;   /* as large as the text, which no escape makes longer; NULL: none yet */
    size_t unescaped_len;
};

/*
 * What every function keeps: besides what its reader does, that the texts without escapes have room
 * for what is still unread, and for so many bytes that were read and are not written yet.
 */
/*@ predicate writable(uint8_t *bytes, integer size) =
      bytes == \null || (on_heap(bytes) && \valid(bytes + (0 .. size - 1)));
    predicate parsing(struct parser *parser, integer taken) =
      \valid(parser) && !on_heap(parser) && sound(&parser->reader) &&
      \valid(parser->chunks) && on_heap(parser->chunks) &&
      writable(parser->unescaped, parser->text_len) &&
      parser->unescaped_len + taken + parser->reader.remaining <= parser->text_len;
    predicate room(struct pk_json_value *value) = \valid(value) && on_heap(value); */

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

/* Takes that byte, which has to be next. */
/*@ requires \valid(parser) && sound(&parser->reader) && wanted != 0;
    assigns parser->reader;
    ensures sound(&parser->reader) && went_on{Pre, Post}(&parser->reader); */
static void expect(struct parser *parser, uint8_t wanted)
{
    if (!accept(parser, wanted))
        fail(parser, PK_INVALID_INPUT);
}

/* The chunk that has room for one more value; NULL: no memory. */
/*@ requires parsing(parser, 0);
    assigns parser->chunks, heap[..];
    ensures parsing(parser, 0);
    ensures \result != \null ==> \valid(\result) && on_heap(\result); */
static struct chunk *chunk_with_room(struct parser *parser)
{
    struct chunk *chunk;

    if (parser->count % CHUNK_VALUES != 0)
        return parser->chunks;
    chunk = malloc(sizeof(*chunk));
    if (!chunk)
        return NULL;
    chunk->before = parser->chunks;
    parser->chunks = chunk;
    return chunk;
}

/* Room for a value; NULL after a failure, or when there is no memory or are values enough. */
/*@ requires parsing(parser, 0);
    assigns parser->reader.status, parser->chunks, parser->count, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures \result == \null ? parser->reader.status != PK_OK :
      room(\result) && parser->count <= PK_JSON_VALUES_MAX; */
static struct pk_json_value *new_value(struct parser *parser)
{
    struct chunk *chunk;

    if (parser->count >= PK_JSON_VALUES_MAX) {
        fail(parser, PK_TOO_LARGE);
        return NULL;
    }
    chunk = chunk_with_room(parser);
    if (!chunk) {
        fail(parser, PK_NO_MEMORY);
        return NULL;
    }
    return &chunk->values[parser->count++ % CHUNK_VALUES];
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

/*@ requires parsing(parser, 1) && parser->unescaped != \null;
    assigns parser->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures parser->unescaped_len == \old(parser->unescaped_len) + 1; */
static void put_byte(struct parser *parser, uint8_t byte)
{
    parser->unescaped[parser->unescaped_len++] = byte;
}

/*@ requires parsing(parser, code == 0 ? 1 : 4) && parser->unescaped != \null;
    assigns parser->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures parser->unescaped_len >= \old(parser->unescaped_len); */
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
/*@ requires parsing(parser, 1) && parser->unescaped != \null;
    assigns parser->reader, parser->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures parser->unescaped_len >= \old(parser->unescaped_len); */
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
    assigns parser->reader, parser->unescaped, parser->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result); */
static struct pk_view read_escaped(struct parser *parser, struct pk_view plain)
{
    size_t start;

    if (!parser->unescaped)
        parser->unescaped = malloc(parser->text_len);
    if (!parser->unescaped) {
        fail(parser, PK_NO_MEMORY);
        return plain;
    }
    start = parser->unescaped_len;
    /*@ loop invariant parsing(parser, plain.len);
        loop invariant readable(plain);
        loop invariant went_on{Pre, Here}(&parser->reader);
        loop invariant parser->unescaped != \null;
        loop invariant start <= parser->unescaped_len;
        loop assigns plain, parser->reader, parser->unescaped_len, heap[..];
        loop variant parser->reader.remaining; */
    for (;;) {
        if (plain.len > 0)
            memcpy(parser->unescaped + parser->unescaped_len, plain.ptr, plain.len);
        parser->unescaped_len += plain.len;
        /*@ assert parsing(parser, 0); */
        if (!accept(parser, '\\'))
            break;
        read_escape(parser);
        /*@ assert parsing(parser, 0); */
        plain = take_plain(parser);
    }
    return (struct pk_view){parser->unescaped + start, parser->unescaped_len - start};
}

/* After the opening quote. */
/*@ requires parsing(parser, 0);
    assigns parser->reader, parser->unescaped, parser->unescaped_len, heap[..];
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

/*@ requires parsing(parser, 0) && depth <= PK_JSON_DEPTH_MAX;
    decreases 5 * (PK_JSON_DEPTH_MAX + 1 - depth) + 1;
    assigns *parser, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result.raw); */
static struct pk_json_value read_value(struct parser *parser, struct pk_view key, size_t depth);

/* Fails when the object has that key already. The prover does not follow lists: on trust. */
/*@ requires parsing(parser, 0) && readable(key);
    assigns parser->reader.status;
    ensures parser->reader.status == PK_OK ==> \old(parser->reader.status) == PK_OK; */
static void check_key(struct parser *parser, struct pk_json_value object, struct pk_view key)
{
    if (object.count >= PK_JSON_MEMBERS_MAX)
        fail(parser, PK_TOO_LARGE);
    for (const struct pk_json_value *member = object.first; member; member = member->next)
        if (pk_view_equal(member->key, key))
            fail(parser, PK_EXISTS);
}

/*@ requires parsing(parser, 0);
    assigns parser->reader, parser->unescaped, parser->unescaped_len, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures readable(\result); */
static struct pk_view read_key(struct parser *parser, struct pk_json_value object)
{
    struct pk_view key;

    expect(parser, '"');
    key = read_string(parser);
    skip_space(parser);
    expect(parser, ':');
    if (parser->reader.status == PK_OK)
        check_key(parser, object, key);
    skip_space(parser);
    return key;
}

/* A value with that key, or of an array; NULL: there is no room for it. */
/*@ requires parsing(parser, 0) && depth <= PK_JSON_DEPTH_MAX;
    decreases 5 * (PK_JSON_DEPTH_MAX + 1 - depth) + 2;
    assigns *parser, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures \result != \null ==> room(\result); */
static struct pk_json_value *read_item(struct parser *parser, struct pk_view key, size_t depth)
{
    struct pk_json_value *item = new_value(parser), value;

    if (!item)
        return NULL;
    value = read_value(parser, key, depth);
    /*@ assert \base_addr(item) != \base_addr(parser); */
    *item = value;
    /*@ assert sound(&parser->reader); */
    /*@ assert writable(parser->unescaped, parser->text_len); */
    return item;
}

/* One element or member of the container, which is not linked yet; NULL: no room for it. */
/*@ requires parsing(parser, 0) && depth <= PK_JSON_DEPTH_MAX;
    decreases 5 * (PK_JSON_DEPTH_MAX + 1 - depth) + 3;
    assigns *parser, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader);
    ensures \result != \null ==> room(\result); */
static struct pk_json_value *read_member(struct parser *parser, struct pk_json_value container,
                                         size_t depth)
{
    struct pk_view key = {NULL, 0};
    struct pk_json_value *item;

    skip_space(parser);
    if (container.type == PK_JSON_OBJECT)
        key = read_key(parser, container);
    item = read_item(parser, key, depth);
    skip_space(parser);
    return item;
}

/* The elements or members of a container, as far as there are commas. */
/*@ requires parsing(parser, 0) && depth <= PK_JSON_DEPTH_MAX;
    decreases 5 * (PK_JSON_DEPTH_MAX + 1 - depth) + 4;
    assigns *parser, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader); */
static struct pk_json_value read_members(struct parser *parser, struct pk_json_value container,
                                         size_t depth)
{
    struct pk_json_value *last = NULL, *item;

    /*@ loop invariant parsing(parser, 0);
        loop invariant went_on{Pre, Here}(&parser->reader);
        loop invariant last == \null || room(last);
        loop assigns last, item, container, *parser, heap[..];
        loop variant parser->reader.remaining; */
    do {
        item = read_member(parser, container, depth);
        if (!item)
            break;
        if (last)
            last->next = item;
        else
            container.first = item;
        /*@ assert parsing(parser, 0) && went_on{Pre, Here}(&parser->reader); */
        last = item;
        container.count++;
    } while (accept(parser, ','));
    return container;
}

/*@ requires parsing(parser, 0) && depth <= PK_JSON_DEPTH_MAX;
    decreases 5 * (PK_JSON_DEPTH_MAX + 1 - depth);
    assigns *parser, heap[..];
    ensures parsing(parser, 0);
    ensures went_on{Pre, Post}(&parser->reader); */
static struct pk_json_value read_container(struct parser *parser, enum pk_json_type type,
                                           size_t depth)
{
    struct pk_json_value container = {.type = type};
    uint8_t end = type == PK_JSON_OBJECT ? '}' : ']';

    skip(parser, 1);
    skip_space(parser);
    if (depth == PK_JSON_DEPTH_MAX)
        fail(parser, PK_TOO_LARGE);
    if (depth == PK_JSON_DEPTH_MAX || accept(parser, end))
        return container;
    container = read_members(parser, container, depth + 1);
    expect(parser, end);
    return container;
}

/* White space before it is already gone. */
static struct pk_json_value read_value(struct parser *parser, struct pk_view key, size_t depth)
{
    struct pk_view raw = {parser->reader.ptr, parser->reader.remaining};
    struct pk_json_value value = {0};

    switch (peek(parser)) {
    case '{':
        value = read_container(parser, PK_JSON_OBJECT, depth);
        break;
    case '[':
        value = read_container(parser, PK_JSON_ARRAY, depth);
        break;
    case '"':
        value.type = PK_JSON_STRING;
        skip(parser, 1);
        value.text = read_string(parser);
        break;
    case 't':
        value.type = PK_JSON_TRUE;
        read_word(parser, "true");
        break;
    case 'f':
        value.type = PK_JSON_FALSE;
        read_word(parser, "false");
        break;
    case 'n':
        read_word(parser, "null");
        break;
    default:
        value.type = PK_JSON_NUMBER;
        read_number(parser);
        break;
    }
    value.key = key;
    value.raw = (struct pk_view){raw.ptr, raw.len - parser->reader.remaining};
    return value;
}

/* Reads the text into memory that nobody has filled yet; what it owns is there also on failure. */
/*@ requires readable(text) && \valid(json) && on_heap(json);
    assigns *json, heap[..]; */
static enum pk_status fill(struct pk_json *json, struct pk_view text)
{
    struct pk_json_value *root = &json->first_chunk.values[0];
    struct parser parser = {.reader = pk_reader_new(text),
                            .text_len = text.len,
                            .chunks = &json->first_chunk,
                            .count = 1};
    enum pk_status status;

    json->first_chunk.before = NULL;
    skip_space(&parser);
    *root = read_value(&parser, (struct pk_view){NULL, 0}, 0);
    skip_space(&parser);
    json->root = root;
    json->chunks = parser.chunks;
    json->unescaped = parser.unescaped;
    status = pk_reader_finish(&parser.reader);
    if (status == PK_TRUNCATED || status == PK_TRAILING_DATA ||
        (status == PK_OK && root->type != PK_JSON_OBJECT))
        return PK_INVALID_INPUT;
    return status;
}

enum pk_status pk_json_parse(struct pk_view text, struct pk_json **ret)
{
    PK_AUTO_JSON struct pk_json *json = malloc(sizeof(*json));
    enum pk_status status;

    if (!json)
        return PK_NO_MEMORY;
    status = fill(json, text);
    if (status == PK_OK)
        *ret = pk_steal(json);
    return status;
}

const struct pk_json_value *pk_json_root(const struct pk_json *json)
{
    return json->root;
}
