/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A passkey that a phone has just made for another host. Whoever sees the code can be the phone, so
 * the host gets it only after it was tried here, by a challenge that nobody else knows of.
 */
#ifndef CLIENT_ASKPASS_PHONE_MADE_H
#define CLIENT_ASKPASS_PHONE_MADE_H

#include "common/webauthn/results.h"
#include "common/wire/forward.h"
#include "common/wire/frames.h"

struct askpass_phone_made {
    struct pk_frame credential; /* CREDENTIAL, as it came, with the transport "hybrid" */
    struct pk_credential_record record;
    const char *provider; /* who keeps it; static; NULL: not known */
    uint8_t trial_hash[PK_HASH_SIZE];
};
void askpass_phone_made_clear(struct askpass_phone_made *made);

/* What the phone is asked for. PK_KEY_ALGORITHM, PK_NO_MEMORY. */
enum pk_status askpass_phone_make(const struct pk_forward_request *request,
                                  const uint8_t client_data_hash[PK_HASH_SIZE],
                                  struct pk_frame *ret) PK_WARN_UNUSED;

/*
 * Verifies what it answered, as the host will (pk_registration_verify()): its user, too, because
 * phones verify always. answer: a CREDENTIAL frame.
 */
enum pk_status askpass_phone_made_read(const struct pk_forward_request *request,
                                       const uint8_t client_data_hash[PK_HASH_SIZE],
                                       const struct pk_frame *answer,
                                       struct askpass_phone_made *ret) PK_WARN_UNUSED;

/* What the second code asks for, of this passkey alone, for origin. */
enum pk_status askpass_phone_made_try(struct askpass_phone_made *made,
                                      const struct pk_forward_request *request, const char *origin,
                                      struct pk_frame *ret) PK_WARN_UNUSED;
/* Verifies the answer to that, as pk_authentication_verify(). answer: an ASSERTION frame. */
enum pk_status askpass_phone_made_tried(const struct askpass_phone_made *made,
                                        const struct pk_forward_request *request,
                                        const struct pk_frame *answer) PK_WARN_UNUSED;

#endif
