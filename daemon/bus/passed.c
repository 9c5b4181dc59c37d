/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/passed.h"

#include "common/base/limits.h"
#include "daemon/bus/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX  320 /* each for one of them */
#define USERS_MAX    128 /* of them for all users and the bus; the others are root's */
#define PER_USER_MAX 16
#define STACK_SIZE   131072

struct passed {
    LIST_ENTRY(passed) entry;
    uid_t owner;
    int theirs;
    int ours; /* of our own pipe or pair, the thread's end */
    void (*serve)(const struct passed *passed);
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, passed) all_passed = LIST_HEAD_INITIALIZER(all_passed);

/*
 * Until its end, until there is more than anybody takes, or until nobody waits for it any more.
 * O_NONBLOCK is a property of the open file description, which the caller shares and could clear
 * again; splice() with its own flag does not depend on it.
 */
static void empty_pipe(const struct passed *passed)
{
    struct pollfd ends[] = {{.fd = passed->theirs, .events = POLLIN}, {.fd = passed->ours}};
    size_t left = PK_SHARED_KEY_MAX + 1;
    ssize_t moved = 1;

    while (left > 0 && moved != 0 && poll(ends, 2, -1) > 0 && !ends[1].revents) {
        moved = splice(passed->theirs, NULL, passed->ours, NULL, left, SPLICE_F_NONBLOCK);
        if (moved < 0 && errno != EAGAIN)
            break;
        left -= moved > 0 ? (size_t)moved : 0;
    }
}

/* What goes one way through a socket that was passed. */
struct flow {
    uint8_t bytes[4096];
    size_t len, sent;
    bool ended; /* nothing more comes */
};

static bool is_empty(const struct flow *flow)
{
    return flow->sent == flow->len;
}

/* The same flag keeps either from waiting, whatever the description's own is. false: it failed. */
static bool fill(struct flow *flow, int fd)
{
    ssize_t got = recv(fd, flow->bytes, sizeof(flow->bytes), MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->len = (size_t)got;
    flow->sent = 0;
    flow->ended = got == 0;
    return true;
}

static bool drain(struct flow *flow, int fd)
{
    ssize_t put =
        send(fd, flow->bytes + flow->sent, flow->len - flow->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->sent += (size_t)put;
    return true;
}

/* Until either side is closed and what it said before has been said to the other one. */
static void relay_socket(const struct passed *passed)
{
    struct flow in = {.ended = false}, out = {.ended = false};
    bool works = true;

    while (works && !(in.ended && is_empty(&in)) && !(out.ended && is_empty(&out))) {
        struct pollfd ends[] = {{.fd = passed->theirs}, {.fd = passed->ours}};

        ends[0].events = (short)((is_empty(&in) ? POLLIN : 0) | (is_empty(&out) ? 0 : POLLOUT));
        ends[1].events = (short)((is_empty(&out) ? POLLIN : 0) | (is_empty(&in) ? 0 : POLLOUT));
        /* Of a side from which nothing is wanted, that it is closed would be said over and over. */
        if (!ends[0].events)
            ends[0].fd = -1;
        if (poll(ends, 2, -1) < 0)
            continue;
        /* Nobody waits for the rest. */
        if (ends[1].revents & (POLLHUP | POLLERR))
            return;
        if (!is_empty(&out) && (ends[0].revents & (POLLOUT | POLLERR)))
            works = drain(&out, passed->theirs);
        if (works && is_empty(&in) && (ends[0].revents & (POLLIN | POLLHUP | POLLERR)))
            works = fill(&in, passed->theirs);
        if (works && !is_empty(&in))
            works = drain(&in, passed->ours);
        if (works && is_empty(&out) && (ends[1].revents & POLLIN))
            works = fill(&out, passed->ours);
    }
}

static void *serve(void *data)
{
    struct passed *passed = data;

    passed->serve(passed);
    (void)close(passed->ours);
    (void)close(passed->theirs);
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
              pthread_create(&thread, &attributes, serve, passed) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

/* Takes theirs and ours; the other end of ours is the caller's where this succeeds. */
static enum pk_status start(const struct passed *what, int other, int *ret_fd)
{
    struct passed *passed = calloc(1, sizeof(*passed));
    bool started = false;

    (void)pthread_mutex_lock(&lock);
    if (passed && may_have_thread(what->owner)) {
        *passed = *what;
        LIST_INSERT_HEAD(&all_passed, passed, entry);
        started = start_thread(passed);
        if (!started)
            LIST_REMOVE(passed, entry);
    }
    (void)pthread_mutex_unlock(&lock);
    *ret_fd = started ? other : -1;
    if (started)
        return PK_OK;
    free(passed);
    (void)close(what->theirs);
    (void)close(what->ours);
    (void)close(other);
    return PK_NO_MEMORY;
}

enum pk_status passed_pipe(int fd, int *ret_fd)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
        (void)close(fd);
        *ret_fd = -1;
        return PK_NO_MEMORY;
    }
    return start(
        &(struct passed){
            .owner = descriptors_give(fd), .theirs = fd, .ours = ends[1], .serve = empty_pipe},
        ends[0], ret_fd);
}

enum pk_status passed_socket(int fd, int *ret_fd)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        (void)close(fd);
        *ret_fd = -1;
        return PK_NO_MEMORY;
    }
    return start(
        &(struct passed){
            .owner = descriptors_give(fd), .theirs = fd, .ours = ends[1], .serve = relay_socket},
        ends[0], ret_fd);
}
