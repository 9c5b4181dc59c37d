/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole reads and writes of a descriptor, and what this host is called. */
#ifndef PK_BASE_IO_H
#define PK_BASE_IO_H

#include "common/base/bytes.h"
#include "common/base/limits.h"

/* Writes everything, however many calls it takes; for blocking descriptors. PK_IO. */
enum pk_status pk_write_all(int fd, struct pk_view bytes) PK_WARN_UNUSED;

/* Reads until the end or until the buffer is full, whichever comes first. PK_IO. */
enum pk_status pk_read_all(int fd, void *buffer, size_t size, size_t *ret_len) PK_WARN_UNUSED;

/* The host's name by gethostname(2), as pk_text_printable() shows it; empty if that fails. */
struct pk_host_name {
    char text[PK_RP_ID_MAX + 1];
};
struct pk_host_name pk_host_name(void);

#endif
