/* SPDX-License-Identifier: BSD-2-Clause */
/* The store that the configuration names. */
#ifndef PASSKEYD_OPEN_STORE_H
#define PASSKEYD_OPEN_STORE_H

#include "daemon/config/config.h"

struct store;

/*
 * The SQLite store is in the folder. One in another process is not asked yet: it may be away.
 * PK_STORAGE, PK_CONFIG, PK_NO_MEMORY; *ret_why is the caller's to free.
 */
enum pk_status open_store(const struct config *config, const char *folder, struct store **ret_store,
                          char **ret_why) PK_WARN_UNUSED;

/* On a worker: the verbs that it calls from now on have PK_STORE_JOB_MS together. */
void limit_store_calls(void);

/* Whether other hosts have it, too: then no host knows of itself alone which accounts are gone. */
bool is_shared_store(const struct config *config);

#endif
