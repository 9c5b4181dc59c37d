/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the process that opened a key passes it to the one that talks to it: one message on a
 * SOCK_SEQPACKET socket with the bytes of the request and two descriptors, the frame socket and the
 * device. The other side answers HANDOVER_TAKEN once it is in its sandbox and has both; who started
 * it says its exit status, one byte, when it has ended.
 */
#ifndef AUTHENTICATOR_HANDOVER_H
#define AUTHENTICATOR_HANDOVER_H

#include "authenticator/channel.h"

/* Mode 0600 and of the daemon's user: passkey-authenticator.socket. */
#define HANDOVER_SOCKET "/run/passkeyd/authenticator.sock"
#define HANDOVER_TAKEN  'T'
/* The argument that makes this program a process for one key, on a socket that is its input. */
#define HANDOVER_OPTION "--key"

/*
 * Passes the channel, with request put back before what has arrived, and the device to a process
 * of its own: one of the server at HANDOVER_SOCKET, as another user, where there is one that takes
 * it. Then this returns when that process has ended: PK_OK, or PK_IO when it failed. Otherwise it
 * becomes this process, and there is no return. PK_INTERNAL, PK_NO_MEMORY: neither can be done.
 */
enum pk_status handover(struct channel *channel, const struct pk_frame *request,
                        int device) PK_WARN_UNUSED;

/* The other side: PK_IO when the socket has ended, PK_PROTOCOL for any other message. */
enum pk_status handover_receive(int socket, struct channel *ret_channel,
                                int *ret_device) PK_WARN_UNUSED;

#endif
