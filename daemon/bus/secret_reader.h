/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a secret that a caller passed as a descriptor, beside the event loop. Only pipes and memfds
 * are accepted. A pipe is read by a thread, of which each user has a few: a caller that never
 * closes its end, or holds its lock in the kernel, delays only its own conversation.
 */
#ifndef PASSKEYD_SECRET_READER_H
#define PASSKEYD_SECRET_READER_H

#include "common/base/bytes.h"

struct event_base;
struct secret_reader;

/* secret is wiped by the reader after the call. PK_TOO_LARGE, PK_INVALID_INPUT, PK_IO. */
typedef void secret_reader_done(void *data, enum pk_status status, struct pk_secret *secret);

/*
 * Takes fd, also when it fails. done is called once, from the event loop, unless the reader is
 * freed first. One trailing newline is dropped. PK_INVALID_INPUT for any other kind of descriptor,
 * PK_NO_MEMORY where too many of that user's pipes are being read.
 */
enum pk_status secret_reader_new(struct event_base *base, int fd, secret_reader_done *done,
                                 void *data, struct secret_reader **ret) PK_WARN_UNUSED;
/* Before the loop goes on: the secret may be that long, and at most PK_SHARED_KEY_MAX bytes. */
void secret_reader_allow(struct secret_reader *reader, size_t max);
void secret_reader_free(struct secret_reader *reader);

/*
 * The other way: a pipe that holds the secret and whose writing end is closed; -1: no descriptor,
 * or too large.
 */
int secret_pipe(const struct pk_secret *secret) PK_WARN_UNUSED;

#endif
