/* SPDX-License-Identifier: BSD-2-Clause */
/* Running another program for what it prints. */
#ifndef CLIENT_CAPTURE_H
#define CLIENT_CAPTURE_H

#include "common/base/bytes.h"

#include <poll.h>

#define CAPTURE_ENDS_MAX 2

struct capture {
    const char *program; /* found as execvp() does */
    char *const *argv;   /* ended by NULL */
    struct pk_view input;
    bool errors; /* of standard error too, which else is this program's own */
    bool quiet;  /* standard error is thrown away */
    size_t max;  /* bytes of output; what is beyond is not waited for */
    /*
     * With an event of these, before there is output, the program is sent SIGTERM: nobody needs
     * what it would print. CAPTURE_ENDS_MAX at most.
     */
    const struct pollfd *ends;
    size_t end_count;
};

/*
 * With no signal blocked or ignored. *ret_exit: its exit code, 128 and the signal that ended it.
 * PK_NOT_FOUND: no such program. PK_IO, PK_NO_MEMORY.
 */
enum pk_status capture_run(const struct capture *capture, struct pk_bytes *ret_output,
                           int *ret_exit) PK_WARN_UNUSED;

#endif
