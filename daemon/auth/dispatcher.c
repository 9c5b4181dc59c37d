/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs sign-ins and enrolments from the first method to the decision. Only attempt_approved()
 * reports success.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/auth/attempt.h"
#include "daemon/auth/decision.h"
#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/messages.h"

#include <string.h>

/*
 * The minimum time of a reply, in microseconds, where its time must not show what was found: longer
 * than the work that differs, and too short for a person to notice.
 */
#define HOLD_US 100000

/* --- ceremonies ------------------------------------------------------------------------------- */

static struct ceremony *take_by_id(const struct attempt *attempt, const char *id)
{
    return ceremonies_take(attempt->daemon->ceremonies, id, attempt->owner, attempt->ops->ceremony,
                           pk_clock_monotonic());
}

struct ceremony *attempt_take_ceremony(struct attempt *attempt, size_t index)
{
    return index < attempt->ceremony_count ? take_by_id(attempt, attempt->ceremonies[index]) : NULL;
}

const struct ceremony *attempt_peek_ceremony(const struct attempt *attempt, size_t index)
{
    return index < attempt->ceremony_count
               ? ceremonies_peek(attempt->daemon->ceremonies, attempt->ceremonies[index])
               : NULL;
}

static struct ceremony *find(const struct attempt *attempt, size_t index)
{
    return index < attempt->ceremony_count
               ? ceremonies_find(attempt->daemon->ceremonies, attempt->ceremonies[index])
               : NULL;
}

enum pk_status attempt_set_origin(const struct attempt *attempt, size_t index, const char *origin)
{
    struct ceremony *ceremony = find(attempt, index);

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    pk_strings_clear(&ceremony->requirements.origins);
    return pk_strings_add(&ceremony->requirements.origins, origin);
}

enum pk_status attempt_bind_host_keys(const struct attempt *attempt, size_t index,
                                      const struct pk_strings *host_keys)
{
    struct ceremony *ceremony = find(attempt, index);

    return ceremony ? ceremony_bind_host_keys(ceremony, host_keys) : PK_CHALLENGE_UNKNOWN;
}

enum pk_status attempt_set_password(const struct attempt *attempt, size_t index,
                                    const struct pk_secret *password)
{
    struct ceremony *ceremony = find(attempt, index);

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    pk_secret_clear(&ceremony->password);
    return pk_secret_copy(pk_secret_view(password), &ceremony->password);
}

size_t attempt_find_ceremony(const struct attempt *attempt, const char *rp_id)
{
    size_t index = 0;

    for (; index < attempt->ceremony_count; index++) {
        const struct ceremony *ceremony = attempt_peek_ceremony(attempt, index);

        if (ceremony && strcmp(ceremony->requirements.rp_id, rp_id) == 0)
            break;
    }
    return index;
}

/*@ requires running(attempt);
    assigns attempt->ceremony_count; */
void attempt_drop_ceremonies(struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->ceremony_count; i++) {
        struct ceremony *ceremony = take_by_id(attempt, attempt->ceremonies[i]);

        if (ceremony)
            ceremony_free(ceremony);
    }
    attempt->ceremony_count = 0;
}

enum pk_status attempt_add_ceremony(struct attempt *attempt, struct ceremony *added)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = added;
    struct daemon *daemon = attempt->daemon;
    void *ids = reallocarray(attempt->ceremonies, attempt->ceremony_count + 1,
                             sizeof(*attempt->ceremonies));
    enum pk_status status;

    if (!ids)
        return PK_NO_MEMORY;
    attempt->ceremonies = ids;
    status = ceremonies_add(daemon->ceremonies, ceremony, pk_clock_monotonic(), ATTEMPT_TIMEOUT_MAX,
                            daemon->config->challenges_per_user);
    if (status != PK_OK)
        return status;
    (void)memcpy(attempt->ceremonies[attempt->ceremony_count++], ceremony->id, UUID_SIZE);
    ceremony = NULL; /* owned by the table now */
    return PK_OK;
}

/* --- the decision ----------------------------------------------------------------------------- */

void attempt_set_text(struct attempt *attempt, const char *text)
{
    free(attempt->text);
    attempt->text = strdup(text); /* without memory the text of the status is used */
}

/*@ requires running(attempt);
    assigns \nothing;
    ensures \result == \null || \valid_read(\result); */
static const struct authmethod *running_method(const struct attempt *attempt)
{
    return attempt->run_count > 0 ? attempt->runs[attempt->run_count - 1].method : NULL;
}

/*
 * Fills in the parts of the log line that approvals and refusals share. user NULL: the attempt's.
 */
/*@ requires running(attempt) && \valid(decision);
    assigns *decision; */
static void log_decision(const struct attempt *attempt, struct decision *decision, const char *user)
{
    const struct authmethod *method = running_method(attempt);

    attempt->ops->describe(attempt, decision);
    decision->correlation = conversation_id(attempt->conversation);
    decision->ceremony = attempt->ops->ceremony;
    decision->over = method ? method->over : NULL;
    decision->by = attempt->by;
    if (!decision->truth)
        decision->truth = attempt->truth;
    if (user)
        decision->user = user;
    decision_log(decision);
}

/* The status that the person may be told when the running method refuses an answer. */
/*@ requires running(attempt);
    assigns \nothing; */
static enum pk_status status_to_tell(const struct attempt *attempt, enum pk_status status)
{
    const struct authmethod *method = running_method(attempt);
    bool ours = status == PK_STORAGE || status == PK_UNAVAILABLE || status == PK_NO_MEMORY ||
                status == PK_LIMIT_EXCEEDED;

    return attempt->conceal && method && method->conceals_reason && !ours ? PK_ANSWER_REFUSED
                                                                          : status;
}

/* Where the store has words for the person, they say more than the status does. */
/*@ requires running(attempt) && (verdict == \null || \valid_read(verdict));
    assigns attempt->text; */
static void explain(struct attempt *attempt, const struct verdict *verdict)
{
    PK_AUTO_FREE char *text = NULL;

    if (!verdict || verdict->status == PK_STORAGE || !verdict->store_error[0])
        return;
    text = pk_text_format("Nothing was enrolled: %s. A passkey that the key has made meanwhile "
                          "opens nothing.",
                          verdict->store_error);
    if (text)
        attempt_set_text(attempt, text);
}

/* verdict NULL: no answer was verified. */
/*@ requires running(attempt) && (verdict == \null || \valid_read(verdict));
    assigns *attempt; */
static void refuse(struct attempt *attempt, enum pk_status status, const struct verdict *verdict)
{
    struct decision decision = {.status = status == PK_OK ? PK_INTERNAL : status,
                                .judged = verdict != NULL,
                                .store_error = verdict ? verdict->store_error : ""};

    if (attempt->over || attempt->verification)
        return;
    attempt->over = true;
    decision.told = verdict ? status_to_tell(attempt, decision.status) : decision.status;
    log_decision(attempt, &decision, verdict ? verdict->account.name : NULL);
    attempt_drop_ceremonies(attempt);
    explain(attempt, verdict);
    conversation_refused(attempt->conversation, decision.told,
                         attempt->text ? attempt->text : pk_message_outcome(decision.told));
}

void attempt_refused(struct attempt *attempt, enum pk_status status)
{
    refuse(attempt, status, NULL);
}

/*@ requires running(attempt) && approval != \null;
    assigns \nothing;
    ensures \result ==> accepted(attempt, approval); */
static bool is_of_account(const struct attempt *attempt, const struct approval *approval)
{
    return attempt->ops->accepts(attempt, approval);
}

/*@ requires running(attempt) && approval != \null;
    assigns \nothing; */
static char *credential_json(const struct attempt *attempt, const struct approval *approval)
{
    return attempt->ops->credential_json ? attempt->ops->credential_json(approval) : NULL;
}

/* The approval must be of this request, of this kind, and for the account of the attempt. */
/*@ requires running(attempt);
    assigns \nothing;
    ensures \result ==> good_for(approval, attempt); */
static bool is_good(const struct attempt *attempt, const struct approval *approval)
{
    return approval && approval_ceremony(approval) == attempt->ops->ceremony &&
           strcmp(approval_correlation(approval), conversation_id(attempt->conversation)) == 0 &&
           is_of_account(attempt, approval);
}

void attempt_approved(struct attempt *attempt, struct approval *taken)
{
    PK_CLEANUP(approval_free) struct approval *approval = taken;
    struct decision decision = {.approval = approval};
    PK_AUTO_FREE char *json = NULL;

    if (attempt->over || attempt->verification)
        return;
    if (!is_good(attempt, approval)) {
        refuse(attempt, PK_INTERNAL, NULL);
        return;
    }
    attempt->over = true;
    log_decision(attempt, &decision, approval_account(approval)->name);
    attempt_drop_ceremonies(attempt);
    json = credential_json(attempt, approval);
    conversation_approved(attempt->conversation, approval, attempt->ops->success_text, json);
}

void attempt_decided(struct attempt *attempt, struct verdict *verdict)
{
    if (verdict->status == PK_OK)
        attempt_approved(attempt, pk_steal(verdict->approval));
    else
        refuse(attempt, verdict->status, verdict);
}

/* --- the sequence of methods ------------------------------------------------------------------ */

bool attempt_may_go_on(const struct attempt *attempt)
{
    for (size_t i = attempt->tried; i < attempt->methods.count; i++)
        if (authmethods[attempt->methods.items[i]] && attempt->ops->may_follow &&
            attempt->ops->may_follow(attempt, attempt->methods.items[i]))
            return true;
    return false;
}

/* Where the person gets who does not wait for the method; NULL: there is nothing to wait for. */
static const char *skip_of(const struct attempt *attempt, const struct authmethod *row)
{
    if (!row->skip)
        return NULL;
    return attempt_may_go_on(attempt) ? PK_BUS_SKIP_NEXT : PK_BUS_SKIP_END;
}

/* true: the method runs, or has ended the attempt. false: it cannot serve. */
static bool try_method(struct attempt *attempt, enum pk_method method)
{
    const struct authmethod *row = authmethods[method];
    size_t run = attempt->run_count;
    void *state = NULL;
    enum pk_status status;

    if (!row)
        return false;
    /*
     * Recorded before it starts, because it may end, and the next one start, before start()
     * returns.
     */
    attempt->runs[run].method = row;
    attempt->runs[run].state = NULL;
    attempt->run_count++;
    conversation_set_skip(attempt->conversation, skip_of(attempt, row));
    status = attempt->ops->start(attempt, row, &state);
    attempt->runs[run].state = state;
    /* Of a method that ends itself and returns a status as well, only the former counts. */
    if (status == PK_OK || attempt->over || attempt->run_count > run + 1)
        return true;
    attempt->run_count = run;
    if (status == PK_UNAVAILABLE)
        return false;
    attempt_refused(attempt, status);
    return true;
}

void attempt_begin(struct attempt *attempt)
{
    while (!attempt->over && attempt->tried < attempt->methods.count)
        if (try_method(attempt, attempt->methods.items[attempt->tried++]))
            return;
    if (attempt->run_count == 0 && attempt->ops->unreachable_text)
        attempt_set_text(attempt, attempt->ops->unreachable_text);
    attempt_refused(attempt, attempt->failure);
}

void attempt_next(struct attempt *attempt, enum pk_status why)
{
    if (attempt->verification)
        return;
    attempt->failure = why;
    attempt->truth = PK_OK;
    attempt_begin(attempt);
}

/* --- callbacks of the conversation ------------------------------------------------------------ */

static void answered(void *data, struct pk_secret *answer)
{
    struct attempt *attempt = data;
    const struct authmethod *method = running_method(attempt);

    if (attempt->conceal)
        conversation_hold(attempt->conversation, pk_clock_monotonic_us() + HOLD_US);
    if (attempt->over || attempt->verification)
        return;
    if (method && method->answered)
        method->answered(attempt->runs[attempt->run_count - 1].state, answer);
    else if (!method && attempt->ops->answered)
        attempt->ops->answered(attempt, answer);
}

static void skipped(void *data)
{
    const struct attempt *attempt = data;
    const struct authmethod *method = running_method(attempt);

    if (!attempt->over && !attempt->verification && method && method->skip)
        method->skip(attempt->runs[attempt->run_count - 1].state);
}

static void stop_methods(struct attempt *attempt)
{
    while (attempt->run_count > 0) {
        attempt->run_count--;
        if (attempt->runs[attempt->run_count].state)
            attempt->runs[attempt->run_count].method->stop(attempt->runs[attempt->run_count].state);
    }
}

/* The deadline passed or the caller left the bus, as sshd does at its LoginGraceTime. */
static void stopped(void *data, enum pk_status why)
{
    struct attempt *attempt = data;

    attempt_drop_verification(attempt);
    attempt_refused(attempt, why);
    stop_methods(attempt);
}

void attempt_free(struct attempt *attempt)
{
    attempt_drop_verification(attempt);
    stop_methods(attempt);
    attempt_drop_ceremonies(attempt);
    free(attempt->ceremonies);
    cleanup_close_fd(&attempt->agent_fd);
    free(attempt->purpose);
    free(attempt->by);
    free(attempt->text);
    attempt->ops->release(attempt);
}

static void release(void *data)
{
    attempt_free(data);
}

static const char *on_behalf_of(const void *data)
{
    const struct attempt *attempt = data;

    return attempt->ops->on_behalf_of ? attempt->ops->on_behalf_of(attempt) : NULL;
}

static const char *network(const void *data)
{
    const struct attempt *attempt = data;

    return attempt->ops->network ? attempt->ops->network(attempt) : NULL;
}

bool attempt_open(struct attempt *attempt, struct call *call, unsigned timeout)
{
    static const struct conversation_ops ops = {answered,     stopped, release,
                                                on_behalf_of, skipped, network};

    struct conversation *conversation =
        conversation_open(attempt->daemon, call, timeout, &ops, attempt);

    if (!conversation)
        return false; /* the attempt has been freed */
    attempt->conversation = conversation;
    if (attempt->conceal)
        conversation_hold(conversation, attempt->began + HOLD_US);
    return true;
}
