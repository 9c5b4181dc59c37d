/* SPDX-License-Identifier: BSD-2-Clause */
/* Enter at a terminal that is this process's own: one that the test makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/give_up.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static int person = -1; /* the other end of the terminal */

static void type(const char *text)
{
    assert_int_equal(write(person, text, strlen(text)), strlen(text));
}

static bool readable_within(int fd, int milliseconds)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};

    return poll(&event, 1, milliseconds) > 0;
}

static bool readable(int fd)
{
    return readable_within(fd, 0);
}

/* What is typed takes the kernel a moment. */
static void await(int fd)
{
    assert_true(readable_within(fd, PATIENCE_MS));
}

static void a_line_gives_up(void **state)
{
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {.fd = -1, .next = "next way", .end = "stop"};

    (void)state;
    assert_false(pk_give_up_typed(&give_up)); /* nobody listens yet */
    type("before\n");
    await(STDIN_FILENO);
    pk_give_up_open(&give_up);
    assert_true(give_up.fd >= 0);
    assert_false(readable(give_up.fd)); /* what came before is no answer */
    assert_false(pk_give_up_typed(&give_up));
    type("\n");
    await(give_up.fd);
    assert_true(pk_give_up_typed(&give_up));
    assert_false(pk_give_up_typed(&give_up)); /* once */
    type("a password");
    assert_false(readable(give_up.fd));
    type(" that comes too early\n");
    await(give_up.fd);
    assert_true(pk_give_up_typed(&give_up));
    assert_false(readable(give_up.fd)); /* and leaves nothing behind */
}

static void the_end_of_the_input_is_no_line(void **state)
{
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {.fd = -1, .next = "next way", .end = "stop"};

    (void)state;
    pk_give_up_open(&give_up);
    type("\004");
    await(give_up.fd);
    assert_false(pk_give_up_typed(&give_up));
    assert_int_equal(give_up.fd, -1); /* or it would be readable for ever */
}

/* Reading there would stop the process. */
static void the_background_hears_nothing(void **state)
{
    struct pk_give_up give_up = {.fd = -1, .next = "next way", .end = "stop"};
    int foreground = tcgetpgrp(STDIN_FILENO), status = 0;
    pid_t child;

    (void)state;
    pk_give_up_open(&give_up);
    child = fork();
    if (child == 0) {
        struct pk_give_up second = {.fd = -1, .next = "next way", .end = "stop"};

        if (setpgid(0, 0) < 0)
            _exit(1);
        type("\n");
        await(give_up.fd);
        pk_give_up_open(&second);
        if (second.fd != -1 || pk_give_up_typed(&give_up) || !readable(STDIN_FILENO))
            _exit(2);
        /* What another program leaves there wakes nobody again and again; what is new does once. */
        if (readable(give_up.fd))
            _exit(3);
        type("\n");
        await(give_up.fd);
        _exit(pk_give_up_typed(&give_up) || readable(give_up.fd) ? 4 : 0);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(tcgetpgrp(STDIN_FILENO), foreground);
    assert_true(pk_give_up_typed(&give_up)); /* it is still there */
    pk_give_up_close(&give_up);
}

static void without_a_terminal_there_is_nobody(void **state)
{
    PK_AUTO_GIVE_UP struct pk_give_up give_up = {.fd = -1, .next = "next way", .end = "stop"};
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        (void)setsid();
        pk_give_up_open(&give_up);
        _exit(give_up.fd == -1 && !pk_give_up_typed(&give_up) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_gives_up),
        cmocka_unit_test(the_end_of_the_input_is_no_line),
        cmocka_unit_test(the_background_hears_nothing),
        cmocka_unit_test(without_a_terminal_there_is_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* In a session of its own, with that terminal. */
int main(void)
{
    int slave = -1, status = 0;
    pid_t child;

    if (openpty(&person, &slave, NULL, NULL, NULL) < 0)
        return 77;
    child = fork();
    if (child == 0) {
        if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, STDIN_FILENO) < 0)
            _exit(77);
        exit(run());
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status);
}
