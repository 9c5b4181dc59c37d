/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the configuration and completes it with facts of this host. */
#ifndef PASSKEYD_CONFIGURE_H
#define PASSKEYD_CONFIGURE_H

#include "common/base/status.h"

struct daemon;

/*
 * Reads the configuration, again after a reload, and fills in the recorded RP id. On an error the
 * old configuration stays; *ret_why is the caller's to free.
 */
enum pk_status daemon_configure(struct daemon *daemon, char **ret_why) PK_WARN_UNUSED;

#endif
