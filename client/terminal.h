/* SPDX-License-Identifier: BSD-2-Clause */
/* The person in front of the programs: what they are shown, asked, and how they interrupt. */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include "common/bus/conversation.h"

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

/* What the daemon says goes to standard error: standard output is for results. */
extern const struct pk_prompt_ops terminal_prompt_ops; /* context: struct terminal */

#endif
