/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/ticket_links.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/accounts/subject.h"
#include "daemon/api/making.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/bus/secret_reader.h"

#include <event2/event.h>
#include <string.h>

#define WORD_MAX    256
#define WAITING_MAX 32 /* calls that wait for a link's use, in total */
#define RECENTLY_MAX                                                                               \
    16 /* uses that are remembered for whoever begins to wait a moment too late                    \
        */

/* --- CreateTicketLink ------------------------------------------------------------------------- */

struct link_making {
    struct making making; /* must be first */
    char *page;           /* its address, without the ticket */
    char *rp_id;
};

static void log_made(struct request *request, const struct call *call)
{
    const struct account *account = &((struct making *)request)->subject.account;
    PK_AUTO_FREE char *user = log_name(account->name);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] an enrolment link for %s (%s) given out, %s", call->id,
           user ? user : "?", account->rp, by ? by : "?");
}

static enum pk_status make_ticket(struct job *job)
{
    struct making *making = (struct making *)job;

    return request_committed(&making->request,
                             link_ticket_create(making->request.daemon->store,
                                                &making->subject.account, making->expires,
                                                &making->ticket),
                             log_made);
}

/* The id is the hash, by which nobody opens anything. */
static json_t *link_json(const struct link_making *link)
{
    const struct making *making = &link->making;
    const struct pk_host_name host = pk_host_name();
    uint8_t hash[PK_HASH_SIZE];
    PK_AUTO_FREE char *id = NULL;

    if (link_ticket_hash(pk_secret_view(&making->ticket), hash))
        return NULL;
    id = pk_base64url_encode((struct pk_view){hash, sizeof(hash)});
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "id", id, "page", link->page, "user",
                     making->subject.account.name, "host", host.text, "rpId", link->rp_id,
                     "expires", (json_int_t)making->expires);
}

static void give(const struct link_making *link, struct call *call)
{
    PK_AUTO_FREE char *text = json_text(link_json(link));
    struct value result = value_body();
    int fd = text ? secret_pipe(&link->making.ticket) : -1;

    if (fd < 0) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory or descriptors left; try again in a moment");
        return;
    }
    value_add_fd(&result, fd);
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static void made(struct request *request, struct call *call, enum pk_status status)
{
    if (status == PK_STORAGE)
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
    if (status)
        reply_subject_error(call, status);
    else
        give((struct link_making *)request, call);
}

static void link_clear(struct request *request)
{
    struct link_making *link = (struct link_making *)request;

    free(link->page);
    free(link->rp_id);
    making_clear(request);
}

/* What cannot work is refused before anything is made. false: the call has been answered. */
static bool has_pages(struct call *call, const struct rp_config *rp, const char *name)
{
    if (!rp)
        reply_unknown_rp_error(call, name ? name : "");
    else if (!rp->system_accounts)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the accounts of this relying party are not this computer's: its application "
                  "enrols them");
    else if (!rp->browser_prefix)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "no page could be opened: browser-url is not set for this relying party in "
                  "passkeyd.conf; a ticket without --link works without it");
    else
        return true;
    return false;
}

static struct link_making *link_new(struct daemon *daemon, struct call *call,
                                    const struct rp_config *rp, uint32_t lifetime)
{
    struct link_making *link = calloc(1, sizeof(*link));
    enum pk_status status;

    if (!link)
        return NULL;
    link->page = pk_text_format("%s%s/enroll", rp->browser_origin, rp->browser_prefix);
    status = link->page ? pk_text_copy(rp->id, &link->rp_id) : PK_NO_MEMORY;
    if (!status)
        status = making_set(&link->making, daemon, call, rp->name, pk_clock_now() + lifetime);
    if (!status)
        return link;
    link_clear(&link->making.request);
    free(link);
    return NULL;
}

static const struct member create_members[] = {{"rp", "s", WORD_MAX}, {"lifetime", "u", 0}};

void credentials_create_ticket_link(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, making_find_subject},
                                            {JOB_WORKER, making_make_account},
                                            {JOB_WORKER, make_ticket},
                                            {0}};
    static const struct request_plan plan = {steps, made, link_clear};
    const struct value *options = &call->arguments.items[1];
    const char *name;
    const struct rp_config *rp;
    uint32_t lifetime;

    if (!call_check(call, options, create_members,
                    sizeof(create_members) / sizeof(create_members[0])) ||
        reply_nobody_error(call) || !ticket_lifetime(daemon, call, options, &lifetime))
        return;
    name = value_find_text(options, "rp", NULL);
    rp = config_rp(daemon->config, name);
    if (has_pages(call, rp, name))
        request_start(daemon, call, (struct request *)link_new(daemon, call, rp, lifetime), &plan);
}

/* --- who waits -------------------------------------------------------------------------------- */

struct waiter {
    struct waiting waiting;
    uint8_t hash[PK_HASH_SIZE];
    struct account account;
    struct event *deadline;
};

static struct waiting_list waiters = LIST_HEAD_INITIALIZER(waiters);

/* The last uses, in a ring. */
static struct recent {
    uint8_t hash[PK_HASH_SIZE];
    char *json; /* NULL: empty */
} recently[RECENTLY_MAX];
static size_t next_recent;

static struct call *take_call(struct waiter *waiter)
{
    struct call *call = waiter->waiting.call;

    LIST_REMOVE(&waiter->waiting, entry);
    if (waiter->deadline)
        event_free(waiter->deadline);
    account_clear(&waiter->account);
    free(waiter);
    return call;
}

static void reply_text(struct call *call, const char *text)
{
    struct value result = value_body();

    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    reply_text(take_call(data), "{\"outcome\":\"expired\"}");
}

void ticket_link_used(const uint8_t hash[PK_HASH_SIZE], const char *json)
{
    struct recent *recent = &recently[next_recent];
    struct waiting *waiting, *next;

    for (waiting = LIST_FIRST(&waiters); waiting; waiting = next) {
        struct waiter *waiter = (struct waiter *)waiting;

        next = LIST_NEXT(waiting, entry);
        if (memcmp(waiter->hash, hash, PK_HASH_SIZE) == 0)
            reply_text(take_call(waiter), json);
    }
    free(recent->json);
    recent->json = strdup(json);
    (void)memcpy(recent->hash, hash, PK_HASH_SIZE);
    next_recent = (next_recent + 1) % RECENTLY_MAX;
}

static const char *find_recent(const uint8_t hash[PK_HASH_SIZE])
{
    for (size_t i = 0; i < RECENTLY_MAX; i++)
        if (recently[i].json && memcmp(recently[i].hash, hash, PK_HASH_SIZE) == 0)
            return recently[i].json;
    return NULL;
}

/* Those who wait for links of accounts of which chosen() says so. */
static void tell_those_of(bool (*chosen)(const void *data, const struct account *account),
                          const void *data, const char *json)
{
    struct waiting *waiting, *next;

    for (waiting = LIST_FIRST(&waiters); waiting; waiting = next) {
        struct waiter *waiter = (struct waiter *)waiting;

        next = LIST_NEXT(waiting, entry);
        if (chosen(data, &waiter->account))
            reply_text(take_call(waiter), json);
    }
}

void ticket_links_drop_gone(bool (*gone)(const void *data, const struct account *account),
                            const void *data)
{
    tell_those_of(gone, data, "{\"outcome\":\"gone\"}");
}

static void drop(struct waiting *waiting)
{
    call_drop(take_call((struct waiter *)waiting));
}

void ticket_links_vanished(const char *name)
{
    waiting_drop(&waiters, name, drop);
    for (size_t i = 0; !name && i < RECENTLY_MAX; i++) {
        free(recently[i].json);
        recently[i] = (struct recent){0};
    }
}

/* --- AwaitTicketLink -------------------------------------------------------------------------- */

struct looking {
    struct request request;
    uint8_t hash[PK_HASH_SIZE];
    struct subject subject; /* whom it is for */
    int64_t expires;
};

/* Whether the password file has the account tells when it is gone (presence.h). */
static enum pk_status find(struct job *job)
{
    struct looking *looking = (struct looking *)job;
    struct store *store = looking->request.daemon->store;
    struct subject *subject = &looking->subject;
    enum pk_status status =
        store->verbs->ticket_find(store, (struct pk_view){looking->hash, PK_HASH_SIZE},
                                  pk_clock_now(), &subject->account, &looking->expires);

    if (status == PK_OK)
        subject_find_source(subject);
    return request_stored(&looking->request, status);
}

/* Takes the call. */
static void wait_for_use(struct looking *looking, struct call *call)
{
    const int64_t left = looking->expires - pk_clock_now();
    const struct timeval when = {.tv_sec = left > 0 ? (time_t)left : 0};
    struct waiter *waiter = waiting_full(&waiters, call->uid, WAITING_MAX, WAITING_MAX)
                                ? NULL
                                : calloc(1, sizeof(*waiter));

    if (!waiter) {
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many wait for the use of a link; it can be used all the same");
        return;
    }
    waiter->waiting.call = call;
    LIST_INSERT_HEAD(&waiters, &waiter->waiting, entry);
    (void)memcpy(waiter->hash, looking->hash, PK_HASH_SIZE);
    waiter->account = looking->subject.account;
    looking->subject.account = (struct account){.uid = PK_NO_UID}; /* moved */
    waiter->deadline = evtimer_new(looking->request.daemon->base, on_deadline, waiter);
    if (!waiter->deadline || evtimer_add(waiter->deadline, &when))
        call_fail(take_call(waiter), PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; the link can be used all the same");
}

/*
 * It may have been used since the store was asked: that is in the ring by now, because the loop is
 * told of a use before it comes here, or the use is still to come to the loop.
 */
static void found(struct request *request, struct call *call, enum pk_status status)
{
    struct looking *looking = (struct looking *)request;
    const char *json = find_recent(looking->hash);

    if (json)
        reply_text(call, json);
    else if (status == PK_TICKET_INVALID)
        call_fail(call, PK_BUS_ERROR_TICKET_INVALID,
                  "this link has been used, or is over; \"passkeyctl list\" shows the passkeys");
    else if (status)
        reply_subject_error(call, status);
    else
        wait_for_use(looking, call);
}

static void looking_clear(struct request *request)
{
    subject_clear(&((struct looking *)request)->subject);
}

void credentials_await_ticket_link(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {{JOB_WORKER, find}, {0}};
    static const struct request_plan plan = {steps, found, looking_clear};
    PK_AUTO_BYTES struct pk_bytes hash = {0};
    struct looking *looking;

    if (pk_base64url_decode(pk_view_string(call->arguments.items[0].text), PK_HASH_SIZE, &hash) ||
        hash.len != PK_HASH_SIZE) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "id: what CreateTicketLink gave");
        return;
    }
    looking = calloc(1, sizeof(*looking));
    if (looking) {
        looking->subject.account.uid = PK_NO_UID;
        (void)memcpy(looking->hash, hash.data, PK_HASH_SIZE);
    }
    request_start(daemon, call, (struct request *)looking, &plan);
}

/* --- RevokeTickets ---------------------------------------------------------------------------- */

struct revoking {
    struct request request;
    struct subject_request who;
    char *rp;
    struct subject subject;
};

static enum pk_status find_account(struct job *job)
{
    struct revoking *revoking = (struct revoking *)job;

    return subject_find(&revoking->who, &revoking->subject);
}

static bool is_same(const void *data, const struct account *account)
{
    const struct account *other = data;

    return account->uid == other->uid && strcmp(account->name, other->name) == 0 &&
           strcmp(account->rp, other->rp) == 0;
}

/* In the log, and to those who wait at such a link. */
static void tell_revoked(struct request *request, const struct call *call)
{
    const struct account *account = &((struct revoking *)request)->subject.account;
    PK_AUTO_FREE char *user = log_name(account->name);
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    pk_log(LOG_NOTICE, "[%s] the tickets and links for %s (%s) are void, %s", call->id,
           user ? user : "?", account->rp, by ? by : "?");
    tell_those_of(is_same, account, "{\"outcome\":\"revoked\"}");
}

static enum pk_status remove_tickets(struct job *job)
{
    struct revoking *revoking = (struct revoking *)job;
    struct store *store = revoking->request.daemon->store;
    enum pk_status status = store->verbs->tickets_remove(store, &revoking->subject.account);

    return request_committed(&revoking->request,
                             status == PK_NOT_FOUND ? PK_TICKET_INVALID : status, tell_revoked);
}

static void revoked(struct request *request, struct call *call, enum pk_status status)
{
    struct value result = value_body();

    (void)request;
    if (status == PK_TICKET_INVALID) {
        call_fail(call, PK_BUS_ERROR_TICKET_INVALID, "the account has no ticket that is not used");
        return;
    }
    if (status) {
        reply_subject_error(call, status);
        return;
    }
    call_reply(call, &result);
}

static void revoking_clear(struct request *request)
{
    struct revoking *revoking = (struct revoking *)request;

    free(revoking->rp);
    subject_clear(&revoking->subject);
}

void credentials_revoke_tickets(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {{"rp", "s", WORD_MAX}};
    static const struct job_step steps[] = {
        {JOB_WORKER, find_account}, {JOB_WORKER, remove_tickets}, {0}};
    static const struct request_plan plan = {steps, revoked, revoking_clear};
    const struct value *options = &call->arguments.items[1];
    struct revoking *revoking;
    enum pk_status status = PK_OK;

    if (!call_check(call, options, members, 1) || reply_nobody_error(call))
        return;
    revoking = calloc(1, sizeof(*revoking));
    if (revoking) {
        revoking->who = methods_subject(call);
        status = subject_set_rp(daemon->config, value_find_text(options, "rp", NULL),
                                &revoking->who, &revoking->rp);
    }
    if (!status) {
        request_start(daemon, call, (struct request *)revoking, &plan);
        return;
    }
    free(revoking);
    reply_subject_error(call, status);
}
