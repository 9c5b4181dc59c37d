/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a process, for the daemon to show, bind and log. Nothing is interpreted. */
#ifndef PAM_PASSKEY_COMMAND_H
#define PAM_PASSKEY_COMMAND_H

#include "common/base/bytes.h"

#define COMMAND_LINE_MAX (8 * 1024 * 1024) /* more than execve(2) lets a process have */

/*
 * Bytes in a memfd that is sealed against every change; the caller closes it. PK_IO, for want of
 * memory as well.
 */
enum pk_status command_seal(struct pk_view bytes, int *ret_fd) PK_WARN_UNUSED;

/*
 * The same, of a file such as /proc/self/cmdline: the arguments, each ended by a NUL. PK_IO when it
 * cannot be read, PK_NOT_FOUND when it is empty, PK_TOO_LARGE over COMMAND_LINE_MAX.
 */
enum pk_status command_line_seal(const char *path, int *ret_fd) PK_WARN_UNUSED;

#endif
