/* SPDX-License-Identifier: BSD-2-Clause */
/* What the person is about to approve, in words. */
#ifndef CLIENT_ASKPASS_SHOW_H
#define CLIENT_ASKPASS_SHOW_H

#include "common/wire/forward.h"

#include <stdio.h>

/*
 * Writes who asks for the passkey, for what, from where: every member of the request's context,
 * safe on a terminal. host is the one that shows the request, user the account on it that the
 * person connects as (NULL: not known). Nothing is written unless all is well: PK_PROTOCOL for a
 * context that is not understood or is not of the request's kind, PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status askpass_show(FILE *out, const struct pk_forward_request *request, const char *host,
                            const char *user) PK_WARN_UNUSED;

#endif
