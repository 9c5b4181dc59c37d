/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input, by lines. */
#ifndef CLIENT_CTL_VERIFY_LINES_H
#define CLIENT_CTL_VERIFY_LINES_H

#include "common/base/bytes.h"

struct verify_lines {
    uint8_t *line; /* room for PK_JSON_LINE_MAX bytes */
    uint8_t block[65536];
    struct pk_view left; /* of the block */
    bool failed;
};

/*
 * The next line without its newline, borrowed; false at the end of the input. One that is longer
 * than PK_JSON_LINE_MAX comes out empty, which is no JSON either. Standard output is flushed before
 * more input is waited for, because its writer may wait for results.
 */
bool verify_lines_next(struct verify_lines *lines, struct pk_view *ret);

/* Whether there is something to be read at once. */
bool verify_lines_waiting(const struct verify_lines *lines);

#endif
