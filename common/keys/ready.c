/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/ready.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/keys/child.h"
#include "common/wire/start.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REST_SECONDS  60     /* after the last helper has ended; then it costs no memory any more */
#define AGE_MS        600000 /* an older one is replaced: all that it starts have one address space */
#define REPLY_SECONDS 3      /* to start what is ordered, or to be given up */
#define ORDERS_MAX    16     /* at once; more are started by the caller */

struct pk_ready {
    struct event_base *base;
    const struct pk_slot *slot;
    pid_t pid;   /* 0: none */
    pid_t dying; /* was killed, and is to be reaped; 0: none */
    int fd;
    int64_t born; /* in milliseconds */
    char *program;
    bool unfit;  /* the program has none that could be kept */
    bool proven; /* one of it has started a helper */
    struct event *readable;
    struct event *deadline; /* while something is ordered to answer, and else to end */
    struct pk_ready_order orders[ORDERS_MAX];
    size_t ordered;
};

static void set_deadline(struct pk_ready *ready)
{
    const struct timeval when = {ready->ordered > 0 ? REPLY_SECONDS : REST_SECONDS, 0};

    (void)evtimer_add(ready->deadline, &when);
}

/* Tells all who wait that nothing comes; they may order again from another one. */
static void fail_orders(struct pk_ready *ready)
{
    struct pk_ready_order failed[ORDERS_MAX];
    size_t count = ready->ordered;

    (void)memcpy(failed, ready->orders, count * sizeof(*failed));
    ready->ordered = 0;
    for (size_t i = 0; i < count; i++)
        failed[i].started(failed[i].data, 0);
}

static void let_go(struct pk_ready *ready)
{
    if (ready->readable)
        event_free(pk_steal(ready->readable));
    (void)evtimer_del(ready->deadline);
    cleanup_close_fd(&ready->fd);
    if (ready->pid > 0) {
        if (ready->dying > 0) /* for long, or it would have been reaped */
            (void)waitpid(ready->dying, NULL, 0);
        (void)kill(ready->pid, SIGKILL);
        ready->dying = ready->pid;
    }
    ready->pid = 0;
}

void pk_ready_end(struct pk_ready *ready)
{
    let_go(ready);
    ready->unfit = ready->proven = false;
    fail_orders(ready);
}

/* It does not do what it is there for. A program of which none ever has is not asked again. */
static void give_up(struct pk_ready *ready)
{
    let_go(ready);
    ready->unfit = !ready->proven;
    fail_orders(ready);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct pk_ready *ready = data;

    (void)fd, (void)what;
    if (ready->ordered > 0)
        give_up(ready);
    else
        let_go(ready);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct pk_ready *ready = data;
    struct pk_ready_order order = ready->orders[0];
    struct pk_started started = {0};
    ssize_t got = recv(fd, &started, sizeof(started), MSG_DONTWAIT | MSG_TRUNC);

    (void)what;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got != (ssize_t)sizeof(started) || started.pid <= 0 || ready->ordered == 0) {
        give_up(ready);
        return;
    }
    ready->proven = true;
    ready->ordered--;
    (void)memmove(ready->orders, ready->orders + 1, ready->ordered * sizeof(*ready->orders));
    set_deadline(ready);
    order.started(order.data, (pid_t)started.pid);
}

static enum pk_status start(struct pk_ready *ready, const char *program)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return PK_UNAVAILABLE;
    ready->fd = pair[0];
    ready->pid = pk_child_start(ready->slot, program, PK_START_OPTION, pair[1]);
    (void)close(pair[1]);
    ready->readable = event_new(ready->base, ready->fd, EV_READ | EV_PERSIST, on_readable, ready);
    if (ready->pid < 0 || !ready->readable || event_add(ready->readable, NULL)) {
        let_go(ready);
        return PK_UNAVAILABLE;
    }
    ready->born = pk_clock_monotonic_ms();
    return PK_OK;
}

static bool send_socket(const struct pk_ready *ready, int fd)
{
    char byte = PK_START_BYTE;
    struct iovec part = {&byte, sizeof(byte)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    (void)memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(ready->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(byte);
}

/* Has one of that program, which is not too old. */
static enum pk_status provide(struct pk_ready *ready, const char *program)
{
    if (!ready->program || strcmp(ready->program, program) != 0) {
        free(pk_steal(ready->program));
        pk_ready_end(ready);
        if (pk_text_copy(program, &ready->program) != PK_OK)
            return PK_UNAVAILABLE;
    }
    if (ready->unfit)
        return PK_UNAVAILABLE;
    if (ready->pid > 0 && ready->ordered == 0 && pk_clock_monotonic_ms() - ready->born > AGE_MS)
        let_go(ready);
    return ready->pid > 0 ? PK_OK : start(ready, program);
}

void pk_ready_prepare(struct pk_ready *ready, const char *program)
{
    if (provide(ready, program) == PK_OK && ready->ordered == 0)
        set_deadline(ready);
}

enum pk_status pk_ready_order(struct pk_ready *ready, const char *program, int fd,
                              const struct pk_ready_order *order)
{
    enum pk_status status = provide(ready, program);

    if (status != PK_OK || ready->ordered == ORDERS_MAX)
        return PK_UNAVAILABLE;
    if (!send_socket(ready, fd)) { /* it has died */
        give_up(ready);
        status = provide(ready, program);
        if (status != PK_OK || !send_socket(ready, fd))
            return PK_UNAVAILABLE;
    }
    ready->orders[ready->ordered++] = *order;
    set_deadline(ready);
    return PK_OK;
}

void pk_ready_used(struct pk_ready *ready)
{
    if (ready->pid > 0 && ready->ordered == 0)
        set_deadline(ready);
}

void pk_ready_reap(struct pk_ready *ready)
{
    if (ready->dying > 0 && waitpid(ready->dying, NULL, WNOHANG) == ready->dying)
        ready->dying = 0;
    if (ready->pid > 0 && waitpid(ready->pid, NULL, WNOHANG) == ready->pid) {
        ready->pid = 0;
        give_up(ready);
    }
}

struct pk_ready *pk_ready_new(struct event_base *base, const struct pk_slot *slot)
{
    struct pk_ready *ready = calloc(1, sizeof(*ready));

    if (!ready)
        return NULL;
    *ready = (struct pk_ready){.base = base, .slot = slot, .fd = -1};
    ready->deadline = evtimer_new(base, on_deadline, ready);
    if (!ready->deadline) {
        free(ready);
        return NULL;
    }
    return ready;
}

void pk_ready_free(struct pk_ready *ready)
{
    let_go(ready);
    if (ready->dying > 0)
        (void)waitpid(ready->dying, NULL, 0);
    event_free(ready->deadline);
    free(ready->program);
    free(ready);
}
