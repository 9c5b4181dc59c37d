/* SPDX-License-Identifier: BSD-2-Clause */
/* A cache of parsed public keys: setting one up costs as much as a verification. */
#ifndef CLIENT_CTL_VERIFY_KEYS_H
#define CLIENT_CTL_VERIFY_KEYS_H

#include "common/webauthn/signature.h"

#define VERIFY_KEYS_MAX 256

/* The hash of a COSE_Key chooses its slot; a new key replaces the one that is there. */
struct verify_keys {
    struct {
        struct pk_bytes cose;
        struct pk_public_key *key;
    } slots[VERIFY_KEYS_MAX];
};

/*
 * The key of a COSE_Key, parsed now or before: borrowed until the next call. Fails as
 * pk_public_key_parse() does.
 */
enum pk_status verify_keys_find(struct verify_keys *keys, struct pk_view cose,
                                struct pk_public_key **ret) PK_WARN_UNUSED;
void verify_keys_clear(struct verify_keys *keys);

#endif
