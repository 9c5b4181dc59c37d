/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/sk.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <string.h>

#define COORDINATE_SIZE        32
#define ED25519_KEY_SIZE       32
#define ED25519_SIGNATURE_SIZE 64
#define POINT_UNCOMPRESSED     0x04 /* SEC 1 section 2.3.3 */
#define DER_INTEGER            0x02
#define DER_SEQUENCE           0x30

/* A string that must be exactly that long. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures readable(\result);
    ensures reader->status == PK_OK ? \result.len == len : \result.len == 0; */
static struct pk_view read_sized(struct pk_reader *reader, size_t len)
{
    struct pk_view view = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);

    if (view.len != len)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return reader->status == PK_OK ? view : (struct pk_view){NULL, 0};
}

static const char name_ed25519[] = "sk-ssh-ed25519@openssh.com";
static const char name_ecdsa[] = "sk-ecdsa-sha2-nistp256@openssh.com";

/* The name that keys and signatures begin with. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static enum pk_sk_type read_type(struct pk_reader *reader)
{
    struct pk_view name = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);

    if (pk_view_equal(name, pk_view_string(name_ed25519)))
        return PK_SK_ED25519;
    if (!pk_view_equal(name, pk_view_string(name_ecdsa)))
        pk_reader_fail(reader, PK_UNSUPPORTED);
    return PK_SK_ECDSA;
}

/* ---- keys ---- */

/*@ requires sound(reader) && \valid(key) && \separated(reader, key);
    assigns *reader, key->point[0 .. 63];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_ecdsa_point(struct pk_reader *reader, struct pk_sk_key *key)
{
    struct pk_view curve = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);
    struct pk_view point;

    if (!pk_view_equal(curve, pk_view_string("nistp256")))
        pk_reader_fail(reader, PK_INVALID_INPUT);
    point = read_sized(reader, 1 + sizeof(key->point));
    if (point.len == 0)
        return;
    if (point.ptr[0] != POINT_UNCOMPRESSED)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    memcpy(key->point, point.ptr + 1, sizeof(key->point));
}

/*@ requires sound(reader) && \valid(key) && \separated(reader, key);
    assigns *reader, key->point[0 .. 63];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_ed25519_key(struct pk_reader *reader, struct pk_sk_key *key)
{
    struct pk_view bytes = read_sized(reader, ED25519_KEY_SIZE);

    if (bytes.len > 0)
        memcpy(key->point, bytes.ptr, bytes.len);
}

/*@ requires sound(reader) && \valid(key) && \separated(reader, key);
    assigns *reader, key->application[0 .. PK_RP_ID_MAX];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_application(struct pk_reader *reader, struct pk_sk_key *key)
{
    struct pk_view application = pk_reader_string(reader, PK_RP_ID_MAX);

    if (application.len == 0)
        pk_reader_fail(reader, PK_INVALID_INPUT);
    /*@ loop invariant 0 <= i <= application.len && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader;
        loop variant application.len - i; */
    for (size_t i = 0; i < application.len; i++)
        if (application.ptr[i] <= ' ' || application.ptr[i] > '~')
            pk_reader_fail(reader, PK_INVALID_INPUT);
    if (reader->status == PK_OK)
        memcpy(key->application, application.ptr, application.len);
}

enum pk_status pk_sk_key_parse(struct pk_view blob, struct pk_sk_key *ret)
{
    struct pk_reader reader = pk_reader_new(blob);
    struct pk_sk_key key = {0};
    enum pk_status status;

    key.type = read_type(&reader);
    if (key.type == PK_SK_ECDSA)
        read_ecdsa_point(&reader, &key);
    else
        read_ed25519_key(&reader, &key);
    read_application(&reader, &key);
    status = pk_reader_finish(&reader);
    if (status == PK_OK)
        *ret = key;
    return status;
}

/* ---- the line of a .pub file ---- */

/*@ assigns \nothing; */
static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/*@ requires readable(text);
    assigns \nothing;
    ensures readable(\result) && \result.len <= text.len; */
static struct pk_view skip_blanks(struct pk_view text)
{
    /*@ loop invariant readable(text) && text.len <= \at(text.len, Pre);
        loop assigns text;
        loop variant text.len; */
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = (struct pk_view){text.ptr + 1, text.len - 1};
    return text;
}

/* Cuts the first word off; empty at the end. */
/*@ requires \valid(text) && readable(*text);
    assigns *text;
    ensures readable(*text) && readable(\result); */
static struct pk_view next_word(struct pk_view *text)
{
    struct pk_view word = skip_blanks(*text);
    size_t len = 0;

    /*@ loop invariant 0 <= len <= word.len;
        loop assigns len;
        loop variant word.len - len; */
    while (len < word.len && !is_blank(word.ptr[len]))
        len++;
    *text = skip_blanks((struct pk_view){word.ptr + len, word.len - len});
    word.len = len;
    return word;
}

/*@ requires readable(line);
    assigns \nothing;
    ensures readable(\result) && \result.len <= line.len; */
static struct pk_view without_end(struct pk_view line)
{
    /*@ loop invariant readable(line) && line.len <= \at(line.len, Pre);
        loop assigns line;
        loop variant line.len; */
    while (line.len > 0 && (is_blank(line.ptr[line.len - 1]) || line.ptr[line.len - 1] == '\n' ||
                            line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* NULL when there is none. */
/*@ requires readable(comment) && \valid(ret);
    assigns *ret, heap[..];
    ensures *ret == \null || on_heap(*ret); */
static enum pk_status copy_comment(struct pk_view comment, char **ret)
{
    PK_AUTO_FREE char *text = NULL;

    *ret = NULL;
    if (comment.len == 0)
        return PK_OK;
    text = strndup((const char *)comment.ptr, comment.len);
    if (!text)
        return PK_NO_MEMORY;
    *ret = pk_text_printable(text, comment.len);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status pk_sk_public_line_parse(struct pk_view line, struct pk_sk_key *ret_key,
                                       struct pk_bytes *ret_blob, char **ret_comment)
{
    struct pk_view rest = without_end(line);
    struct pk_view type;
    struct pk_view encoded;
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    struct pk_reader reader;
    struct pk_sk_key key = {0};
    char *comment = NULL;
    enum pk_status status;

    if (rest.len == 0)
        return PK_INVALID_INPUT;
    type = next_word(&rest);
    encoded = next_word(&rest);
    if (type.len == 0 || encoded.len == 0 ||
        (rest.len > 0 && (memchr(rest.ptr, '\n', rest.len) || memchr(rest.ptr, 0, rest.len))))
        return PK_INVALID_INPUT;
    status = pk_base64_decode(encoded, PK_PUBLIC_KEY_MAX, &blob);
    if (status != PK_OK)
        return status;
    reader = pk_reader_new(pk_view_of(&blob));
    if (!pk_view_equal(pk_reader_string(&reader, blob.len), type))
        return PK_INVALID_INPUT;
    status = pk_sk_key_parse(pk_view_of(&blob), &key);
    if (status == PK_OK)
        status = copy_comment(rest, &comment);
    if (status != PK_OK)
        return status;
    *ret_key = key;
    *ret_blob = blob;
    blob = (struct pk_bytes){0};
    *ret_comment = comment;
    return PK_OK;
}

/* ---- signatures ---- */

void pk_sk_signature_clear(struct pk_sk_signature *signature)
{
    pk_bytes_clear(&signature->signature);
    *signature = (struct pk_sk_signature){0};
}

/*
 * A positive number in its shortest form (RFC 4251 section 5, "mpint"), not wider than a
 * coordinate. DER's INTEGER holds the same bytes.
 */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures readable(\result) && \result.len <= COORDINATE_SIZE + 1;
    ensures reader->status != PK_OK ==> \result.len == 0; */
static struct pk_view read_mpint(struct pk_reader *reader)
{
    struct pk_view number = pk_reader_string(reader, PK_AGENT_MESSAGE_MAX);
    bool padded = number.len > 0 && number.ptr[0] == 0;

    if (number.len == 0 || number.len > COORDINATE_SIZE + (padded ? 1U : 0U) ||
        number.ptr[0] & 0x80 || (padded && (number.len == 1 || !(number.ptr[1] & 0x80))))
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return reader->status == PK_OK ? number : (struct pk_view){NULL, 0};
}

/*@ requires growing(writer) && readable(value) && value.len <= 255;
    assigns *writer, heap[..];
    ensures growing(writer) && writer->max == \old(writer->max); */
static void write_der(struct pk_writer *writer, uint8_t tag, struct pk_view value)
{
    pk_writer_u8(writer, tag);
    pk_writer_u8(writer, (uint8_t)value.len); /* of all that comes here less than 128 */
    pk_writer_put(writer, value);
}

/* r and s as Ecdsa-Sig-Value (RFC 3279 section 2.2.3). */
/*@ requires readable(r) && readable(s) && r.len <= COORDINATE_SIZE + 1;
    requires s.len <= COORDINATE_SIZE + 1 && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status compose_ecdsa(struct pk_view r, struct pk_view s, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer numbers = pk_writer_new(2 * (2 + COORDINATE_SIZE + 1));
    PK_AUTO_WRITER struct pk_writer sequence = pk_writer_new(2 + numbers.max);
    PK_AUTO_BYTES struct pk_bytes both = {0};
    enum pk_status status;

    write_der(&numbers, DER_INTEGER, r);
    write_der(&numbers, DER_INTEGER, s);
    status = pk_writer_finish(&numbers, &both);
    if (status != PK_OK)
        return status;
    write_der(&sequence, DER_SEQUENCE, pk_view_of(&both));
    return pk_writer_finish(&sequence, ret);
}

/*@ requires sound(reader) && \valid(ret) && \separated(reader, ret, &heap);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_ecdsa_signature(struct pk_reader *reader, struct pk_bytes *ret)
{
    struct pk_reader inner = pk_reader_new(pk_reader_string(reader, PK_AGENT_MESSAGE_MAX));
    struct pk_view r = read_mpint(&inner), s = read_mpint(&inner);
    enum pk_status status = pk_reader_finish(&inner);

    if (status == PK_OK && reader->status == PK_OK)
        status = compose_ecdsa(r, s, ret);
    if (status != PK_OK)
        pk_reader_fail(reader, status);
}

/*@ requires sound(reader) && \valid(ret) && \separated(reader, ret, &heap);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader); */
static void read_ed25519_signature(struct pk_reader *reader, struct pk_bytes *ret)
{
    struct pk_view bytes = read_sized(reader, ED25519_SIGNATURE_SIZE);

    if (reader->status == PK_OK && pk_bytes_copy(bytes, ret) != PK_OK)
        pk_reader_fail(reader, PK_NO_MEMORY);
}

enum pk_status pk_sk_signature_parse(struct pk_view blob, struct pk_sk_signature *ret)
{
    struct pk_reader reader = pk_reader_new(blob);
    PK_AUTO_SK_SIGNATURE struct pk_sk_signature signature = {0};
    enum pk_status status;

    signature.type = read_type(&reader);
    if (signature.type == PK_SK_ECDSA)
        read_ecdsa_signature(&reader, &signature.signature);
    else
        read_ed25519_signature(&reader, &signature.signature);
    signature.flags = pk_reader_u8(&reader);
    signature.counter = pk_reader_u32(&reader);
    status = pk_reader_finish(&reader);
    if (status != PK_OK)
        return status;
    *ret = signature;
    signature = (struct pk_sk_signature){0};
    return PK_OK;
}

/* ---- what is signed ---- */

static const char magic[] = "SSHSIG";
static const char namespace[] = PK_SSHSIG_NAMESPACE;
static const char hash_algorithm[] = "sha256";

enum pk_status pk_sshsig_compose(const uint8_t message_sha256[PK_HASH_SIZE], struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(256);

    pk_writer_put(&writer, pk_view_string(magic));
    pk_writer_text(&writer, namespace);
    pk_writer_string(&writer, (struct pk_view){NULL, 0}); /* reserved */
    pk_writer_text(&writer, hash_algorithm);
    pk_writer_string(&writer, (struct pk_view){message_sha256, PK_HASH_SIZE});
    return pk_writer_finish(&writer, ret);
}
