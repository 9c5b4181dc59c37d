/* SPDX-License-Identifier: BSD-2-Clause */
/* The signature algorithms, one row each (WebAuthn 5.8.5, IANA "COSE Algorithms"). */
#ifndef PK_WEBAUTHN_ALGORITHM_H
#define PK_WEBAUTHN_ALGORITHM_H

#include "common/webauthn/crypto.h"

enum pk_key_type { /* COSE kty */
                   PK_KEY_OKP = 1,
                   PK_KEY_EC2 = 2,
                   PK_KEY_RSA = 3,
                   PK_KEY_AKP = 7, /* RFC 9964 */
};

enum { PK_ALGORITHM_RS1 = -65535 };

struct pk_algorithm {
    int32_t number;
    enum pk_key_type key_type;
    int curve;                /* COSE crv of EC2 and OKP keys */
    size_t key_size;          /* a coordinate (EC2) or the public key (OKP, AKP); 0 for RSA */
    size_t signature_size;    /* exact, OKP and AKP; 0: DER (EC2) or the modulus' size (RSA) */
    enum pk_hash hash;        /* PK_HASH_NONE: part of the algorithm */
    bool pss;                 /* RSA: PSS with MGF1 of the same hash, salt as long as the hash */
    const char *openssl_name; /* of the group (EC2) or of the key type */
};

/* NULL for a number that is not in the table. */
/*@ assigns \nothing;
    ensures \result == \null || (\valid_read(\result) && \result->number == number); */
const struct pk_algorithm *pk_algorithm_find(int64_t number);

/* The row at that position, NULL behind the last. */
/*@ assigns \nothing;
    ensures \result == \null || \valid_read(\result); */
const struct pk_algorithm *pk_algorithm_at(size_t index);

#endif
