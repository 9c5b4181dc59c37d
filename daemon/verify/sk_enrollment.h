/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of an enrolment of an OpenSSH security key, from an ssh-agent or as a public key. */
#ifndef PASSKEYD_SK_ENROLMENT_H
#define PASSKEYD_SK_ENROLMENT_H

#include "daemon/verify/ceremony.h"

#include "common/wire/sk.h"

/* Borrowed. */
struct sk_enrolment {
    const struct pk_sk_key *key;
    const char *comment; /* what to call it if the ceremony does not say; may be empty */
    /* By that key, over sk_question_make() of the ceremony; NULL: imported, nothing is proven. */
    const struct pk_sk_signature *signature;
};

/*
 * Holds the key to the ceremony's requirements, verifies the signature and stores the credential;
 * one line is logged. The ceremony must have been taken out of the table, remains the caller's, and
 * gets the key's application as its RP id. What sk_registration() and pk_authentication_verify()
 * say, PK_ATTESTATION_UNTRUSTED and PK_AAGUID_NOT_ALLOWED where the relying party wants to know
 * what kind of key it is, PK_AAGUID_DENIED, PK_RESIDENT_KEY_MISSING, PK_ALGORITHM_NOT_OFFERED,
 * PK_EXISTS when the account has that key already (whoever else has it), and what the store's
 * insert() says.
 */
enum pk_status sk_enrol(struct daemon *daemon, struct ceremony *ceremony,
                        const struct sk_enrolment *enrolment,
                        struct credential *ret) PK_WARN_UNUSED;

/* What a person reads when such a key is refused like that; static, never NULL. */
const char *sk_enrolment_message(enum pk_status why);

#endif
