/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of every ceremony, whichever road its answer came by: the one place where an answer is
 * verified and where what follows is written down. Each function logs one line, the decision.
 */
#ifndef PASSKEYD_FINISH_H
#define PASSKEYD_FINISH_H

#include "daemon/verify/ceremony.h"

#include "common/wire/forward.h"
#include "common/wire/frames.h"

/* A verified sign-in. */
struct verified {
    struct credential credential; /* as it was before this use */
    struct pk_authentication_result result;
};
void verified_clear(struct verified *verified);
#define AUTO_VERIFIED __attribute__((cleanup(verified_clear)))

/*
 * PK_OK only when the answer verified, the account is what it was, and its use is on disk. The
 * ceremony must have been taken out of the table and remains the caller's.
 */
enum pk_status finish_local_assertion(struct daemon *daemon, const struct ceremony *ceremony,
                                      const struct pk_assertion_answer *answer,
                                      struct verified *ret) PK_WARN_UNUSED;
/* The same for a road whose client data are not the local one's: their SHA-256, or what else stands
 * in its place in what was signed. */
enum pk_status finish_assertion_with(struct daemon *daemon, const struct ceremony *ceremony,
                                     const struct pk_assertion_answer *answer,
                                     const uint8_t client_data_hash[PK_HASH_SIZE],
                                     struct verified *ret) PK_WARN_UNUSED;
/* json: AuthenticationResponseJSON (WebAuthn 5.1). */
enum pk_status finish_assertion_json(struct daemon *daemon, const struct ceremony *ceremony,
                                     struct pk_view json, struct verified *ret) PK_WARN_UNUSED;

/* An answer that came over ssh. */
struct forwarded_assertion {
    const struct pk_forward_answer *answer; /* NULL: what came is none… */
    enum pk_status malformed;               /* …and this is why */
    const struct credential_list *decoys;   /* what was offered for want of passkeys; or NULL */
    enum pk_status why_decoys;
};
/*
 * Likewise. The client data are made again from the ceremony's own challenge and the answer's
 * origin. With decoys it is never PK_OK; the log then says why_decoys, and the status is that of
 * the same answer to passkeys, as far as anybody can tell without one.
 */
enum pk_status finish_forwarded_assertion(struct daemon *daemon, const struct ceremony *ceremony,
                                          const struct forwarded_assertion *forwarded,
                                          struct verified *ret) PK_WARN_UNUSED;

/*
 * PK_OK only when the new credential is on disk. name: what to call it if the ceremony does not
 * say; a number is added where the account has one of that name.
 */
enum pk_status finish_local_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                         const struct pk_credential_answer *answer,
                                         const char *name, struct credential *ret) PK_WARN_UNUSED;
/* The same for what was verified elsewhere, with that status. result is cleared in every case. */
enum pk_status finish_verified_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                            enum pk_status verified,
                                            struct pk_registration_result *result, const char *name,
                                            struct credential *ret) PK_WARN_UNUSED;
/*
 * The same for an answer that came over ssh; malformed is not PK_OK, and answer NULL, when what
 * came is none, which is then the outcome.
 */
enum pk_status finish_forwarded_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                             enum pk_status malformed,
                                             const struct pk_forward_answer *answer,
                                             const char *name,
                                             struct credential *ret) PK_WARN_UNUSED;
/* json: RegistrationResponseJSON (WebAuthn 5.1). */
enum pk_status finish_registration_json(struct daemon *daemon, const struct ceremony *ceremony,
                                        struct pk_view json, struct credential *ret) PK_WARN_UNUSED;

/*
 * Finds the credential with that id among the ceremony's relying party and holds its account to
 * the ceremony: PK_CREDENTIAL_NOT_ALLOWED when it is unknown or somebody else's,
 * PK_ACCOUNT_CHANGED, PK_UNKNOWN_USER.
 */
enum pk_status finish_find(struct daemon *daemon, const struct ceremony *ceremony,
                           struct pk_view credential_id, struct credential *ret) PK_WARN_UNUSED;

#endif
