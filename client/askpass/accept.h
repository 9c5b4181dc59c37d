/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a host may ask for passkeys of an RP id: by its name, or because the user accepted it. */
#ifndef CLIENT_ASKPASS_ACCEPT_H
#define CLIENT_ASKPASS_ACCEPT_H

#include "client/terminal.h"

/*
 * Prints on standard error why not. A host that neither is, nor is in, that domain must have been
 * accepted before (hosts.h), or is asked about on the terminal and remembered. PK_OK, or
 * PK_RP_ID_MISMATCH, PK_DENIED, PK_CANCELLED and whatever failed.
 */
enum pk_status askpass_accept(const char *host, const char *rp_id,
                              const struct terminal *terminal) PK_WARN_UNUSED;

#endif
