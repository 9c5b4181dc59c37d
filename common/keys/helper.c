/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/helper.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/keys/child.h"
#include "common/keys/ready.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define FRAMES_PER_SECOND 64 /* a helper that sends more is killed */
#define CANCEL_GRACE      2  /* seconds to give the key back before it is killed */
#define EXIT_GRACE        1  /* seconds to exit once its output has ended */
#define INPUT_MAX         (4 + PK_FRAME_MAX)

struct pk_helper {
    LIST_ENTRY(pk_helper) entry;
    struct pk_helpers *helpers;
    pid_t pid;     /* 0: not known yet */
    char *program; /* while it is ordered */
    int fd;
    struct event *readable;
    struct event *writable;
    struct event *deadline;
    const struct pk_helper_ops *ops;
    void *data;
    uint8_t *input;
    size_t input_len;
    struct pk_bytes output; /* may hold a PIN */
    size_t output_sent;
    bool ordered; /* of the process that is kept ready; what is for it waits */
    bool doomed;  /* to be killed as soon as it is known */
    bool greeted;
    bool ended;  /* output ended or broken: nothing more is read */
    bool over;   /* output ended: nothing can be on its way any more */
    bool exited; /* reaped */
    int wait_status;
    int64_t second;
    unsigned frames; /* in that second */
};

struct pk_helpers {
    struct event_base *base;
    pk_keys_log *log;
    pk_keys_close *close;
    struct pk_slot slot;
    struct pk_ready *ready; /* NULL: each is started by itself */
    struct event *ending;   /* finishes those that could not be started */
    LIST_HEAD(, pk_helper) list;
};

/* --- the process ------------------------------------------------------------------------------ */

static void set_timer(struct pk_helper *helper, unsigned seconds)
{
    const struct timeval when = {(time_t)seconds, 0};

    (void)evtimer_add(helper->deadline, &when);
}

void pk_helper_set_lifetime(struct pk_helper *helper, unsigned lifetime)
{
    if (lifetime > 0)
        set_timer(helper, lifetime);
    else
        (void)evtimer_del(helper->deadline);
}

static void stop_reading(struct pk_helper *helper)
{
    helper->ended = true;
    (void)event_del(helper->readable);
    (void)event_del(helper->writable);
}

int pk_helper_wait_status(const struct pk_helper *helper)
{
    return helper->wait_status;
}

void pk_helper_kill(struct pk_helper *helper)
{
    stop_reading(helper);
    helper->doomed = true;
    if (!helper->exited && helper->pid > 0)
        (void)kill(helper->pid, SIGKILL);
}

void pk_helper_cancel(struct pk_helper *helper)
{
    if (helper->ended)
        return;
    pk_helper_send(helper, &(struct pk_frame){.type = PK_FRAME_CANCEL});
    set_timer(helper, CANCEL_GRACE);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct pk_helper *helper = data;

    (void)fd, (void)what;
    helper->helpers->log(LOG_DEBUG, "helper %d: killed at its deadline", (int)helper->pid);
    pk_helper_kill(helper);
}

static void close_own(const struct pk_helpers *helpers, int fd)
{
    if (helpers->close)
        helpers->close(fd);
    else
        (void)close(fd);
}

static void release(struct pk_helper *helper)
{
    LIST_REMOVE(helper, entry);
    if (helper->readable)
        event_free(helper->readable);
    if (helper->writable)
        event_free(helper->writable);
    if (helper->deadline)
        event_free(helper->deadline);
    if (helper->over)
        close_own(helper->helpers, pk_steal_fd(&helper->fd));
    cleanup_close_fd(&helper->fd);
    free(helper->program);
    if (helper->input)
        explicit_bzero(helper->input, INPUT_MAX);
    free(helper->input);
    if (helper->output.data)
        explicit_bzero(helper->output.data, helper->output.len);
    pk_bytes_clear(&helper->output);
    free(helper);
}

/* --- frames from it --------------------------------------------------------------------------- */

static enum pk_status count_frame(struct pk_helper *helper)
{
    int64_t now = pk_clock_monotonic();

    if (now != helper->second)
        helper->frames = 0;
    helper->second = now;
    return ++helper->frames > FRAMES_PER_SECOND ? PK_LIMIT_EXCEEDED : PK_OK;
}

static enum pk_status take_frame(struct pk_helper *helper, struct pk_view payload)
{
    PK_AUTO_FRAME struct pk_frame frame = {0};
    enum pk_status status = count_frame(helper);

    if (!status)
        status = pk_frame_decode(payload, &frame);
    if (status)
        return status;
    if (helper->greeted) {
        helper->ops->frame(helper->data, &frame);
        return PK_OK;
    }
    helper->greeted = frame.type == PK_FRAME_HELLO && frame.version == PK_FRAME_VERSION;
    return helper->greeted ? PK_OK : PK_PROTOCOL;
}

/* Takes every whole frame out of the input. */
static enum pk_status take_frames(struct pk_helper *helper)
{
    enum pk_status status = PK_OK;
    size_t done = 0;

    while (!status && !helper->ended) {
        struct pk_view rest = {helper->input + done, helper->input_len - done};
        size_t size = 0;

        status = pk_frame_size(rest, &size);
        if (status || size == 0 || size > rest.len)
            break;
        status = take_frame(helper, (struct pk_view){rest.ptr + 4, size - 4});
        done += size;
    }
    helper->input_len -= done;
    (void)memmove(helper->input, helper->input + done, helper->input_len);
    return status;
}

static void read_all(struct pk_helper *helper)
{
    while (!helper->ended) {
        ssize_t got = recv(helper->fd, helper->input + helper->input_len,
                           INPUT_MAX - helper->input_len, MSG_DONTWAIT);
        enum pk_status status;

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            helper->over = got == 0 || errno == ECONNRESET; /* which come after all else */
            stop_reading(helper);
            set_timer(helper, EXIT_GRACE);
            return;
        }
        helper->input_len += (size_t)got;
        status = take_frames(helper);
        if (status) {
            helper->helpers->log(LOG_WARNING, "helper %d: %s", (int)helper->pid,
                                 pk_status_name(status));
            pk_helper_kill(helper);
        }
    }
}

/* One that ends by itself by a signal may have been led there: others shall not be its likes. */
static void finish(struct pk_helper *helper)
{
    struct pk_ready *ready = helper->helpers->ready;

    helper->ops->exited(helper->data);
    if (ready && WIFSIGNALED(helper->wait_status) && !helper->doomed)
        pk_ready_end(ready);
    else if (ready)
        pk_ready_used(ready);
    release(helper);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct pk_helper *helper = data;

    (void)fd, (void)what;
    read_all(helper);
}

void pk_helpers_reap(struct pk_helpers *helpers)
{
    struct pk_helper *helper, *next;

    for (helper = LIST_FIRST(&helpers->list); helper; helper = next) {
        next = LIST_NEXT(helper, entry);
        if (helper->pid > 0 && !helper->exited &&
            waitpid(helper->pid, &helper->wait_status, WNOHANG) == helper->pid)
            helper->exited = true;
    }
    if (helpers->ready)
        pk_ready_reap(helpers->ready);
    /* Callbacks may start new helpers: the list is searched from its head again after each. */
    do {
        LIST_FOREACH(helper, &helpers->list, entry)
        if (helper->exited)
            break;
        if (helper) {
            read_all(helper); /* what it wrote before it exited */
            finish(helper);
        }
    } while (helper);
}

/* --- frames to it ----------------------------------------------------------------------------- */

static void write_some(struct pk_helper *helper)
{
    while (helper->output_sent < helper->output.len) {
        ssize_t sent = send(helper->fd, helper->output.data + helper->output_sent,
                            helper->output.len - helper->output_sent, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            (void)event_add(helper->writable, NULL);
            return;
        }
        if (sent < 0)
            break; /* it has exited or will: what it wrote is still read */
        helper->output_sent += (size_t)sent;
    }
    explicit_bzero(helper->output.data, helper->output.len);
    pk_bytes_clear(&helper->output);
    helper->output_sent = 0;
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    write_some(data);
}

/* Appends without leaving copies of a PIN behind. */
static enum pk_status append(struct pk_bytes *output, struct pk_view more)
{
    uint8_t *joined = malloc(output->len + more.len);

    if (!joined)
        return PK_NO_MEMORY;
    if (output->len > 0) {
        (void)memcpy(joined, output->data, output->len);
        explicit_bzero(output->data, output->len);
    }
    (void)memcpy(joined + output->len, more.ptr, more.len);
    free(output->data);
    *output = (struct pk_bytes){joined, output->len + more.len};
    return PK_OK;
}

void pk_helper_send(struct pk_helper *helper, const struct pk_frame *frame)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status;

    if (helper->ended)
        return;
    status = pk_frame_encode(frame, &bytes);
    if (!status)
        status = append(&helper->output, pk_view_of(&bytes));
    if (bytes.data)
        explicit_bzero(bytes.data, bytes.len);
    if (status) {
        helper->helpers->log(LOG_ERR, "helper %d: frame %d: %s", (int)helper->pid, (int)frame->type,
                             pk_status_name(status));
        pk_helper_kill(helper);
        return;
    }
    if (!helper->ordered)
        write_some(helper);
}

/* --- coming and going ------------------------------------------------------------------------- */

/* What comes is read once there is a process; the end of a socket that it never had is no end. */
static enum pk_status take_socket(struct pk_helper *helper, int fd)
{
    struct event_base *base = helper->helpers->base;

    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    helper->fd = fd;
    helper->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, helper);
    helper->writable = event_new(base, fd, EV_WRITE, on_writable, helper);
    return helper->readable && helper->writable ? PK_OK : PK_NO_MEMORY;
}

static void drop_socket(struct pk_helper *helper)
{
    if (helper->readable)
        event_free(pk_steal(helper->readable));
    if (helper->writable)
        event_free(pk_steal(helper->writable));
    cleanup_close_fd(&helper->fd);
}

static void on_started(void *data, pid_t pid);

/* Has the process made, or orders it, with that end of the socket. */
static enum pk_status make(struct pk_helper *helper, const char *program, bool order, int theirs)
{
    const struct pk_helpers *helpers = helper->helpers;
    const struct pk_ready_order wish = {on_started, helper};

    helper->ordered =
        order && helpers->ready && !pk_ready_order(helpers->ready, program, theirs, &wish);
    if (helper->ordered)
        return PK_OK;
    helper->pid = pk_child_start(&helpers->slot, program, NULL, theirs);
    if (helper->pid > 0)
        return event_add(helper->readable, NULL) ? PK_NO_MEMORY : PK_OK;
    helper->pid = 0;
    return PK_NO_MEMORY;
}

static enum pk_status start(struct pk_helper *helper, const char *program, bool order)
{
    int pair[2];
    enum pk_status status;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return PK_NO_MEMORY;
    status = take_socket(helper, pair[0]);
    if (!status)
        status = make(helper, program, order, pair[1]);
    close_own(helper->helpers, pair[1]); /* nothing but frames is ever on its way in it */
    return status;
}

/* Without one from the process that is kept ready it is made after all, with what waits for it. */
static void on_started(void *data, pid_t pid)
{
    struct pk_helper *helper = data;

    helper->ordered = false;
    helper->pid = pid;
    if (pid == 0 && !helper->doomed) {
        drop_socket(helper);
        helper->doomed = start(helper, helper->program, false) != PK_OK;
    } else if (!helper->doomed) {
        helper->doomed = event_add(helper->readable, NULL) != 0;
    }
    if (helper->pid == 0)
        helper->exited = helper->ended = true;
    else if (helper->doomed)
        (void)kill(helper->pid, SIGKILL);
    else
        write_some(helper);
    /* That it has ended may have been said before it was known. */
    event_active(helper->helpers->ending, EV_TIMEOUT, 0);
}

static enum pk_status new_one(struct pk_helpers *helpers, const char *program, bool order,
                              unsigned lifetime, const struct pk_helper_ops *ops, void *data,
                              struct pk_helper **ret)
{
    struct pk_helper *helper = calloc(1, sizeof(*helper));
    enum pk_status status;

    if (!helper)
        return PK_NO_MEMORY;
    *helper = (struct pk_helper){.helpers = helpers, .fd = -1, .ops = ops, .data = data};
    LIST_INSERT_HEAD(&helpers->list, helper, entry);
    helper->input = malloc(INPUT_MAX);
    helper->deadline = evtimer_new(helpers->base, on_deadline, helper);
    status =
        helper->input && helper->deadline ? pk_text_copy(program, &helper->program) : PK_NO_MEMORY;
    if (!status)
        status = start(helper, program, order);
    if (status) {
        if (helper->pid > 0) {
            (void)kill(helper->pid, SIGKILL);
            (void)waitpid(helper->pid, NULL, 0);
        }
        release(helper);
        return status;
    }
    pk_helper_set_lifetime(helper, lifetime);
    pk_helper_send(helper, &(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    *ret = helper;
    return PK_OK;
}

enum pk_status pk_helper_new(struct pk_helpers *helpers, const char *program, unsigned lifetime,
                             const struct pk_helper_ops *ops, void *data, struct pk_helper **ret)
{
    return new_one(helpers, program, true, lifetime, ops, data, ret);
}

enum pk_status pk_helper_new_unready(struct pk_helpers *helpers, const char *program,
                                     unsigned lifetime, const struct pk_helper_ops *ops, void *data,
                                     struct pk_helper **ret)
{
    return new_one(helpers, program, false, lifetime, ops, data, ret);
}

static void on_ending(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    pk_helpers_reap(data);
}

struct pk_helpers *pk_helpers_new(struct event_base *base, pk_keys_log *log)
{
    struct pk_helpers *helpers = calloc(1, sizeof(*helpers));

    if (!helpers)
        return NULL;
    *helpers = (struct pk_helpers){.base = base, .log = log, .slot = PK_SLOT_NONE};
    helpers->ending = evtimer_new(base, on_ending, helpers);
    if (pk_slot_take(&helpers->slot) || !helpers->ending) {
        pk_helpers_free(helpers);
        return NULL;
    }
    return helpers;
}

void pk_helpers_close_by(struct pk_helpers *helpers, pk_keys_close *close_it)
{
    helpers->close = close_it;
}

enum pk_status pk_helpers_keep_ready(struct pk_helpers *helpers)
{
    helpers->ready = pk_ready_new(helpers->base, &helpers->slot);
    return helpers->ready ? PK_OK : PK_NO_MEMORY;
}

void pk_helpers_prepare(struct pk_helpers *helpers, const char *program)
{
    if (helpers->ready)
        pk_ready_prepare(helpers->ready, program);
}

void pk_helpers_end_ready(struct pk_helpers *helpers)
{
    if (helpers->ready)
        pk_ready_end(helpers->ready);
}

void pk_helpers_free(struct pk_helpers *helpers)
{
    struct pk_helper *helper;

    if (helpers->ready)
        pk_ready_free(pk_steal(helpers->ready));
    while ((helper = LIST_FIRST(&helpers->list))) {
        if (helper->pid > 0) {
            (void)kill(helper->pid, SIGKILL);
            (void)waitpid(helper->pid, NULL, 0);
        }
        finish(helper);
    }
    if (helpers->ending)
        event_free(helpers->ending);
    pk_slot_release(&helpers->slot);
    free(helpers);
}
