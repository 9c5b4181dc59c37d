/* SPDX-License-Identifier: BSD-2-Clause */
/* Public keys, set up once for use, and the verification of what they signed. */
#ifndef PK_WEBAUTHN_SIGNATURE_H
#define PK_WEBAUTHN_SIGNATURE_H

#include "common/base/cleanup.h"
#include "common/webauthn/algorithm.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/*
 * A key and the algorithm it is used with, checked and set up once. Not for two threads at a time:
 * it carries the working state of a verification.
 */
struct pk_public_key;

/*@ axiomatic Signatures {
      predicate key_of(struct pk_public_key *key, struct pk_view cose);
      logic integer algorithm_of(struct pk_public_key *key);
      predicate signed_by{L}(struct pk_public_key *key, struct pk_view message,
                             struct pk_view signature)
        reads message.ptr[0 .. message.len - 1], signature.ptr[0 .. signature.len - 1];
    } */

/*
 * From a COSE_Key. What pk_cose_key_parse() refuses, PK_KEY_POINT_INVALID for a point that is not
 * on the curve or of small order, PK_ALGORITHM_UNSUPPORTED where OpenSSL lacks it, PK_NO_MEMORY.
 * *ret is the caller's, for pk_public_key_free().
 */
/*@ requires readable(cose) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> *ret != \null && key_of(*ret, cose);
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_public_key_parse(struct pk_view cose, struct pk_public_key **ret) PK_WARN_UNUSED;

/*
 * From an OpenSSL key, which gets a reference of its own: PK_CERTIFICATE_KEY when the algorithm
 * cannot use that key. ECDSA other than the fully specified algorithms takes any NIST curve here.
 */
enum pk_status pk_public_key_wrap(const struct pk_algorithm *algorithm, struct evp_pkey_st *key,
                                  struct pk_public_key **ret) PK_WARN_UNUSED;

void pk_public_key_free(struct pk_public_key *key);
PK_DEFINE_CLEANUP(struct pk_public_key *, pk_public_key_free);
#define PK_AUTO_PUBLIC_KEY PK_CLEANUP(pk_public_key_free)

/*@ requires key != \null;
    assigns \nothing;
    ensures \valid_read(\result) && \result->number == algorithm_of(key); */
const struct pk_algorithm *pk_public_key_algorithm(const struct pk_public_key *key);
/* Borrowed. */
struct evp_pkey_st *pk_public_key_evp(const struct pk_public_key *key);

/*
 * ECDSA signatures are DER with nothing to spare and r and s in 1..n-1; the others have their exact
 * length (WebAuthn 6.5.5). PK_SIGNATURE_MALFORMED, PK_SIGNATURE_INVALID, PK_NO_MEMORY.
 */
/*@ requires key != \null && readable(message) && readable(signature);
    assigns \nothing;
    ensures \result == PK_OK ==> signed_by(key, message, signature); */
enum pk_status pk_signature_verify(struct pk_public_key *key, struct pk_view message,
                                   struct pk_view signature) PK_WARN_UNUSED;

#endif
