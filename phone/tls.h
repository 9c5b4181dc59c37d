/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS on a connection that somebody else made: the one place of libssl. */
#ifndef PHONE_TLS_H
#define PHONE_TLS_H

#include "common/base/bytes.h"

struct tls;

/*
 * For every process of this program, before anything else of OpenSSL is used: no configuration
 * file, so that no module is loaded that somebody configured for other programs.
 */
void tls_begin(void);

/*
 * What every session needs that is loaded from files: before the sandbox. ca_file: a PEM file of
 * the certificates to trust; NULL or empty: the system's. PK_NOT_FOUND: it has none; PK_NO_MEMORY.
 */
enum pk_status tls_prepare(const char *ca_file) PK_WARN_UNUSED;

/*
 * Greets the server at the other end of fd, a socket that does not block and is the result's from
 * now on, also where it fails. deadline, as that of the other functions: of
 * pk_clock_monotonic_ms(). PK_DENIED: its certificate is not one of that host that is trusted.
 * PK_IO: it ended or broke the protocol. PK_TIMEOUT, PK_NO_MEMORY.
 */
enum pk_status tls_open(int fd, const char *host, int64_t deadline,
                        struct tls **ret) PK_WARN_UNUSED;

/* Writes all of it. PK_IO, PK_TIMEOUT. */
enum pk_status tls_write(struct tls *tls, struct pk_view bytes, int64_t deadline) PK_WARN_UNUSED;

/*
 * Reads what is there, at least a byte. PK_IO: also the end. PK_TIMEOUT: once the deadline is over,
 * also where something is there.
 */
enum pk_status tls_read(struct tls *tls, uint8_t *buffer, size_t size, int64_t deadline,
                        size_t *ret_len) PK_WARN_UNUSED;

/* Says that nothing more comes, if that can be said at once, and closes. NULL is taken. */
void tls_close(struct tls *tls);

#endif
