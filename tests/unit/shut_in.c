/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/shut_in.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int end_of(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return KILLED;
    }
    assert_int_not_equal(WEXITSTATUS(status), BROKEN);
    return WEXITSTATUS(status);
}

int outcome(sandbox *enter, int (*attempt)(void))
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (enter() != PK_OK)
            _exit(BROKEN);
        _exit(attempt() < 0 ? errno : SUCCEEDED);
    }
    return end_of(child);
}

static long attempted;

static int attempt_call(void)
{
    return (int)syscall(attempted, -1, 0, 0, 0, 0, 0);
}

int outcome_of_call(sandbox *enter, long number)
{
    attempted = number;
    return outcome(enter, attempt_call);
}

void assert_all(sandbox *enter, const struct named_call *calls, size_t count, int expected)
{
    for (size_t i = 0; i < count; i++) {
        int found = outcome_of_call(enter, calls[i].number);

        if (found != expected)
            fail_msg("%s: %d instead of %d", calls[i].name, found, expected);
    }
}
