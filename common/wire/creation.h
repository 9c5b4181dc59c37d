/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an authenticator is told of a credential that it is to make, wherever it is: a frame and a
 * forwarded request carry the same, each in its own bytes.
 */
#ifndef PK_WIRE_CREATION_H
#define PK_WIRE_CREATION_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"
#include "common/base/terms.h"

/* Owned. The texts beside rp_id may be empty; NULL is empty. */
struct pk_creation {
    char *rp_id;
    char *rp_name;
    struct pk_bytes user_handle;
    char *user_name;
    char *user_display_name;
    int32_t algorithms[PK_ALGORITHMS_MAX]; /* COSE numbers, most wanted first */
    size_t algorithm_count;
    struct pk_descriptor *exclude;
    size_t exclude_count;
    enum pk_requirement user_verification;
    enum pk_requirement resident_key;
    enum pk_attestation_preference attestation;
    unsigned cred_protect; /* 0: not asked; 1 to PK_CRED_PROTECT_MAX */
};

/* PK_NO_MEMORY. */
enum pk_status pk_creation_copy(const struct pk_creation *from,
                                struct pk_creation *ret) PK_WARN_UNUSED;
/*
 * Leaves of the algorithms those that phones have: ES256, and RS256 of some. A long list helps
 * nobody. PK_KEY_ALGORITHM where it has none of them.
 */
enum pk_status pk_creation_for_phone(struct pk_creation *creation) PK_WARN_UNUSED;
void pk_creation_clear(struct pk_creation *creation);
#define PK_AUTO_CREATION __attribute__((cleanup(pk_creation_clear)))

#endif
