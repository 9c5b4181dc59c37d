/* SPDX-License-Identifier: BSD-2-Clause */
/* What the process gives up before it reads its first byte. */
#ifndef AUTHENTICATOR_SANDBOX_H
#define AUTHENTICATOR_SANDBOX_H

#include "common/base/status.h"

/*
 * No new privileges, no core dump, no reading by a debugger, death with the parent, few
 * descriptors, no file growth, memory locked where the limit allows, and a list of system calls.
 * PK_INTERNAL when any of it but the locked memory cannot be had: the caller must not go on.
 */
enum pk_status sandbox_enter(void) PK_WARN_UNUSED;

#endif
