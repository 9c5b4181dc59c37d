/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int interrupt_open(void)
{
    static const int signals[] = {SIGINT, SIGQUIT};
    sigset_t blocked, wanted;
    int count = 0;

    if (sigprocmask(SIG_SETMASK, NULL, &blocked) < 0)
        return -1;
    (void)sigemptyset(&wanted);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigismember(&blocked, signals[i]) == 1) {
            (void)sigaddset(&wanted, signals[i]);
            count++;
        }
    }
    return count ? signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
}

bool interrupt_take(int fd)
{
    struct signalfd_siginfo taken;

    return fd >= 0 && read(fd, &taken, sizeof(taken)) == (ssize_t)sizeof(taken);
}
