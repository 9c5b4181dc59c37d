/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/descriptors.h"
#include "daemon/bus/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZERS /* whose own read() comes before the daemon's */
#endif

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

static void pass(int to, int fd, int flags)
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

    (void)memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    assert_int_equal(sendmsg(to, &message, flags), 1);
}

/* A socket in which that is on its way: nobody can end its lingering. */
static int never_closed(void)
{
    int ends[2], fd = lingering();

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pass(ends[0], fd, 0);
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

static void take_for(uid_t owner, int fd)
{
    uid_t before = descriptors_charge(owner);

    descriptors_take(fd);
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
        await_closed(pipe_ends[i]);
        await_closed(pair[i]);
    }
    assert_true(descriptor_is_welcome(memory));
    assert_int_equal(close(memory), 0);
    await_closed(memory);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_true(others[i] >= 0);
        assert_false(descriptor_is_welcome(others[i]));
        assert_int_equal(close(others[i]), 0);
        await_closed(others[i]);
    }
    assert_false(descriptor_is_welcome(-1));
}

static void what_a_call_brings_stays_the_callers(void **state)
{
    DBusMessage *message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_CALL);
    int memory = memfd_create("memory", MFD_CLOEXEC), fd;
    uid_t before = descriptors_charge(BOB);
    struct value body;

    (void)state;
    assert_true(dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &memory, DBUS_TYPE_INVALID));
    body = message_read(message);
    (void)descriptors_charge(before);
    assert_int_equal(body.count, 1);
    fd = value_take_fd(&body.items[0]);
    assert_int_equal(descriptors_give(fd), BOB);
    assert_int_equal(descriptors_give(fd), 0);
    value_clear(&body);
    dbus_message_unref(message);
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(memory), 0);
    await_closed(fd);
    await_closed(memory);
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
static void an_own_pipe_ends_at_once(void **state)
{
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    descriptors_close_own(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    errno = ENOTTY;
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(errno, ENOTTY);
    await_closed(ends[0]);
}

/* Who passed it may hold its lock, or the one of whatever watches it. */
static int passed_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(close_range((unsigned)ends[1], (unsigned)ends[1], 0), 0);
    return ends[0];
}

/* One whose other end is closed. */
static int ended_socket(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(close_range((unsigned)ends[1], (unsigned)ends[1], 0), 0);
    return ends[0];
}

static void a_connection_that_has_ended_takes_no_thread(void **state)
{
    int connection = ended_socket(), shut[2];

    (void)state;
    descriptors_mark_connection(connection);
    assert_int_equal(close(connection), 0);
    assert_false(is_open(connection));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, shut), 0);
    assert_int_equal(shutdown(shut[0], SHUT_RDWR), 0);
    descriptors_mark_connection(shut[1]);
    assert_int_equal(close(shut[1]), 0);
    assert_false(is_open(shut[1]));
    assert_int_equal(close(shut[0]), 0);
    await_closed(shut[0]);
}

#ifndef SANITIZERS
/* Where the bytes are skipped the kernel closes what comes with them. */
static void what_comes_out_of_band_is_received(void **state)
{
    int ends[2], passed = eventfd(0, EFD_CLOEXEC);
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    pass(ends[0], passed, MSG_OOB);
    errno = 0;
    assert_int_equal(read(ends[1], &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(close(passed), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
    await_closed(passed);
    await_closed(ends[0]);
    await_closed(ends[1]);
}
#endif

/* Last: what is never closed has its threads until the program ends. */
static void one_user_holds_up_nobody_else(void **state)
{
    int fds[MANY], other = never_closed(), own = never_closed(), of_bus[MANY];
    int pipe = passed_pipe(), ended = ended_socket(), later = passed_pipe();
    int number = passed_pipe();
    size_t left = MANY;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = never_closed();
        of_bus[i] = never_closed();
    }
    /* Once it is closed its number is nobody's. */
    take_for(BOB, number);
    close_for(BOB, number);
    await_closed(number);
    assert_int_equal(fcntl(listener, F_DUPFD_CLOEXEC, number), number);
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
    /* These wait for a thread, too, and so does what is closed when others are charged. */
    close_for(BOB, pipe);
    assert_true(is_open(pipe));
    close_for(BOB, ended);
    assert_true(is_open(ended));
    take_for(BOB, later);
    close_for(ALICE, later);
    close_for(ALICE, number);
    await_closed(number);
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
    assert_true(is_open(later));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_calls_use_is_told_apart),
        cmocka_unit_test(what_a_call_brings_stays_the_callers),
        cmocka_unit_test(what_is_not_open_is_said),
        cmocka_unit_test(an_own_pipe_ends_at_once),
        cmocka_unit_test(a_connection_that_has_ended_takes_no_thread),
#ifndef SANITIZERS
        cmocka_unit_test(what_comes_out_of_band_is_received),
#endif
        cmocka_unit_test(one_user_holds_up_nobody_else),
    };

    (void)alarm(PATIENCE_SECONDS);
    descriptors_guard();
    return cmocka_run_group_tests(tests, set_up, NULL);
}
