/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The phone's side, for tests and software phones: what is the same on both sides is shared with
 * the client's. No program links it.
 */
#ifndef PK_HYBRID_PHONE_H
#define PK_HYBRID_PHONE_H

#include "common/hybrid/advert.h"
#include "common/hybrid/noise.h"

/* An advert of that plaintext. As pk_hybrid_advert_open(). */
enum pk_status pk_hybrid_advert_make(struct pk_view eid_key,
                                     const uint8_t plaintext[static PK_HYBRID_PLAIN_SIZE],
                                     uint8_t ret[static PK_HYBRID_ADVERT_SIZE]) PK_WARN_UNUSED;

/* Takes the client's message and answers it. As pk_noise_finish(). */
enum pk_status pk_noise_answer(const struct pk_noise_setup *setup, struct pk_view message,
                               uint8_t ret_message[static PK_NOISE_MESSAGE_SIZE],
                               struct pk_noise_result *ret) PK_WARN_UNUSED;

#endif
