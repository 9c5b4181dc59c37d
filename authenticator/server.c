/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/server.h"

#include "authenticator/sandbox.h"
#include "authenticator/worker.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTENER    3 /* SD_LISTEN_FDS_START */
#define WORKERS_MAX 64

struct worker {
    pid_t pid;
    int connection;
};

static struct worker workers[WORKERS_MAX];
static size_t worker_count;

static void on_child(int number)
{
    (void)number; /* only ends ppoll() */
}

/* Whether systemd passed this process exactly one socket. */
static bool has_listener(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int listens = 0;
    socklen_t len = sizeof(listens);

    return pid && count && strtol(pid, NULL, 10) == (long)getpid() && strcmp(count, "1") == 0 &&
           getsockopt(LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

/* In the child: it keeps its own connection and standard error, and nothing of other workers. */
static void run_worker(int connection)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)signal(SIGCHLD, SIG_DFL);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || dup2(connection, STDIN_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(EXIT_FAILURE);
    _exit(worker_run(STDIN_FILENO));
}

static bool is_user(int connection, uid_t allowed)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == allowed;
}

static void accept_one(uid_t allowed)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int connection = accept4(LISTENER, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    pid_t pid = -1;

    if (connection < 0)
        return;
    if (is_user(connection, allowed))
        pid = fork();
    if (pid == 0)
        run_worker(connection);
    if (pid < 0) {
        (void)close(connection);
        return;
    }
    workers[worker_count++] = (struct worker){pid, connection};
}

/* Says how a worker has ended, and forgets it. */
static void reap(void)
{
    size_t i = 0;

    while (i < worker_count) {
        int status = 0;
        unsigned char code;

        if (waitpid(workers[i].pid, &status, WNOHANG) != workers[i].pid) {
            i++;
            continue;
        }
        code = WIFEXITED(status) ? (unsigned char)WEXITSTATUS(status) : EXIT_FAILURE;
        (void)send(workers[i].connection, &code, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(workers[i].connection);
        workers[i] = workers[--worker_count];
    }
}

/* A connection without its other side is the only thing that is reported of one. */
static void kill_abandoned(const struct pollfd *polled)
{
    for (size_t i = 0; i < worker_count; i++) {
        if (polled[i].revents)
            (void)kill(workers[i].pid, SIGKILL);
    }
}

static void serve(uid_t allowed)
{
    struct pollfd polled[WORKERS_MAX + 1];
    sigset_t none;

    (void)sigemptyset(&none);
    for (;;) {
        size_t count = worker_count;

        for (size_t i = 0; i < count; i++)
            polled[i] = (struct pollfd){.fd = workers[i].connection};
        polled[count] =
            (struct pollfd){.fd = count < WORKERS_MAX ? LISTENER : -1, .events = POLLIN};
        /* SIGCHLD comes only while it waits here. */
        if (ppoll(polled, count + 1, NULL, &none) > 0) {
            kill_abandoned(polled);
            if (polled[count].revents)
                accept_one(allowed);
        }
        reap();
    }
}

int server_run(void)
{
    const struct sigaction action = {.sa_handler = on_child};
    const struct passwd *user = getpwnam(PASSKEYD_USER);
    sigset_t children;

    (void)sigemptyset(&children);
    (void)sigaddset(&children, SIGCHLD);
    if (!has_listener()) {
        (void)fputs("passkey-authenticator: --server wants a listening socket from systemd; see "
                    "passkey-authenticator.socket\n",
                    stderr);
        return EXIT_FAILURE;
    }
    if (!user) {
        (void)fputs("passkey-authenticator: there is no user " PASSKEYD_USER "\n", stderr);
        return EXIT_FAILURE;
    }
    if (user->pw_uid == getuid())
        (void)fputs("passkey-authenticator: runs as " PASSKEYD_USER
                    " itself: set another User= in passkey-authenticator.service\n",
                    stderr);
    if (sigaction(SIGCHLD, &action, NULL) != 0 || sigprocmask(SIG_BLOCK, &children, NULL) != 0)
        return EXIT_FAILURE;
    worker_prepare();
    serve(user->pw_uid);
    return EXIT_FAILURE;
}
