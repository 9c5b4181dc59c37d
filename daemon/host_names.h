/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host is called, and the id that it can be known by where that is no use. */
#ifndef PASSKEYD_HOST_NAMES_H
#define PASSKEYD_HOST_NAMES_H

#include "common/base/limits.h"
#include "common/base/status.h"

#define MACHINE_ID_FILE "/etc/machine-id"

/*
 * The host's names as they are good for domain names: A-labels, in lower case. Empty: it has none;
 * the kernel's "(none)", my_laptop and what is no UTF-8 cannot be written so.
 */
struct host_names {
    char full[PK_RP_ID_MAX + 1];  /* with its domain, where that can be found */
    char first[PK_RP_ID_MAX + 1]; /* full's first label */
};

/*
 * Of what gethostname(2) says, and where that is not a usable id, of what the name service makes of
 * it: blocks as long as that does.
 */
struct host_names host_names_find(void);

/* The same of a given name; lookup is asked for a full name, and returns it, owned, or NULL. */
struct host_names host_names_of(const char *name, char *(*lookup)(const char *name));

/*
 * A relying party's id for this host and no other, the caller's to free: its full name, where that
 * can be an id (DOMAIN_USABLE); otherwise a name below passkeyd.invalid that is made of the machine
 * id in machine_id_file by HMAC-SHA-256, so that it is the same each time and does not tell the
 * machine id (machine-id(5)), or of random numbers where there is none. PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status host_id(const struct host_names *names, const char *machine_id_file,
                       char **ret) PK_WARN_UNUSED;

#endif
