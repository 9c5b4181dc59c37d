/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/give_up.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LINE_SIZE 256 /* of what is read at once */
#define LINES_MAX 64  /* a terminal keeps 4096 bytes */

/* In the background, reading would stop the process. */
static bool in_foreground(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

/* By reading: tcflush() would take a Ctrl-C away that the terminal has not looked at yet. */
static void discard_lines(int fd)
{
    char lines[LINE_SIZE];

    for (unsigned i = 0; i < LINES_MAX && read(fd, lines, sizeof(lines)) > 0; i++)
        explicit_bzero(lines, sizeof(lines));
}

/*
 * What is readable when there is news of the terminal: in the background a line may stay there for
 * as long as the program in the foreground likes, and must not wake this one again and again.
 */
static int news_of(int terminal)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, terminal, &event)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void pk_give_up_open(struct pk_give_up *give_up)
{
    /* A description of its own: that it does not block is nobody else's concern. */
    int terminal = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    pk_give_up_close(give_up);
    if (terminal < 0)
        return;
    if (in_foreground(terminal)) {
        discard_lines(terminal);
        give_up->fd = news_of(terminal);
    }
    if (give_up->fd >= 0)
        give_up->terminal = terminal;
    else
        (void)close(terminal);
}

bool pk_give_up_typed(struct pk_give_up *give_up)
{
    struct epoll_event news;
    char line[LINE_SIZE];
    ssize_t got;
    bool whole;

    if (give_up->fd < 0)
        return false;
    (void)epoll_wait(give_up->fd, &news, 1, 0); /* fd is not readable before there is more */
    if (!in_foreground(give_up->terminal))
        return false;
    got = read(give_up->terminal, line, sizeof(line));
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
    if (give_up->fd >= 0) {
        (void)close(give_up->fd);
        (void)close(give_up->terminal);
    }
    give_up->fd = -1;
}
