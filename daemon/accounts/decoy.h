/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an account without passkeys, or no account at all, seems to have, so that nobody who asks
 * from afar learns which accounts there are: credential ids that stay the same for the same name.
 */
#ifndef PASSKEYD_DECOY_H
#define PASSKEYD_DECOY_H

#include "daemon/store/store.h"

#define DECOY_KEY_SIZE 32

/*
 * The secret that decoys are made with, kept in the store; made there the first time. Where the
 * store cannot keep it the status says why not, and the key is a new one all the same: decoys then
 * change when the daemon starts again, but do not fail.
 */
enum pk_status decoy_key_load(struct store *store, uint8_t ret[DECOY_KEY_SIZE]) PK_WARN_UNUSED;

/*
 * One or two credentials of that relying party for that name, with ids of lengths that security
 * keys have, and a public key whose private half nobody knows. They are in no store and open
 * nothing. PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status decoy_credentials(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                                 const char *rp_id, struct credential_list *ret) PK_WARN_UNUSED;

/* A number below limit that is the same for the same name, and unforeseeable. PK_INTERNAL. */
enum pk_status decoy_number(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                            unsigned limit, unsigned *ret) PK_WARN_UNUSED;

#endif
