/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON (RFC 8259) from outside: jansson held to one object, no member twice, nothing behind it. */
#ifndef PK_WEBAUTHN_JSON_H
#define PK_WEBAUTHN_JSON_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"

#include <jansson.h>

PK_DEFINE_CLEANUP(json_t *, json_decref);
#define PK_AUTO_JSON PK_CLEANUP(json_decref)

/*
 * NULL for anything but one object in valid UTF-8; *ret_duplicate then says whether that was for a
 * member that came twice, at any depth. The object is the caller's.
 */
json_t *pk_json_load_object(struct pk_view text, bool *ret_duplicate) PK_WARN_UNUSED;

/* The text of a string, borrowed, NULs and all; false for another type or NULL. */
bool pk_json_string(const json_t *value, struct pk_view *ret) PK_WARN_UNUSED;

/*
 * Bytes from a string in base64url. PK_RESPONSE_MALFORMED for another type or NULL,
 * PK_BASE64URL_MALFORMED, PK_TOO_LARGE over max, PK_NO_MEMORY.
 */
enum pk_status pk_json_bytes(const json_t *value, size_t max, struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
