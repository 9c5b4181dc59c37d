/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for ssh as the parent of passkey-askpass, which believes a prompt's prefix only of a
 * program of root's that is called ssh and says that it is OpenSSH: ssh PROGRAM ARGUMENT... runs
 * that program, passes signals on, and exits as it did.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void pass_on(int number)
{
    if (child > 0)
        (void)kill((pid_t)child, number);
}

static _Noreturn void become(char **argv)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN}, passed = {.sa_handler = pass_on};
    int status = 0;
    pid_t pid;

    if (argc == 2 && strcmp(argv[1], "-V") == 0) {
        (void)fputs("OpenSSH_9.9p1, a stand-in\n", stderr);
        return 0;
    }
    if (argc < 2)
        return 2;
    pid = fork();
    if (pid < 0)
        return 1;
    if (pid == 0)
        become(argv + 1);
    child = pid;
    /* The terminal gives these to both. */
    (void)sigaction(SIGINT, &ignored, NULL);
    (void)sigaction(SIGQUIT, &ignored, NULL);
    (void)sigaction(SIGTERM, &passed, NULL);
    (void)sigaction(SIGHUP, &passed, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
