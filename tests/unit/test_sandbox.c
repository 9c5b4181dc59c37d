/* SPDX-License-Identifier: BSD-2-Clause */
/* Each attempt runs in a child that has entered the sandbox; its exit status is the result. */
#include "authenticator/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SUCCEEDED 0
#define KILLED    (-1) /* by the filter */

/* The errno of the attempt, SUCCEEDED or KILLED. */
static int outcome(int (*attempt)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (sandbox_enter() != PK_OK)
            _exit(255);
        _exit(attempt() < 0 ? errno : SUCCEEDED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return KILLED;
    }
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

static int inet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int netlink_socket(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static int program(void)
{
    char name[] = "/bin/true";
    char *arguments[] = {name, NULL};

    return execve(name, arguments, arguments + 1);
}

static int process(void)
{
    return fork();
}

static int debugger(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int signalling(void)
{
    return kill(getppid(), 0);
}

static int new_file(void)
{
    return open("/tmp/passkey-authenticator-test", O_CREAT | O_WRONLY, 0600);
}

static int unnamed_file(void)
{
    return open("/tmp", O_TMPFILE | O_WRONLY, 0600);
}

/* Made by the test; the child opens it inside the sandbox. */
static char existing[] = "/tmp/passkey-authenticator-test-XXXXXX";

static int emptying(void)
{
    return open(existing, O_WRONLY | O_TRUNC | O_CLOEXEC);
}

static int shared_mapping(void)
{
    int fd = open(existing, O_RDWR | O_CLOEXEC);

    void *page;

    if (fd < 0)
        _exit(254);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return page == MAP_FAILED ? -1 : 0;
}

static int removal(void)
{
    return unlink("/tmp/passkey-authenticator-test");
}

static int code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? -1 : 0;
}

static int code_later(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int terminal_input(void)
{
    char byte = 'x';

    return ioctl(STDIN_FILENO, TIOCSTI, &byte);
}

static int privileges(void)
{
    return setuid(0);
}

static int limits(void)
{
    const struct rlimit more = {1, 1};

    return setrlimit(RLIMIT_CORE, &more);
}

static int device(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    return fd < 0 ? -1 : close(fd);
}

static int memory(void)
{
    void *much = malloc(1 << 20);

    free(much);
    return much ? 0 : -1;
}

/* As libcbor does for an array of a large claimed length. */
static int much_memory(void)
{
    void *volatile much = malloc(64UL << 20);

    return much ? 0 : -1;
}

static void test_hostile(void **state)
{
    (void)state;
    assert_int_equal(outcome(inet_socket), KILLED);
    assert_int_equal(outcome(unix_socket), KILLED);
    assert_int_equal(outcome(program), KILLED);
    assert_int_equal(outcome(process), KILLED);
    assert_int_equal(outcome(debugger), KILLED);
    assert_int_equal(outcome(signalling), KILLED);
    assert_int_equal(outcome(privileges), KILLED);
}

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(outcome(netlink_socket), EPERM);
    assert_int_equal(outcome(new_file), EPERM);
    assert_int_equal(outcome(unnamed_file), EPERM);
    assert_int_equal(outcome(removal), EPERM);
    assert_int_equal(outcome(code), EPERM);
    assert_int_equal(outcome(code_later), EPERM);
    assert_int_equal(outcome(terminal_input), EPERM);
    assert_int_equal(outcome(limits), EPERM);
#ifndef SANITIZERS
    assert_int_equal(outcome(much_memory), ENOMEM);
#else
    (void)much_memory;
#endif
}

/* A file that its user may write: it can be neither emptied nor changed. */
static void test_existing_file(void **state)
{
    int fd = mkstemp(existing);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(outcome(emptying), EPERM);
    assert_int_equal(outcome(shared_mapping), EPERM);
    (void)close(fd);
    assert_int_equal(unlink(existing), 0);
}

static void test_needed(void **state)
{
    (void)state;
    assert_int_equal(outcome(device), SUCCEEDED);
    assert_int_equal(outcome(memory), SUCCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_existing_file),
        cmocka_unit_test(test_needed),
    };

    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
