/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the configuration and completes it with facts of this host. */
#ifndef PASSKEYD_CONFIGURE_H
#define PASSKEYD_CONFIGURE_H

#include "common/base/status.h"

struct daemon;

/*
 * Reads the configuration when the daemon starts, opens the store, which may be in that folder, and
 * fills in the recorded RP id. *ret_why is the caller's to free.
 */
enum pk_status daemon_configure(struct daemon *daemon, const char *state_directory,
                                char **ret_why) PK_WARN_UNUSED;

/*
 * Reads it again, on a worker, and takes it into use when it has been read; on an error, which is
 * logged, the old one stays. Another call meanwhile has it read once more.
 */
void daemon_reload(struct daemon *daemon);

#endif
