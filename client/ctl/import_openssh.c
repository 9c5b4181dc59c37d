/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSH's file of a security key (PROTOCOL.key, PROTOCOL.u2f), which pam_u2f's sshformat reads.
 */
#include "client/ctl/import_lines.h"

#include "common/base/cleanup.h"
#include "common/base/reader.h"
#include "common/base/text.h"
#include "common/wire/sk.h"

#include <stdlib.h>
#include <string.h>

#define HEADER          "-----BEGIN OPENSSH PRIVATE KEY-----"
#define TRAILER         "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC           "openssh-key-v1" /* with its NUL */
#define KEY_FILE_MAX    16384
#define WORD_MAX        64
#define BLOCK_SIZE      8 /* of cipher "none", which the padding fills */
#define FLAG_PRESENCE   0x01
#define FLAG_VERIFY     0x04
#define COORDINATE_SIZE 32

bool import_is_openssh(struct pk_view text)
{
    return text.len >= strlen(HEADER) && memcmp(text.ptr, HEADER, strlen(HEADER)) == 0;
}

/* What is between the first and the last line, in one piece. */
static enum pk_status decode(struct pk_view text, struct pk_bytes *ret)
{
    PK_AUTO_FREE char *encoded = malloc(KEY_FILE_MAX);
    size_t len = 0;

    if (!encoded)
        return PK_NO_MEMORY;
    if (text.len > KEY_FILE_MAX)
        return PK_TOO_LARGE;
    (void)pk_text_take_line(&text);
    for (;;) {
        struct pk_view line = pk_text_trim(pk_text_take_line(&text));

        if (pk_view_equal(line, pk_view_string(TRAILER)))
            break;
        if (line.len == 0)
            return PK_TRUNCATED;
        (void)memcpy(encoded + len, line.ptr, line.len);
        len += line.len;
    }
    if (pk_text_trim(text).len > 0)
        return PK_TRAILING_DATA;
    return pk_base64_decode((struct pk_view){(const uint8_t *)encoded, len}, KEY_FILE_MAX, ret);
}

static bool take_word(struct pk_reader *reader, const char *wanted)
{
    return pk_view_equal(pk_reader_string(reader, WORD_MAX), pk_view_string(wanted));
}

/* The public key, and the part that would be encrypted if there were a passphrase. */
static enum pk_status open_file(struct pk_view bytes, struct pk_sk_key *key, struct pk_view *part,
                                const char **why)
{
    struct pk_reader reader = pk_reader_new(bytes);
    bool magic = pk_view_equal(pk_reader_take(&reader, sizeof(MAGIC)),
                               (struct pk_view){(const uint8_t *)MAGIC, sizeof(MAGIC)});
    bool plain = take_word(&reader, "none") & take_word(&reader, "none");
    bool one = pk_reader_string(&reader, WORD_MAX).len == 0 && pk_reader_u32(&reader) == 1;
    struct pk_view blob = pk_reader_string(&reader, PK_PUBLIC_KEY_MAX);
    enum pk_status status;

    *part = pk_reader_string(&reader, KEY_FILE_MAX);
    if (reader.status == PK_OK && magic && !plain)
        *why = "the key file has a passphrase, which ssh-keygen -p takes away";
    else
        *why = "it is not a key file of OpenSSH with one key";
    status = pk_reader_finish(&reader);
    if (status != PK_OK || !magic || !plain || !one)
        return status == PK_OK ? PK_INVALID_INPUT : status;
    *why = "the key is not one of a security key";
    return pk_sk_key_parse(blob, key);
}

/* The private part repeats the public key, with its flags, and has the handle. */
static enum pk_status read_part(struct pk_view part, const struct pk_sk_key *key, uint8_t *flags,
                                struct pk_view *handle)
{
    struct pk_reader reader = pk_reader_new(part);
    bool ecdsa = key->type == PK_SK_ECDSA;
    bool same = pk_reader_u32(&reader) == pk_reader_u32(&reader);
    struct pk_view point;

    same &= take_word(&reader,
                      ecdsa ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com");
    if (ecdsa)
        same &= take_word(&reader, "nistp256");
    point = pk_reader_string(&reader, PK_PUBLIC_KEY_MAX);
    if (ecdsa && point.len > 0)
        point = (struct pk_view){point.ptr + 1, point.len - 1};
    same &= pk_view_equal(
        point, (struct pk_view){key->point, ecdsa ? 2 * COORDINATE_SIZE : COORDINATE_SIZE});
    same &=
        pk_view_equal(pk_reader_string(&reader, PK_RP_ID_MAX), pk_view_string(key->application));
    *flags = pk_reader_u8(&reader);
    *handle = pk_reader_string(&reader, PK_CREDENTIAL_ID_MAX);
    (void)pk_reader_string(&reader, KEY_FILE_MAX); /* reserved */
    (void)pk_reader_string(&reader, KEY_FILE_MAX); /* comment */
    for (uint8_t i = 1; reader.remaining > 0 && i < BLOCK_SIZE; i++)
        same &= pk_reader_u8(&reader) == i;
    if (pk_reader_finish(&reader) != PK_OK)
        return pk_reader_finish(&reader);
    return same && handle->len > 0 ? PK_OK : PK_INVALID_INPUT;
}

/* The form of pam_u2f's own files. */
static enum pk_status compose(const struct pk_sk_key *key, uint8_t flags, struct pk_view handle,
                              char **ret)
{
    bool ecdsa = key->type == PK_SK_ECDSA;
    PK_AUTO_FREE char *id = pk_base64_encode(handle);
    PK_AUTO_FREE char *point = pk_base64_encode(
        (struct pk_view){key->point, ecdsa ? 2 * COORDINATE_SIZE : COORDINATE_SIZE});

    if (!id || !point)
        return PK_NO_MEMORY;
    *ret = pk_text_format("%s,%s,%s,%s%s", id, point, ecdsa ? "es256" : "eddsa",
                          flags & FLAG_PRESENCE ? "+presence" : "",
                          flags & FLAG_VERIFY ? "+verification" : "");
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status import_openssh_read(struct pk_view text, struct import_items *items)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    struct pk_sk_key key = {0};
    struct pk_view part, handle = {0};
    struct import_item *item;
    uint8_t flags = 0;
    const char *why = "it is not a whole key file of OpenSSH";
    enum pk_status status = decode(text, &bytes);

    if (status == PK_OK)
        status = open_file(pk_view_of(&bytes), &key, &part, &why);
    if (status == PK_OK) {
        why = "the private part of the key file does not fit its public key";
        status = read_part(part, &key, &flags, &handle);
    }
    if (status == PK_NO_MEMORY)
        return status;
    if (status != PK_OK)
        return import_items_refuse(items, IMPORT_BROKEN, 1, why);
    status = import_items_add(items, IMPORT_CREDENTIAL, 1, &item);
    if (status == PK_OK)
        status = pk_text_copy(key.application, &item->rp_id);
    return status == PK_OK ? compose(&key, flags, handle, &item->data) : status;
}
