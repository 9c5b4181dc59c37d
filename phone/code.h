/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of one session, and the QR code that tells a phone of them. */
#ifndef PHONE_CODE_H
#define PHONE_CODE_H

#include "common/hybrid/crypto.h"

struct code {
    struct pk_p256 own;       /* the computer's static key */
    struct pk_secret secret;  /* what the phone has to know */
    struct pk_secret eid_key; /* of the adverts; derived from it */
    struct pk_secret text;    /* "FIDO:/" and digits */
};

/* All new; hint: PK_HYBRID_HINT_GET or PK_HYBRID_HINT_MAKE. PK_NO_MEMORY, PK_INTERNAL. */
enum pk_status code_make(const char *hint, struct code *ret) PK_WARN_UNUSED;

void code_clear(struct code *code);
#define AUTO_CODE __attribute__((cleanup(code_clear)))

/* A new key pair, as a session's ephemeral one is. PK_NO_MEMORY, PK_INTERNAL. */
enum pk_status code_make_key(struct pk_p256 *ret) PK_WARN_UNUSED;

#endif
