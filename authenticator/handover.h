/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the process that opened a key passes it to the one that talks to it: one message on a
 * SOCK_SEQPACKET socket with the bytes of the request and two descriptors, the frame socket and the
 * device. The other side answers HANDOVER_TAKEN once it is in its sandbox and has both; who started
 * it says its exit status, one byte, when it has ended.
 */
#ifndef AUTHENTICATOR_HANDOVER_H
#define AUTHENTICATOR_HANDOVER_H

#include "common/helper/channel.h"

/* Mode 0600 and of the daemon's user: passkey-authenticator.socket. */
#define HANDOVER_SOCKET "/run/passkeyd/authenticator.sock"
#define HANDOVER_TAKEN  'T'
/*
 * Passes the channel, with request put back before what has arrived, and the device to a process
 * of the server at HANDOVER_SOCKET, which runs as another user, and returns when that has ended:
 * PK_OK, or PK_IO when it failed. The channel and the device are closed then. PK_UNAVAILABLE: there
 * is no server that takes them, and both are as they were. PK_NO_MEMORY, PK_TOO_LARGE.
 */
enum pk_status handover(struct pk_channel *channel, const struct pk_frame *request,
                        int device) PK_WARN_UNUSED;

/* The other side: PK_IO when the socket has ended, PK_PROTOCOL for any other message. */
enum pk_status handover_receive(int socket, struct pk_channel *ret_channel,
                                int *ret_device) PK_WARN_UNUSED;

#endif
