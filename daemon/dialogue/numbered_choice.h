/* SPDX-License-Identifier: BSD-2-Clause */
/* A question whose answer is the number of a line. */
#ifndef PASSKEYD_NUMBERED_CHOICE_H
#define PASSKEYD_NUMBERED_CHOICE_H

#include "common/base/terms.h"
#include "daemon/dialogue/conversation.h"

/*
 * Asks with heading, followed by each item on a line with its number. event is a stable name
 * (doc/protocol.md). PK_NO_MEMORY, PK_TOO_LARGE: nothing was asked.
 */
enum pk_status numbered_choice_ask(struct conversation *conversation, const char *event,
                                   const char *heading,
                                   const struct pk_strings *items) PK_WARN_UNUSED;

/* The index of the chosen line; count when the answer is not one of the numbers. */
size_t numbered_choice_read(const struct pk_secret *answer, size_t count);

#endif
