/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a process of passkey-authenticator that is kept ready starts helpers, on a SOCK_SEQPACKET
 * socketpair that is its standard input: for each message of one byte with one descriptor
 * (SCM_RIGHTS), a helper's standard input and output, it answers with the pid of a new process, in
 * the order of the messages. That process is the caller's child, and no request of it has been seen
 * by the one that is kept. At the end of its input it exits.
 */
#ifndef PK_WIRE_START_H
#define PK_WIRE_START_H

#include <stdint.h>

#define PK_START_OPTION "--ready"
#define PK_START_BYTE   'S'

/* The answer, in the byte order of the machine. */
struct pk_started {
    int32_t pid;
};

#endif
