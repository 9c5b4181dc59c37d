/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/talk.h"

#include "tests/unit/bare_daemon.h"

#include <string.h>

struct conversation *last_opened;
const char *opened_from;

/* What a conversation is about: nothing, but who asked is written down. */
struct talk {
    const char *on_behalf_of, *network;
};

struct talk_events events;

static void answered(void *data, struct pk_secret *answer)
{
    (void)data;
    events.answers++;
    (void)snprintf(events.answer, sizeof(events.answer), "%s", (const char *)answer->data);
}

static void stopped(void *data, enum pk_status why)
{
    (void)data;
    events.stopped++;
    events.why = why;
}

static void release(void *data)
{
    events.released++;
    free(data);
}

static const char *on_behalf_of(const void *data)
{
    return ((const struct talk *)data)->on_behalf_of;
}

static const char *network(const void *data)
{
    return ((const struct talk *)data)->network;
}

static void skipped(void *data)
{
    (void)data;
    events.skipped++;
}

int talk_set_up(void **state)
{
    memset(&events, 0, sizeof(events));
    opened_from = NULL;
    return bare_daemon_set_up(state);
}

struct conversation *open_call(struct call *call, const char *behalf)
{
    static const struct conversation_ops ops = {answered,     stopped, release,
                                                on_behalf_of, skipped, network};
    struct talk *subject = calloc(1, sizeof(*subject));

    subject->on_behalf_of = behalf;
    subject->network = opened_from;
    last_opened = conversation_open(bare_daemon(), call, 60, &ops, subject);
    return last_opened;
}

struct conversation *open_for(uid_t uid, const char *sender, const char *behalf)
{
    return open_call(call_from(uid, sender), behalf);
}

struct conversation *open_one(void)
{
    struct conversation *conversation = open_for(ALICE, SENDER, NULL);

    assert_non_null(conversation);
    return conversation;
}
