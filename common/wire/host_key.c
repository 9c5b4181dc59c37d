/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/host_key.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <string.h>

#define CERTIFICATE_ENDING "-cert-v01@openssh.com"
#define ENDING_SIZE        (sizeof(CERTIFICATE_ENDING) - 1)
#define HASH_TEXT_SIZE     43 /* characters of base64 without the padding */
#define PREFIX_SIZE        (sizeof(PK_FINGERPRINT_PREFIX) - 1)

/* How many strings or numbers of a certificate behind its nonce are the key. */
static const struct certificate {
    const char *type;
    const char *plain;
    unsigned fields;
} certificates[] = {
    {"ssh-ed25519" CERTIFICATE_ENDING, "ssh-ed25519", 1},
    {"ecdsa-sha2-nistp256" CERTIFICATE_ENDING, "ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384" CERTIFICATE_ENDING, "ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521" CERTIFICATE_ENDING, "ecdsa-sha2-nistp521", 2},
    {"ssh-rsa" CERTIFICATE_ENDING, "ssh-rsa", 2},
    {"ssh-dss" CERTIFICATE_ENDING, "ssh-dss", 4},
    {"sk-ssh-ed25519" CERTIFICATE_ENDING, "sk-ssh-ed25519@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256" CERTIFICATE_ENDING, "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

/*@ requires readable(type);
    assigns \nothing; */
static bool is_certificate(struct pk_view type)
{
    return type.len >= ENDING_SIZE &&
           memcmp(type.ptr + type.len - ENDING_SIZE, CERTIFICATE_ENDING, ENDING_SIZE) == 0;
}

/*@ requires readable(type);
    assigns \nothing;
    ensures \result == \null || (\valid_read(\result) && is_string(\result->plain)); */
static const struct certificate *find_certificate(struct pk_view type)
{
    for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
        if (pk_view_equal(type, pk_view_string(certificates[i].type)))
            return &certificates[i];
    return NULL;
}

/* reader stands behind the type. */
/*@ requires sound(reader) && \valid(ret) && \separated(reader, ret, &heap);
    requires is_string(from.plain);
    assigns *reader, *ret, heap[..];
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result == PK_OK ==> ret->len <= PK_HOST_KEY_MAX;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status take_plain_key(struct pk_reader *reader, struct certificate from,
                                     struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HOST_KEY_MAX);

    (void)pk_reader_string(reader, PK_HOST_KEY_MAX); /* the nonce */
    pk_writer_string(&writer, pk_view_string(from.plain));
    /*@ loop invariant growing(&writer) && writer.max == PK_HOST_KEY_MAX;
        loop invariant 0 <= i <= from.fields && sound(reader) && went_on{Pre, Here}(reader);
        loop assigns i, *reader, writer, heap[..];
        loop variant from.fields - i; */
    for (unsigned i = 0; i < from.fields; i++)
        pk_writer_string(&writer, pk_reader_string(reader, PK_HOST_KEY_MAX));
    return reader->status == PK_OK ? pk_writer_finish(&writer, ret) : reader->status;
}

enum pk_status pk_host_key_parse(struct pk_view type, struct pk_view base64, struct pk_bytes *ret)
{
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    struct pk_reader reader;
    struct pk_view own;
    const struct certificate *certificate;
    enum pk_status status = pk_base64_decode(base64, PK_HOST_KEY_MAX, &blob);

    if (status != PK_OK)
        return status;
    reader = pk_reader_new(pk_view_of(&blob));
    own = pk_reader_string(&reader, PK_HOST_KEY_MAX);
    if (reader.status != PK_OK)
        return reader.status;
    if (own.len == 0 || reader.remaining == 0 || (type.len > 0 && !pk_view_equal(own, type)))
        return PK_INVALID_INPUT;
    certificate = find_certificate(own);
    if (certificate)
        return take_plain_key(&reader, *certificate, ret);
    if (is_certificate(own))
        return PK_UNSUPPORTED;
    *ret = blob;
    blob = (struct pk_bytes){0};
    return PK_OK;
}

/*@ assigns \nothing; */
static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct pk_view pk_text_take_word(struct pk_view *line)
{
    struct pk_view word;

    /*@ loop invariant readable(*line) && line->len <= \at(line->len, Pre);
        loop assigns *line;
        loop variant line->len; */
    while (line->len > 0 && is_blank(line->ptr[0])) {
        line->ptr++;
        line->len--;
    }
    word = (struct pk_view){line->ptr, 0};
    /*@ loop invariant word.len + line->len == \at(line->len, LoopEntry);
        loop invariant line->ptr == word.ptr + word.len;
        loop invariant word.ptr == \at(line->ptr, LoopEntry);
        loop assigns *line, word.len;
        loop variant line->len; */
    while (line->len > 0 && !is_blank(line->ptr[0])) {
        line->ptr++;
        line->len--;
        word.len++;
    }
    return word;
}

enum pk_status pk_host_key_line_parse(struct pk_view line, struct pk_bytes *ret)
{
    struct pk_view type = pk_text_take_word(&line);

    if (type.len == 0 || type.ptr[0] == '#')
        return PK_NOT_FOUND;
    return pk_host_key_parse(type, pk_text_take_word(&line), ret);
}

/* --- fingerprints ----------------------------------------------------------------------------- */

void pk_fingerprint_write(const uint8_t hash[PK_HASH_SIZE], char ret[PK_FINGERPRINT_SIZE])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = ret + PREFIX_SIZE;

    memcpy(ret, PK_FINGERPRINT_PREFIX, PREFIX_SIZE);
    /* Six bits a character, the last of which has four bits of the hash. */
    /*@ loop invariant 0 <= i <= HASH_TEXT_SIZE && to == ret + PREFIX_SIZE + i;
        loop assigns i, to, ret[PREFIX_SIZE .. PK_FINGERPRINT_SIZE - 1];
        loop variant HASH_TEXT_SIZE - i; */
    for (unsigned i = 0; i < HASH_TEXT_SIZE; i++) {
        unsigned bit = 6 * i, byte = bit / 8;
        unsigned two = (unsigned)hash[byte] << 8 | (byte + 1 < PK_HASH_SIZE ? hash[byte + 1] : 0U);

        *to++ = alphabet[two >> (10 - bit % 8) & 63];
    }
    *to = 0;
}

bool pk_fingerprint_valid(struct pk_view text)
{
    PK_AUTO_BYTES struct pk_bytes hash = {0};
    char padded[HASH_TEXT_SIZE + 1];

    if (text.len != PREFIX_SIZE + HASH_TEXT_SIZE ||
        memcmp(text.ptr, PK_FINGERPRINT_PREFIX, PREFIX_SIZE) != 0)
        return false;
    memcpy(padded, text.ptr + PREFIX_SIZE, HASH_TEXT_SIZE);
    padded[HASH_TEXT_SIZE] = '=';
    return pk_base64_decode((struct pk_view){(const uint8_t *)padded, sizeof(padded)}, PK_HASH_SIZE,
                            &hash) == PK_OK;
}

bool pk_fingerprints_contain(const struct pk_strings *list, const char *fingerprint)
{
    /*@ loop invariant 0 <= i <= list->count;
        loop assigns i;
        loop variant list->count - i; */
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], fingerprint) == 0)
            return true;
    return false;
}

enum pk_status pk_fingerprints_add(struct pk_strings *list, const char *fingerprint)
{
    if (pk_fingerprints_contain(list, fingerprint))
        return PK_OK;
    return list->count < PK_HOST_KEYS_MAX ? pk_strings_add(list, fingerprint) : PK_TOO_LARGE;
}
