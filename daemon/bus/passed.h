/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and sockets that callers passed are read and written by threads. Both have a lock in the
 * kernel that somebody who has them, too, may hold as long as they like: by reading into, or
 * writing from, a mapping of a file that is never read. Threads end with what they serve; each user
 * has a few.
 */
#ifndef PASSKEYD_PASSED_H
#define PASSKEYD_PASSED_H

#include "common/base/status.h"

/*
 * Takes the reading end of a pipe. *ret_fd: the one of a pipe of our own, which does not block, and
 * into which the other is emptied: to its end, or to more than anybody takes. PK_NO_MEMORY: also
 * where too many of that user's are being read; *ret_fd is -1 then.
 */
enum pk_status passed_pipe(int fd, int *ret_fd) PK_WARN_UNUSED;

/*
 * Takes a connected stream socket. *ret_fd: one end of a pair of our own; what is said there is
 * said to the other side of fd, and the reverse, until either is closed. Descriptors are not handed
 * on. Failures as above.
 */
enum pk_status passed_socket(int fd, int *ret_fd) PK_WARN_UNUSED;

#endif
