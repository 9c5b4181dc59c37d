/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual consoles of this computer, as the kernel shows them. */
#ifndef PASSKEYD_CONSOLE_H
#define PASSKEYD_CONSOLE_H

#include "common/base/bytes.h"

#include <sys/types.h>

#define CONSOLE_MAX 63 /* Linux: MAX_NR_CONSOLES */

/* The number of the console on the screen, 1 to CONSOLE_MAX; 0: none, or not known. */
unsigned console_shown(void);

/* Of its device; (uid_t)-1: not known. login gives it to who signs in there. */
uid_t console_owner(unsigned console);

/* The number in the text of /sys/class/tty/tty0/active, "ttyN"; 0: it is no such text. */
unsigned console_parse(struct pk_view text);

#endif
