/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done to a security key for its own sake: what it is and holds, its PIN, a reset. One
 * exchange with one key, by a helper of its own, in the key's queue as every ceremony.
 */
#ifndef PK_KEYS_KEY_CARE_H
#define PK_KEYS_KEY_CARE_H

#include "common/keys/keys.h"

struct pk_key_care;

/*
 * TOUCH any number of times, then one of KEY_STATE, DONE and FAILED, after which the exchange is
 * released. Called from the event loop.
 */
typedef void pk_key_care_on_frame(void *data, const struct pk_frame *frame);

/*
 * Queues for the key that request (KEY_INFO, SET_PIN, RESET, SELECT) names and then asks it; it has
 * that many seconds from then on. Takes the request's content. PK_NO_MEMORY.
 */
enum pk_status pk_key_care_new(struct pk_keys *keys, struct pk_frame *request, unsigned seconds,
                               pk_key_care_on_frame *on_frame, void *data,
                               struct pk_key_care **ret) PK_WARN_UNUSED;
/* No further call of on_frame. */
void pk_key_care_cancel(struct pk_key_care *care);

#endif
