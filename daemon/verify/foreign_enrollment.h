/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifies a credential that was made for pam_u2f or sssd: it comes without a signature and without
 * an attestation, on root's word, and keeps the RP id that it was made for.
 */
#ifndef PASSKEYD_FOREIGN_ENROLLMENT_H
#define PASSKEYD_FOREIGN_ENROLLMENT_H

#include "daemon/verify/ceremony.h"

#include "common/webauthn/foreign_key.h"

/* Begins the RP ids of pam_u2f, which no new credential may have. */
#define FOREIGN_PAM_PREFIX "pam://"

/* Borrowed. */
struct foreign_enrollment {
    const struct pk_foreign_key *key;
    const char *rp_id;
    const char *source; /* "pam-u2f", "sssd" */
    bool dry_run;       /* everything is checked and nothing is written */
};

/*
 * What is wrong with an RP id for credentials of that source; static; NULL: nothing. Those of
 * pam_u2f begin with "pam://" or, where OpenSSH made the key, with "ssh:"; sssd's are domains.
 */
const char *foreign_rp_id_problem(const char *source, const char *rp_id) PK_WARN_UNUSED;

/*
 * Checks it against the ceremony's requirements; verify_and_commit_foreign() stores it.
 * PK_ATTESTATION_UNTRUSTED, PK_AAGUID_NOT_ALLOWED, PK_AAGUID_DENIED, PK_RESIDENT_KEY_MISSING,
 * PK_ALGORITHM_NOT_OFFERED (as sk_enrollment_verify()), and PK_EXISTS when this account has that
 * key already; then *ret_name is what it is called, or when another account has that id: then
 * *ret_name is not set. *ret and *ret_name are the caller's.
 */
enum pk_status foreign_enrollment_verify(struct store *store, const struct ceremony *ceremony,
                                         const struct foreign_enrollment *enrollment,
                                         struct pk_registration_result *ret,
                                         char **ret_name) PK_WARN_UNUSED;

/* The message for a person when it is refused with that status; static, never NULL. */
const char *foreign_enrollment_message(enum pk_status why);

#endif
