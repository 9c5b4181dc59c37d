/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/local_private.h"

#include <string.h>
#include <syslog.h>

#define GATHER_MS      1500 /* how long the first key that can serve waits for the others */
#define BUSY_MS        700  /* how long a key may be in use before the person is told */
#define RETRY_MS       500  /* until a key that is listed, but could not be had, is asked again */
#define DEADLINE_SLACK 2    /* seconds: the conversation ends before its helpers are killed */

/* --- the end ---------------------------------------------------------------------------------- */

/* Everything under way stops; nothing is released that a caller up the stack may still use. */
static void close_down(struct pk_local_ceremony *ceremony)
{
    pk_pin_dialogue_stop(&ceremony->pin);
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        local_drop_session(c);
    pk_turn_leave(ceremony->turn);
    pk_key_watch_free(pk_steal(ceremony->watch));
    pk_deadlines_stop_all(&ceremony->deadlines);
}

static void fail(struct pk_local_ceremony *ceremony, enum pk_status why)
{
    if (!ceremony->watch)
        return;
    close_down(ceremony);
    ceremony->ops->failed(ceremony->data, why);
}

void pk_local_ceremony_free(struct pk_local_ceremony *ceremony)
{
    if (ceremony->watch)
        close_down(ceremony);
    local_candidates_free(ceremony);
    pk_deadlines_clear(&ceremony->deadlines);
    if (ceremony->turn)
        pk_turn_free(ceremony->turn);
    free(ceremony->purpose);
    free(ceremony->payer);
    free(ceremony->failed_path);
    free(ceremony);
}

/* --- which keys go on ------------------------------------------------------------------------- */

/* Asks for the turn with the keys in those phases, and with those that have gone on already. */
static bool has_turn(struct pk_local_ceremony *ceremony, unsigned phases)
{
    struct pk_strings paths = {0};
    const char *name = "";
    enum pk_status status = PK_OK;
    bool has;

    for (const struct candidate *c = ceremony->candidates; c && !status; c = c->next) {
        const char *why;

        if (!local_is_in(c, phases | ACTIVE))
            continue;
        why = ceremony->ops->confirm ? ceremony->ops->confirm(ceremony->data, c->group) : NULL;
        if (why)
            pk_turn_demand(ceremony->turn, why);
        name = c->name;
        status = pk_strings_add(&paths, c->path);
    }
    has = !status && paths.count > 0 && pk_turn_want(ceremony->turn, &paths, name);
    pk_strings_clear(&paths);
    return has;
}

/* The keys in those phases go on, once the turn is this request's. */
static void proceed_all(struct pk_local_ceremony *ceremony, unsigned phases)
{
    const struct pk_dialogue *person = &ceremony->person;

    if (!has_turn(ceremony, phases))
        return;
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (local_is_in(c, phases))
            pk_key_session_proceed(c->session,
                                   person->ops->time_left(person->data) + DEADLINE_SLACK);
}

/* Whether that failure may pass: the key does not hold what is asked for, or cannot be had now. */
static bool may_pass(enum pk_status status)
{
    return status == PK_OK || status == PK_NO_MATCH || status == PK_NO_DEVICE ||
           status == PK_DEVICE_REMOVED || status == PK_BUSY;
}

/* No key can serve: wait for one to be plugged in, or give up where waiting makes no sense. */
static void none_can_serve(struct pk_local_ceremony *ceremony)
{
    enum notice why = NOTICE_INSERT;

    pk_turn_leave(ceremony->turn);
    if (!may_pass(ceremony->failure) || ceremony->present_only ||
        ceremony->unattended) { /* nobody reads what to do */
        fail(ceremony, ceremony->failure ? ceremony->failure : PK_NO_DEVICE);
        return;
    }
    for (const struct candidate *c = ceremony->candidates; c && why != NOTICE_BUSY; c = c->next) {
        if (c->failure == PK_BUSY)
            why = NOTICE_BUSY;
        else if (!local_is_gone(c))
            why = NOTICE_STRANGER;
    }
    local_give_notice(ceremony, why);
    pk_deadlines_start(&ceremony->deadlines, INSERT_TIMEOUT,
                       (int64_t)pk_keys_setup(ceremony->keys)->insert_timeout * 1000);
}

/* Does what follows from the phases of all keys. */
static void decide(struct pk_local_ceremony *ceremony)
{
    size_t ready = local_count(ceremony, READY);
    size_t active = local_count(ceremony, ACTIVE);
    /* Keys that others go on using are not waited for. */
    unsigned awaited = pk_turn_waits(ceremony->turn) ? ANSWERING : UNDECIDED;

    if (pk_turn_parked(ceremony->turn))
        return;
    if (ceremony->announced > active)
        ceremony->announced = active; /* one that comes back is announced again */
    if (ready > 0 && (active > 0 || local_count(ceremony, awaited) == 0)) {
        pk_deadlines_stop(&ceremony->deadlines, GATHERED);
        proceed_all(ceremony, READY);
    } else if (ready > 0) {
        pk_deadlines_start(&ceremony->deadlines, GATHERED, GATHER_MS);
    } else if (active + local_count(ceremony, UNDECIDED) == 0) {
        if (local_count(ceremony, MAYBE) > 0)
            proceed_all(ceremony, MAYBE);
        else
            none_can_serve(ceremony);
    }
    if (local_count(ceremony, ACTIVE) > 0)
        pk_deadlines_stop(&ceremony->deadlines, INSERT_TIMEOUT);
}

/* --- one key ---------------------------------------------------------------------------------- */

static void on_frame(void *data, const struct pk_frame *frame);

/*
 * Whether the key need not be asked silently: it is the only one, and has shown the only credential
 * that is asked for since it was plugged in.
 */
static bool is_known(const struct candidate *candidate, const struct pk_assertion_request *request)
{
    const struct pk_local_ceremony *ceremony = candidate->ceremony;

    return ceremony->groups == 1 && ceremony->candidates == candidate && !candidate->next &&
           !candidate->insist && !ceremony->hidden && request->allow_count == 1 &&
           pk_known_has(pk_keys_known(ceremony->keys), candidate->path,
                        pk_view_of(&request->allow[0].id));
}

/* Asks the key about the candidate's group. */
static enum pk_status ask(struct candidate *candidate)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    PK_AUTO_FRAME struct pk_frame request = {0};
    enum pk_status status = ceremony->ops->request(ceremony->data, candidate->group, &request);

    candidate->shown = candidate->mute = candidate->spent = candidate->believed = false;
    candidate->failure = PK_OK;

    if (!status) {
        request.get_assertion.path = strdup(candidate->path); /* first in both requests */
        candidate->listed =
            request.type == PK_FRAME_GET_ASSERTION && request.get_assertion.allow_count > 0;
        if (request.type == PK_FRAME_GET_ASSERTION) {
            request.get_assertion.hidden = ceremony->hidden;
            candidate->believed = is_known(candidate, &request.get_assertion);
            request.get_assertion.known = candidate->believed;
        }
        status = request.get_assertion.path ? PK_OK : PK_NO_MEMORY;
    }
    if (!status)
        status =
            pk_key_session_new(ceremony->keys, &request, on_frame, candidate, &candidate->session);
    if (status) {
        candidate->session = NULL;
        ceremony->failure = status;
    } else {
        pk_turn_interrupt(ceremony->turn, candidate->path);
    }
    return status;
}

/* Asks those that are not being asked, and have not been found unfit. */
static void ask_all(struct pk_local_ceremony *ceremony)
{
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (!c->session && c->failure == PK_OK)
            (void)ask(c);
}

/* About the next group; after the last from the first of which it may know more, with a touch. */
static bool ask_further(struct candidate *candidate)
{
    size_t groups = candidate->ceremony->groups;

    if (candidate->group + 1 < groups) {
        candidate->group++;
    } else if (!candidate->insist && candidate->doubtful < groups) {
        candidate->group = candidate->doubtful;
        candidate->insist = true;
    } else {
        return false;
    }
    return !ask(candidate);
}

/* Silently, where it was believed to have what it then did not show. */
static bool ask_after_all(struct candidate *candidate, enum pk_status why)
{
    if (why != PK_NO_MATCH || !candidate->believed)
        return false;
    pk_deadlines_stop(&candidate->ceremony->deadlines, TOUCH_TIMEOUT);
    return !ask(candidate);
}

/*
 * After NO_MATCH the credentials of the next RP id, if there are any; a key that cannot verify the
 * user may serve a group that does not demand it.
 */
static bool next_group(struct candidate *candidate, enum pk_status why)
{
    if (why != PK_NO_MATCH && why != PK_PIN_NOT_SET && why != PK_KEY_CANNOT_VERIFY)
        return false;
    if (why != PK_NO_MATCH)
        candidate->earlier = why;
    return ask_further(candidate);
}

static void keep_failure(struct candidate *candidate, enum pk_status status)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    pk_keys_setup(ceremony->keys)
        ->log(LOG_DEBUG, "[%s] %s: %s", ceremony->person.id, candidate->name,
              pk_status_name(status));
    candidate->failure = status;
    /* The reason of a key that holds a credential is more useful than NO_MATCH of another. */
    if (status != PK_NO_MATCH || ceremony->failure == PK_OK) {
        ceremony->failure = status;
        free(ceremony->failed_path);
        ceremony->failed_path = strdup(candidate->path);
    }
}

static void on_failed(struct candidate *candidate, enum pk_status status)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    bool was_active = local_is_in(candidate, ACTIVE);

    candidate->session = NULL;
    pk_known_forget(pk_keys_known(ceremony->keys), candidate->path);
    if (status == PK_PIN_CHANGE && !local_may_ask_pin(candidate))
        status = PK_NO_MATCH; /* it is none of theirs, as far as it has shown */
    if (status == PK_PIN_REQUIRED && pk_pin_dialogue_was_wrong(&ceremony->pin, candidate))
        status = PK_PIN_INVALID; /* given up after a wrong one */
    pk_pin_dialogue_withdraw(&ceremony->pin, candidate);
    if (ask_after_all(candidate, status) || next_group(candidate, status))
        return;
    if (status == PK_NO_MATCH && candidate->earlier)
        status = candidate->earlier;
    keep_failure(candidate, status);
    if (status == PK_BUSY) /* with another program's request: its touch must not serve this one */
        pk_turn_demand(ceremony->turn, NULL);
    if (local_is_gone(candidate) || status == PK_BUSY)
        pk_deadlines_start(&ceremony->deadlines, RETRY, RETRY_MS);
    if (status == PK_DEVICE_REMOVED && was_active)
        local_inform_of_removal(ceremony);
    else if ((was_active && local_count(ceremony, ACTIVE) > 0) ||
             (status == PK_DEVICE_SILENT && !ceremony->unattended))
        local_inform_of_failure(candidate, status);
    if (local_count(ceremony, ACTIVE) == 0)
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
    decide(ceremony);
}

static void on_answer(struct candidate *candidate, const struct pk_frame *frame)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    local_pin_taken(candidate);
    candidate->session = NULL;
    pk_known_forget(pk_keys_known(ceremony->keys), candidate->path); /* a new one replaces others */
    if (frame->type == PK_FRAME_ASSERTION && frame->assertion.count == 1)
        pk_known_add(pk_keys_known(ceremony->keys), candidate->path,
                     pk_view_of(&frame->assertion.items[0].credential_id));
    close_down(ceremony);
    ceremony->ops->answered(ceremony->data, candidate->group, candidate->name, frame);
}

static void on_touch_wanted(struct candidate *candidate, bool verify)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    if (!local_is_in(candidate, ACTIVE))
        return; /* it blinks during the silent check: no touch is wanted yet */
    local_pin_taken(candidate);
    if (local_count(ceremony, ACTIVE) > ceremony->announced || verify)
        local_call_for_touch(ceremony, verify);
    pk_deadlines_restart(&ceremony->deadlines, TOUCH_TIMEOUT,
                         (int64_t)pk_keys_setup(ceremony->keys)->touch_timeout * 1000);
}

/*
 * A key whose answer is not its last word is first asked silently about the other groups too: what
 * it shows by itself goes before what it may show to a person.
 */
static void on_checked(struct candidate *candidate, const struct pk_check *check)
{
    size_t groups = candidate->ceremony->groups;

    candidate->shown = check->status == PK_OK && !check->uncertain;
    candidate->mute = check->status == PK_OK && check->uncertain;
    if (check->uncertain && !candidate->insist && groups > 1) {
        if (candidate->doubtful >= groups)
            candidate->doubtful = candidate->group;
        pk_key_session_cancel(pk_steal(candidate->session));
        if (ask_further(candidate))
            return;
        on_failed(candidate, candidate->ceremony->failure);
    } else {
        decide(candidate->ceremony);
    }
}

/* Of a key that has shown nothing, to somebody without a credential that would need it. */
static void on_pin_needed(struct candidate *candidate, const struct pk_pin_needed *needed)
{
    if (local_may_ask_pin(candidate)) {
        local_pin_needed(candidate, needed);
    } else {
        pk_key_session_cancel(pk_steal(candidate->session));
        on_failed(candidate, PK_NO_MATCH);
    }
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct candidate *candidate = data;

    switch (frame->type) {
    case PK_FRAME_CHECKED:
        on_checked(candidate, &frame->check);
        break;
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
        on_touch_wanted(candidate, frame->type == PK_FRAME_VERIFY);
        break;
    case PK_FRAME_PIN_NEEDED:
        on_pin_needed(candidate, &frame->pin_needed);
        break;
    case PK_FRAME_FAILED:
        on_failed(candidate, frame->failure.status);
        break;
    default:
        on_answer(candidate, frame);
    }
}

/* --- plugging in and out ---------------------------------------------------------------------- */

static void on_devices(void *data, const struct pk_devices *list)
{
    struct pk_local_ceremony *ceremony = data;

    if (!list) {
        fail(ceremony, PK_UNAVAILABLE);
        return;
    }
    local_candidates_update(ceremony, list);
    if (pk_turn_parked(ceremony->turn) && !local_any_left(ceremony))
        pk_turn_leave(ceremony->turn);
    if (!pk_turn_parked(ceremony->turn))
        ask_all(ceremony);
    if (local_count(ceremony, UNDECIDED) > 0)
        pk_deadlines_restart(&ceremony->deadlines, BUSY_NOTICE, BUSY_MS);
    decide(ceremony);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void on_gathered(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    if (!pk_turn_parked(ceremony->turn))
        proceed_all(ceremony, READY);
}

static void on_insert_timeout(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    fail(ceremony, ceremony->failure != PK_OK ? ceremony->failure : PK_NO_DEVICE);
}

static void on_touch_timeout(void *data)
{
    fail(data, PK_TOUCH_TIMEOUT);
}

static void on_busy_notice(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    if (local_count(ceremony, ACTIVE | READY) == 0 && local_count(ceremony, IN(PK_KEY_QUEUED)) > 0)
        local_inform_of_use(ceremony);
}

static void on_retry(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    for (struct candidate *c = ceremony->candidates; c; c = c->next) {
        if (pk_turn_parked(ceremony->turn) || c->session ||
            (!local_is_gone(c) && c->failure != PK_BUSY))
            continue;
        c->group = 0;
        c->doubtful = ceremony->groups;
        c->insist = false;
        (void)ask(c);
    }
}

static pk_deadline_handler *const deadline_handlers[DEADLINES] = {
    [GATHERED] = on_gathered,
    [INSERT_TIMEOUT] = on_insert_timeout,
    [TOUCH_TIMEOUT] = on_touch_timeout,
    [BUSY_NOTICE] = on_busy_notice,
    [RETRY] = on_retry,
};

/* --- the turn --------------------------------------------------------------------------------- */

static void on_stop(void *data, bool again)
{
    struct pk_local_ceremony *ceremony = data;

    pk_pin_dialogue_stop(&ceremony->pin);
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        local_drop_session(c);
    ceremony->announced = 0;
    pk_deadlines_stop(&ceremony->deadlines, GATHERED);
    pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
    pk_deadlines_stop(&ceremony->deadlines, INSERT_TIMEOUT);
    if (again)
        ask_all(ceremony);
}

static void on_go(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    ask_all(ceremony);
    decide(ceremony);
}

static void on_refused(void *data, enum pk_status why)
{
    fail(data, why);
}

static bool on_awaits(void *data, const char *path)
{
    const struct pk_local_ceremony *ceremony = data;

    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        if (local_is_in(c, IN(PK_KEY_QUEUED)) && strcmp(c->path, path) == 0)
            return true;
    return false;
}

static const struct pk_turn_ops turn_ops = {on_stop, on_go, on_refused, on_awaits};

/* --- beginning -------------------------------------------------------------------------------- */

static enum pk_status copy_request(const struct pk_local_request *request,
                                   struct pk_local_ceremony *ceremony)
{
    PK_AUTO_FREE char *who = pk_message_requester(&request->requester);
    enum pk_status status = who ? pk_text_copy(request->purpose, &ceremony->purpose) : PK_NO_MEMORY;

    if (!status)
        status = pk_text_copy(request->payer, &ceremony->payer);
    if (status)
        return status;
    ceremony->groups = request->groups;
    ceremony->unattended = request->unattended;
    ceremony->present_only = request->present_only;
    ceremony->hidden = request->hidden;
    ceremony->insists = request->insists;
    ceremony->holder = request->holder;
    ceremony->turn =
        pk_turn_new(pk_keys_turns(ceremony->keys), &ceremony->person, who, &turn_ops, ceremony);
    if (!ceremony->turn)
        return PK_NO_MEMORY;
    if (request->unattended)
        pk_turn_mute(ceremony->turn);
    return PK_OK;
}

enum pk_status pk_local_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     const struct pk_local_request *request,
                                     const struct pk_local_ceremony_ops *ops, void *data,
                                     struct pk_local_ceremony **ret)
{
    struct pk_local_ceremony *ceremony = calloc(1, sizeof(*ceremony));

    if (!ceremony)
        return PK_NO_MEMORY;
    *ceremony = (struct pk_local_ceremony){
        .keys = keys,
        .person = *person,
        .ops = ops,
        .data = data,
        .pin = {.person = *person, .spend = local_pin_spend, .data = ceremony},
    };
    if (!copy_request(request, ceremony) &&
        !pk_deadlines_init(&ceremony->deadlines, pk_keys_setup(keys)->base, deadline_handlers,
                           DEADLINES, ceremony))
        ceremony->watch = pk_key_watch_new(keys, on_devices, ceremony);
    if (!ceremony->watch) {
        pk_local_ceremony_free(ceremony);
        return PK_NO_MEMORY;
    }
    *ret = ceremony;
    return PK_OK;
}

void pk_local_ceremony_give_up(struct pk_local_ceremony *ceremony)
{
    fail(ceremony, PK_CANCELLED);
}

const char *pk_local_ceremony_failed_path(const struct pk_local_ceremony *ceremony)
{
    return ceremony->failed_path;
}

void pk_local_ceremony_answered(struct pk_local_ceremony *ceremony, struct pk_secret *answer)
{
    if (pk_turn_asks(ceremony->turn))
        pk_turn_answered(ceremony->turn, answer);
    else
        pk_pin_dialogue_answered(&ceremony->pin, answer);
}
