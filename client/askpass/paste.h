/* SPDX-License-Identifier: BSD-2-Clause */
/* A request that somebody copied from a terminal, read from standard input. */
#ifndef CLIENT_ASKPASS_PASTE_H
#define CLIENT_ASKPASS_PASTE_H

#include "client/terminal.h"
#include "common/wire/forward.h"

/*
 * The last line of text that is a request, whatever stands around it. Borrowed. PK_NOT_FOUND.
 */
enum pk_status askpass_paste_find(struct pk_view text, struct pk_view *ret_line) PK_WARN_UNUSED;

/*
 * Reads fd to its end; of a terminal, which would cut a long line short, as it is typed, until the
 * line of a request has ended or Control-D is pressed, and standard error says what to paste.
 * PK_NOT_FOUND: no request is in it. PK_TOO_LARGE, PK_CANCELLED, PK_IO, and as
 * pk_forward_request_decode().
 */
enum pk_status askpass_paste_read(int fd, const struct terminal *terminal,
                                  struct pk_forward_request *ret) PK_WARN_UNUSED;

#endif
