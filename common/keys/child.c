/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/child.h"

#include "common/base/cleanup.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STACK_SIZE 65536 /* of a child until it executes its program; sanitizers need much */

/* What a child is started with. */
struct beginning {
    const char *program;
    const char *option;
    int slot;
    pid_t parent;
};

/*
 * In the child: nothing is inherited but the socket, standard error and a bare environment. It has
 * the parent's table of descriptors, and takes out of it a copy of what lies below the slot: of
 * what somebody passed to the parent it never has one. To close it would take as long as they like.
 */
static int exec_program(void *data)
{
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD, SIGPIPE};
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    static char lang[] = "LANG=C.UTF-8";
    static char *const environment[] = {path, lang, NULL};
    const struct beginning *begin = data;
    char *const arguments[] = {(char *)(uintptr_t)begin->program, (char *)(uintptr_t)begin->option,
                               NULL};
    sigset_t none;

    /* Our handlers must not run here: what they write goes to our own event loop. */
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        (void)signal(handled[i], SIG_DFL);
    (void)sigemptyset(&none);
    /* A terminal's interrupt must not reach it: it still has to make the key stop blinking. */
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != begin->parent ||
        sigprocmask(SIG_SETMASK, &none, NULL) ||
        close_range((unsigned)begin->slot + 1, ~0U, CLOSE_RANGE_UNSHARE) ||
        dup2(begin->slot, STDIN_FILENO) < 0 || dup2(begin->slot, STDOUT_FILENO) < 0 ||
        close_range(3, ~0U, 0))
        return 126;
    (void)execve(begin->program, arguments, environment);
    return 127;
}

/*
 * As fork() does, but that the child has this process's very table of descriptors, and that this
 * process goes on only when the child has one of its own and executes the program.
 */
static pid_t start_child(const struct beginning *begin)
{
    static _Alignas(16) unsigned char stack[STACK_SIZE];

    return clone(exec_program, stack + STACK_SIZE, CLONE_FILES | CLONE_VFORK | SIGCHLD,
                 (void *)(uintptr_t)begin);
}

enum pk_status pk_slot_take(struct pk_slot *ret)
{
    PK_AUTO_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int number = nothing < 0 ? -1 : fcntl(nothing, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (number < 0)
        return PK_NO_MEMORY;
    *ret = (struct pk_slot){number, pk_steal_fd(&nothing)};
    return PK_OK;
}

void pk_slot_release(struct pk_slot *slot)
{
    cleanup_close_fd(&slot->number);
    cleanup_close_fd(&slot->nothing);
    *slot = PK_SLOT_NONE;
}

pid_t pk_child_start(const struct pk_slot *slot, const char *program, const char *option, int fd)
{
    const struct beginning begin = {program, option, slot->number, getpid()};
    sigset_t all, before;
    pid_t pid;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid = dup3(fd, slot->number, O_CLOEXEC) < 0 ? -1 : start_child(&begin);
    (void)dup3(slot->nothing, slot->number, O_CLOEXEC); /* the number stays taken */
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}
