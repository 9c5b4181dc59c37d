/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which credential a key has shown last, as long as it stays plugged in: a hint that saves asking
 * it once more. Nothing follows from it for who signs in. A path is that of another key as soon as
 * its node is another one, also where nobody has seen it gone in between.
 */
#ifndef PK_KEYS_KNOWN_H
#define PK_KEYS_KNOWN_H

#include "common/base/bytes.h"
#include "common/wire/frame_contents.h"

#define PK_KNOWN_MAX 8 /* keys */

struct pk_known {
    struct pk_known_key {
        char *path; /* NULL: none */
        struct pk_node {
            uint64_t device, number; /* 0: not to be found out */
        } node;                      /* of the path; another one once it was plugged in again */
        struct pk_bytes id;
    } keys[PK_KNOWN_MAX];
    size_t next; /* gives way when there are more */
};

void pk_known_add(struct pk_known *known, const char *path, struct pk_view id);
bool pk_known_has(const struct pk_known *known, const char *path, struct pk_view id);
void pk_known_forget(struct pk_known *known, const char *path);
/* Forgets all keys but those of the list; NULL: all. */
void pk_known_keep(struct pk_known *known, const struct pk_devices *list);

#endif
