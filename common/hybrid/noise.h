/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handshake: Noise with P-256, AES-256-GCM and SHA-256, two messages of one size, the client's
 * first. All keys are the caller's, and made for one session.
 */
#ifndef PK_HYBRID_NOISE_H
#define PK_HYBRID_NOISE_H

#include "common/hybrid/crypto.h"

#include "common/base/limits.h"

#define PK_NOISE_MESSAGE_SIZE 81 /* a point and a tag */

enum pk_noise_pattern {
    PK_NOISE_KN_PSK0, /* the phone knows the client's static key, from the QR code */
    PK_NOISE_NK_PSK0, /* the client knows the phone's: phones that are linked, which nothing here
                         does yet */
};

/* What one side begins with. Borrowed. */
struct pk_noise_setup {
    enum pk_noise_pattern pattern;
    struct pk_view psk; /* PK_HYBRID_PSK_SIZE */
    const struct pk_p256 *ephemeral;
    /* Of the one static key its owner has the first, the other side the second. */
    const struct pk_p256 *own_static;
    struct pk_view peer_static; /* PK_P256_POINT_SIZE */
};

struct pk_noise {
    uint8_t hash[PK_HASH_SIZE];
    struct pk_secret keys; /* chaining key, then the key of the next tag */
};

void pk_noise_clear(struct pk_noise *noise);
#define PK_AUTO_NOISE __attribute__((cleanup(pk_noise_clear)))

/* What both sides end with. */
struct pk_noise_result {
    struct pk_secret client_key; /* PK_SEAL_KEY_SIZE: of what the client writes */
    struct pk_secret phone_key;
    uint8_t handshake_hash[PK_HASH_SIZE];
};

void pk_noise_result_clear(struct pk_noise_result *result);
#define PK_AUTO_NOISE_RESULT __attribute__((cleanup(pk_noise_result_clear)))

/*
 * The client's message; *ret is what pk_noise_finish() goes on with. PK_INVALID_ARGUMENT where the
 * setup lacks something, PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status pk_noise_begin(const struct pk_noise_setup *setup,
                              uint8_t ret_message[static PK_NOISE_MESSAGE_SIZE],
                              struct pk_noise *ret) PK_WARN_UNUSED;

/*
 * Takes the phone's message, with the setup of before; noise is used up, whatever the result.
 * PK_TRUNCATED or PK_TRAILING_DATA for another size; PK_KEY_POINT_INVALID; PK_SIGNATURE_INVALID
 * where the tag says that it is another phone, another advert or another code; PK_INVALID_ARGUMENT,
 * PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status pk_noise_finish(struct pk_noise *noise, const struct pk_noise_setup *setup,
                               struct pk_view message, struct pk_noise_result *ret) PK_WARN_UNUSED;

#endif
