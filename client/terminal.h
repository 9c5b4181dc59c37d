/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's terminal: messages, questions and interruption. */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include "common/base/bytes.h"

#include <termios.h>

struct terminal {
    int cancel_fd; /* readable once the person has interrupted; -1: not prepared */
};

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT make cancel_fd readable instead of ending the
 * process, so that a terminal whose echo is off is always put back. Once per process. PK_IO.
 */
enum pk_status terminal_prepare(struct terminal *terminal) PK_WARN_UNUSED;
bool terminal_interrupted(const struct terminal *terminal);

/*
 * Asks on /dev/tty, whatever standard input is. PK_UNAVAILABLE where there is no terminal,
 * PK_CANCELLED on end of file or interruption, PK_TOO_LARGE. The secret is not echoed.
 */
enum pk_status terminal_ask(const struct terminal *terminal, const char *question,
                            char **ret_answer) PK_WARN_UNUSED;
enum pk_status terminal_ask_secret(const struct terminal *terminal, const char *question,
                                   struct pk_secret *ret_answer) PK_WARN_UNUSED;

/* Asks for yes or no. PK_OK is yes; PK_DENIED is everything else that was answered. */
enum pk_status terminal_confirm(const struct terminal *terminal,
                                const char *question) PK_WARN_UNUSED;

/* What has been typed so far is the answer to no later question. */
void terminal_discard(void);

/*
 * The same for a program with an event loop of its own: while the question stands, fd is readable
 * when there is something to read.
 */
struct terminal_question {
    int fd; /* /dev/tty; -1: closed */
    struct termios before;
    bool echo_off;
    struct pk_secret line; /* the first len bytes are what was read so far */
    size_t len;
    bool answered; /* the line is whole */
};

/* Writes the question; secret: switches the echo off. PK_UNAVAILABLE, PK_IO, PK_NO_MEMORY. */
enum pk_status terminal_question_open(const char *text, bool secret,
                                      struct terminal_question *ret) PK_WARN_UNUSED;
/* Reads what does not block. PK_CANCELLED on end of file, PK_TOO_LARGE. */
enum pk_status terminal_question_read(struct terminal_question *question) PK_WARN_UNUSED;
/* Puts the terminal back; what was typed and not read is discarded if the echo was off. */
void terminal_question_close(struct terminal_question *question);

/*
 * Whether a QR code of 24 lines can be seen on standard error: a terminal with UTF-8, as the
 * program's locale says, that is large enough.
 */
bool terminal_shows_codes(void);

/*
 * Undoes on standard error what somebody else's output has done to the terminal, and what would
 * hide parts of what follows: colours, character sets, margins. Nothing where TERM is dumb.
 */
void terminal_reset(void);

/*
 * Lines on standard error: standard output is for results. event: "touch" stands out, and the rows
 * of a "qr-code", which follow a line of text (common/keys/qr_code.h), are dark on light whatever
 * the terminal's background. PK_IO.
 */
enum pk_status terminal_info(const char *event, const char *text) PK_WARN_UNUSED;
enum pk_status terminal_error(const char *text) PK_WARN_UNUSED;

#endif
