/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a backup: a head, what the daemon says of it as JSON, and an image of the store, with
 * a SHA-256 behind it or sealed under a passphrase (doc/protocol.md, "The file of a backup"). No
 * byte of it can be changed, added or cut off without being found out before anything of it is
 * used.
 */
#ifndef CLIENT_CTL_BACKUP_FILE_H
#define CLIENT_CTL_BACKUP_FILE_H

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/webauthn/crypto_seal.h"

#define BACKUP_ABOUT_MAX   4096
#define BACKUP_SALT_SIZE   32
#define BACKUP_CHECK_SIZE  32
#define BACKUP_PREFIX_SIZE 8

struct backup_head {
    bool sealed;
    struct pk_view about;               /* JSON */
    struct pk_view salt, check, prefix; /* of a sealed one */
    struct pk_view whole;               /* all of it, as it is bound to the image */
    struct pk_view rest;                /* the image's part */
};

/*
 * The views borrow from file. PK_INVALID_INPUT: it is no backup; PK_UNSUPPORTED: of a later
 * version; PK_TRUNCATED, PK_TOO_LARGE.
 */
enum pk_status backup_head_read(struct pk_view file, struct backup_head *ret) PK_WARN_UNUSED;

/* The key of a sealed one. PK_DENIED: another passphrase; PK_INTERNAL. */
enum pk_status backup_key(const struct backup_head *head, struct pk_view passphrase,
                          uint8_t ret[static PK_SEAL_KEY_SIZE]) PK_WARN_UNUSED;

/*
 * The image; key NULL for one that is not sealed. PK_TRUNCATED, PK_TRAILING_DATA,
 * PK_SIGNATURE_INVALID: it was changed; PK_NO_MEMORY, PK_INTERNAL. *ret is the caller's.
 */
enum pk_status backup_image_read(const struct backup_head *head, const uint8_t *key,
                                 struct pk_bytes *ret) PK_WARN_UNUSED;

/* Writes one. passphrase empty: it is not sealed. PK_IO with errno, PK_INTERNAL, PK_TOO_LARGE. */
enum pk_status backup_write(int fd, struct pk_view about, struct pk_view image,
                            struct pk_view passphrase) PK_WARN_UNUSED;

#endif
