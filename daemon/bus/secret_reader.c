/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/secret_reader.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "daemon/bus/descriptors.h"
#include "daemon/bus/passed.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct secret_reader {
    int fd; /* a memfd, or the reading end of our own pipe, into which a passed one is emptied */
    bool is_pipe;
    struct event *event;
    struct pk_secret secret; /* PK_SHARED_KEY_MAX bytes allocated */
    size_t max;              /* bytes that it may be */
    size_t used;
    secret_reader_done *done;
    void *data;
};

void secret_reader_free(struct secret_reader *reader)
{
    if (reader->event)
        event_free(reader->event);
    pk_secret_clear(&reader->secret);
    cleanup_close_fd(&reader->fd);
    free(reader);
}

static void finish(struct secret_reader *reader, enum pk_status status)
{
    PK_AUTO_SECRET struct pk_secret secret = reader->secret;
    secret_reader_done *done = reader->done;
    void *data = reader->data;

    reader->secret = (struct pk_secret){0};
    secret.len = reader->used;
    if (secret.len > 0 && secret.data[secret.len - 1] == '\n')
        secret.len--;
    secret.data[secret.len] = '\0';
    secret_reader_free(reader);
    done(data, status, &secret);
}

/* Neither blocks: memfds are read at offsets, and our own pipe is nobody else's. */
static ssize_t read_some(struct secret_reader *reader, uint8_t *buffer, size_t len)
{
    return reader->is_pipe ? read(reader->fd, buffer, len)
                           : pread(reader->fd, buffer, len, (off_t)reader->used);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct secret_reader *reader = data;
    uint8_t excess;
    ssize_t got;

    (void)fd, (void)what;
    do {
        size_t free_bytes = reader->max - reader->used;

        got = free_bytes ? read_some(reader, reader->secret.data + reader->used, free_bytes)
                         : read_some(reader, &excess, 1);
        if (got > 0 && !free_bytes) {
            finish(reader, PK_TOO_LARGE);
            return;
        }
        reader->used += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (got == 0)
        finish(reader, PK_OK);
    else if (errno != EAGAIN && errno != EINTR)
        finish(reader, PK_IO);
}

/* --- the reader ------------------------------------------------------------------------------- */

/*
 * Accepts pipes and memfds only. A regular file could be on a file system that never answers, not
 * even to fstat(); here only the kernel itself is asked, and no lock of the pipe's taken.
 */
static enum pk_status check_descriptor(struct secret_reader *reader)
{
    int flags = fcntl(reader->fd, F_GETFL);
    struct statx about = {0};

    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH))
        return PK_INVALID_INPUT;
    if (fcntl(reader->fd, F_GET_SEALS) >= 0)
        return PK_OK;
    reader->is_pipe =
        statx(reader->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &about) == 0 &&
        S_ISFIFO(about.stx_mode);
    return reader->is_pipe ? passed_pipe(reader->fd, &reader->fd) : PK_INVALID_INPUT;
}

enum pk_status secret_reader_new(struct event_base *base, int fd, secret_reader_done *done,
                                 void *data, struct secret_reader **ret)
{
    static const struct timeval at_once = {0, 0};
    struct secret_reader *reader = calloc(1, sizeof(*reader));
    enum pk_status status;

    if (!reader) {
        (void)close(fd);
        return PK_NO_MEMORY;
    }
    *reader = (struct secret_reader){.fd = fd, .max = PK_SECRET_MAX, .done = done, .data = data};
    status = check_descriptor(reader);
    if (!status)
        status = pk_secret_new(PK_SHARED_KEY_MAX, &reader->secret);
    if (!status) {
        reader->event = reader->is_pipe
                            ? event_new(base, reader->fd, EV_READ | EV_PERSIST, on_readable, reader)
                            : evtimer_new(base, on_readable, reader);
        if (!reader->event || event_add(reader->event, reader->is_pipe ? NULL : &at_once))
            status = PK_NO_MEMORY;
    }
    if (status) {
        secret_reader_free(reader);
        return status;
    }
    *ret = reader;
    return PK_OK;
}

void secret_reader_allow(struct secret_reader *reader, size_t max)
{
    reader->max = max < PK_SHARED_KEY_MAX ? max : PK_SHARED_KEY_MAX;
}

int secret_pipe(const struct pk_secret *secret)
{
    int ends[2];
    ssize_t written;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -1;
    written = write(ends[1], secret->data, secret->len);
    descriptors_close_own(ends[1]);
    /* The reading end is made blocking, which readers expect. */
    if (written == (ssize_t)secret->len && fcntl(ends[0], F_SETFL, 0) == 0)
        return ends[0];
    (void)close(ends[0]);
    return -1;
}
