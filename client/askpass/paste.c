/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/paste.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#define END_OF_TYPING 4 /* Control-D */
/* The request, and what was copied with it. */
#define PASTE_MAX (4 * PK_FORWARD_REQUEST_MAX)

enum pk_status askpass_paste_find(struct pk_view text, struct pk_view *ret_line)
{
    enum pk_status found = PK_NOT_FOUND;

    while (text.len > 0) {
        struct pk_view line;

        if (pk_forward_request_find(pk_text_take_line(&text), &line) == PK_OK) {
            *ret_line = line;
            found = PK_OK;
        }
    }
    return found;
}

static bool has_whole_request(const struct pk_writer *pasted)
{
    struct pk_view line;

    return pasted->len > 0 && pasted->data[pasted->len - 1] == '\n' &&
           askpass_paste_find((struct pk_view){pasted->data, pasted->len}, &line) == PK_OK;
}

/* Byte by byte from a terminal, so that nothing behind the request is taken from the shell. */
static enum pk_status read_paste(int fd, bool typed, const struct terminal *terminal,
                                 struct pk_writer *pasted)
{
    uint8_t buffer[4096];

    while (pasted->status == PK_OK) {
        struct pollfd events[] = {{.fd = fd, .events = POLLIN},
                                  {.fd = terminal->cancel_fd, .events = POLLIN}};
        ssize_t got;

        if (poll(events, 2, -1) < 0 && errno != EINTR)
            return PK_IO;
        if (terminal_interrupted(terminal))
            return PK_CANCELLED;
        if (!events[0].revents)
            continue;
        got = read(fd, buffer, typed ? 1 : sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return PK_IO;
        if (got == 0 || (typed && buffer[0] == END_OF_TYPING))
            return PK_OK;
        pk_writer_put(pasted, (struct pk_view){buffer, (size_t)got});
        if (typed && buffer[0] == '\n' && has_whole_request(pasted))
            return PK_OK;
    }
    return pasted->status;
}

static enum pk_status read_typed(int fd, const struct terminal *terminal, struct pk_writer *pasted)
{
    struct termios before, unlimited;
    enum pk_status status;

    if (tcgetattr(fd, &before) < 0)
        return PK_IO;
    unlimited = before;
    unlimited.c_lflag &= ~(tcflag_t)ICANON;
    unlimited.c_cc[VMIN] = 1;
    unlimited.c_cc[VTIME] = 0;
    unlimited.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(fd, TCSADRAIN, &unlimited) < 0)
        return PK_IO;
    /* Not before: what is pasted until then would be cut. */
    (void)fprintf(stderr, "Paste the request (a line that begins with \"passkey2:\"), then press "
                          "Enter:\n");
    status = read_paste(fd, true, terminal, pasted);
    (void)tcsetattr(fd, TCSADRAIN, &before);
    return status;
}

enum pk_status askpass_paste_read(int fd, const struct terminal *terminal,
                                  struct pk_forward_request *ret)
{
    PK_AUTO_WRITER struct pk_writer pasted = pk_writer_new(PASTE_MAX);
    struct pk_view line;
    enum pk_status status =
        isatty(fd) ? read_typed(fd, terminal, &pasted) : read_paste(fd, false, terminal, &pasted);

    if (status == PK_OK)
        status = askpass_paste_find((struct pk_view){pasted.data, pasted.len}, &line);
    return status == PK_OK ? pk_forward_request_decode(line, ret) : status;
}
