/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON as Go's encoding/json writes a value that it has read into an interface: members sorted by
 * their bytes, no space, '<', '>', '&', U+2028 and U+2029 escaped, numbers as the nearest double in
 * the fewest digits. Both sides of a transaction hash this text.
 */
#ifndef GATEWAY_CANONICAL_JSON_H
#define GATEWAY_CANONICAL_JSON_H

#include <jansson.h>

/* The text is the caller's to free; NULL: no memory, or more than PK_JSON_MAX. */
char *canonical_json(json_t *value);

#endif
