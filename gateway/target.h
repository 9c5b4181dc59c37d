/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target of a request line (RFC 9112 section 3.2.1), "/path?arguments", decoded once: the
 * segments of its path and its arguments. There is one way to write each path: whatever another
 * program could read in another way is refused.
 */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "common/base/status.h"

#include <stddef.h>

#define TARGET_MAX           4096 /* bytes, as it was sent */
#define TARGET_SEGMENTS_MAX  16
#define TARGET_ARGUMENTS_MAX 16

struct target {
    char *text; /* that the others point into */
    const char *segments[TARGET_SEGMENTS_MAX];
    size_t segment_count; /* of "/": 0 */
    struct {
        const char *name;
        const char *value;
    } arguments[TARGET_ARGUMENTS_MAX];
    size_t argument_count;
};

/*
 * PK_TOO_LARGE: longer or of more parts than is taken. PK_INVALID_INPUT: not an absolute path, an
 * empty segment but the last one, "." or "..", an octet that RFC 3986 does not allow as it stands,
 * an escape that is none or that hides a '/', a '\\', a control character or what is no UTF-8, an
 * argument that comes twice. PK_NO_MEMORY. *ret is the caller's to clear.
 */
enum pk_status target_read(const char *raw, struct target *ret) PK_WARN_UNUSED;
void target_clear(struct target *target);

/* The first argument of that name; NULL: none. */
const char *target_argument(const struct target *target, const char *name);

#endif
