/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's half of a ceremony (WebAuthn 5.8.1), for the methods in which one of our own
 * programs is the client: the daemon for the methods local and agent, passkey-askpass for the
 * method ssh. Pure functions.
 */
#ifndef PK_WEBAUTHN_CLIENT_H
#define PK_WEBAUTHN_CLIENT_H

#include "common/webauthn/requirements.h"

#define PK_BOUND_VERSION          1
#define PK_HOST_KEY_BOUND_VERSION 2

/*
 * The bound challenge: SHA-256(u8 version ‖ nonce ‖ context). context is the canonical JSON of who,
 * what and where; a client that shows it and computes this itself knows what the signature proves.
 */
void pk_bound_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], struct pk_view context,
                        uint8_t ret[PK_HASH_SIZE]);

/*
 * The same with a version of its own, for a context that lists the host keys of an ssh server. It
 * says that the signer has found the key of its connection among them.
 */
void pk_host_key_bound_challenge(const uint8_t nonce[PK_CHALLENGE_SIZE], struct pk_view context,
                                 uint8_t ret[PK_HASH_SIZE]);

/*
 * Collected client data as WebAuthn 5.8.1.1 serialises them, without further members: type of that
 * ceremony, challenge, origin, no cross origin. origin is printable ASCII without '"' and '\',
 * which would need escaping: others are PK_INVALID_ARGUMENT. PK_NO_MEMORY.
 */
enum pk_status pk_client_data_compose(enum pk_ceremony ceremony, struct pk_view challenge,
                                      const char *origin, char **ret) PK_WARN_UNUSED;

/* SHA-256 of the same: what an authenticator is given. */
enum pk_status pk_client_data_hash(enum pk_ceremony ceremony, struct pk_view challenge,
                                   const char *origin, uint8_t ret[PK_HASH_SIZE]) PK_WARN_UNUSED;

#endif
