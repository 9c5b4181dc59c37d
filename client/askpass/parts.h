/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of an answer that is too long for one round. ssh starts a new passkey-askpass for every
 * round, so those behind the first wait in a file: $XDG_RUNTIME_DIR/passkey/NONCE.parts, or the
 * same in ~/.cache, of a folder that is the user's alone. They are no secret, but each is given to
 * the origin that it was made for only.
 */
#ifndef CLIENT_ASKPASS_PARTS_H
#define CLIENT_ASKPASS_PARTS_H

#include "common/base/limits.h"
#include "common/base/terms.h"

/*
 * Keeps the lines behind the first; does nothing when there are none. Files older than
 * PK_ASKPASS_PARTS_AGE are removed. PK_NOT_FOUND without a place for them, PK_DENIED when the
 * folder is somebody else's or open to others, PK_IO, PK_NO_MEMORY.
 */
enum pk_status askpass_parts_keep(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *origin,
                                  const struct pk_strings *lines) PK_WARN_UNUSED;

/*
 * Line number part (2 is the first that is kept), the caller's to free; the last one takes the file
 * with it. PK_NOT_FOUND for parts that are not kept or were kept too long, PK_ORIGIN_MISMATCH,
 * and as above.
 */
enum pk_status askpass_parts_take(const uint8_t nonce[PK_CHALLENGE_SIZE], const char *origin,
                                  unsigned part, char **ret_line) PK_WARN_UNUSED;

#endif
