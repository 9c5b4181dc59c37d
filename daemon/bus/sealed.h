/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that a caller hands over in a memfd that nobody can change any more: reading them never
 * waits, and never finds another content or size than the first time.
 */
#ifndef PASSKEYD_SEALED_H
#define PASSKEYD_SEALED_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/*
 * The content, until sealed_unmap(). fd stays the caller's. PK_INVALID_INPUT for a descriptor that
 * is no memfd sealed against writing, growing and shrinking, or is empty; PK_TOO_LARGE over max
 * bytes; PK_NO_MEMORY.
 */
enum pk_status sealed_map(int fd, size_t max, struct pk_view *ret) PK_WARN_UNUSED;
/* The other way: such a memfd that holds a copy; the caller's to close; -1 with errno. */
int sealed_new(struct pk_view content) PK_WARN_UNUSED;
void sealed_unmap(struct pk_view *content);
#define AUTO_SEALED __attribute__((cleanup(sealed_unmap)))

#endif
