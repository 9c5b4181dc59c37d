/* SPDX-License-Identifier: BSD-2-Clause */
/* Which host a command line of ssh connects to. */
#ifndef CLIENT_SSH_DESTINATION_H
#define CLIENT_SSH_DESTINATION_H

#include "common/base/bytes.h"

/*
 * Of what "ssh -G" prints: HostKeyAlias, or else the name it would connect to: what ssh writes into
 * its prompts. As askpass_host_parse(); PK_NOT_FOUND when it says neither.
 */
enum pk_status ssh_destination_parse(struct pk_view text, char **ret_host) PK_WARN_UNUSED;

/*
 * Asks ssh itself. arguments: those of ssh, ended by NULL. PK_INVALID_ARGUMENT when ssh does not
 * take them, and has printed why; PK_NOT_FOUND, PK_IO, PK_NO_MEMORY.
 */
enum pk_status ssh_destination_ask(char *const *arguments, size_t count,
                                   char **ret_host) PK_WARN_UNUSED;

#endif
