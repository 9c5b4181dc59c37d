/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/terminal.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of a phone's code, with what is said beside it. */
#define CODE_ROWS    24
#define CODE_COLUMNS 60

/* Bytes: of a secret, or of anything else, which may be a line of a forwarded answer. */
#define ANSWER_MAX(question) ((question)->echo_off ? PK_SECRET_MAX : PK_ANSWER_MAX)

/* Written by the signal handler and never read, so that the other end stays readable. */
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

        /* Signals that nohup(1) or the shell's "&" made ignored stay ignored. */
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

/* --- one question ----------------------------------------------------------------------------- */

static enum pk_status switch_echo_off(struct terminal_question *question)
{
    struct termios without_echo;

    if (tcgetattr(question->fd, &question->before) < 0)
        return PK_IO;
    without_echo = question->before;
    without_echo.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    /* A stop with the echo off would leave the shell without it. */
    without_echo.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(question->fd, TCSAFLUSH, &without_echo) < 0)
        return PK_IO;
    question->echo_off = true;
    return PK_OK;
}

void terminal_discard(void)
{
    PK_AUTO_CLOSE int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd >= 0)
        (void)tcflush(fd, TCIFLUSH);
}

enum pk_status terminal_question_open(const char *text, bool secret, struct terminal_question *ret)
{
    struct terminal_question question = {
        .fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY),
    };
    enum pk_status status;

    if (question.fd < 0)
        return PK_UNAVAILABLE;
    status = pk_secret_new(PK_ANSWER_MAX, &question.line);
    /* First, as it discards what was typed: who answers at once would lose the answer. */
    if (!status && secret)
        status = switch_echo_off(&question);
    if (!status)
        status = pk_write_all(question.fd, pk_view_string(text));
    if (!status)
        status = pk_write_all(question.fd, pk_view_string(" "));
    if (status) {
        terminal_question_close(&question);
        return status;
    }
    *ret = question;
    return PK_OK;
}

enum pk_status terminal_question_read(struct terminal_question *question)
{
    uint8_t byte = 0;
    ssize_t got = read(question->fd, &byte, 1);

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return PK_OK;
    if (got <= 0)
        return PK_CANCELLED;
    if (byte == '\n' || byte == '\r')
        question->answered = true;
    else if (question->len < ANSWER_MAX(question))
        question->line.data[question->len++] = byte;
    else {
        /* Discards the rest, which the shell would read as a command. */
        (void)tcflush(question->fd, TCIFLUSH);
        return PK_TOO_LARGE;
    }
    return PK_OK;
}

void terminal_question_close(struct terminal_question *question)
{
    if (question->fd >= 0 && question->echo_off)
        (void)tcsetattr(question->fd, TCSAFLUSH, &question->before);
    if (question->fd >= 0 && (question->echo_off || !question->answered))
        (void)!pk_write_all(question->fd, pk_view_string("\n"));
    cleanup_close_fd(&question->fd);
    pk_secret_clear(&question->line);
}

/* Waits for the answer, or for an interruption. */
static enum pk_status wait_for(const struct terminal *terminal, struct terminal_question *question)
{
    enum pk_status status = PK_OK;

    while (!status && !question->answered) {
        struct pollfd events[] = {{.fd = question->fd, .events = POLLIN},
                                  {.fd = terminal->cancel_fd, .events = POLLIN}};

        if (poll(events, 2, -1) < 0 && errno != EINTR)
            return PK_IO;
        if (terminal_interrupted(terminal))
            return PK_CANCELLED;
        if (events[0].revents)
            status = terminal_question_read(question);
    }
    return status;
}

enum pk_status terminal_ask(const struct terminal *terminal, const char *text, char **ret_answer)
{
    struct terminal_question question = {.fd = -1};
    enum pk_status status = terminal_question_open(text, false, &question);

    if (status)
        return status;
    status = wait_for(terminal, &question);
    if (!status) {
        *ret_answer = strndup((const char *)question.line.data, question.len);
        status = *ret_answer ? PK_OK : PK_NO_MEMORY;
    }
    terminal_question_close(&question);
    return status;
}

enum pk_status terminal_ask_secret(const struct terminal *terminal, const char *text,
                                   struct pk_secret *ret_answer)
{
    struct terminal_question question = {.fd = -1};
    enum pk_status status = terminal_question_open(text, true, &question);

    if (status)
        return status;
    status = wait_for(terminal, &question);
    if (!status)
        status = pk_secret_copy((struct pk_view){question.line.data, question.len}, ret_answer);
    terminal_question_close(&question);
    return status;
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

bool terminal_shows_codes(void)
{
    struct winsize room = {0};

    if (!isatty(STDERR_FILENO) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return false;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &room) != 0)
        room = (struct winsize){0};
    return (room.ws_row == 0 || room.ws_row >= CODE_ROWS) &&
           (room.ws_col == 0 || room.ws_col >= CODE_COLUMNS);
}

/* Whether standard error is a terminal that does more than show lines. */
static bool is_capable(void)
{
    const char *term = getenv("TERM");

    return term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO);
}

/* DECSTR, which leaves the cursor where it is and the screen as it is. */
void terminal_reset(void)
{
    if (is_capable())
        (void)fputs("\033[!p", stderr);
}

/* https://no-color.org: any non-empty value switches colour off. */
static bool colour(void)
{
    const char *no_color = getenv("NO_COLOR");

    return !(no_color && *no_color) && is_capable();
}

static enum pk_status show(const char *on, const char *text)
{
    bool coloured = colour();

    return fprintf(stderr, "%s%s%s\n", coloured ? on : "", text, coloured ? "\033[0m" : "") < 0
               ? PK_IO
               : PK_OK;
}

/*
 * The title as it is, and the rows below it in colours of their own: many phones read no code that
 * is light on dark, and the rows alone are that on a light background. The margin, which is light,
 * says which part of them is.
 */
static enum pk_status show_code(const char *text)
{
    const char *row = strchr(text, '\n');
    const char *on;

    if (!row || !colour())
        return show("", text);
    on = row[1] == ' ' ? "\033[30;107m" : "\033[97;40m";
    if (fprintf(stderr, "%.*s\n", (int)(row - text), text) < 0)
        return PK_IO;
    while (row) {
        const char *begin = row + 1;

        row = strchr(begin, '\n');
        if (fprintf(stderr, "%s%.*s\033[0m\n", on, row ? (int)(row - begin) : (int)strlen(begin),
                    begin) < 0)
            return PK_IO;
    }
    return PK_OK;
}

enum pk_status terminal_info(const char *event, const char *text)
{
    if (strcmp(event, "qr-code") == 0)
        return show_code(text);
    return show(strcmp(event, "touch") == 0 ? "\033[1m" : "", text);
}

enum pk_status terminal_error(const char *text)
{
    return show("\033[31m", text);
}
