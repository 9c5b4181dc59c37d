/* SPDX-License-Identifier: BSD-2-Clause */
/* What the process may do: less and less. */
#ifndef PASSKEYD_PRIVILEGES_H
#define PASSKEYD_PRIVILEGES_H

#include "common/base/status.h"

/*
 * Started as root: becomes PASSKEYD_USER with the groups that user is in, for good. Otherwise
 * nothing. PK_NOT_FOUND: no such user; PK_DENIED: the kernel refused.
 */
enum pk_status privileges_drop(void) PK_WARN_UNUSED;

/* No new privileges, no core dumps, no debugger, and files that nobody else can read. */
enum pk_status privileges_harden(void) PK_WARN_UNUSED;

#endif
