/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE_Key (RFC 9052 section 7) in the form WebAuthn 6.5.1.1 allows: required parameters only. */
#ifndef PK_WEBAUTHN_COSE_H
#define PK_WEBAUTHN_COSE_H

#include "common/webauthn/algorithm.h"

/* Every view borrows from the bytes that were parsed; the ones that do not apply are empty. */
struct pk_cose_key {
    const struct pk_algorithm *algorithm;
    struct pk_view x;        /* EC2: exactly the curve's coordinate length; OKP: the public key */
    struct pk_view y;        /* EC2 */
    struct pk_view modulus;  /* RSA, big endian, no leading zero */
    struct pk_view exponent; /* RSA, likewise */
    struct pk_view pub;      /* AKP (RFC 9964) */
};

/*@ predicate key_lent(struct pk_cose_key key, struct pk_view of) =
      lent(key.x, of) && lent(key.y, of) && lent(key.modulus, of) && lent(key.exponent, of) &&
      lent(key.pub, of); */

/*
 * Takes a key apart and holds its parameters to its algorithm; whether a point is on its curve is
 * for signature.h. The order of the parameters does not matter. PK_CBOR_*, PK_KEY_MALFORMED,
 * PK_KEY_PARAMETER_UNKNOWN, PK_ALGORITHM_UNSUPPORTED, PK_KEY_TYPE_MISMATCH, PK_KEY_CURVE_MISMATCH,
 * PK_KEY_LENGTH_INVALID, PK_KEY_RSA_MODULUS, PK_KEY_RSA_EXPONENT.
 */
/*@ requires readable(cose) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> lent(ret->x, cose);
    ensures \result == PK_OK ==> lent(ret->y, cose);
    ensures \result == PK_OK ==> lent(ret->modulus, cose);
    ensures \result == PK_OK ==> lent(ret->exponent, cose);
    ensures \result == PK_OK ==> lent(ret->pub, cose);
    ensures \result != PK_OK ==> ret->algorithm == \old(ret->algorithm); */
enum pk_status pk_cose_key_parse(struct pk_view cose, struct pk_cose_key *ret) PK_WARN_UNUSED;

#endif
