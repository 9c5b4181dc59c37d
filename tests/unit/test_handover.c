/* SPDX-License-Identifier: BSD-2-Clause */
/* The message that passes a key on, as its receiver sees it: only the right one is taken. */
#include "authenticator/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 4

static struct pk_channel received;
static int device;

static void send_message(int socket, size_t len, int kind, const int *fds, size_t count)
{
    static uint8_t bytes[sizeof(received.buffer) + 1];
    struct iovec part = {bytes, len};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *header = &control.header;
    struct ucred self = {getpid(), getuid(), getgid()};

    bytes[0] = 7;
    if (count > 0 || kind != SCM_RIGHTS) {
        size_t size = kind == SCM_RIGHTS ? count * sizeof(int) : sizeof(self);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = kind;
        header->cmsg_len = CMSG_LEN(size);
        (void)memcpy(CMSG_DATA(header), kind == SCM_RIGHTS ? (const void *)fds : &self, size);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
    }
    assert_int_equal(sendmsg(socket, &message, 0), (ssize_t)len);
}

/* What receiving gives for a message of len bytes with so many descriptors. */
static enum pk_status outcome(size_t len, size_t count)
{
    enum pk_status status;
    int pair[2], passed[DESCRIPTORS_MAX];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    for (size_t i = 0; i < DESCRIPTORS_MAX; i++)
        passed[i] = pair[0];
    send_message(pair[0], len, SCM_RIGHTS, passed, count);
    status = handover_receive(pair[1], &received, &device);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return status;
}

static void two_descriptors_are_taken(void **state)
{
    enum pk_status status;
    struct stat sent[2], got[2];
    int pair[2], passed[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    passed[0] = pair[0];
    passed[1] = STDERR_FILENO;
    send_message(pair[0], sizeof(received.buffer), SCM_RIGHTS, passed, 2);
    status = handover_receive(pair[1], &received, &device);
    assert_int_equal(status, PK_OK);
    assert_int_equal(received.len, sizeof(received.buffer));
    assert_int_equal(received.buffer[0], 7);
    assert_int_equal(received.in, received.out);
    assert_int_equal(fstat(pair[0], &sent[0]) | fstat(received.in, &got[0]), 0);
    assert_int_equal(fstat(STDERR_FILENO, &sent[1]) | fstat(device, &got[1]), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sent[i].st_ino, got[i].st_ino);
        assert_int_equal(sent[i].st_dev, got[i].st_dev);
    }
    (void)close(received.in);
    (void)close(device);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void any_other_number_is_not(void **state)
{
    (void)state;
    assert_int_equal(outcome(5, 0), PK_PROTOCOL);
    assert_int_equal(outcome(5, 1), PK_PROTOCOL);
    assert_int_equal(outcome(5, 3), PK_PROTOCOL);
    assert_int_equal(outcome(5, 4), PK_PROTOCOL);
}

static void more_than_a_channel_holds_is_not(void **state)
{
    (void)state;
    assert_int_equal(outcome(sizeof(received.buffer) + 1, 2), PK_PROTOCOL);
}

static void other_control_messages_are_not(void **state)
{
    const int yes = 1;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)), 0);
    send_message(pair[0], 5, SCM_CREDENTIALS, NULL, 0);
    assert_int_equal(handover_receive(pair[1], &received, &device), PK_PROTOCOL);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void the_end_is_no_message(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    (void)close(pair[0]);
    assert_int_equal(handover_receive(pair[1], &received, &device), PK_IO);
    (void)close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_descriptors_are_taken),
        cmocka_unit_test(any_other_number_is_not),
        cmocka_unit_test(more_than_a_channel_holds_is_not),
        cmocka_unit_test(other_control_messages_are_not),
        cmocka_unit_test(the_end_is_no_message),
    };

    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
