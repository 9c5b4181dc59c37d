/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request to the lines of its answer, with the person's consent on the way. */
#ifndef CLIENT_ASKPASS_REQUEST_H
#define CLIENT_ASKPASS_REQUEST_H

#include "client/terminal.h"
#include "common/wire/forward.h"

/*
 * Shows what is asked for (show.h), checks that the host may ask (accept.h), has a security key
 * answer (key.h) with the host's origin. Prints on standard error what went wrong; *ret_lines is
 * written on success only. user: the account on host that the person connects as, NULL: not known.
 * The request is of kind get or create.
 */
enum pk_status askpass_request_answer(const struct pk_forward_request *request, const char *host,
                                      const char *user, const struct terminal *terminal,
                                      struct pk_strings *ret_lines) PK_WARN_UNUSED;

#endif
