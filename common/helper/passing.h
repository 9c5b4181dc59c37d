/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that bring descriptors along, on sockets of SOCK_SEQPACKET or SOCK_STREAM (unix(7)). */
#ifndef PK_HELPER_PASSING_H
#define PK_HELPER_PASSING_H

#include "common/base/bytes.h"

#include <sys/uio.h>

#define PK_PASSED_MAX 2 /* descriptors in a packet */

/*
 * Sends the pieces as one packet with count descriptors, one at least, which stay the caller's.
 * PK_IO: the other side is gone, or takes no more.
 */
enum pk_status pk_passing_send(int socket, struct iovec *pieces, size_t piece_count, const int *fds,
                               size_t count) PK_WARN_UNUSED;

/* len bytes came; the descriptors are the receiver's to close. */
struct pk_passed {
    size_t len;
    size_t count;
    int fds[PK_PASSED_MAX];
};

/*
 * Waits for the next packet. room: so many descriptors may come with it. PK_CANCELLED: the other
 * side has ended. PK_PROTOCOL: more came than there is room for, bytes or descriptors; what did is
 * closed.
 */
enum pk_status pk_passing_receive(int socket, uint8_t *buffer, size_t size, size_t room,
                                  struct pk_passed *ret) PK_WARN_UNUSED;

#endif
