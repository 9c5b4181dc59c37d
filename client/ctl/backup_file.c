/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/backup_file.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/limits.h"
#include "common/base/reader.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define MAGIC          "passkeyd backup\n"
#define MAGIC_SIZE     16
#define FORMAT_VERSION 1
#define CHUNK          65536
#define LAST           0x80000000u /* in the number of the last chunk: what follows was cut off */

enum { KIND_PLAIN, KIND_SEALED };

/* --- reading ---------------------------------------------------------------------------------- */

enum pk_status backup_head_read(struct pk_view file, struct backup_head *ret)
{
    struct pk_reader reader = pk_reader_new(file);
    struct pk_view magic = pk_reader_take(&reader, MAGIC_SIZE);
    struct backup_head head = {0};
    unsigned version, kind;

    if (reader.status != PK_OK || memcmp(magic.ptr, MAGIC, MAGIC_SIZE) != 0)
        return file.len < MAGIC_SIZE &&
                       memcmp(MAGIC, file.ptr ? file.ptr : magic.ptr, file.len) == 0
                   ? PK_TRUNCATED
                   : PK_INVALID_INPUT;
    version = pk_reader_u8(&reader);
    kind = pk_reader_u8(&reader);
    if (reader.status == PK_OK && (version != FORMAT_VERSION || kind > KIND_SEALED))
        return PK_UNSUPPORTED;
    head.about = pk_reader_string(&reader, BACKUP_ABOUT_MAX);
    head.sealed = kind == KIND_SEALED;
    if (head.sealed) {
        head.salt = pk_reader_take(&reader, BACKUP_SALT_SIZE);
        head.check = pk_reader_take(&reader, BACKUP_CHECK_SIZE);
        head.prefix = pk_reader_take(&reader, BACKUP_PREFIX_SIZE);
    }
    if (reader.status != PK_OK)
        return reader.status;
    head.whole = (struct pk_view){file.ptr, file.len - reader.remaining};
    head.rest = (struct pk_view){reader.ptr, reader.remaining};
    *ret = head;
    return PK_OK;
}

/* What is made of the passphrase: the key, and what tells that it was the right one. */
static enum pk_status derive(struct pk_view passphrase, struct pk_view salt,
                             uint8_t key[static PK_SEAL_KEY_SIZE],
                             uint8_t check[static BACKUP_CHECK_SIZE])
{
    uint8_t stretched[PK_STRETCHED_SIZE];
    enum pk_status status = pk_passphrase_stretch(passphrase, salt, stretched);

    if (status == PK_OK) {
        (void)memcpy(key, stretched, PK_SEAL_KEY_SIZE);
        pk_sha256(
            (struct pk_view){stretched + PK_SEAL_KEY_SIZE, PK_STRETCHED_SIZE - PK_SEAL_KEY_SIZE},
            check);
    }
    explicit_bzero(stretched, sizeof(stretched));
    return status;
}

enum pk_status backup_key(const struct backup_head *head, struct pk_view passphrase,
                          uint8_t ret[static PK_SEAL_KEY_SIZE])
{
    uint8_t key[PK_SEAL_KEY_SIZE], check[BACKUP_CHECK_SIZE];
    enum pk_status status = derive(passphrase, head->salt, key, check);

    if (status == PK_OK &&
        !pk_view_equal_secret((struct pk_view){check, sizeof(check)}, head->check))
        status = PK_DENIED;
    if (status == PK_OK)
        (void)memcpy(ret, key, sizeof(key));
    explicit_bzero(key, sizeof(key));
    return status;
}

static void make_nonce(struct pk_view prefix, uint32_t number,
                       uint8_t ret[static PK_SEAL_NONCE_SIZE])
{
    if (prefix.len == BACKUP_PREFIX_SIZE)
        (void)memcpy(ret, prefix.ptr, prefix.len);
    else
        (void)memset(ret, 0, BACKUP_PREFIX_SIZE);
    for (size_t i = 0; i < 4; i++)
        ret[BACKUP_PREFIX_SIZE + i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Every chunk is whole but the last, whose number says so, and which is never missing. */
static enum pk_status open_chunks(const struct backup_head *head, const uint8_t *key,
                                  struct pk_bytes *image)
{
    uint8_t digest[PK_HASH_SIZE], nonce[PK_SEAL_NONCE_SIZE];
    const struct pk_seal seal = {key, nonce, {digest, sizeof(digest)}};
    struct pk_view rest = head->rest;
    bool last = false;

    pk_sha256(head->whole, digest);
    for (uint32_t number = 0; !last; number++) {
        size_t size = rest.len;
        enum pk_status status;

        last = size <= CHUNK + PK_SEAL_TAG_SIZE;
        if (!last)
            size = CHUNK + PK_SEAL_TAG_SIZE;
        if (size < PK_SEAL_TAG_SIZE)
            return PK_TRUNCATED;
        make_nonce(head->prefix, last ? number | LAST : number, nonce);
        status = pk_seal_open(&seal, (struct pk_view){rest.ptr, size}, image->data + image->len);
        if (status != PK_OK)
            return status;
        image->len += size - PK_SEAL_TAG_SIZE;
        rest = (struct pk_view){rest.ptr + size, rest.len - size};
    }
    return PK_OK;
}

static enum pk_status check_plain(const struct backup_head *head, struct pk_bytes *image)
{
    struct pk_reader reader = pk_reader_new(head->rest);
    uint64_t size = pk_reader_u64(&reader);
    struct pk_view content, digest;
    uint8_t found[PK_HASH_SIZE];
    enum pk_status status;

    if (reader.status == PK_OK && size > reader.remaining)
        return PK_TRUNCATED;
    content = pk_reader_take(&reader, (size_t)size);
    digest = pk_reader_take(&reader, PK_HASH_SIZE);
    status = pk_reader_finish(&reader);
    if (status != PK_OK)
        return status;
    pk_sha256((struct pk_view){head->whole.ptr, (size_t)(digest.ptr - head->whole.ptr)}, found);
    if (!pk_view_equal(digest, (struct pk_view){found, sizeof(found)}))
        return PK_SIGNATURE_INVALID;
    (void)memcpy(image->data, content.ptr, content.len);
    image->len = content.len;
    return PK_OK;
}

enum pk_status backup_image_read(const struct backup_head *head, const uint8_t *key,
                                 struct pk_bytes *ret)
{
    struct pk_bytes image = {malloc(head->rest.len + 1), 0};
    enum pk_status status;

    if (!image.data)
        return PK_NO_MEMORY;
    status = head->sealed ? open_chunks(head, key, &image) : check_plain(head, &image);
    if (status != PK_OK) {
        explicit_bzero(image.data, head->rest.len);
        pk_bytes_clear(&image);
        return status;
    }
    *ret = image;
    return PK_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum pk_status make_head(struct pk_view about, struct pk_view passphrase,
                                uint8_t key[static PK_SEAL_KEY_SIZE], struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(BACKUP_ABOUT_MAX + 256);
    uint8_t salt[BACKUP_SALT_SIZE], check[BACKUP_CHECK_SIZE], prefix[BACKUP_PREFIX_SIZE];
    enum pk_status status = about.len > BACKUP_ABOUT_MAX ? PK_TOO_LARGE : PK_OK;

    pk_writer_put(&writer, (struct pk_view){(const uint8_t *)MAGIC, MAGIC_SIZE});
    pk_writer_u8(&writer, FORMAT_VERSION);
    pk_writer_u8(&writer, passphrase.len > 0 ? KIND_SEALED : KIND_PLAIN);
    pk_writer_string(&writer, about);
    if (passphrase.len > 0) {
        pk_random(salt, sizeof(salt));
        pk_random(prefix, sizeof(prefix));
        if (status == PK_OK)
            status = derive(passphrase, (struct pk_view){salt, sizeof(salt)}, key, check);
        if (status != PK_OK)
            return status;
        pk_writer_put(&writer, (struct pk_view){salt, sizeof(salt)});
        pk_writer_put(&writer, (struct pk_view){check, sizeof(check)});
        pk_writer_put(&writer, (struct pk_view){prefix, sizeof(prefix)});
    }
    return status == PK_OK ? pk_writer_finish(&writer, ret) : status;
}

static enum pk_status write_sealed(int fd, const struct backup_head *head, const uint8_t *key,
                                   struct pk_view image)
{
    PK_AUTO_FREE uint8_t *sealed = malloc(CHUNK + PK_SEAL_TAG_SIZE);
    uint8_t digest[PK_HASH_SIZE], nonce[PK_SEAL_NONCE_SIZE];
    const struct pk_seal seal = {key, nonce, {digest, sizeof(digest)}};
    enum pk_status status = sealed ? PK_OK : PK_NO_MEMORY;
    bool last = false;

    pk_sha256(head->whole, digest);
    for (uint32_t number = 0; !last && status == PK_OK; number++) {
        size_t size = image.len;

        last = size <= CHUNK;
        if (!last)
            size = CHUNK;
        make_nonce(head->prefix, last ? number | LAST : number, nonce);
        status = pk_seal_close(&seal, (struct pk_view){image.ptr, size}, sealed);
        if (status == PK_OK)
            status = pk_write_all(fd, (struct pk_view){sealed, size + PK_SEAL_TAG_SIZE});
        image = (struct pk_view){image.ptr + size, image.len - size};
    }
    return status;
}

/* The head, the size and the image are hashed as they are written, which is one piece here. */
static enum pk_status write_plain(int fd, struct pk_view head, struct pk_view image)
{
    PK_AUTO_BYTES struct pk_bytes whole = {malloc(head.len + 8 + image.len), 0};
    uint8_t digest[PK_HASH_SIZE];
    enum pk_status status;

    if (!whole.data)
        return PK_NO_MEMORY;
    (void)memcpy(whole.data, head.ptr, head.len);
    for (size_t i = 0; i < 8; i++)
        whole.data[head.len + i] = (uint8_t)((uint64_t)image.len >> (56 - 8 * i));
    (void)memcpy(whole.data + head.len + 8, image.ptr, image.len);
    whole.len = head.len + 8 + image.len;
    pk_sha256(pk_view_of(&whole), digest);
    status = pk_write_all(fd, pk_view_of(&whole));
    return status == PK_OK ? pk_write_all(fd, (struct pk_view){digest, sizeof(digest)}) : status;
}

enum pk_status backup_write(int fd, struct pk_view about, struct pk_view image,
                            struct pk_view passphrase)
{
    uint8_t key[PK_SEAL_KEY_SIZE] = {0};
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    struct backup_head head;
    enum pk_status status = make_head(about, passphrase, key, &bytes);

    if (status == PK_OK && passphrase.len == 0)
        return write_plain(fd, pk_view_of(&bytes), image);
    if (status == PK_OK)
        status = backup_head_read(pk_view_of(&bytes), &head);
    if (status == PK_OK)
        status = pk_write_all(fd, head.whole);
    if (status == PK_OK)
        status = write_sealed(fd, &head, key, image);
    explicit_bzero(key, sizeof(key));
    return status;
}
