/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/secret_reader.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>

struct secret_reader {
    int fd;
    bool is_pipe;
    int own[2]; /* our own pipe, into which data is spliced from fd before it is read; -1: unused */
    struct event *event;
    struct pk_secret secret; /* PK_SECRET_MAX bytes allocated */
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
    cleanup_close_fd(&reader->own[0]);
    cleanup_close_fd(&reader->own[1]);
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

/*
 * O_NONBLOCK is a property of the open file description, which the caller shares and could clear
 * again; splice() with its own flag does not depend on it. memfds are read at offsets and never
 * block.
 */
static ssize_t read_some(struct secret_reader *reader, uint8_t *buffer, size_t len)
{
    ssize_t moved;

    if (!reader->is_pipe)
        return pread(reader->fd, buffer, len, (off_t)reader->used);
    moved = splice(reader->fd, NULL, reader->own[1], NULL, len, SPLICE_F_NONBLOCK);
    return moved > 0 ? read(reader->own[0], buffer, (size_t)moved) : moved;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct secret_reader *reader = data;
    uint8_t excess;
    ssize_t got;

    (void)fd, (void)what;
    do {
        size_t free_bytes = PK_SECRET_MAX - reader->used;

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

/*
 * Accepts pipes and memfds only. A regular file could be on a file system that never answers, not
 * even to fstat(); these two fcntl() requests are answered by the kernel itself, and succeed only
 * for pipes and for files in memory.
 */
static enum pk_status check_descriptor(struct secret_reader *reader)
{
    int flags = fcntl(reader->fd, F_GETFL);

    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH))
        return PK_INVALID_INPUT;
    reader->is_pipe = fcntl(reader->fd, F_GETPIPE_SZ) > 0;
    if (reader->is_pipe)
        return pipe2(reader->own, O_CLOEXEC | O_NONBLOCK) ? PK_NO_MEMORY : PK_OK;
    return fcntl(reader->fd, F_GET_SEALS) < 0 ? PK_INVALID_INPUT : PK_OK;
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
    *reader = (struct secret_reader){.fd = fd, .own = {-1, -1}, .done = done, .data = data};
    status = check_descriptor(reader);
    if (!status)
        status = pk_secret_new(PK_SECRET_MAX, &reader->secret);
    if (!status) {
        reader->event = reader->is_pipe
                            ? event_new(base, fd, EV_READ | EV_PERSIST, on_readable, reader)
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
