/* SPDX-License-Identifier: BSD-2-Clause */
/* How passkeyctl key shows a security key. */
#ifndef CLIENT_CTL_KEY_PRINT_H
#define CLIENT_CTL_KEY_PRINT_H

#include "common/wire/frames.h"

#include <jansson.h>

#define KEY_TRIES_UNKNOWN 0xff

/* "Blue, USB port 1-2"; the caller's to free, NULL: no memory. */
char *key_full_name(const struct pk_device *device);

/* status: PK_OK, or why the key did not say what it is; state counts with PK_OK only. */
json_t *key_json(const struct pk_device *device, enum pk_status status,
                 const struct pk_key_state *state);
void key_print_short(const struct pk_device *device, enum pk_status status,
                     const struct pk_key_state *state);
void key_print_all(const struct pk_device *device, const struct pk_key_state *state);

#endif
