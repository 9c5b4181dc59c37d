/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process can no longer do in a sandbox: each attempt runs in a child that has entered it.
 */
#ifndef PK_TESTS_SHUT_IN_H
#define PK_TESTS_SHUT_IN_H

#include "common/base/status.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>

#define SUCCEEDED 0
#define KILLED    (-1) /* by the filter */
#define BROKEN    255  /* the child itself could not do its part */

typedef enum pk_status sandbox(void);

/* How that attempt ends in that sandbox: its errno, SUCCEEDED or KILLED. */
int outcome(sandbox *enter, int (*attempt)(void));
/* The same of a child that runs already. */
int end_of(pid_t child);

struct named_call {
    const char *name;
    long number;
};
#define CALL(name)                                                                                 \
    {                                                                                              \
#name, SYS_##name                                                                          \
    }

/* Of a system call, with arguments that name nothing: it is the filter that answers. */
int outcome_of_call(sandbox *enter, long number);

void assert_all(sandbox *enter, const struct named_call *calls, size_t count, int expected);
#define ASSERT_ALL(enter, calls, expected)                                                         \
    assert_all(enter, calls, sizeof(calls) / sizeof(*(calls)), expected)

#endif
