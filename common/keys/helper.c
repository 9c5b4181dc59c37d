/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/helper.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define FRAMES_PER_SECOND 64 /* a helper that sends more is killed */
#define CANCEL_GRACE      2  /* seconds to give the key back before it is killed */
#define EXIT_GRACE        1  /* seconds to exit once its output has ended */
#define INPUT_MAX         (4 + PK_FRAME_MAX)
#define STACK_SIZE        65536 /* of a child until it executes its program; sanitizers need much */

struct pk_helper {
    LIST_ENTRY(pk_helper) entry;
    struct pk_helpers *helpers;
    pid_t pid;
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
    bool greeted;
    bool ended;  /* output ended or broken: nothing more is read */
    bool exited; /* reaped */
    int wait_status;
    int64_t second;
    unsigned frames; /* in that second */
};

struct pk_helpers {
    struct event_base *base;
    pk_keys_log *log;
    int idle; /* nothing; what is in the slot while no helper is being started */
    int slot; /* a descriptor's number, which is one's own for a helper that is being started */
    LIST_HEAD(, pk_helper) list;
};

/* --- the process ------------------------------------------------------------------------------ */

/* What a child is started with. */
struct beginning {
    const char *program;
    int slot;
    pid_t parent;
};

/*
 * In the child: nothing is inherited but the socket, standard error and a bare environment. It has
 * the parent's table of descriptors, and takes out of it a copy of what lies below the slot: of
 * what somebody passed to the parent it never has one. To close it would take as long as they like.
 */
static int exec_helper(void *data)
{
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD, SIGPIPE};
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    static char lang[] = "LANG=C.UTF-8";
    static char *const environment[] = {path, lang, NULL};
    const struct beginning *begin = data;
    char *const arguments[] = {(char *)(uintptr_t)begin->program, NULL};
    sigset_t none;

    /* Our handlers must not run here: what they write goes to our own event loop. */
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        (void)signal(handled[i], SIG_DFL);
    (void)sigemptyset(&none);
    /* A terminal's interrupt must not reach it: it still has to make the key stop blinking. */
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != begin->parent ||
        sigprocmask(SIG_SETMASK, &none, NULL) ||
        close_range((unsigned)begin->slot + 1, ~0U, CLOSE_RANGE_UNSHARE) ||
        dup2(begin->slot, STDIN_FILENO) < 0 || dup2(begin->slot, STDOUT_FILENO) < 0 ||
        close_range(3, ~0U, 0))
        return 126;
    (void)execve(begin->program, arguments, environment);
    return 127;
}

/*
 * As fork() does, but that the child has this process's very table of descriptors, and that this
 * process goes on only when the child has one of its own and executes the program.
 */
static pid_t start_child(const struct beginning *begin)
{
    static _Alignas(16) unsigned char stack[STACK_SIZE];

    return clone(exec_helper, stack + STACK_SIZE, CLONE_FILES | CLONE_VFORK | SIGCHLD,
                 (void *)(uintptr_t)begin);
}

/* Keeps the slot's number taken while no helper is being started. */
static void fill_slot(const struct pk_helpers *helpers)
{
    (void)dup3(helpers->idle, helpers->slot, O_CLOEXEC);
}

static enum pk_status start(struct pk_helper *helper, const char *program)
{
    const struct pk_helpers *helpers = helper->helpers;
    const struct beginning begin = {program, helpers->slot, getpid()};
    int pair[2];
    sigset_t all, before;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return PK_NO_MEMORY;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    helper->pid = dup3(pair[1], helpers->slot, O_CLOEXEC) < 0 ? -1 : start_child(&begin);
    fill_slot(helpers);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(pair[1]);
    if (helper->pid < 0) {
        (void)close(pair[0]);
        return PK_NO_MEMORY;
    }
    (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
    helper->fd = pair[0];
    return PK_OK;
}

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
    if (!helper->exited)
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

static void release(struct pk_helper *helper)
{
    LIST_REMOVE(helper, entry);
    if (helper->readable)
        event_free(helper->readable);
    if (helper->writable)
        event_free(helper->writable);
    if (helper->deadline)
        event_free(helper->deadline);
    cleanup_close_fd(&helper->fd);
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

static void finish(struct pk_helper *helper)
{
    helper->ops->exited(helper->data);
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
        if (waitpid(helper->pid, &helper->wait_status, WNOHANG) == helper->pid)
            helper->exited = true;
    }
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
    write_some(helper);
}

/* --- coming and going ------------------------------------------------------------------------- */

enum pk_status pk_helper_new(struct pk_helpers *helpers, const char *program, unsigned lifetime,
                             const struct pk_helper_ops *ops, void *data, struct pk_helper **ret)
{
    struct pk_helper *helper = calloc(1, sizeof(*helper));
    enum pk_status status;

    if (!helper)
        return PK_NO_MEMORY;
    *helper = (struct pk_helper){.helpers = helpers, .fd = -1, .ops = ops, .data = data};
    LIST_INSERT_HEAD(&helpers->list, helper, entry);
    helper->input = malloc(INPUT_MAX);
    status = helper->input ? start(helper, program) : PK_NO_MEMORY;
    if (status) {
        release(helper);
        return status;
    }
    helper->readable =
        event_new(helpers->base, helper->fd, EV_READ | EV_PERSIST, on_readable, helper);
    helper->writable = event_new(helpers->base, helper->fd, EV_WRITE, on_writable, helper);
    helper->deadline = evtimer_new(helpers->base, on_deadline, helper);
    if (!helper->readable || !helper->writable || !helper->deadline ||
        event_add(helper->readable, NULL)) {
        (void)kill(helper->pid, SIGKILL);
        (void)waitpid(helper->pid, NULL, 0);
        release(helper);
        return PK_NO_MEMORY;
    }
    pk_helper_set_lifetime(helper, lifetime);
    pk_helper_send(helper, &(struct pk_frame){.type = PK_FRAME_HELLO, .version = PK_FRAME_VERSION});
    *ret = helper;
    return PK_OK;
}

struct pk_helpers *pk_helpers_new(struct event_base *base, pk_keys_log *log)
{
    struct pk_helpers *helpers = calloc(1, sizeof(*helpers));

    if (!helpers)
        return NULL;
    *helpers = (struct pk_helpers){.base = base, .log = log};
    helpers->idle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    helpers->slot =
        helpers->idle < 0 ? -1 : fcntl(helpers->idle, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (helpers->slot < 0) {
        cleanup_close_fd(&helpers->idle);
        free(helpers);
        return NULL;
    }
    return helpers;
}

void pk_helpers_free(struct pk_helpers *helpers)
{
    struct pk_helper *helper;

    while ((helper = LIST_FIRST(&helpers->list))) {
        (void)kill(helper->pid, SIGKILL);
        (void)waitpid(helper->pid, NULL, 0);
        finish(helper);
    }
    (void)close(helpers->slot);
    (void)close(helpers->idle);
    free(helpers);
}
