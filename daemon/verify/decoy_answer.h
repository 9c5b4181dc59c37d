/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to decoys (accounts/decoy.h). What is done for a passkey is done for a decoy, so that the
 * time does not show which it was: the store is searched, where it is not, the account is checked,
 * and the signature verified. Never PK_OK, but the status that the same answer to a passkey would
 * have, as far as can be told without one.
 */
#ifndef PASSKEYD_DECOY_ANSWER_H
#define PASSKEYD_DECOY_ANSWER_H

#include "common/webauthn/verify.h"
#include "daemon/verify/ceremony.h"

/* An assertion, of whatever method. */
enum pk_status decoy_refuse_assertion(struct store *store, const struct ceremony *ceremony,
                                      const struct credential *decoy,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      const struct pk_assertion *assertion) PK_WARN_UNUSED;

/* json: AuthenticationResponseJSON (WebAuthn 5.1), of a browser that was offered these. */
enum pk_status decoy_refuse_response(struct store *store, const struct ceremony *ceremony,
                                     const struct credential_list *decoys,
                                     struct pk_view json) PK_WARN_UNUSED;

#endif
