/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of every ceremony, whichever method delivered its answer: the only place where an answer
 * is verified and its outcome stored. The caller logs the decision.
 *
 * A ceremony must have been removed from the table before, and still belongs to the caller.
 */
#ifndef PASSKEYD_VERIFY_AND_COMMIT_H
#define PASSKEYD_VERIFY_AND_COMMIT_H

#include "daemon/verify/approval.h"
#include "daemon/verify/ceremony.h"

struct foreign_enrollment;
struct sk_enrollment;

struct verdict {
    enum pk_status status;
    struct approval *approval; /* with PK_OK only; owned */
    struct account account;    /* the credential's, for the log; name NULL: not found */
    char *name; /* with PK_EXISTS: what the passkey is called; of verify_registration_only() */
    struct pk_bytes credential_id; /* of verify_attestation_only() */
    bool code_used;                /* a recovery code is used up, whatever status says */
    /* With PK_STORAGE, for the log; with PK_DENIED and PK_PASSWORD_REFUSED for the person, too. */
    char store_error[STORE_ERROR_SIZE];
};
void verdict_clear(struct verdict *verdict);
#define AUTO_VERDICT __attribute__((cleanup(verdict_clear)))

/* A refusal without a verification; PK_OK becomes PK_INTERNAL. To be made where it failed. */
struct verdict verdict_refused(enum pk_status status) PK_WARN_UNUSED;

/*
 * WebAuthn 7.2. PK_OK only when the assertion was verified, the account is unchanged, and the use
 * is on disk. client_data_hash is SHA-256 of the client data, or the hash that was signed in its
 * place.
 */
struct verdict verify_and_commit_assertion(struct store *store, const struct ceremony *ceremony,
                                           const uint8_t client_data_hash[PK_HASH_SIZE],
                                           const struct pk_assertion *assertion) PK_WARN_UNUSED;
/* json: AuthenticationResponseJSON (WebAuthn 5.1). */
struct verdict verify_and_commit_response(struct store *store, const struct ceremony *ceremony,
                                          struct pk_view json) PK_WARN_UNUSED;

/* PK_OK only when the code was the account's and has been used up, and the account is unchanged. */
struct verdict verify_and_commit_recovery_code(struct store *store, const char *correlation,
                                               const struct account *account,
                                               const struct pk_secret *typed) PK_WARN_UNUSED;

/* A new credential, as the client delivers it; borrowed. */
struct attestation {
    const uint8_t *client_data_hash; /* PK_HASH_SIZE bytes */
    struct pk_view object;           /* CBOR (WebAuthn 6.5.4) */
    unsigned transports;             /* known to the client alone, as to a browser */
    bool discoverable;
    bool hidden;      /* its key does not show it before it has verified the user */
    const char *name; /* its name if the ceremony has none */
};

/*
 * WebAuthn 7.1. PK_OK only when the new credential is on disk. A number is added to a name that the
 * ceremony did not give and that the account has already.
 */
struct verdict verify_and_commit_attestation(struct store *store, const struct ceremony *ceremony,
                                             const struct attestation *attestation) PK_WARN_UNUSED;
/* Likewise, and nothing is stored: PK_OK has no approval, and name is who keeps it, or NULL. */
struct verdict verify_attestation_only(const struct ceremony *ceremony,
                                       const struct attestation *attestation) PK_WARN_UNUSED;

/* What a credential that is not stored yet signed at once, to show that it is at hand; borrowed. */
struct trial {
    const struct ceremony *ceremony; /* an authentication that lists it alone */
    const uint8_t *client_data_hash; /* PK_HASH_SIZE bytes */
    const struct pk_assertion *assertion;
};

/* verify_and_commit_attestation(), after both have been verified. */
struct verdict verify_and_commit_tried(struct store *store, const struct ceremony *ceremony,
                                       const struct attestation *attestation,
                                       const struct trial *trial) PK_WARN_UNUSED;
/*
 * json: RegistrationResponseJSON (WebAuthn 5.1). Verified, and nothing is stored: PK_OK has no
 * approval, and name is who keeps the passkey, or NULL.
 */
struct verdict verify_registration_only(const struct ceremony *ceremony,
                                        struct pk_view json) PK_WARN_UNUSED;
/* Verified and stored; name: as in struct attestation. */
struct verdict verify_and_commit_registration(struct store *store, const struct ceremony *ceremony,
                                              struct pk_view json, const char *name) PK_WARN_UNUSED;
/*
 * An OpenSSH security key (sk_enrollment.h), and a credential that was made elsewhere
 * (foreign_enrollment.h). Of a dry run PK_OK has no approval, and name is what it would be called.
 */
struct verdict verify_and_commit_sk(struct store *store, const struct ceremony *ceremony,
                                    const struct sk_enrollment *enrollment) PK_WARN_UNUSED;
struct verdict
verify_and_commit_foreign(struct store *store, const struct ceremony *ceremony,
                          const struct foreign_enrollment *enrollment) PK_WARN_UNUSED;

#endif
