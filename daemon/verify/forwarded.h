/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests in the keyboard-interactive form, and their answers: of the client at the other end of
 * an ssh connection, where what it signed is reconstructed, and of a page in a browser.
 */
#ifndef PASSKEYD_FORWARDED_H
#define PASSKEYD_FORWARDED_H

#include "common/webauthn/verify.h"
#include "common/wire/forward.h"
#include "daemon/verify/ceremony.h"

/*
 * The request of a ceremony that is bound: not its challenge, but what that is made of. timeout:
 * seconds that are left. PK_NO_MEMORY.
 */
enum pk_status forwarded_request(const struct ceremony *ceremony, unsigned timeout,
                                 struct pk_forward_request *ret) PK_WARN_UNUSED;

/*
 * The answer of a page as the JSON that a browser makes of it (AuthenticationResponseJSON,
 * RegistrationResponseJSON: WebAuthn 5.1), to be verified as that is; the caller's to free. The ID
 * of a new passkey is the one that its authenticator data have. PK_CREDENTIAL_NOT_ALLOWED when the
 * answer names a credential that was not offered, PK_CBOR_* and PK_AUTH_DATA_* for an attestation
 * object in which there is none, PK_NO_MEMORY.
 */
enum pk_status forwarded_page_json(const struct pk_requirements *requirements,
                                   const struct pk_forward_answer *answer,
                                   char **ret_json) PK_WARN_UNUSED;

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
