/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client at the other end of an ssh connection signed, made again on this side. */
#ifndef PASSKEYD_FORWARDED_H
#define PASSKEYD_FORWARDED_H

#include "daemon/verify/ceremony.h"

#include "common/wire/forward.h"

/*
 * SHA-256 of the client data: of the ceremony's own challenge, and of the origin that the answer
 * names, which must be one of the requirements'. PK_CHALLENGE_MISMATCH when the answer was made for
 * another request; PK_ORIGIN_MISMATCH, and a log line with the origin, when it was for another
 * host.
 *
 * Without an attestation nothing in a new credential is signed: these two are then all that ties it
 * to what was asked, as they are in WebAuthn (7.1 steps 8 and 9).
 */
enum pk_status forwarded_client_data_hash(const struct ceremony *ceremony,
                                          const struct pk_forward_answer *answer,
                                          uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
