/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/log.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/quote.h"
#include "common/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAG_MAX 48

static struct {
    const char *program;
    bool to_stderr;
    _Atomic bool debug;
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

static void write_line(int priority, const char *before, size_t number, const char *text,
                       size_t len)
{
    char mark[32] = "";

    if (number > 1)
        (void)snprintf(mark, sizeof(mark), "(part %zu) ", number);
    if (state.to_stderr)
        (void)fprintf(stderr, "%s: %s%s%.*s\n", state.program, before, mark, (int)len, text);
    else
        syslog(priority, "%s%s%.*s", before, mark, (int)len, text);
}

/* The "[id] " that a line begins with, so that what it goes on in can be found with it. */
static void find_tag(const char *text, char ret[TAG_MAX])
{
    size_t len = text[0] == '[' ? strcspn(text, "]") : 0;

    ret[0] = 0;
    if (len > 0 && len + 2 < TAG_MAX && text[len] == ']' && text[len + 1] == ' ')
        (void)snprintf(ret, TAG_MAX, "%.*s", (int)len + 2, text);
}

static void write_pieces(int priority, const char *text)
{
    char tag[TAG_MAX];
    size_t len = pk_text_piece(text, PK_LOG_LINE_MAX);

    find_tag(text, tag);
    write_line(priority, "", 1, text, len);
    for (size_t number = 2; text[len]; number++) {
        text += len;
        len = pk_text_piece(text, PK_LOG_LINE_MAX);
        write_line(priority, tag, number, text, len);
    }
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
    printable = pk_text_printable(line, PK_LOG_TEXT_MAX);
    if (printable)
        write_pieces(priority, printable);
}
