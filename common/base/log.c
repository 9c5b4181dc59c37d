/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/log.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
    const char *program;
    bool to_stderr;
    bool debug;
} state = {"passkey", true, false};

void pk_log_open(const char *program, bool to_stderr, bool debug)
{
    state.program = program;
    state.to_stderr = to_stderr;
    state.debug = debug;
    if (!to_stderr)
        openlog(program, LOG_PID, LOG_AUTHPRIV);
}

void pk_log_set_debug(bool debug)
{
    state.debug = debug;
}

void pk_log(int priority, const char *format, ...)
{
    PK_AUTO_FREE char *line = NULL;
    PK_AUTO_FREE char *printable = NULL;
    va_list arguments;
    int len;

    if (priority > LOG_INFO && !state.debug)
        return;
    va_start(arguments, format);
    len = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (len < 0) {
        line = NULL;
        return;
    }
    printable = pk_text_printable(line, PK_LOG_LINE_MAX);
    if (!printable)
        return;
    if (state.to_stderr)
        (void)fprintf(stderr, "%s: %s\n", state.program, printable);
    else
        syslog(priority, "%s", printable);
}
