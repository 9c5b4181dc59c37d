/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/tickets.h"

#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/secret_reader.h"
#include "daemon/bus/waiting.h"
#include "daemon/config/config.h"

#include <event2/event.h>
#include <string.h>

#define PENDING_MAX     32 /* secrets of users being read, in total */
#define PENDING_PER_UID 4
#define READ_SECONDS    10 /* a program writes it and closes the pipe; it asks nobody for it */

struct pending {
    struct waiting waiting;
    struct daemon *daemon;
    struct secret_reader *reader;
    struct event *deadline;
    ticket_handler *handler; /* of a ticket */
    secret_taker *taker;     /* of any other secret */
};

static struct waiting_list pending_calls = LIST_HEAD_INITIALIZER(pending_calls);

static void pending_free(struct pending *pending)
{
    LIST_REMOVE(&pending->waiting, entry);
    if (pending->reader)
        secret_reader_free(pending->reader);
    if (pending->deadline)
        event_free(pending->deadline);
    free(pending);
}

static void on_secret(void *data, enum pk_status status, struct pk_secret *ticket)
{
    struct pending *pending = data;
    struct daemon *daemon = pending->daemon;
    struct call *call = pending->waiting.call;
    ticket_handler *handler = pending->handler;
    secret_taker *taker = pending->taker;
    uint8_t hash[PK_HASH_SIZE];

    pending->reader = NULL;
    pending_free(pending);
    if (taker) {
        taker(daemon, call, status, ticket);
        return;
    }
    if (!status)
        status = ticket_hash(ticket, hash);
    if (status == PK_OK)
        handler(daemon, call, (struct pk_view){hash, sizeof(hash)});
    else
        reply_ticket_error(call);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    struct pending *pending = data;
    struct call *call = pending->waiting.call;

    (void)fd, (void)what;
    pending_free(pending);
    call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the secret's pipe was not closed in time");
}

static bool set_deadline(struct pending *pending)
{
    static const struct timeval when = {READ_SECONDS, 0};

    pending->deadline = evtimer_new(pending->daemon->base, on_deadline, pending);
    return pending->deadline && evtimer_add(pending->deadline, &when) == 0;
}

/* The reader of the descriptor in member. NULL: the call has been answered. */
static struct pending *start_reading(struct daemon *daemon, struct call *call, struct value *member)
{
    struct pending *pending = waiting_full(&pending_calls, call->uid, PENDING_MAX, PENDING_PER_UID)
                                  ? NULL
                                  : calloc(1, sizeof(*pending));

    if (!pending) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many secrets are being read at once; try again in a moment");
        return NULL;
    }
    *pending = (struct pending){.waiting.call = call, .daemon = daemon};
    LIST_INSERT_HEAD(&pending_calls, &pending->waiting, entry);
    if (!set_deadline(pending)) {
        pending_free(pending);
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return NULL;
    }
    if (secret_reader_new(daemon->base, value_take_fd(member), on_secret, pending,
                          &pending->reader)) {
        pending_free(pending);
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the secret must be in a pipe or a memfd");
        return NULL;
    }
    return pending;
}

void ticket_read(struct daemon *daemon, struct call *call, const struct value *options,
                 ticket_handler *handler)
{
    struct value *ticket = value_find(options, "ticket");
    struct pending *pending;

    if (!ticket) {
        handler(daemon, call, (struct pk_view){0});
        return;
    }
    pending = start_reading(daemon, call, ticket);
    if (pending)
        pending->handler = handler;
}

bool ticket_lifetime(const struct daemon *daemon, struct call *call, const struct value *options,
                     uint32_t *ret)
{
    uint32_t lifetime = value_find_number(options, "lifetime");

    if (value_find(options, "lifetime") &&
        (lifetime < PK_TICKET_LIFETIME_MIN || lifetime > PK_TICKET_LIFETIME_MAX)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the lifetime of a ticket is 60 to 86400 seconds");
        return false;
    }
    *ret = lifetime > 0 ? lifetime : daemon->config->ticket_lifetime;
    return true;
}

void secret_read(struct daemon *daemon, struct call *call, struct value *member,
                 secret_taker *taker)
{
    struct pending *pending = start_reading(daemon, call, member);

    if (!pending)
        return;
    pending->taker = taker;
    secret_reader_allow(pending->reader, PK_SHARED_KEY_MAX);
}

static void drop_pending(struct waiting *waiting)
{
    call_drop(waiting->call);
    pending_free((struct pending *)waiting);
}

void tickets_vanished(const char *name)
{
    waiting_drop(&pending_calls, name, drop_pending);
}
