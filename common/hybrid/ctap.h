/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two CTAP2 commands that phones take, in the form in which they take them: one command in a
 * session, the user always verified, no PIN, no extensions. Requests and answers are those of the
 * helper's frames, as a security key's are.
 */
#ifndef PK_HYBRID_CTAP_H
#define PK_HYBRID_CTAP_H

#include "common/wire/frame_contents.h"

/*
 * authenticatorMakeCredential (CTAP 2.1 section 6.1), the command's byte first. The request's path
 * and what it demands of key storage and verification do not matter: a phone always stores and
 * verifies. Names that are empty are filled in, because phones end a session without an answer
 * where one is missing: the relying party's with its id, the display name with the user's.
 * PK_INVALID_ARGUMENT where that leaves none, for a user handle of no or too many bytes, and
 * without algorithms; PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status pk_hybrid_make_credential(const struct pk_credential_request *request,
                                         struct pk_bytes *ret) PK_WARN_UNUSED;

/*
 * The phone's answer, its status first, as an attestation object (WebAuthn 6.5.4); the statement is
 * dropped unless the relying party asked for it. What its status byte says: PK_CREDENTIAL_EXCLUDED,
 * PK_OPERATION_DENIED, PK_KEY_ALGORITHM, PK_KEY_STORE_FULL, PK_UNSUPPORTED for an option,
 * PK_TIMEOUT, PK_UV_INVALID or PK_UV_BLOCKED; PK_DEVICE_ERROR for the other ones and for an answer
 * that is none. PK_NO_MEMORY.
 */
enum pk_status pk_hybrid_credential_made(const struct pk_credential_request *request,
                                         struct pk_view answer,
                                         struct pk_credential_answer *ret) PK_WARN_UNUSED;

/*
 * authenticatorGetAssertion (CTAP 2.1 section 6.2), the command's byte first: all credentials in
 * one list, because a phone cannot be asked silently, nor twice; without any, the phone's own
 * choice. appid is not tried. PK_INVALID_ARGUMENT without an RP id, PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status pk_hybrid_get_assertion(const struct pk_assertion_request *request,
                                       struct pk_bytes *ret) PK_WARN_UNUSED;

/* The phone's answer. Statuses as above, and PK_NO_MATCH: it has none of these. */
enum pk_status pk_hybrid_assertion_made(const struct pk_assertion_request *request,
                                        struct pk_view answer,
                                        struct pk_assertion_answer *ret) PK_WARN_UNUSED;

#endif
