/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/polkit_agent.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define PKTTYAGENT "/usr/bin/pkttyagent"

/* Milliseconds. Registering is one call to polkit, which may have to be started. */
#define REGISTRATION_TIMEOUT 5000

/* systemd-logind puts a login session into a scope of its own, session-ID.scope. */
static bool in_session(void)
{
    PK_AUTO_FCLOSE FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4096];

    while (file && fgets(line, sizeof(line), file))
        if (strstr(line, "/session-"))
            return true;
    return false;
}

/* In the child, between fork() and exec(). */
static void become_agent(int notify_fd)
{
    /*
     * A fallback agent is used only where the session has none. polkit 122 asks no fallback agent
     * for a process outside a session, so there it is registered as an ordinary one.
     */
    const char *fallback = in_session() ? "--fallback" : NULL;
    char notify[32];

    /* Registered for its parent, this process, when no --process is given. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)snprintf(notify, sizeof(notify), "--notify-fd=%d", notify_fd);
    (void)fcntl(notify_fd, F_SETFD, 0);
    (void)execl(PKTTYAGENT, "pkttyagent", notify, fallback, (char *)NULL);
    _exit(127);
}

void polkit_agent_start(int cancel_fd, struct polkit_agent *ret)
{
    int ends[2];
    struct pollfd events[2];

    *ret = (struct polkit_agent){0};
    if (geteuid() == 0 || !isatty(STDIN_FILENO) || access(PKTTYAGENT, X_OK) < 0 ||
        pipe2(ends, O_CLOEXEC) < 0)
        return;
    ret->process = fork();
    if (ret->process == 0)
        become_agent(ends[1]);
    (void)close(ends[1]);
    if (ret->process < 0)
        ret->process = 0;
    events[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    events[1] = (struct pollfd){.fd = cancel_fd, .events = POLLIN};
    /* Its end is closed once it is registered, or when it exits. */
    (void)poll(events, 2, REGISTRATION_TIMEOUT);
    (void)close(ends[0]);
}

void polkit_agent_stop(struct polkit_agent *agent)
{
    if (agent->process <= 0)
        return;
    (void)kill(agent->process, SIGTERM);
    (void)kill(agent->process, SIGCONT);
    while (waitpid(agent->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    *agent = (struct polkit_agent){0};
}
