/* SPDX-License-Identifier: BSD-2-Clause */
/* Noise's symmetric state, which both sides of the handshake go through in the same steps. */
#ifndef PK_HYBRID_NOISE_STATE_H
#define PK_HYBRID_NOISE_STATE_H

#include "common/hybrid/noise.h"

/* Up to where the client's ephemeral key comes. PK_INVALID_ARGUMENT, PK_NO_MEMORY, PK_INTERNAL. */
enum pk_status pk_noise_start(const struct pk_noise_setup *setup, struct pk_view known_static,
                              struct pk_noise *ret) PK_WARN_UNUSED;

/* An ephemeral key goes into hash and chaining key alike, as patterns with a PSK have it. */
enum pk_status pk_noise_mix_point(struct pk_noise *noise, struct pk_view point) PK_WARN_UNUSED;

/* What own and peer agree on goes into the chaining key. As pk_p256_shared(). */
enum pk_status pk_noise_mix_shared(struct pk_noise *noise, const struct pk_p256 *own,
                                   struct pk_view peer) PK_WARN_UNUSED;

/* EncryptAndHash() and DecryptAndHash() of nothing: a tag is all that there is. */
enum pk_status pk_noise_write_tag(struct pk_noise *noise, uint8_t *ret) PK_WARN_UNUSED;
enum pk_status pk_noise_check_tag(struct pk_noise *noise, struct pk_view tag) PK_WARN_UNUSED;

/* The point and the tag of a message; no more than its size is looked at. */
enum pk_status pk_noise_take_message(struct pk_view message, struct pk_view *ret_point,
                                     struct pk_view *ret_tag) PK_WARN_UNUSED;

enum pk_status pk_noise_split(const struct pk_noise *noise,
                              struct pk_noise_result *ret) PK_WARN_UNUSED;

#endif
