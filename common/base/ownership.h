/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens files that decide who is let in, if nobody but those who may decide it could have written
 * them: root, or in a private instance the user who runs it.
 */
#ifndef PK_BASE_OWNERSHIP_H
#define PK_BASE_OWNERSHIP_H

#include "common/base/status.h"

/*
 * Opens path to read, with the further flags of open(2). The file itself, every folder above it up
 * to / and every symbolic link on the way belong to root or to that user, and none may be written
 * to by its group or by others, which is where the mask of an access control list shows; but for
 * folders with the sticky bit, in which others cannot exchange what is not theirs. What is looked
 * at is what was opened. PK_NOT_FOUND; PK_CONFIG with *ret_why = "PATH: what is wrong, and what
 * mends it", the caller's to free; PK_NO_MEMORY.
 */
enum pk_status ownership_open(const char *path, int flags, int *ret_fd,
                              char **ret_why) PK_WARN_UNUSED;

#endif
