/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that come in packets: those that were not asked for do not stay open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/helper/passing.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SENT_MAX 5

static int ends[2];

static int set_up(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int tear_down(void **state)
{
    (void)state;
    return close(ends[0]) | close(ends[1]);
}

/* As anybody at the other end may, and not only as this program does. */
static void send_packet(size_t len, size_t count)
{
    static uint8_t bytes[64];
    struct iovec piece = {bytes, len};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(SENT_MAX * sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (count > 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++)
            (void)memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &ends[0], sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    assert_int_equal(sendmsg(ends[0], &message, 0), (ssize_t)len);
}

/* The number that the next descriptor gets: none below it is free. */
static int next_descriptor(void)
{
    const int fd = dup(STDERR_FILENO);
    const int number = fd;

    assert_true(fd >= 0);
    (void)close(fd);
    return number;
}

static void what_was_sent_is_received(void **state)
{
    char text[] = "some text";
    struct iovec pieces[] = {{text, 4}, {text + 4, sizeof(text) - 4}};
    const int fds[] = {ends[0], ends[1]};
    uint8_t buffer[64];

    (void)state;
    for (size_t count = 1; count <= PK_PASSED_MAX; count++) {
        struct pk_passed passed = {0};

        assert_int_equal(pk_passing_send(ends[0], pieces, 2, fds, count), PK_OK);
        assert_int_equal(
            pk_passing_receive(ends[1], buffer, sizeof(buffer), PK_PASSED_MAX, &passed), PK_OK);
        assert_int_equal(passed.len, sizeof(text));
        assert_memory_equal(buffer, text, sizeof(text));
        assert_int_equal(passed.count, count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(close(passed.fds[i]), 0);
    }
}

static void fewer_may_come(void **state)
{
    struct pk_passed passed = {.count = 7};
    uint8_t buffer[64];

    (void)state;
    send_packet(1, 0);
    assert_int_equal(pk_passing_receive(ends[1], buffer, sizeof(buffer), 1, &passed), PK_OK);
    assert_int_equal(passed.count, 0);
    assert_int_equal(passed.len, 1);
}

static void no_more_than_there_is_room_for(void **state)
{
    static const struct {
        size_t len, count, room;
    } packets[] = {{1, 2, 1},        {1, 3, 1}, {1, SENT_MAX, 1}, {1, 3, 2},
                   {1, SENT_MAX, 2}, {9, 0, 1}, {9, 1, 1},        {9, 2, 2}};
    struct pk_passed passed;
    uint8_t buffer[8];

    (void)state;
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        int before = next_descriptor();

        send_packet(packets[i].len, packets[i].count);
        assert_int_equal(
            pk_passing_receive(ends[1], buffer, sizeof(buffer), packets[i].room, &passed),
            PK_PROTOCOL);
        assert_int_equal(next_descriptor(), before);
    }
}

static void a_packet_of_nothing_is_the_end(void **state)
{
    struct pk_passed passed;
    uint8_t buffer[8];
    int before = next_descriptor();

    (void)state;
    send_packet(0, 1);
    assert_int_equal(pk_passing_receive(ends[1], buffer, sizeof(buffer), 1, &passed), PK_CANCELLED);
    assert_int_equal(next_descriptor(), before);
    assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
    assert_int_equal(pk_passing_receive(ends[1], buffer, sizeof(buffer), 1, &passed), PK_CANCELLED);
}

static void nobody_is_there(void **state)
{
    char byte = 0;
    struct iovec piece = {&byte, 1};

    (void)state;
    assert_int_equal(shutdown(ends[1], SHUT_RDWR), 0);
    assert_int_equal(pk_passing_send(ends[0], &piece, 1, &ends[0], 1), PK_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_sent_is_received),
        TEST(fewer_may_come),
        TEST(no_more_than_there_is_room_for),
        TEST(a_packet_of_nothing_is_the_end),
        TEST(nobody_is_there),
    };

    return cmocka_run_group_tests_name("passing", tests, NULL, NULL);
}
