/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C in an application that holds it back. */
#ifndef PAM_PASSKEY_INTERRUPT_H
#define PAM_PASSKEY_INTERRUPT_H

/*
 * sudo blocks SIGINT and SIGQUIT while it waits for PAM, which with a passkey may be long. The
 * descriptor is readable as soon as one of them is pending; it is never read, so the signal stays
 * the application's, which finds it when it unblocks it. -1 where the application does not block
 * them, and so hears them itself. The caller closes it.
 */
int interrupt_open(void);

#endif
