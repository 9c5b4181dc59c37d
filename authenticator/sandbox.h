/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process gives up before it looks at anything that a security key says. */
#ifndef AUTHENTICATOR_SANDBOX_H
#define AUTHENTICATOR_SANDBOX_H

#include "common/base/status.h"

/*
 * For the process that talks to a key: besides what pk_sandbox_prepare() has, few descriptors, no
 * file growth, memory locked where the limit allows, nothing of the file system (Landlock) and a
 * list of system calls in which nothing opens, locks or maps a file, asks a device or reaches
 * another process. PK_INTERNAL when any of it but the locked memory, and Landlock where the kernel
 * has none, cannot be had: the caller must not go on.
 */
enum pk_status sandbox_enter_key(void) PK_WARN_UNUSED;

/*
 * For the process that lists the keys: the same, but for reading below /sys and /run/udev, and for
 * opening device nodes and asking them for their report descriptor.
 */
enum pk_status sandbox_enter_list(void) PK_WARN_UNUSED;

/*
 * For the process that is kept ready and forks helpers: what these need before they enter one of
 * the two above, which stay in force on top of it. Besides it makes what entering them takes.
 */
enum pk_status sandbox_enter_ready(void) PK_WARN_UNUSED;

#endif
