/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/tickets.h"

#include "common/bus/names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/bus/secret_reader.h"

#include <string.h>
#include <sys/queue.h>

#define PENDING_MAX     32 /* tickets being read, in total */
#define PENDING_PER_UID 4

struct pending {
    LIST_ENTRY(pending) entry;
    struct daemon *daemon;
    struct call *call;
    struct secret_reader *reader;
    char *rp, *name;
    uid_t uid;
    ticket_handler *handler;
};

static LIST_HEAD(, pending) list = LIST_HEAD_INITIALIZER(list);

static void pending_free(struct pending *pending)
{
    LIST_REMOVE(pending, entry);
    if (pending->reader)
        secret_reader_free(pending->reader);
    free(pending->rp);
    free(pending->name);
    free(pending);
}

static void on_ticket(void *data, enum pk_status status, struct pk_secret *ticket)
{
    struct pending *pending = data;
    struct store *store = pending->daemon->store;
    struct daemon *daemon = pending->daemon;
    struct call *call = pending->call;
    ticket_handler *handler = pending->handler;
    uint8_t hash[PK_HASH_SIZE];
    struct pk_view view = {hash, sizeof(hash)};

    pending->reader = NULL;
    if (!status)
        status = ticket_hash(ticket, hash);
    if (!status)
        status = store->verbs->ticket_check(store, view, pending->rp, pending->name, pending->uid,
                                            daemon_now());
    pending_free(pending);
    if (status == PK_OK)
        handler(daemon, call, view);
    else if (status == PK_STORAGE)
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE, "the credential store failed");
    else
        call_fail(call, PK_BUS_ERROR_TICKET_INVALID,
                  "this enrolment ticket is unknown, used, expired or for another account");
}

static bool too_many(uid_t uid)
{
    const struct pending *pending;
    size_t total = 0, own = 0;

    LIST_FOREACH(pending, &list, entry)
    {
        total++;
        own += pending->call->uid == uid;
    }
    return total >= PENDING_MAX || own >= PENDING_PER_UID;
}

void ticket_redeem(struct daemon *daemon, struct call *call, const struct value *options,
                   const struct subject *subject, ticket_handler *handler)
{
    struct value *ticket = value_find(options, "ticket");
    struct pending *pending;

    if (!ticket) {
        handler(daemon, call, (struct pk_view){0});
        return;
    }
    pending = too_many(call->uid) ? NULL : calloc(1, sizeof(*pending));
    if (!pending) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many tickets are being read");
        return;
    }
    *pending = (struct pending){
        .daemon = daemon,
        .call = call,
        .rp = strdup(subject->account.rp),
        .name = strdup(subject->account.name),
        .uid = subject->account.uid,
        .handler = handler,
    };
    LIST_INSERT_HEAD(&list, pending, entry);
    if (!pending->rp || !pending->name ||
        secret_reader_new(daemon->base, value_take_fd(ticket), on_ticket, pending,
                          &pending->reader)) {
        pending_free(pending);
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the ticket must be in a pipe or a memfd");
    }
}

void tickets_vanished(const char *name)
{
    struct pending *pending = LIST_FIRST(&list);

    while (pending) {
        struct pending *next = LIST_NEXT(pending, entry);

        if (!name || strcmp(pending->call->sender, name) == 0) {
            call_drop(pending->call);
            pending_free(pending);
        }
        pending = next;
    }
}
