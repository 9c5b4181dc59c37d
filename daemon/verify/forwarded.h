/* SPDX-License-Identifier: BSD-2-Clause */
/* Reconstructs what the client at the other end of an ssh connection signed. */
#ifndef PASSKEYD_FORWARDED_H
#define PASSKEYD_FORWARDED_H

#include "common/webauthn/verify.h"
#include "common/wire/forward.h"
#include "daemon/verify/ceremony.h"

/*
 * SHA-256 of the client data, made of the ceremony's own challenge and the origin in the answer,
 * which must be one of the requirements'. PK_CHALLENGE_MISMATCH when the answer was made for
 * another request; PK_ORIGIN_MISMATCH, with a log line that names the origin, when it was made for
 * another host.
 *
 * Without an attestation, nothing in a new credential is signed: challenge and origin are then all
 * that ties it to the request, as in WebAuthn (7.1 steps 8 and 9).
 */
enum pk_status forwarded_client_data_hash(const struct ceremony *ceremony,
                                          const struct pk_forward_answer *answer,
                                          uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

/*
 * An assertion that arrived over ssh. Its views point into the answer, the ceremony and auth_data.
 */
struct forwarded {
    uint8_t client_data_hash[PK_HASH_SIZE];
    struct pk_bytes auth_data; /* with the RP id hash in front, which is not transmitted; owned */
    struct pk_assertion assertion;
};
void forwarded_clear(struct forwarded *forwarded);
#define AUTO_FORWARDED __attribute__((cleanup(forwarded_clear)))

/*
 * Makes the assertion, with the errors above; PK_CREDENTIAL_NOT_ALLOWED when the answer names a
 * credential that was not offered.
 */
enum pk_status forwarded_assertion(const struct ceremony *ceremony,
                                   const struct pk_forward_answer *answer,
                                   struct forwarded *ret) PK_WARN_UNUSED;

#endif
