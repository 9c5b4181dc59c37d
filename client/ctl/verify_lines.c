/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/verify_lines.h"

#include "common/base/limits.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_block(struct verify_lines *lines)
{
    ssize_t got;

    (void)fflush(stdout);
    do
        got = read(STDIN_FILENO, lines->block, sizeof(lines->block));
    while (got < 0 && errno == EINTR);
    lines->failed = got < 0;
    lines->left = (struct pk_view){lines->block, got > 0 ? (size_t)got : 0};
    return got > 0;
}

bool verify_lines_next(struct verify_lines *lines, struct pk_view *ret)
{
    size_t len = 0;
    bool fits = true, some = false;
    const uint8_t *newline = NULL;

    while (!newline && (lines->left.len > 0 || read_block(lines))) {
        size_t taken;

        newline = memchr(lines->left.ptr, '\n', lines->left.len);
        taken = newline ? (size_t)(newline - lines->left.ptr) : lines->left.len;
        fits = fits && taken <= PK_JSON_LINE_MAX - len;
        if (fits) {
            memcpy(lines->line + len, lines->left.ptr, taken);
            len += taken;
        }
        some = true;
        taken += newline ? 1 : 0;
        lines->left = (struct pk_view){lines->left.ptr + taken, lines->left.len - taken};
    }
    *ret = (struct pk_view){lines->line, fits ? len : 0};
    return some;
}

bool verify_lines_waiting(const struct verify_lines *lines)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    return (lines->left.len > 0 && memchr(lines->left.ptr, '\n', lines->left.len)) ||
           poll(&input, 1, 0) != 0;
}
