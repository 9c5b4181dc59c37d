/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request to the lines of its answer, with the person's consent on the way. */
#ifndef CLIENT_ASKPASS_REQUEST_H
#define CLIENT_ASKPASS_REQUEST_H

#include "client/askpass/server.h"
#include "client/terminal.h"

/*
 * Shows what is asked for (show.h), checks that it is that server who asks (server.h) and that the
 * host may ask (accept.h), has a security key answer (key.h) with the host's origin. Prints on
 * standard error what went wrong; *ret_lines is written on success only. The request is of kind get
 * or create.
 */
enum pk_status askpass_request_answer(const struct pk_forward_request *request,
                                      const struct askpass_asker *asker,
                                      const struct terminal *terminal,
                                      struct pk_strings *ret_lines) PK_WARN_UNUSED;

#endif
