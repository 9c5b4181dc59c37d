/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a security key is plugged in, for people who have two of one model. */
#ifndef PK_KEYS_PLACE_H
#define PK_KEYS_PLACE_H

/* "USB port 1-2" of the device at path, or else its name. The caller's to free; NULL: no memory. */
char *pk_key_place(const char *path);

#endif
