/* SPDX-License-Identifier: BSD-2-Clause */
/* The environment in which ssh asks passkey-askpass. */
#ifndef CLIENT_SSH_ENVIRONMENT_H
#define CLIENT_SSH_ENVIRONMENT_H

#include "common/base/status.h"

#include <stdbool.h>

/*
 * passkey-askpass beside the running program, or else where it was to be installed; the caller's
 * to free. PK_NOT_FOUND, PK_NO_MEMORY.
 */
enum pk_status ssh_askpass_path(char **ret) PK_WARN_UNUSED;

/* The same for passkey-hostkey, which is installed in libexec. */
enum pk_status ssh_hook_path(char **ret) PK_WARN_UNUSED;

/*
 * Sets SSH_ASKPASS and SSH_ASKPASS_REQUIRE, and PASSKEY_ASKPASS_FALLBACK (unless it is set) to the
 * SSH_ASKPASS that was there, if ssh would have asked that. As ssh_askpass_path().
 */
enum pk_status ssh_environment_set(void) PK_WARN_UNUSED;

/*
 * Whether ssh, with this environment and with or without a terminal, asks SSH_ASKPASS (ssh(1),
 * ENVIRONMENT).
 */
bool ssh_would_use_askpass(bool have_terminal) PK_WARN_UNUSED;

#endif
