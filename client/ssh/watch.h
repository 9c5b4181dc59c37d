/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests in what a remote terminal prints, and the one enrolment that is answered there. */
#ifndef CLIENT_SSH_WATCH_H
#define CLIENT_SSH_WATCH_H

#include "common/wire/forward.h"

struct ssh_watch {
    struct pk_bytes line; /* PK_FORWARD_REQUEST_MAX bytes, of which len are used */
    size_t len;
    bool too_long;
    /* The enrolment that was answered; lines: its answer, none yet where there is no items. */
    bool answered;
    uint8_t nonce[PK_CHALLENGE_SIZE];
    struct pk_strings lines;
};
enum pk_status ssh_watch_new(struct ssh_watch *ret) PK_WARN_UNUSED;
void ssh_watch_clear(struct ssh_watch *watch);
#define AUTO_SSH_WATCH __attribute__((cleanup(ssh_watch_clear)))

/*
 * The next byte that is printed. PK_OK when it ends a line that is a whole request (*ret), else
 * PK_NOT_FOUND.
 */
enum pk_status ssh_watch_byte(struct ssh_watch *watch, uint8_t byte,
                              struct pk_forward_request *ret) PK_WARN_UNUSED;

/* Whether a request is to be answered with a key: the first one to enrol, and no other. */
bool ssh_watch_wants_key(const struct ssh_watch *watch,
                         const struct pk_forward_request *request) PK_WARN_UNUSED;

/*
 * Takes over what passkey-askpass printed as the answer to that request: lines, empty when it
 * gave none. PK_NO_MEMORY.
 */
enum pk_status ssh_watch_answered(struct ssh_watch *watch, const struct pk_forward_request *request,
                                  struct pk_view output) PK_WARN_UNUSED;

/* The line to be typed for the request: of that answer only. NULL: nothing is to be typed. */
const char *ssh_watch_line(const struct ssh_watch *watch,
                           const struct pk_forward_request *request) PK_WARN_UNUSED;

#endif
