/* SPDX-License-Identifier: BSD-2-Clause */
/* What pipes do is test_secret_reader.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/descriptors.h"
#include "daemon/bus/passed.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define MANY        16  /* at once for one user */
#define MUCH        100 /* of pieces */
#define USERS       7   /* almost as many as have all that users may have */
#define ROOTS       176

/* A socket that bob passed; *ret_other: its other side. Returns what took its place. */
static int pass(uid_t owner, int *ret_other, enum pk_status wanted)
{
    int ends[2], ours = 0;
    uid_t before = descriptors_charge(owner);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    descriptors_take(ends[0]);
    (void)descriptors_charge(before);
    assert_int_equal(passed_socket(ends[0], &ours), wanted);
    *ret_other = ends[1];
    return ours;
}

static void expect_end(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    char byte;

    assert_int_equal(poll(&event, 1, PATIENCE_MS), 1);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* More than fits into the pair and the thread, in pieces that are told apart. */
static void exchange(int from, int to)
{
    static char piece[8192], got[8192];

    for (int i = 0; i < MUCH; i++) {
        (void)memset(piece, i + 1, sizeof(piece));
        assert_int_equal(send(from, piece, sizeof(piece), 0), sizeof(piece));
        assert_int_equal(recv(to, got, sizeof(got), MSG_WAITALL), sizeof(got));
        assert_memory_equal(got, piece, sizeof(piece));
    }
}

static void both_ways(void **state)
{
    int other, ours = pass(0, &other, PK_OK);

    (void)state;
    exchange(ours, other);
    exchange(other, ours);
    assert_int_equal(send(other, "last", 4, 0), 4);
    assert_int_equal(close(other), 0);
    {
        char got[4];

        assert_int_equal(recv(ours, got, 4, MSG_WAITALL), 4);
    }
    expect_end(ours);
    assert_int_equal(close(ours), 0);
}

static void nobody_waits_any_more(void **state)
{
    int other, ours = pass(0, &other, PK_OK);

    (void)state;
    assert_int_equal(close(ours), 0);
    expect_end(other);
    assert_int_equal(close(other), 0);
}

static void one_user_has_a_few(void **state)
{
    int ours[MANY], others[MANY + 2];

    (void)state;
    for (int i = 0; i < MANY; i++)
        ours[i] = pass(1001, &others[i], PK_OK);
    assert_int_equal(pass(1001, &others[MANY], PK_NO_MEMORY), -1);
    expect_end(others[MANY]);
    assert_int_equal(close(pass(1002, &others[MANY + 1], PK_OK)), 0);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(close(ours[i]), 0);
    for (int i = 0; i < MANY + 2; i++)
        assert_int_equal(close(others[i]), 0);
}

/* An agent's socket has its thread as long as the sign-in lasts, of which root may have 176. */
static void users_take_nothing_from_root(void **state)
{
    static int ours[USERS * MANY + ROOTS], others[USERS * MANY + ROOTS];
    const struct rlimit room = {4096, 4096};
    size_t count = 0;

    (void)state;
    if (setrlimit(RLIMIT_NOFILE, &room) < 0)
        skip();
    for (; count < (size_t)USERS * MANY; count++)
        ours[count] = pass((uid_t)(2000 + count / MANY), &others[count], PK_OK);
    for (; count < (size_t)USERS * MANY + ROOTS; count++)
        ours[count] = pass(0, &others[count], PK_OK);
    while (count-- > 0) {
        assert_int_equal(close(ours[count]), 0);
        assert_int_equal(close(others[count]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(nobody_waits_any_more),
        cmocka_unit_test(one_user_has_a_few),
        cmocka_unit_test(users_take_nothing_from_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
