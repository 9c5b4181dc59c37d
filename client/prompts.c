/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/prompts.h"

#include "client/terminal.h"

#include <stdio.h>
#include <string.h>

static enum pk_status info(void *context, const char *event, const char *text)
{
    (void)context;
    return terminal_info(event, text);
}

static enum pk_status error(void *context, const char *reason, const char *text)
{
    (void)context;
    (void)reason;
    return terminal_error(text);
}

/*
 * Without a terminal the question is declined, and the daemon decides what follows. The first line
 * of a question says what it is about.
 */
static enum pk_status decline(enum pk_status status, const char *text)
{
    if (status != PK_UNAVAILABLE)
        return status;
    (void)fprintf(stderr, "%.*s (there is no terminal to ask on)\n", (int)strcspn(text, "\n"),
                  text);
    return PK_CANCELLED;
}

static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    /* A stranger's phone may have read the code: no letter that was typed before says whose it is.
     */
    if (strcmp(event, "phone-confirm") == 0)
        terminal_discard();
    return decline(terminal_ask(context, text, ret_answer), text);
}

static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    (void)event;
    return decline(terminal_ask_secret(context, text, ret_answer), text);
}

const struct pk_prompt_ops terminal_prompt_ops = {
    .info = info, .error = error, .ask = ask, .ask_secret = ask_secret};
