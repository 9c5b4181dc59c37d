/* SPDX-License-Identifier: BSD-2-Clause */
/* Passkeys as JSON, for the bus (doc/protocol.md, "JSON of passkeys and of Status"). */
#ifndef PASSKEYD_PASSKEY_JSON_H
#define PASSKEYD_PASSKEY_JSON_H

#include "store/store.h"

#include <jansson.h>

/* NULL: no memory. orphaned: the row's account is none of the host's any more. */
json_t *passkey_json(const struct credential *credential, bool orphaned) PK_WARN_UNUSED;

/* Compact text; the caller's to free. Takes object; NULL in, NULL out. */
char *json_text(json_t *object) PK_WARN_UNUSED;

#endif
