/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ceremonies have in common: CHECKED, then verification and touch. */
#ifndef AUTHENTICATOR_CEREMONY_H
#define AUTHENTICATOR_CEREMONY_H

#include "authenticator/key.h"

/*
 * Sends CHECKED and waits for PROCEED. Returns status at once when there is nothing to proceed to;
 * PK_CANCELLED, PK_PROTOCOL, PK_IO, PK_DEVICE_REMOVED.
 */
enum pk_status ceremony_checked(struct key *key, enum pk_status status,
                                bool uncertain) PK_WARN_UNUSED;

/*
 * One attempt at the operation itself: uv asks for built-in verification, pin is NULL or the PIN.
 * Gives libfido2's error and leaves what it obtained in context.
 */
struct operation {
    int (*run)(struct key *key, bool uv, const char *pin, void *context);
    void *context;
};

/*
 * Runs the operation until it succeeds or nothing is left to try, asking for PIN and fingerprint as
 * choices.h has it. required: the relying party insists on verification.
 */
enum pk_status ceremony_run(struct key *key, enum verification first, bool required,
                            const struct operation *operation) PK_WARN_UNUSED;

/* The operation once, with a touch and nothing else. */
enum pk_status ceremony_touch(struct key *key, const struct operation *operation) PK_WARN_UNUSED;

/* GET_ASSERTION and MAKE_CREDENTIAL on an opened key; ret becomes the last frame. */
enum pk_status get_assertion(struct key *key, const struct pk_assertion_request *request,
                             struct pk_frame *ret) PK_WARN_UNUSED;
enum pk_status make_credential(struct key *key, const struct pk_credential_request *request,
                               struct pk_frame *ret) PK_WARN_UNUSED;

#endif
