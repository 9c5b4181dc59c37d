/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To close a descriptor that somebody passed can take as long as they like: their file system
 * (FUSE) has to answer, and a socket that is closed closes what is on its way in it. libdbus closes
 * where it sees fit, hence close() of this program is defined in descriptors.c: what the event loop
 * closes is closed by threads, a few for each user. Used in the event loop only.
 */
#ifndef PASSKEYD_DESCRIPTORS_H
#define PASSKEYD_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/* In the place of a uid: what arrives over the system bus, which does not say from whom. */
#define DESCRIPTORS_OF_BUS ((uid_t)-5)

/*
 * From now on close() in the thread that calls this, which runs the event loop, leaves the work to
 * threads, and succeeds at once. Until then, and in any other thread, it is libc's. To be called
 * before there is anybody who could pass something.
 */
void descriptors_guard(void);

/* Whether this is that thread. */
bool descriptors_guarded(void);

/*
 * Whose the descriptors are that the event loop closes from now on: to be set around whatever
 * handles a caller's input, and set back to what it was, which is returned. At first they are
 * root's, the daemon's own.
 */
uid_t descriptors_charge(uid_t owner);

/*
 * This one was passed by whom descriptors are charged to now, who pays for its closing, whenever
 * that is and whatever it then belongs to. -1: none.
 */
void descriptors_take(int fd);

/* Whose it is; from now on it is another thread's, which closes it. */
uid_t descriptors_give(int fd);

/*
 * A connection that the daemon has accepted, whose descriptor nobody else has: once it has ended it
 * is closed at once, without a thread.
 */
void descriptors_mark_connection(int fd);

/*
 * Closes at once what the daemon has made, and nobody else has yet: the end of a pipe whose other
 * end is passed on, so that the reader sees the end of it. Never for what was passed: whoever holds
 * the pipe's lock in the kernel, or watches it, would be waited for.
 */
void descriptors_close_own(int fd);

/*
 * Whether more of that user's are not closed yet than anybody needs: nothing further should be
 * received from them. Never true of root and of the bus.
 */
bool descriptors_too_many(uid_t owner);

/*
 * Whether fd is a pipe, a socket of this machine's or a file in memory, which are all that calls
 * have a use for. Whose file it is is not asked, which could take as long as to close it.
 */
bool descriptor_is_welcome(int fd);

#endif
