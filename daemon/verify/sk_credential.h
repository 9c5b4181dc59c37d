/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSH's security keys as WebAuthn credentials: the key as a COSE_Key, a signature as an
 * assertion. Such a credential has the key's application ("ssh:…") as its RP id. Its id is random
 * and identifies the row, not the key: several accounts may have the same key, and knowing a public
 * key does not let anyone occupy the id of its owner.
 */
#ifndef PASSKEYD_SK_CREDENTIAL_H
#define PASSKEYD_SK_CREDENTIAL_H

#include "common/webauthn/client.h"
#include "common/webauthn/verify.h"
#include "common/wire/sk.h"
#include "store/store.h"

#define SK_CREDENTIAL_ID_SIZE 32

/*
 * Whether an RP id is of such a key (it begins with "ssh:"), which may be enrolled and signs only
 * for an ssh-agent.
 */
bool sk_is_ssh(const char *rp_id) PK_WARN_UNUSED;

/*
 * Whether a credential is used through an ssh-agent alone: it has such an RP id, and its id is none
 * that the authenticator knows. Those of pam_u2f's sshformat have the key handle.
 */
bool sk_needs_agent(const struct credential *credential) PK_WARN_UNUSED;

/* The public key as a COSE_Key (RFC 9052 section 7), always the same bytes for the same key. */
enum pk_status sk_public_key(const struct pk_sk_key *key, struct pk_bytes *ret) PK_WARN_UNUSED;

/* Whether the credential has that application and that public key, from sk_public_key(). */
bool sk_is_credential(const char *application, struct pk_view public_key,
                      const struct credential *credential) PK_WARN_UNUSED;
/* The first such one, borrowed; NULL: there is none. */
const struct credential *sk_find(const char *application, struct pk_view public_key,
                                 const struct credential_list *credentials) PK_WARN_UNUSED;

/*
 * The registration result of a key that attests nothing: fmt "none", an AAGUID of zeros, no
 * transports, flags and counter of 0, and random bytes as credential id. The public key is checked
 * here.
 * PK_RP_ID_MISMATCH for an application that does not begin with "ssh:"; the errors of
 * pk_public_key_parse() (signature.h); PK_NO_MEMORY. *ret is the caller's.
 */
enum pk_status sk_registration(const struct pk_sk_key *key,
                               struct pk_registration_result *ret) PK_WARN_UNUSED;

/*
 * The message that an agent signs: the SSHSIG blob of our namespace over the client data of that
 * ceremony and challenge, with the origin "ssh-agent://" and this host's name. *message is the
 * SHA-256 of the client data (for pk_sshsig_compose()); *hash is that of the blob, and is verified
 * in place of the client data hash. PK_INVALID_ARGUMENT for a host name that would need escaping,
 * PK_NO_MEMORY.
 */
struct sk_question {
    uint8_t message[PK_HASH_SIZE];
    uint8_t hash[PK_HASH_SIZE];
};
enum pk_status sk_question_make(enum pk_ceremony ceremony, struct pk_view challenge,
                                struct sk_question *ret) PK_WARN_UNUSED;

/*
 * The authenticator data that the security key signed: SHA-256(application) ‖ flags ‖ counter. Only
 * the flags UP and UV are defined without further data: PK_ATTESTED_DATA_UNEXPECTED for AT,
 * PK_EXTENSION_UNSOLICITED for ED, PK_PROTOCOL for any other. *ret is the caller's.
 */
enum pk_status sk_authenticator_data(const char *application,
                                     const struct pk_sk_signature *signature,
                                     struct pk_bytes *ret) PK_WARN_UNUSED;

/* The message when such a key signed without the user verification that was required. */
#define SK_MESSAGE_NOT_VERIFIED                                                                    \
    "A PIN or fingerprint is needed here, and this key was made without. Make one with \"ssh-"     \
    "keygen -t ed25519-sk -O verify-required\"."

#endif
