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
#include <stdio.h>
#include <stdlib.h>
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

/* Exits with 0 when the answer is "n". */
static void discard_and_ask(const char *terminal_name, int keeps_open, int go_on)
{
    struct terminal terminal = {.cancel_fd = -1};
    char *answer = NULL, word;
    int fd;

    (void)close(keeps_open);
    (void)alarm(30);
    if (setsid() < 0)
        _exit(2);
    fd = open(terminal_name, O_RDWR);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || read(go_on, &word, 1) != 1)
        _exit(3);
    terminal_discard();
    if (terminal_ask(&terminal, "Yours?", &answer))
        _exit(4);
    _exit(strcmp(answer, "n") == 0 ? 0 : 5);
}

/* A letter on a line that is not ended yet. */
static void test_what_was_typed_before_can_be_discarded(void **state)
{
    int master, slave, status, pair[2];
    char name[64], seen[sizeof("yYours? ")] = "";
    pid_t child;

    (void)state;
    assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
    assert_int_equal(pipe(pair), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        discard_and_ask(name, master, pair[0]);
    assert_int_equal(write(master, "y", 1), 1);
    assert_int_equal(read(master, seen, 1), 1); /* its echo: the terminal has it */
    assert_int_equal(write(pair[1], "", 1), 1);
    for (size_t got = 1; got < strlen("yYours? "); got++)
        assert_int_equal(read(master, seen + got, 1), 1);
    assert_string_equal(seen, "yYours? ");
    assert_int_equal(write(master, "n\n", 2), 2);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
    (void)close(slave);
    (void)close(master);
}

/* What a terminal is sent; without an event, by terminal_reset(). */
static void assert_info(const char *event, const char *text, const char *wanted)
{
    int master, slave, before;
    char seen[500] = "";
    size_t len = 0;
    struct termios mode;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    assert_int_equal(tcgetattr(slave, &mode), 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(slave, TCSANOW, &mode), 0);
    before = dup(STDERR_FILENO);
    assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
    if (event)
        assert_int_equal(terminal_info(event, text), PK_OK);
    else
        terminal_reset();
    (void)dprintf(STDERR_FILENO, "$"); /* after it nothing comes */
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    while (len == 0 || seen[len - 1] != '$') {
        ssize_t got = read(master, seen + len, sizeof(seen) - 1 - len);

        assert_true(got > 0);
        len += (size_t)got;
    }
    seen[len - 1] = '\0';
    assert_string_equal(seen, wanted);
    (void)close(before);
    (void)close(slave);
    (void)close(master);
}

#define FULL "\u2588"
#define HALF "\u2580"

/* Both kinds of picture (qr_code.h) are dark on light, and what is beside them is left alone. */
static void test_a_code_brings_its_colours(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_info("qr-code", "Read this:\n" FULL HALF "\n" HALF " ",
                "Read this:\n\033[97;40m" FULL HALF "\033[0m\n\033[97;40m" HALF " \033[0m\n");
    assert_info("qr-code", "Read this:\n " HALF "\n" HALF FULL,
                "Read this:\n\033[30;107m " HALF "\033[0m\n\033[30;107m" HALF FULL "\033[0m\n");
    assert_info("phone", "Approve\n" FULL, "Approve\n" FULL "\033[0m\n");
    assert_info("qr-code", "Read this", "Read this\033[0m\n");
}

static void test_what_another_did_to_the_terminal_is_undone(void **state)
{
    (void)state;
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_info(NULL, NULL, "\033[!p");
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_info(NULL, NULL, "");
}

static void test_a_code_where_no_colours_are_wanted(void **state)
{
    (void)state;
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_info("qr-code", "Read this:\n" FULL HALF, "Read this:\n" FULL HALF "\n");
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_info("qr-code", "Read this:\n" FULL HALF, "Read this:\n" FULL HALF "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_typed_as_soon_as_its_question_shows),
        cmocka_unit_test(test_what_was_typed_before_can_be_discarded),
        cmocka_unit_test(test_a_code_brings_its_colours),
        cmocka_unit_test(test_a_code_where_no_colours_are_wanted),
        cmocka_unit_test(test_what_another_did_to_the_terminal_is_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
