/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of an account's passkeys is on that key? The silent check says only that one is; so it is
 * asked for one after the other.
 */
#ifndef PASSKEYD_KEY_NAMING_H
#define PASSKEYD_KEY_NAMING_H

#include "daemon/verify/ceremony.h"

struct key_naming;

/*
 * ceremony's credentials are the ones in question. named is called once, from the event loop, with
 * the passkey's name or NULL; the naming is then over, but still to be freed, from elsewhere.
 */
enum pk_status key_naming_new(struct daemon *daemon, const struct ceremony *ceremony,
                              const char *path, void (*named)(void *data, const char *name),
                              void *data, struct key_naming **ret) PK_WARN_UNUSED;
void key_naming_free(struct key_naming *naming);

#endif
