/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifies the enrolment of an OpenSSH security key, from an ssh-agent or imported. */
#ifndef PASSKEYD_SK_ENROLLMENT_H
#define PASSKEYD_SK_ENROLLMENT_H

#include "daemon/verify/ceremony.h"

#include "common/wire/sk.h"

/* Borrowed. */
struct sk_enrollment {
    const struct pk_sk_key *key;
    const char *comment; /* its name if the ceremony has none; may be empty */
    /*
     * By that key, over sk_question_make() of the ceremony; NULL: imported without proof of
     * possession.
     */
    const struct pk_sk_signature *signature;
    bool verification; /* of an imported one: as of struct pk_credential_record */
    bool dry_run;      /* everything is checked and nothing is written */
};

/*
 * Checks the key against the ceremony's requirements and verifies the signature;
 * verify_and_commit_sk() stores it. The errors of sk_registration() and pk_authentication_verify();
 * PK_ATTESTATION_UNTRUSTED and PK_AAGUID_NOT_ALLOWED where the relying party requires keys of a
 * known make, PK_AAGUID_DENIED, PK_RESIDENT_KEY_MISSING, PK_ALGORITHM_NOT_OFFERED, and PK_EXISTS
 * when this account (not any other) has that key already; then *ret_name is what it is called.
 * *ret and *ret_name are the caller's.
 */
enum pk_status sk_enrollment_verify(struct store *store, const struct ceremony *ceremony,
                                    const struct sk_enrollment *enrollment,
                                    struct pk_registration_result *ret,
                                    char **ret_name) PK_WARN_UNUSED;

/*
 * Whether the account has a credential of that RP id and public key: PK_EXISTS, with what it is
 * called in *ret_name, the caller's.
 */
enum pk_status sk_check_not_enrolled(struct store *store, const struct account *account,
                                     const char *application, struct pk_view public_key,
                                     char **ret_name) PK_WARN_UNUSED;

/* The message for a person when such a key is refused with that status; static, never NULL. */
const char *sk_enrollment_message(enum pk_status why);

#endif
