/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/give_up.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_SIZE 256 /* of what is read at once */

/* In the background, reading would stop the process. */
static bool in_foreground(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

void pk_give_up_open(struct pk_give_up *give_up)
{
    /* A description of its own: that it does not block is nobody else's concern. */
    give_up->fd = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (give_up->fd < 0)
        return;
    if (!in_foreground(give_up->fd) || tcflush(give_up->fd, TCIFLUSH) < 0)
        pk_give_up_close(give_up);
}

bool pk_give_up_typed(struct pk_give_up *give_up)
{
    char line[LINE_SIZE];
    ssize_t got;
    bool whole;

    if (give_up->fd < 0 || !in_foreground(give_up->fd))
        return false;
    got = read(give_up->fd, line, sizeof(line));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) { /* hung up, or the end of the input */
        pk_give_up_close(give_up);
        return false;
    }
    whole = line[got - 1] == '\n' || line[got - 1] == '\r';
    explicit_bzero(line, sizeof(line)); /* it may be a password that was typed too early */
    return whole;
}

void pk_give_up_close(struct pk_give_up *give_up)
{
    if (give_up->fd >= 0)
        (void)close(give_up->fd);
    give_up->fd = -1;
}
