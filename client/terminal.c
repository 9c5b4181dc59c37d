/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/terminal.h"

#include "common/base/limits.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#define ANSWER_MAX PK_SECRET_MAX

/* Written by the signal handler, read by nobody: one byte makes the other end readable for good. */
static int interrupt_pipe[2] = {-1, -1};

static void interrupt(int signal_number)
{
    int saved = errno;

    (void)signal_number;
    (void)!write(interrupt_pipe[1], "", 1);
    errno = saved;
}

enum pk_status terminal_prepare(struct terminal *terminal)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};

    terminal->cancel_fd = -1;
    if (pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return PK_IO;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction before;

        /* What nohup(1) and the shell's "&" have switched off stays off. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        if (sigaction(signals[i], &action, NULL) < 0)
            return PK_IO;
    }
    terminal->cancel_fd = interrupt_pipe[0];
    return PK_OK;
}

bool terminal_interrupted(const struct terminal *terminal)
{
    struct pollfd event = {.fd = terminal->cancel_fd, .events = POLLIN};

    return terminal->cancel_fd >= 0 && poll(&event, 1, 0) > 0;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t written = write(fd, text, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        left -= (size_t)written;
    }
    return true;
}

/* One line, without its end, into a buffer with room for ANSWER_MAX bytes and a NUL. */
static enum pk_status read_line(const struct terminal *terminal, int tty, uint8_t *buffer,
                                size_t *ret_len)
{
    size_t used = 0;

    for (;;) {
        struct pollfd events[] = {{.fd = tty, .events = POLLIN},
                                  {.fd = terminal->cancel_fd, .events = POLLIN}};
        ssize_t got;
        uint8_t byte;

        if (poll(events, 2, -1) < 0 && errno != EINTR)
            return PK_IO;
        if (terminal_interrupted(terminal))
            return PK_CANCELLED;
        if (!events[0].revents)
            continue;
        got = read(tty, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return PK_CANCELLED;
        if (byte == '\n' || byte == '\r')
            break;
        if (used == ANSWER_MAX)
            return PK_TOO_LARGE;
        buffer[used++] = byte;
    }
    buffer[used] = 0;
    *ret_len = used;
    return PK_OK;
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

enum pk_status terminal_ask(const struct terminal *terminal, const char *question,
                            char **ret_answer)
{
    PK_AUTO_CLOSE int tty = open_terminal();
    uint8_t line[ANSWER_MAX + 1];
    size_t len;
    enum pk_status status;

    if (tty < 0)
        return PK_UNAVAILABLE;
    if (!write_all(tty, question) || !write_all(tty, " "))
        return PK_IO;
    status = read_line(terminal, tty, line, &len);
    if (status != PK_OK)
        return status;
    *ret_answer = strndup((const char *)line, len);
    return *ret_answer ? PK_OK : PK_NO_MEMORY;
}

/* Reads a line with the echo off, and puts the terminal back whatever happened. */
static enum pk_status read_hidden(const struct terminal *terminal, int tty, uint8_t *buffer,
                                  size_t *ret_len)
{
    struct termios before, hidden;
    enum pk_status status;

    if (tcgetattr(tty, &before) < 0)
        return PK_IO;
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    /* A stop with the echo off would leave the shell without it. */
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(tty, TCSAFLUSH, &hidden) < 0)
        return PK_IO;
    status = read_line(terminal, tty, buffer, ret_len);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)write_all(tty, "\n");
    return status;
}

enum pk_status terminal_ask_secret(const struct terminal *terminal, const char *question,
                                   struct pk_secret *ret_answer)
{
    PK_AUTO_SECRET struct pk_secret line = {0};
    PK_AUTO_CLOSE int tty = open_terminal();
    size_t len;
    enum pk_status status;

    if (tty < 0)
        return PK_UNAVAILABLE;
    status = pk_secret_new(ANSWER_MAX, &line);
    if (status != PK_OK)
        return status;
    if (!write_all(tty, question) || !write_all(tty, " "))
        return PK_IO;
    status = read_hidden(terminal, tty, line.data, &len);
    if (status != PK_OK)
        return status;
    return pk_secret_copy((struct pk_view){line.data, len}, ret_answer);
}

enum pk_status terminal_confirm(const struct terminal *terminal, const char *question)
{
    PK_AUTO_FREE char *full = pk_text_format("%s [y/N]", question);
    PK_AUTO_FREE char *answer = NULL;
    enum pk_status status;

    if (!full)
        return PK_NO_MEMORY;
    status = terminal_ask(terminal, full, &answer);
    if (status != PK_OK)
        return status;
    return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0 ? PK_OK : PK_DENIED;
}

/* https://no-color.org: any non-empty value switches colour off. */
static bool colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return !(no_color && *no_color) && term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO);
}

static enum pk_status show(const char *on, const char *text)
{
    bool coloured = colour();

    return fprintf(stderr, "%s%s%s\n", coloured ? on : "", text, coloured ? "\033[0m" : "") < 0
               ? PK_IO
               : PK_OK;
}

static enum pk_status info(void *context, const char *event, const char *text)
{
    (void)context;
    return show(strcmp(event, "touch") == 0 ? "\033[1m" : "", text);
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    (void)context;
    (void)reason;
    return show("\033[31m", text);
}

static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    (void)event;
    return terminal_ask(context, text, ret_answer);
}

/* Where there is nobody to ask, the question is declined and the daemon says what follows. */
static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    enum pk_status status = terminal_ask_secret(context, text, ret_answer);

    (void)event;
    if (status != PK_UNAVAILABLE)
        return status;
    (void)fprintf(stderr, "%s (there is no terminal to ask on)\n", text);
    return PK_CANCELLED;
}

const struct pk_prompt_ops terminal_prompt_ops = {
    .info = info, .error = error, .ask = ask, .ask_secret = ask_secret};
