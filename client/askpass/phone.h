/* SPDX-License-Identifier: BSD-2-Clause */
/* When passkey-askpass offers a phone in place of a security key, and how it is reached. */
#ifndef CLIENT_ASKPASS_PHONE_H
#define CLIENT_ASKPASS_PHONE_H

#include "common/wire/forward.h"
#include "common/wire/frame_contents.h"

/*
 * Whether a phone can answer: at a terminal where a QR code can be seen, on a computer with a
 * Bluetooth adapter. PASSKEY_PHONE in the environment names another
 * passkey-phone, for tests, and no adapter is looked for then.
 */
bool askpass_phone_is_possible(void);
/* After a key failed for that reason, which another key would not change at once. */
bool askpass_phone_may_follow(enum pk_status why);

/* passkey-phone's path, and what it is told: a process of its own connects. Static. */
const char *askpass_phone_program(void);
const struct pk_phone_setup *askpass_phone_setup(void);

/* The question, with the host first, and whether its answer is yes; NULL: no memory. */
char *askpass_phone_offer(const struct pk_forward_request *request,
                          const char *host) PK_WARN_UNUSED;
bool askpass_phone_is_wanted(const struct pk_secret *answer);

/* As client_outcome(), of a request to a phone. */
const char *askpass_phone_outcome(enum pk_status status);

#endif
