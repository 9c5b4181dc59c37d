/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/descriptors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALICE            ((uid_t)2001)
#define BOB              ((uid_t)2002)
#define MANY             70 /* more than are closed at once for one user */
#define AT_ONCE          64
#define PATIENCE_SECONDS 300 /* after which a close() that waits is taken for one that hangs */

static int listener; /* open all the time */

/*
 * Whatever looks at a descriptor holds its file for that moment, and would close it if a thread did
 * so in the same one. Hence the number is asked for: only one that is free is given.
 */
static bool is_open(int fd)
{
    int given = fcntl(listener, F_DUPFD_CLOEXEC, fd);

    if (given >= 0)
        (void)close_range((unsigned)given, (unsigned)given, 0);
    return given != fd;
}

/* Threads close it: from the beginning of close() it is no descriptor any more. */
static void await_closed(int fd)
{
    while (is_open(fd))
        (void)sched_yield();
}

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int few = 4096;

    (void)state;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    return listen(listener, 4 * MANY);
}

/* A connection whose data nobody reads; to close the last descriptor of it takes an hour. */
static int lingering(void)
{
    static const struct linger hour = {1, 3600};
    static const char data[65536];
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof(hour)), 0);
    while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
        continue;
    return fd;
}

/* A socket in which that is on its way: nobody can end its lingering. */
static int never_closed(void)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    int ends[2], fd = lingering();

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    (void)memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    assert_int_equal(sendmsg(ends[0], &message, 0), 1);
    /* What was sent is the last of it; its owner, unlike the daemon, leaves it as it is. */
    assert_int_equal(close_range((unsigned)fd, (unsigned)fd, 0), 0);
    assert_int_equal(close(ends[0]), 0);
    await_closed(ends[0]);
    return ends[1];
}

static void close_for(uid_t owner, int fd)
{
    uid_t before = descriptors_charge(owner);

    assert_int_equal(close(fd), 0);
    assert_int_equal(descriptors_charge(before), owner);
}

static void what_calls_use_is_told_apart(void **state)
{
    int pipe_ends[2], pair[2];
    int memory = memfd_create("memory", MFD_CLOEXEC);
    int others[] = {open("/proc/self/status", O_RDONLY | O_CLOEXEC), open("/", O_PATH | O_CLOEXEC),
                    open("/dev/null", O_RDWR | O_CLOEXEC), eventfd(0, EFD_CLOEXEC),
                    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    (void)state;
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_true(descriptor_is_welcome(pipe_ends[i]));
        assert_true(descriptor_is_welcome(pair[i]));
        assert_int_equal(close(pipe_ends[i]), 0);
        assert_int_equal(close(pair[i]), 0);
    }
    assert_true(descriptor_is_welcome(memory));
    assert_int_equal(close(memory), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_true(others[i] >= 0);
        assert_false(descriptor_is_welcome(others[i]));
        assert_int_equal(close(others[i]), 0);
        await_closed(others[i]);
    }
    assert_false(descriptor_is_welcome(-1));
}

static void what_is_not_open_is_said(void **state)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    (void)state;
    assert_int_equal(close_range((unsigned)fd, (unsigned)fd, 0), 0);
    errno = 0;
    assert_int_equal(close(fd), -1);
    assert_int_equal(errno, EBADF);
}

/* Whoever is sent the other end, with a secret in it, sees the end of that without waiting. */
static void a_pipe_ends_at_once(void **state)
{
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    errno = ENOTTY;
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(errno, ENOTTY);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_false(is_open(ends[0]));
}

/* One with a name is of a file system, which may be anybody's. */
static int named_pipe(void)
{
    char folder[] = "/tmp/passkeyd-descriptors.XXXXXX";
    char path[sizeof(folder) + sizeof("/pipe")];
    int fd;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return fd;
}

static void a_connection_that_has_ended_takes_no_thread(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_false(is_open(ends[1]));
    assert_int_equal(close(ends[0]), 0);
    assert_false(is_open(ends[0]));
}

/* Last: what is never closed has its threads until the program ends. */
static void one_user_holds_up_nobody_else(void **state)
{
    int fds[MANY], other = never_closed(), own = never_closed(), of_bus[MANY];
    int named = named_pipe();
    size_t left = MANY;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = never_closed();
        of_bus[i] = never_closed();
    }
    assert_false(descriptors_too_many(BOB));
    for (size_t i = 0; i < MANY; i++)
        close_for(BOB, fds[i]);
    assert_true(descriptors_too_many(BOB));
    while (left > MANY - AT_ONCE) {
        left = 0;
        for (size_t i = 0; i < MANY; i++)
            left += is_open(fds[i]);
        (void)sched_yield();
    }
    assert_int_equal(left, MANY - AT_ONCE);
    close_for(BOB, named);
    assert_true(is_open(named));
    close_for(ALICE, other);
    await_closed(other);
    assert_false(descriptors_too_many(ALICE));
    close_for(0, own);
    await_closed(own);
    for (size_t i = 0; i < MANY; i++)
        close_for(DESCRIPTORS_OF_BUS, of_bus[i]);
    assert_false(descriptors_too_many(DESCRIPTORS_OF_BUS));
    /* Those that had no thread still have none. */
    left = 0;
    for (size_t i = 0; i < MANY; i++)
        left += is_open(fds[i]);
    assert_int_equal(left, MANY - AT_ONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_calls_use_is_told_apart),
        cmocka_unit_test(what_is_not_open_is_said),
        cmocka_unit_test(a_pipe_ends_at_once),
        cmocka_unit_test(a_connection_that_has_ended_takes_no_thread),
        cmocka_unit_test(one_user_holds_up_nobody_else),
    };

    (void)alarm(PATIENCE_SECONDS);
    descriptors_guard();
    return cmocka_run_group_tests(tests, set_up, NULL);
}
