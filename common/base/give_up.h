/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enter at the terminal while a security key is waited for: the person does not want to wait. Only
 * the controlling terminal is listened to, and only from its foreground; nothing is asked.
 */
#ifndef PK_BASE_GIVE_UP_H
#define PK_BASE_GIVE_UP_H

#include <stdbool.h>

struct pk_give_up {
    int fd;           /* readable when something more was typed; -1: nobody is there */
    const char *next; /* "go on to ...", what Enter is for: where there is another way, */
    const char *end;  /* and where there is none; static, in words that nobody takes for a prompt */
    int terminal;     /* what is read; not used while fd is -1 */
};

/* Sets fd, and leaves it at -1 where there is no terminal. Whole lines that were typed
 * before are discarded. */
void pk_give_up_open(struct pk_give_up *give_up);

/* Reads without blocking, and forgets, what was typed. Whether it was a line, be it empty. */
bool pk_give_up_typed(struct pk_give_up *give_up);

void pk_give_up_close(struct pk_give_up *give_up);
#define PK_AUTO_GIVE_UP __attribute__((cleanup(pk_give_up_close)))

#endif
