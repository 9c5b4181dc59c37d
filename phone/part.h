/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of this program: processes that are forked before anything is heard, each with one
 * socket to the session, and what is said on it, a packet at a time (SOCK_SEQPACKET).
 */
#ifndef PHONE_PART_H
#define PHONE_PART_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

enum part_word {
    /* to a part */
    PART_KEY = 'K',   /* radio: the key of the adverts */
    PART_DIAL = 'D',  /* dialler: a tunnel's number, two bytes, big endian */
    PART_SPEAK = 'S', /* tunnel: an advert's plaintext, with the descriptor of its connection */
    /* from a part */
    PART_SCANS = 'R',   /* radio: adverts will be heard from now on */
    PART_HEARD = 'H',   /* radio: an advert's plaintext */
    PART_LOST = 'L',    /* radio: nothing will be heard any more; the name of a status */
    PART_DIALLED = 'C', /* dialler: with the descriptor of the connection; without one: none */
    PART_FRAME = 'F',   /* tunnel: a frame of the program's, without its length */
};

#define PART_PACKET_MAX (PK_FRAME_MAX + 1)

/* payload borrows from the buffer of part_receive(). */
struct part_packet {
    enum part_word word;
    struct pk_view payload;
    int fd; /* -1: none; the receiver's to close */
};

/* PK_IO: the other side is gone, or takes no more. PK_TOO_LARGE. */
enum pk_status part_send(int socket, enum part_word word, struct pk_view payload,
                         int fd) PK_WARN_UNUSED;

/*
 * Waits for the next packet. buffer has PART_PACKET_MAX bytes. PK_CANCELLED: the other side has
 * ended. PK_PROTOCOL: what came is no packet.
 */
enum pk_status part_receive(int socket, uint8_t *buffer, struct part_packet *ret) PK_WARN_UNUSED;

/*
 * Forks a process that keeps standard error and the one socket, calls run() and exits with 0. The
 * result is the session's end of it. PK_NO_MEMORY: there is no process, or no descriptor.
 */
enum pk_status part_start(void (*run)(int socket, const void *data), const void *data,
                          int *ret) PK_WARN_UNUSED;

/* Lets go of standard error: often the journal, where a part would pass for the daemon. */
void part_close_log(void);

#endif
