/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module reports of the process that it runs in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/process.h"

#include <arpa/inet.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_terminal_of_stat(void **state)
{
    static const struct {
        const char *text;
        uint32_t terminal;
    } rows[] = {
        {"12 (sudo) S 1 1 1 34818 -1 0\n", 34818},
        {"12 (a b) c) S 1 1 1 1025 -1 0\n", 1025}, /* the name is the caller's choice */
        {"12 () 9 9 9 9 7) S 1 1 1 5 -1\n", 5},
        {"12 (sudo) S 1 1 1 0 -1 0\n", 0},
        {"12 (sudo) S 1 1 1 4294967295 -1 0\n", UINT32_MAX},
        {"12 (sudo) S 1 1 1 4294967296 -1 0\n", 0},
        {"12 (sudo) S 1 1 1 -1 -1 0\n", 0},
        {"12 (sudo) S 1 1 1 12x 1\n", 0},
        {"12 (sudo) S 1 1 1", 0},
        {"12 (sudo)", 0},
        {"12 sudo S 1 1 1 34818\n", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(pk_process_terminal(pk_view_string(rows[i].text)), rows[i].terminal);
}

static void test_stat_that_is_none(void **state)
{
    static uint8_t text[4096];
    static const uint8_t zero[] = "1 (a) S 1 1 1 5\0 1";

    (void)state;
    (void)memset(text, ' ', sizeof(text));
    assert_int_equal(pk_process_terminal((struct pk_view){text, sizeof(text)}), 0);
    assert_int_equal(pk_process_terminal((struct pk_view){zero, sizeof(zero) - 1}), 0);
}

/* The text is the kernel's, cut anywhere: no prefix names another terminal than a whole number. */
static void test_every_prefix(void **state)
{
    static const char text[] = "12 (sudo) S 1 1 1 34818 -1 0\n";

    (void)state;
    for (size_t len = 0; len < strlen("12 (sudo) S 1 1 1 "); len++)
        assert_int_equal(pk_process_terminal((struct pk_view){(const uint8_t *)text, len}), 0);
}

/* A child with a terminal of its own says which; the same child without one says 0. */
static void child(void)
{
    struct pk_process with, without;
    struct stat terminal;

    if (fstat(STDIN_FILENO, &terminal))
        _exit(2);
    with = pk_process_of_this();
    if (with.terminal == 0 || with.real_uid != getuid())
        _exit(3);
    /* The kernel's number has the minor's upper bits elsewhere; pseudo terminals have few. */
    if ((with.terminal & 0xff) != (terminal.st_rdev & 0xff) ||
        ((with.terminal >> 8) & 0xfff) != 136)
        _exit(4);
    if (fork() == 0) {
        (void)setsid();
        without = pk_process_of_this();
        _exit(without.terminal == 0 ? 0 : 5);
    } else {
        int status = 0;

        (void)wait(&status);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 6);
    }
}

static void test_own_process(void **state)
{
    int status = 0, terminal = -1;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        child();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(terminal);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_login_uid(void **state)
{
    char text[32] = "";
    FILE *file = fopen("/proc/self/loginuid", "re");

    (void)state;
    if (!file)
        skip();
    assert_non_null(fgets(text, sizeof(text), file));
    (void)fclose(file);
    assert_int_equal(pk_process_of_this().login_uid, strtoul(text, NULL, 10));
}

/* Who made the connection, and what the kernel says of that process. */
static void test_peer(void **state)
{
    struct pk_process peer = {0}, own = pk_process_of_this();
    int ends[2], pipe_ends[2];
    bool read = false;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pk_process_of_peer(ends[0], &peer, &read), getpid());
    assert_true(read);
    assert_int_equal(peer.real_uid, geteuid());
    assert_int_equal(peer.login_uid, own.login_uid);
    assert_int_equal(peer.audit_session, own.audit_session);
    assert_int_equal(peer.terminal, own.terminal);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(pk_process_of_peer(pipe_ends[0], &peer, &read), 0);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    assert_int_equal(pk_process_of_peer(-1, &peer, &read), 0);
}

/* A connection over the network comes from no process of this machine, even from this one. */
static void test_peer_over_the_network(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), end;
    struct pk_process peer = {0};
    bool read;

    (void)state;
    if (bind(server, (struct sockaddr *)&address, len))
        skip();
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
    end = accept(server, NULL, NULL);
    assert_true(end >= 0);
    assert_int_equal(pk_process_of_peer(end, &peer, &read), 0);
    (void)close(end);
    (void)close(client);
    (void)close(server);
}

static void test_of_pid(void **state)
{
    const struct pk_process own = pk_process_of_this();
    struct pk_process found = {.terminal = 77};

    (void)state;
    assert_false(pk_process_of_pid(INT32_MAX, 2001, &found));
    assert_int_equal(found.terminal, 77);
    assert_true(pk_process_of_pid(getpid(), 2001, &found));
    assert_int_equal(found.real_uid, 2001);
    assert_int_equal(found.login_uid, own.login_uid);
    assert_int_equal(found.audit_session, own.audit_session);
    assert_int_equal(found.terminal, own.terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal_of_stat), cmocka_unit_test(test_stat_that_is_none),
        cmocka_unit_test(test_every_prefix),     cmocka_unit_test(test_own_process),
        cmocka_unit_test(test_login_uid),        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_of_pid),           cmocka_unit_test(test_peer_over_the_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
