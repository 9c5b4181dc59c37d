/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations of the bare daemon that are about nothing: what happens to one is written down.
 * Failures end the test.
 */
#ifndef TESTS_UNIT_TALK_H
#define TESTS_UNIT_TALK_H

#include "daemon/dialogue/conversation.h"

extern struct conversation *last_opened;

/* Where those are that are opened from now on, as network_of() has it; NULL at the start. */
extern const char *opened_from;

/* What has happened to all of them since talk_set_up(). */
struct talk_events {
    unsigned answers, stopped, released, skipped;
    char answer[64];    /* the last one */
    enum pk_status why; /* the last one was stopped */
};
extern struct talk_events events;

/* cmocka's; bare_daemon_tear_down() is its other half. */
int talk_set_up(void **state);

/*
 * One for a minute, which becomes the last. behalf: whom root says that it asks for, or NULL.
 * Returns NULL where it is refused.
 */
struct conversation *open_call(struct call *call, const char *behalf);
struct conversation *open_for(uid_t uid, const char *sender, const char *behalf);
/* alice's. */
struct conversation *open_one(void);

#endif
