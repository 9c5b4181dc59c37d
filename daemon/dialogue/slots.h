/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have how many conversations; for conversation.c only. */
#ifndef PASSKEYD_SLOTS_H
#define PASSKEYD_SLOTS_H

#include "daemon/dialogue/conversation_private.h"

/* Whether the call's user may have one more, which is to be of those. */
bool slots_may_open(const struct conversations *conversations, const struct call *call,
                    const struct conversation_ops *ops, const void *data) PK_WARN_UNUSED;

/*
 * The finished conversation of that user which makes room for another of theirs: one whose outcome
 * was fetched before one that was not, the oldest first. NULL: there is room. Those of others are
 * never it.
 */
struct conversation *slots_surplus(const struct conversations *conversations, uid_t charged);

#endif
