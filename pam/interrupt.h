/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C in an application that blocks the signal. */
#ifndef PAM_PASSKEY_INTERRUPT_H
#define PAM_PASSKEY_INTERRUPT_H

#include <stdbool.h>

/*
 * sudo blocks SIGINT and SIGQUIT while it waits for PAM, which with a passkey may be long. The
 * descriptor is readable as soon as one of them is pending. -1 where the application does not block
 * them and handles them itself. The caller closes it.
 */
int interrupt_open(void);

/*
 * Consumes the pending signal, which was meant for this wait. Left pending, it would end sudo
 * later, after the person has typed a password instead. false: there was none.
 */
bool interrupt_take(int fd);

#endif
