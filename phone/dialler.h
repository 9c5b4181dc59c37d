/* SPDX-License-Identifier: BSD-2-Clause */
/* The part that connects: it alone resolves names and makes sockets, and never reads from them. */
#ifndef PHONE_DIALLER_H
#define PHONE_DIALLER_H

#include "phone/dial.h"

/* What the part is started with. Borrowed. */
struct dialler {
    struct dial_rules rules;
    const char *unit; /* the socket of a dialler's unit, which is asked then; NULL, "": none */
};

/*
 * The part: answers every PART_DIAL by PART_DIALLED with the connection, or with a byte of enum
 * dialler_reason, until its socket ends. See part.h.
 */
void dialler_run(int socket, const void *dialler);

enum dialler_reason {
    DIALLER_REFUSED = 1,       /* not a tunnel that may be connected to */
    DIALLER_NO_NAME = 2,       /* it cannot be resolved */
    DIALLER_NO_CONNECTION = 3, /* no address of it answers */
};

/* The unit's program: one such question on standard input. The exit status. */
int dialler_run_unit(const struct dial_rules *rules);

#endif
