/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's JSON of passkeys: read, searched and shown. doc/protocol.md lists the members. */
#ifndef CLIENT_PASSKEYS_H
#define CLIENT_PASSKEYS_H

#include "common/base/status.h"

#include <jansson.h>
#include <stdbool.h>

/* A member that is a string; "" where there is none. Borrowed from object. */
const char *member_text(const json_t *object, const char *name);

/* A member that is a whole number; 0 where there is none. */
json_int_t member_number(const json_t *object, const char *name);

/* *ret is the caller's to json_decref(). PK_PROTOCOL when text is not a JSON array of objects. */
enum pk_status passkeys_parse(const char *text, json_t **ret) PK_WARN_UNUSED;

/*
 * The one passkey of that name, or else of that credential id or of a beginning of it that fits
 * no other. *ret is borrowed. PK_NOT_FOUND; PK_EXISTS: it fits several.
 */
enum pk_status passkeys_find(const json_t *passkeys, const char *wanted,
                             const json_t **ret) PK_WARN_UNUSED;

/* A table. with_user: of several accounts. */
void passkeys_print(const json_t *passkeys, bool with_user);

/* Local time, to the minute; never: for 0 and less. The caller's to free; NULL: no memory. */
char *passkeys_time(json_int_t seconds, const char *never) PK_WARN_UNUSED;

#endif
