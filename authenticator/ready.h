/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that is kept ready to become helpers: it has loaded what they need, and forks. */
#ifndef AUTHENTICATOR_READY_H
#define AUTHENTICATOR_READY_H

/* Serves common/wire/start.h on standard input until its end: the exit status. */
int ready_run(void);

#endif
