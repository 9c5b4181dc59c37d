/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/descriptors.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLOSERS_MAX  768    /* threads */
#define USERS_MAX    704    /* of them for all users and the bus; the daemon's own have the rest */
#define OWN_MAX      64     /* for one of these */
#define UNCLOSED_MAX 48     /* of one user: more are under way only where they do not close */
#define STACK_SIZE   131072 /* close() needs little; sanitizers more */
#define NUMBERS_MAX  4096   /* the unit's LimitNOFILE; of others nothing is known */

/* A descriptor that waits for a thread, and then is closed by it. */
struct closing {
    TAILQ_ENTRY(closing) entry;
    int fd;
    uid_t owner;
};

TAILQ_HEAD(closings, closing);

static int (*libc_close)(int fd);
static pthread_t loop;
static atomic_bool guarding; /* with loop, set once */
static uid_t charged = 0;    /* the loop's own */

/* By its number, until it is closed: in the loop alone. */
static struct {
    bool taken;
    uid_t owner; /* of one that was taken */
    bool connection;
} known[NUMBERS_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct closings waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct closings begun = TAILQ_HEAD_INITIALIZER(begun);
static size_t closers;

/* The next definition of close() after this file's: a sanitizer's, or libc's. */
__attribute__((constructor)) static void find_next(void)
{
    *(void **)&libc_close = dlsym(RTLD_NEXT, "close");
}

/* Libraries may close something before that constructor has run. */
static int close_now(int fd)
{
    return libc_close ? libc_close(fd) : (int)syscall(SYS_close, fd);
}

static size_t count(const struct closings *list, uid_t owner)
{
    const struct closing *closing;
    size_t found = 0;

    TAILQ_FOREACH(closing, list, entry)
    found += closing->owner == owner;
    return found;
}

/* The first one whose owner does not have as many threads as anybody may. */
static struct closing *find_next_waiting(void)
{
    struct closing *closing, *full = NULL;
    size_t own = count(&begun, 0), all = 0;

    TAILQ_FOREACH(closing, &begun, entry)
    all++;
    TAILQ_FOREACH(closing, &waiting, entry)
    {
        if (closing->owner == 0)
            return closing;
        if (all - own >= USERS_MAX || (full && full->owner == closing->owner))
            continue;
        if (count(&begun, closing->owner) < OWN_MAX)
            return closing;
        full = closing;
    }
    return NULL;
}

/* A thread ends when there is nothing it may close; whoever adds something starts the next. */
static void *close_them(void *data)
{
    static const struct linger at_once = {0};
    struct closing *closing;

    (void)pthread_mutex_lock(&lock);
    while ((closing = find_next_waiting())) {
        TAILQ_REMOVE(&waiting, closing, entry);
        TAILQ_INSERT_TAIL(&begun, closing, entry);
        (void)pthread_mutex_unlock(&lock);
        /* Where it is no socket, this does nothing. */
        (void)setsockopt(closing->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        (void)close_now(closing->fd);
        (void)pthread_mutex_lock(&lock);
        TAILQ_REMOVE(&begun, closing, entry);
        free(closing);
    }
    closers--;
    (void)pthread_mutex_unlock(&lock);
    return data;
}

/* With the lock. Signals are for the loop. */
static void add_closer(void)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;

    if (closers == CLOSERS_MAX || pthread_attr_init(&attributes))
        return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
        pthread_create(&thread, &attributes, close_them, NULL) == 0)
        closers++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
}

static bool is_known(int fd)
{
    return fd >= 0 && fd < NUMBERS_MAX;
}

/*
 * A connection whose other end is closed, or that was shut down, and that holds nothing more: it
 * stays so, hence closing it is a moment. All but a few connections end like that. Not so a socket
 * that was passed: what its owner does with theirs (epoll) is waited for.
 */
static bool is_drained(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLRDHUP};
    int left = 1;

    return is_known(fd) && known[fd].connection && poll(&event, 1, 0) == 1 &&
           (event.revents & POLLRDHUP) && ioctl(fd, FIONREAD, &left) == 0 && left == 0;
}

/*
 * What finds no thread waits for one, as an open descriptor. The loop never closes it itself, not
 * even where there is no memory to say what waits: then it stays open.
 */
static void close_later(int fd, uid_t owner)
{
    struct closing *closing = calloc(1, sizeof(*closing));

    if (!closing)
        return;
    *closing = (struct closing){.fd = fd, .owner = owner};
    (void)pthread_mutex_lock(&lock);
    TAILQ_INSERT_TAIL(&waiting, closing, entry);
    if (find_next_waiting())
        add_closer();
    (void)pthread_mutex_unlock(&lock);
}

void descriptors_guard(void)
{
    loop = pthread_self();
    guarding = true;
}

bool descriptors_guarded(void)
{
    return guarding && pthread_equal(pthread_self(), loop);
}

uid_t descriptors_charge(uid_t owner)
{
    uid_t before = charged;

    charged = owner;
    return before;
}

void descriptors_take(int fd)
{
    if (!is_known(fd))
        return;
    known[fd].taken = true;
    known[fd].owner = charged;
}

uid_t descriptors_give(int fd)
{
    uid_t owner = is_known(fd) && known[fd].taken ? known[fd].owner : charged;

    /* From now on its number is nobody's. */
    if (is_known(fd))
        memset(&known[fd], 0, sizeof(known[fd]));
    return owner;
}

void descriptors_mark_connection(int fd)
{
    if (is_known(fd))
        known[fd].connection = true;
}

void descriptors_close_own(int fd)
{
    (void)close_now(fd);
}

bool descriptors_too_many(uid_t owner)
{
    size_t unclosed;

    (void)pthread_mutex_lock(&lock);
    unclosed = count(&waiting, owner) + count(&begun, owner);
    (void)pthread_mutex_unlock(&lock);
    return owner != 0 && owner != DESCRIPTORS_OF_BUS && unclosed > UNCLOSED_MAX;
}

bool descriptor_is_welcome(int fd)
{
    struct statx about = {0};
    int domain;
    socklen_t len = sizeof(domain);

    if (fcntl(fd, F_GET_SEALS) >= 0)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0)
        return domain == AF_UNIX;
    return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &about) == 0 &&
           S_ISFIFO(about.stx_mode);
}

/* In place of libc's, for libdbus as well. */
__attribute__((visibility("default"))) int close(int fd)
{
    int before = errno;
    bool at_once;
    uid_t owner;

    if (!descriptors_guarded())
        return close_now(fd);
    at_once = fcntl(fd, F_GETFD) < 0 || is_drained(fd);
    owner = descriptors_give(fd);
    errno = before;
    if (at_once)
        return close_now(fd);
    close_later(fd, owner);
    errno = before;
    return 0;
}
