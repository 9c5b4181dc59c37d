/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the file system a process may still reach (landlock(7)), where the kernel has that. */
#ifndef PK_HELPER_LANDLOCK_H
#define PK_HELPER_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of access below a folder. */
#define PK_LANDLOCK_READING 1u /* opening files to read, listing folders */
#define PK_LANDLOCK_DEVICES 2u /* opening files to read and write them, and asking devices */

/* What a process is left besides. */
#define PK_LANDLOCK_CONNECTS 1u /* TCP */
/*
 * Signals to processes that are not in this sandbox: also those that the kernel sends to the
 * children of a process that has ended (PR_SET_PDEATHSIG).
 */
#define PK_LANDLOCK_SIGNALS 2u

struct pk_landlock_folder {
    const char *path; /* one that does not exist is left out */
    unsigned access;
};

/*
 * From now on this process opens, runs, makes and removes nothing but what is allowed below the
 * folders, binds and connects no TCP port and, where the kernel knows that too, reaches no abstract
 * socket and signals no process outside, but for what it is left. Descriptors that are open stay as
 * they are. The process must have no_new_privs. True also where the kernel has no Landlock or a
 * filter forbids it; false: it has, and something failed.
 */
bool pk_landlock_enter(const struct pk_landlock_folder *folders, size_t count, unsigned left);

/* The kernel's version of the interface; 0: it has none. */
int pk_landlock_version(void);

#endif
