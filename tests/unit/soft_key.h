/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A security key made of software: what it signs verifies. Everything returned is the caller's.
 * Failures end the test.
 */
#ifndef TESTS_UNIT_SOFT_KEY_H
#define TESTS_UNIT_SOFT_KEY_H

#include "common/webauthn/verify.h"
#include "store/store.h"

#include <openssl/types.h>

#define ES256 (-7)
#define EDDSA (-8)

struct soft_key {
    EVP_PKEY *pair;
    int32_t algorithm;
    const char *id;      /* of its credential */
    unsigned transports; /* of that in the store */
};

/* algorithm: ES256 or EDDSA; id is borrowed. */
struct soft_key soft_key_new(int32_t algorithm, const char *id);
void soft_key_free(struct soft_key *key);
#define AUTO_SOFT_KEY __attribute__((cleanup(soft_key_free)))

/* The public key as a COSE_Key. */
struct pk_bytes soft_key_public(const struct soft_key *key);
/* Authenticator data without extensions: SHA-256(rp_id) ‖ flags ‖ counter. */
struct pk_bytes soft_key_data(const char *rp_id, uint8_t flags, uint32_t counter);
/* The signature over data ‖ hash. */
struct pk_bytes soft_key_sign(const struct soft_key *key, struct pk_view data,
                              const uint8_t hash[PK_HASH_SIZE]);
/* AuthenticationResponseJSON (WebAuthn 5.1), as a browser at that origin hands it over. */
char *soft_key_response(const struct soft_key *key, const struct pk_requirements *requirements,
                        const char *origin, uint8_t flags, uint32_t counter);
/* RegistrationResponseJSON, likewise, with an attestation of the format "none". */
char *soft_key_registration(const struct soft_key *key, const struct pk_requirements *requirements,
                            const char *origin, uint8_t flags, uint32_t counter);
/* An attestation object of the format "none". */
struct pk_bytes soft_key_attestation(const struct soft_key *key, const char *rp_id, uint8_t flags,
                                     uint32_t counter);

/* As OpenSSH has it (EDDSA only): the key blob, and a signature over that message. */
struct pk_bytes soft_key_ssh_blob(const struct soft_key *key, const char *application);
struct pk_bytes soft_key_ssh_sign(const struct soft_key *key, const char *application,
                                  uint8_t flags, uint32_t counter, struct pk_view message);

/* Its credential in the store, for that account of the default relying party. */
void soft_key_store(const struct soft_key *key, struct store *store, const char *user, uid_t uid,
                    const char *rp_id, const char *name);

struct approval;
/*
 * What its registration for that request comes to, whose RP ID is that, for the account that rp,
 * name and uid of account say: verified and written down.
 */
struct approval *soft_key_register(const struct soft_key *key, struct store *store,
                                   const char *correlation, const char *rp_id,
                                   const struct account *account);

#endif
