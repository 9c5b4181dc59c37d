/* SPDX-License-Identifier: BSD-2-Clause */
/* Drops the privileges of the process. */
#ifndef PASSKEYD_PRIVILEGES_H
#define PASSKEYD_PRIVILEGES_H

#include "common/base/status.h"

/*
 * If started as root, becomes PASSKEYD_USER, with that user's groups, for good; otherwise does
 * nothing. PK_NOT_FOUND: no such user; PK_DENIED: the kernel refused.
 */
enum pk_status privileges_drop(void) PK_WARN_UNUSED;

/* Forbids new privileges, core dumps and debuggers, and makes new files private. */
enum pk_status privileges_harden(void) PK_WARN_UNUSED;

#endif
