/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/ready.h"

#include "authenticator/handover.h"
#include "authenticator/sandbox.h"
#include "authenticator/session.h"
#include "authenticator/worker.h"
#include "common/helper/passing.h"
#include "common/helper/sandbox.h"
#include "common/wire/start.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As ps(1) tells it from the helpers that it has started. */
#define NAME        "passkey-ready"
#define HELPER_NAME "passkey-key"

/* --- the helper ------------------------------------------------------------------------------- */

/* In the new process: nothing is left of its siblings' business but standard error. */
static int run_helper(int socket, pid_t caller)
{
    static struct pk_channel channel = {.in = STDIN_FILENO, .out = STDOUT_FILENO};

    (void)prctl(PR_SET_NAME, HELPER_NAME);
    if (pk_sandbox_prepare() != PK_OK || getppid() != caller || dup2(socket, STDIN_FILENO) < 0 ||
        dup2(socket, STDOUT_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        return EXIT_FAILURE;
    return session_run(&channel) == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* As fork() does, but that the new process is a sibling: whoever asked for it sees its end. */
static pid_t fork_sibling(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0L);
}

/* --- asked for helpers ------------------------------------------------------------------------ */

/* The socket of the next helper; -1: the input has ended, or is not what it should be. */
static int next_socket(void)
{
    uint8_t byte = 0;
    struct pk_passed passed;

    if (pk_passing_receive(STDIN_FILENO, &byte, sizeof(byte), 1, &passed) != PK_OK ||
        byte != PK_START_BYTE || passed.count != 1)
        return -1; /* what did come is closed with this process */
    return passed.fds[0];
}

static bool is_asked(void)
{
    struct pollfd polled = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&polled, 1, 0) != 0;
}

/* Where the server takes the keys, its processes have loaded what is needed. */
static bool prepare(void)
{
    if (access(HANDOVER_SOCKET, F_OK) != 0)
        worker_prepare();
    return sandbox_enter_ready() == PK_OK;
}

int ready_run(void)
{
    const pid_t caller = getppid();
    bool prepared = false;

    /* What such a library holds would be one for all that are forked. */
    if (getenv("LD_PRELOAD"))
        return EXIT_FAILURE;
    (void)prctl(PR_SET_NAME, NAME);
    for (;;) {
        struct pk_started started;
        int socket;

        /* Not as long as somebody waits: the first to be asked for lists the keys. */
        if (!prepared && !is_asked()) {
            if (!prepare())
                return EXIT_FAILURE;
            prepared = true;
        }
        socket = next_socket();
        if (socket < 0)
            return EXIT_SUCCESS;
        started.pid = fork_sibling();
        if (started.pid == 0)
            _exit(run_helper(socket, caller));
        (void)close(socket);
        if (started.pid < 0 ||
            send(STDIN_FILENO, &started, sizeof(started), MSG_NOSIGNAL) != (ssize_t)sizeof(started))
            return EXIT_FAILURE;
    }
}
