/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection of an ssh session, as sshd's environment variables describe it. */
#ifndef PK_BASE_SSH_CONNECTION_H
#define PK_BASE_SSH_CONNECTION_H

#include "common/base/status.h"

#define PK_SSH_ADDRESS_MAX 64 /* IPv6 with a zone fits */

/*
 * The client's address, the first word of SSH_CONNECTION, whose value is given (NULL: not set): an
 * IPv4 address, or an IPv6 one with or without a zone, as sshd writes them. The word may come from
 * whoever started a setuid program: everything else is PK_INVALID_INPUT. PK_NOT_FOUND without a
 * word.
 */
enum pk_status pk_ssh_client_address(const char *connection,
                                     char ret[PK_SSH_ADDRESS_MAX + 1]) PK_WARN_UNUSED;

#endif
