/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoys: credentials that an account without passkeys, or no account at all, appears to have, so
 * that a remote client cannot find out which accounts exist. Their ids stay the same for the same
 * name.
 */
#ifndef PASSKEYD_DECOY_H
#define PASSKEYD_DECOY_H

#include "store/store.h"

#define DECOY_KEY_SIZE 32

/*
 * The secret from which decoys are derived. It is created once and kept in the store. When the
 * store cannot keep it, the status says why and *ret is a new key all the same: decoys then change
 * when the daemon restarts, but do not fail.
 */
enum pk_status decoy_key_load(struct store *store, uint8_t ret[DECOY_KEY_SIZE]) PK_WARN_UNUSED;

/*
 * One credential, or more, of that relying party for that name, with ids and transports as those of
 * security keys and, with browsers, of what browsers keep, and a public key that has no known
 * private key. They are in no store and authenticate nothing. PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status decoy_credentials(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                                 const char *rp_id, bool browsers,
                                 struct credential_list *ret) PK_WARN_UNUSED;

/* One that a phone might have, and that is none of those. */
enum pk_status decoy_of_phone(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                              const char *rp_id, struct credential_list *ret) PK_WARN_UNUSED;

#endif
