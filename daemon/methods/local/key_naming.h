/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds out which of an account's passkeys a key holds. A silent check of all of them only shows
 * that one is there, so they are checked one after the other.
 */
#ifndef PASSKEYD_KEY_NAMING_H
#define PASSKEYD_KEY_NAMING_H

#include "daemon/verify/ceremony.h"

struct attempt;
struct key_naming;

/*
 * Checks the ceremony's credentials. named is called once, from the event loop, with the passkey's
 * name or NULL; the naming has then ended, and must be freed, but not from within named.
 */
enum pk_status key_naming_new(struct attempt *attempt, const struct ceremony *ceremony,
                              const char *path, void (*named)(void *data, const char *name),
                              void *data, struct key_naming **ret) PK_WARN_UNUSED;
void key_naming_free(struct key_naming *naming);

#endif
