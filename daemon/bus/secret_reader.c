/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/secret_reader.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "daemon/bus/descriptors.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/queue.h>
#include <sys/stat.h>

#define THREADS_MAX  192 /* each for a pipe that is being read */
#define USERS_MAX    128 /* of them for all users and the bus; the others are root's */
#define PER_USER_MAX 16
#define STACK_SIZE   131072

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

/* --- pipes ------------------------------------------------------------------------------------ */

/*
 * A pipe has a lock in the kernel, which somebody may hold as long as they like: by writing to it
 * from a mapping of a file that is never read. Hence a thread empties it.
 */
struct passed {
    LIST_ENTRY(passed) entry;
    uid_t owner;
    int from;
    int to; /* our own pipe */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, passed) all_passed = LIST_HEAD_INITIALIZER(all_passed);

/*
 * Until its end, until there is more than anybody takes, or until nobody waits for it any more.
 * O_NONBLOCK is a property of the open file description, which the caller shares and could clear
 * again; splice() with its own flag does not depend on it.
 */
static void *empty_passed(void *data)
{
    struct passed *passed = data;
    struct pollfd ends[] = {{.fd = passed->from, .events = POLLIN}, {.fd = passed->to}};
    size_t left = PK_SHARED_KEY_MAX + 1;
    ssize_t moved = 1;

    while (left > 0 && moved != 0 && poll(ends, 2, -1) > 0 && !ends[1].revents) {
        moved = splice(passed->from, NULL, passed->to, NULL, left, SPLICE_F_NONBLOCK);
        if (moved < 0 && errno != EAGAIN)
            break;
        left -= moved > 0 ? (size_t)moved : 0;
    }
    (void)close(passed->to);
    (void)close(passed->from);
    (void)pthread_mutex_lock(&lock);
    LIST_REMOVE(passed, entry);
    (void)pthread_mutex_unlock(&lock);
    free(passed);
    return NULL;
}

/* With the lock. */
static bool may_have_thread(uid_t owner)
{
    const struct passed *passed;
    size_t all = 0, users = 0, own = 0;

    LIST_FOREACH(passed, &all_passed, entry)
    {
        all++;
        users += passed->owner != 0;
        own += passed->owner == owner;
    }
    return all < THREADS_MAX && (owner == 0 || (users < USERS_MAX && own < PER_USER_MAX));
}

/* Signals are for the loop. */
static bool start_thread(struct passed *passed)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    bool started;

    if (pthread_attr_init(&attributes))
        return false;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
              pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&thread, &attributes, empty_passed, passed) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

/* Takes both descriptors. */
static enum pk_status pass_on(uid_t owner, int from, int to)
{
    struct passed *passed = calloc(1, sizeof(*passed));
    bool started = false;

    (void)pthread_mutex_lock(&lock);
    if (passed && may_have_thread(owner)) {
        *passed = (struct passed){.owner = owner, .from = from, .to = to};
        LIST_INSERT_HEAD(&all_passed, passed, entry);
        started = start_thread(passed);
        if (!started)
            LIST_REMOVE(passed, entry);
    }
    (void)pthread_mutex_unlock(&lock);
    if (started)
        return PK_OK;
    free(passed);
    (void)close(from);
    (void)close(to);
    return PK_NO_MEMORY;
}

/* From now on the reader has our own pipe. */
static enum pk_status read_by_thread(struct secret_reader *reader)
{
    int ends[2], passed = reader->fd;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return PK_NO_MEMORY;
    reader->fd = ends[0];
    return pass_on(descriptors_give(passed), passed, ends[1]);
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
    return reader->is_pipe ? read_by_thread(reader) : PK_INVALID_INPUT;
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
