/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions on /dev/tty: a child asks on a terminal of its own, and this side is who types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUESTION "PIN:"
#define PIN      "123456"

/* Exits with 0 when the answer was PIN. */
static void ask_and_exit(const char *terminal_name, int keeps_open)
{
    struct terminal terminal = {.cancel_fd = -1};
    PK_AUTO_SECRET struct pk_secret answer = {.data = NULL};
    int fd;

    (void)close(keeps_open);
    (void)alarm(30); /* whatever goes wrong, this process ends */
    if (setsid() < 0)
        _exit(2);
    fd = open(terminal_name, O_RDWR);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
        _exit(3);
    if (terminal_ask_secret(&terminal, QUESTION, &answer))
        _exit(4);
    _exit(answer.len == strlen(PIN) && memcmp(answer.data, PIN, answer.len) == 0 ? 0 : 5);
}

static bool echo(int fd)
{
    struct termios mode;

    assert_int_equal(tcgetattr(fd, &mode), 0);
    return mode.c_lflag & ECHO;
}

/*
 * Switching the echo off discards what was typed: it comes before the question is shown, or the
 * PIN of who answers at once would be lost. The terminal shows nothing until it is told to go on.
 */
static void test_a_secret_typed_as_soon_as_its_question_shows(void **state)
{
    int master, slave, status;
    char name[64], shown[sizeof(QUESTION)] = "";
    pid_t child;

    (void)state;
    assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
    assert_int_equal(tcflow(slave, TCOOFF), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        ask_and_exit(name, master);
    while (echo(slave)) {
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
        (void)sched_yield();
    }
    assert_int_equal(tcflow(slave, TCOON), 0);
    for (size_t got = 0; got < strlen(QUESTION); got++)
        assert_int_equal(read(master, shown + got, 1), 1);
    assert_string_equal(shown, QUESTION);
    assert_int_equal(write(master, PIN "\n", strlen(PIN "\n")), strlen(PIN "\n"));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(echo(slave));
    (void)close(slave);
    (void)close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_typed_as_soon_as_its_question_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
