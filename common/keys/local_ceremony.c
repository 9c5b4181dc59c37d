/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/local_ceremony.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/key_session.h"
#include "common/keys/messages.h"
#include "common/keys/pin_dialogue.h"

#include <event2/event.h>
#include <string.h>
#include <syslog.h>

#define GATHER_MS      1500 /* how long the first key that can serve waits for the others */
#define BUSY_MS        700  /* how long a key may be in use before the person is told */
#define RETRY_MS       500  /* until a key that is listed, but could not be had, is asked again */
#define BUSY_TEXT      "Your security key is busy with another request."
#define DEADLINE_SLACK 2 /* seconds: the conversation ends before its helpers are killed */

enum candidate_state {
    CANDIDATE_CHECKING, /* queued or being asked silently */
    CANDIDATE_READY,    /* can serve */
    CANDIDATE_MAYBE,    /* shows what it holds only to a verified user */
    CANDIDATE_ACTIVE,   /* told to go on: it blinks, or will */
    CANDIDATE_OUT,      /* cannot serve, or failed */
};

struct candidate {
    struct pk_local_ceremony *ceremony;
    struct candidate *next;
    char *path;
    char *name;
    enum candidate_state state;
    size_t group;
    struct pk_key_session *session; /* NULL when out */
    bool seen;                      /* in the newest list of devices */
    bool gone; /* its helper did not find it: the list is behind, or it was plugged anew */
    bool busy; /* another program has it */
};

enum said {
    SAID_NOTHING,
    SAID_INSERT,
    SAID_STRANGER, /* the key that is there is not the one */
    SAID_BUSY,
};

struct pk_local_ceremony {
    struct pk_keys *keys;
    struct pk_dialogue person;
    const struct pk_local_ceremony_ops *ops;
    void *data;
    size_t groups;
    char *purpose;
    struct pk_key_watch *watch;
    struct event *gather;       /* until the keys that can serve are told to go on */
    struct event *insert_timer; /* while no key can serve */
    struct event *touch_timer;  /* while a key waits for a touch */
    struct candidate *candidates;
    struct pk_pin_dialogue pin;
    enum pk_status failure; /* the last one of a key that is out; PK_OK: none */
    struct event *busy_timer;
    struct event *retry_timer;
    size_t said_touch; /* how many keys the last call to touch was about; 0: none */
    char *failed_path;
    enum said said; /* while no key can serve; not to be repeated */
    bool over;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void drop_session(struct candidate *candidate)
{
    if (candidate->session)
        pk_key_session_cancel(candidate->session);
    candidate->session = NULL;
    candidate->state = CANDIDATE_OUT;
    pk_pin_dialogue_withdraw(&candidate->ceremony->pin, candidate);
}

/* Everything under way stops; nothing is released that a caller up the stack may still use. */
static void close_down(struct pk_local_ceremony *ceremony)
{
    ceremony->over = true;
    pk_pin_dialogue_stop(&ceremony->pin);
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        drop_session(c);
    if (ceremony->watch)
        pk_key_watch_free(pk_steal(ceremony->watch));
    (void)evtimer_del(ceremony->gather);
    (void)evtimer_del(ceremony->insert_timer);
    (void)evtimer_del(ceremony->touch_timer);
    (void)evtimer_del(ceremony->busy_timer);
    (void)evtimer_del(ceremony->retry_timer);
}

static void fail(struct pk_local_ceremony *ceremony, enum pk_status why)
{
    if (ceremony->over)
        return;
    close_down(ceremony);
    ceremony->ops->failed(ceremony->data, why);
}

static void candidate_free(struct candidate *candidate)
{
    free(candidate->path);
    free(candidate->name);
    free(candidate);
}

static void free_timer(struct event *timer)
{
    if (timer)
        event_free(timer);
}

static bool has_timers(const struct pk_local_ceremony *ceremony)
{
    return ceremony->gather && ceremony->insert_timer && ceremony->touch_timer &&
           ceremony->busy_timer && ceremony->retry_timer;
}

void pk_local_ceremony_free(struct pk_local_ceremony *ceremony)
{
    if (has_timers(ceremony))
        close_down(ceremony);
    while (ceremony->candidates) {
        struct candidate *next = ceremony->candidates->next;

        candidate_free(ceremony->candidates);
        ceremony->candidates = next;
    }
    free_timer(ceremony->gather);
    free_timer(ceremony->insert_timer);
    free_timer(ceremony->touch_timer);
    free_timer(ceremony->busy_timer);
    free_timer(ceremony->retry_timer);
    free(ceremony->purpose);
    free(ceremony->failed_path);
    free(ceremony);
}

/* --- what the person is told ------------------------------------------------------------------ */

static size_t count(const struct pk_local_ceremony *ceremony, enum candidate_state state)
{
    size_t found = 0;

    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        found += c->state == state;
    return found;
}

/* Keys that are answering the silent check now; those in use by others are not waited for. */
static size_t count_answering(const struct pk_local_ceremony *ceremony)
{
    size_t found = 0;

    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        found += c->state == CANDIDATE_CHECKING && !pk_key_session_is_queued(c->session);
    return found;
}

static void say(struct pk_local_ceremony *ceremony, const char *event, const char *text)
{
    if (text)
        ceremony->person.ops->info(ceremony->person.data, event, text);
}

/* The keys that have been told to go on, by name. */
static void say_touch(struct pk_local_ceremony *ceremony, bool verify)
{
    PK_AUTO_FREE char *text = NULL;
    struct pk_strings names = {0};
    enum pk_status status = PK_OK;

    for (const struct candidate *c = ceremony->candidates; c && !status; c = c->next)
        if (c->state == CANDIDATE_ACTIVE)
            status = pk_strings_add(&names, c->name);
    ceremony->said_touch = verify ? 0 : names.count;
    text = verify ? pk_message_verify(&names, ceremony->purpose)
                  : pk_message_touch(&names, ceremony->purpose);
    pk_strings_clear(&names);
    say(ceremony, verify ? "verify" : "touch", text);
}

static void start_timer(struct event *timer, unsigned seconds)
{
    const struct timeval when = {(time_t)seconds, 0};

    (void)evtimer_add(timer, &when);
}

/* --- which keys go on ------------------------------------------------------------------------- */

static void proceed(struct candidate *candidate)
{
    candidate->state = CANDIDATE_ACTIVE;
    pk_key_session_proceed(candidate->session, candidate->ceremony->person.ops->time_left(
                                                   candidate->ceremony->person.data) +
                                                   DEADLINE_SLACK);
}

static void proceed_all(struct pk_local_ceremony *ceremony, enum candidate_state state)
{
    /* A key may fail at once and change the list's states, not the list. */
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (c->state == state)
            proceed(c);
}

/* Whether that failure may pass: the key does not hold what is asked for, or cannot be had now. */
static bool may_pass(enum pk_status status)
{
    return status == PK_OK || status == PK_NO_MATCH || status == PK_NO_DEVICE ||
           status == PK_DEVICE_REMOVED || status == PK_BUSY;
}

/* Each of the things that can be said is said when it becomes true, not again and again. */
static void say_why_none(struct pk_local_ceremony *ceremony, enum said said)
{
    PK_AUTO_FREE char *text = NULL;

    if (ceremony->said == said)
        return;
    ceremony->said = said;
    if (said == SAID_BUSY) {
        say(ceremony, "busy", BUSY_TEXT);
        return;
    }
    text = pk_message_insert(said == SAID_STRANGER, ceremony->purpose);
    say(ceremony, "insert", text);
}

/* No key can serve: wait for one to be plugged in, or give up where waiting makes no sense. */
static void none_can_serve(struct pk_local_ceremony *ceremony)
{
    enum said why = SAID_INSERT;

    if (!may_pass(ceremony->failure)) {
        fail(ceremony, ceremony->failure);
        return;
    }
    for (const struct candidate *c = ceremony->candidates; c && why != SAID_BUSY; c = c->next)
        why = c->busy ? SAID_BUSY : c->gone ? why : SAID_STRANGER;
    say_why_none(ceremony, why);
    if (!evtimer_pending(ceremony->insert_timer, NULL))
        start_timer(ceremony->insert_timer, pk_keys_setup(ceremony->keys)->insert_timeout);
}

static void on_gathered(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_ceremony *ceremony = data;

    (void)fd, (void)what;
    proceed_all(ceremony, CANDIDATE_READY);
}

/* Looks at where all keys stand and does what follows. */
static void decide(struct pk_local_ceremony *ceremony)
{
    const struct timeval gather = {GATHER_MS / 1000, (GATHER_MS % 1000) * 1000};
    size_t ready = count(ceremony, CANDIDATE_READY);
    size_t active = count(ceremony, CANDIDATE_ACTIVE);

    if (ceremony->over)
        return;
    if (ceremony->said_touch > active)
        ceremony->said_touch = active; /* one that comes back is worth saying again */
    if (ready > 0 && (active > 0 || count_answering(ceremony) == 0)) {
        (void)evtimer_del(ceremony->gather);
        proceed_all(ceremony, CANDIDATE_READY);
    } else if (ready > 0 && !evtimer_pending(ceremony->gather, NULL)) {
        (void)evtimer_add(ceremony->gather, &gather);
    }
    if (ready + active + count(ceremony, CANDIDATE_CHECKING) == 0) {
        if (count(ceremony, CANDIDATE_MAYBE) > 0)
            proceed_all(ceremony, CANDIDATE_MAYBE);
        else
            none_can_serve(ceremony);
    }
    if (!ceremony->over && count(ceremony, CANDIDATE_ACTIVE) > 0)
        (void)evtimer_del(ceremony->insert_timer);
}

/* --- one key ---------------------------------------------------------------------------------- */

static void on_frame(void *data, const struct pk_frame *frame);

/* Asks the key about the candidate's group. */
static enum pk_status ask(struct candidate *candidate)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    PK_AUTO_FRAME struct pk_frame request = {0};
    enum pk_status status = ceremony->ops->request(ceremony->data, candidate->group, &request);

    if (!status) {
        request.get_assertion.path = strdup(candidate->path); /* first in both requests */
        status = request.get_assertion.path ? PK_OK : PK_NO_MEMORY;
    }
    candidate->state = CANDIDATE_CHECKING;
    if (!status)
        status =
            pk_key_session_new(ceremony->keys, &request, on_frame, candidate, &candidate->session);
    if (status) {
        candidate->session = NULL;
        candidate->state = CANDIDATE_OUT;
        ceremony->failure = status;
    }
    return status;
}

static void on_busy(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_ceremony *ceremony = data;

    (void)fd, (void)what;
    if (count(ceremony, CANDIDATE_ACTIVE) + count(ceremony, CANDIDATE_READY) > 0)
        return;
    for (const struct candidate *c = ceremony->candidates; c; c = c->next) {
        if (c->session && pk_key_session_is_queued(c->session)) {
            say(ceremony, "busy", BUSY_TEXT);
            return;
        }
    }
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_ceremony *ceremony = data;

    (void)fd, (void)what;
    for (struct candidate *c = ceremony->candidates; c; c = c->next) {
        if ((!c->gone && !c->busy) || c->state != CANDIDATE_OUT)
            continue;
        c->gone = c->busy = false;
        c->group = 0;
        (void)ask(c);
    }
}

/* After NO_MATCH: the credentials of the next RP id, if there are any. */
static bool next_group(struct candidate *candidate)
{
    if (candidate->group + 1 >= candidate->ceremony->groups)
        return false;
    candidate->group++;
    return !ask(candidate);
}

static void on_checked(struct candidate *candidate, const struct pk_check *check)
{
    if (check->status == PK_OK)
        candidate->state = CANDIDATE_READY;
    else if (check->uncertain)
        candidate->state = CANDIDATE_MAYBE;
    else
        return; /* FAILED follows and says the same */
    decide(candidate->ceremony);
}

static void on_failed(struct candidate *candidate, enum pk_status status)
{
    const struct timeval retry = {RETRY_MS / 1000, (RETRY_MS % 1000) * 1000};
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    bool was_active = candidate->state == CANDIDATE_ACTIVE;

    candidate->session = NULL;
    candidate->state = CANDIDATE_OUT;
    if (status == PK_PIN_REQUIRED && pk_pin_dialogue_was_wrong(&ceremony->pin, candidate))
        status = PK_PIN_INVALID; /* given up after a wrong one */
    pk_pin_dialogue_withdraw(&ceremony->pin, candidate);
    if (status == PK_NO_MATCH && next_group(candidate))
        return;
    pk_keys_setup(ceremony->keys)
        ->log(LOG_DEBUG, "[%s] %s: %s", ceremony->person.id, candidate->name,
              pk_status_name(status));
    candidate->gone = status == PK_NO_DEVICE || status == PK_DEVICE_REMOVED;
    candidate->busy = status == PK_BUSY;
    if ((candidate->gone || candidate->busy) && !evtimer_pending(ceremony->retry_timer, NULL))
        (void)evtimer_add(ceremony->retry_timer, &retry);
    /* A key that never got as far as a touch says less than one that did. */
    if (status != PK_NO_MATCH || ceremony->failure == PK_OK) {
        ceremony->failure = status;
        free(ceremony->failed_path);
        ceremony->failed_path = strdup(candidate->path);
    }
    if (status == PK_DEVICE_REMOVED && was_active) {
        say(ceremony, "removed", "The security key was pulled out.");
        ceremony->said = SAID_NOTHING;
    } else if (was_active && count(ceremony, CANDIDATE_ACTIVE) > 0) {
        ceremony->person.ops->error(ceremony->person.data, status, pk_message_outcome(status));
    }
    if (count(ceremony, CANDIDATE_ACTIVE) == 0)
        (void)evtimer_del(ceremony->touch_timer);
    decide(ceremony);
}

static void on_answer(struct candidate *candidate, const struct pk_frame *frame)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    candidate->session = NULL;
    close_down(ceremony);
    ceremony->ops->answered(ceremony->data, candidate->group, candidate->name, frame);
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct candidate *candidate = data;
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    switch (frame->type) {
    case PK_FRAME_CHECKED:
        on_checked(candidate, &frame->check);
        break;
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
        if (candidate->state != CANDIDATE_ACTIVE)
            break; /* it blinks to be told from others: nothing to say */
        if (count(ceremony, CANDIDATE_ACTIVE) > ceremony->said_touch ||
            frame->type == PK_FRAME_VERIFY)
            say_touch(ceremony, frame->type == PK_FRAME_VERIFY);
        start_timer(ceremony->touch_timer, pk_keys_setup(ceremony->keys)->touch_timeout);
        break;
    case PK_FRAME_PIN_NEEDED:
        ceremony->said_touch = 0; /* after the PIN it is worth saying again */
        if (count(ceremony, CANDIDATE_ACTIVE) == 1)
            (void)evtimer_del(ceremony->touch_timer); /* a person types */
        pk_pin_dialogue_needed(&ceremony->pin, candidate, candidate->session,
                               count(ceremony, CANDIDATE_ACTIVE) > 1 ? candidate->name : NULL,
                               &frame->pin_needed);
        break;
    case PK_FRAME_FAILED:
        on_failed(candidate, frame->failure.status);
        break;
    default:
        on_answer(candidate, frame);
    }
}

/* --- plugging in and out ---------------------------------------------------------------------- */

static struct candidate *candidate_new(struct pk_local_ceremony *ceremony,
                                       const struct pk_device *device)
{
    struct candidate *candidate = calloc(1, sizeof(*candidate));

    if (!candidate)
        return NULL;
    *candidate = (struct candidate){
        .ceremony = ceremony,
        .path = strdup(device->path),
        .name = pk_message_device_name(device),
        .state = CANDIDATE_OUT,
        .seen = true,
    };
    if (!candidate->path || !candidate->name) {
        candidate_free(candidate);
        return NULL;
    }
    candidate->next = ceremony->candidates;
    ceremony->candidates = candidate;
    return candidate;
}

static struct candidate *find(struct pk_local_ceremony *ceremony, const char *path)
{
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (strcmp(c->path, path) == 0)
            return c;
    return NULL;
}

/* Keys that are gone leave the list; their helpers have noticed or are told. */
static void remove_unseen(struct pk_local_ceremony *ceremony)
{
    struct candidate **link = &ceremony->candidates;

    while (*link) {
        struct candidate *candidate = *link;

        if (candidate->seen) {
            link = &candidate->next;
            continue;
        }
        if (candidate->state == CANDIDATE_ACTIVE) {
            say(ceremony, "removed", "The security key was pulled out.");
            ceremony->failure = PK_DEVICE_REMOVED;
            ceremony->said = SAID_NOTHING;
        }
        drop_session(candidate);
        *link = candidate->next;
        candidate_free(candidate);
    }
    if (count(ceremony, CANDIDATE_ACTIVE) == 0)
        (void)evtimer_del(ceremony->touch_timer);
}

static void on_devices(void *data, const struct pk_devices *list)
{
    const struct timeval busy = {BUSY_MS / 1000, (BUSY_MS % 1000) * 1000};
    struct pk_local_ceremony *ceremony = data;

    if (!list) {
        fail(ceremony, PK_UNAVAILABLE);
        return;
    }
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        c->seen = false;
    for (size_t i = 0; i < list->count; i++) {
        struct candidate *candidate = find(ceremony, list->items[i].path);

        if (candidate) {
            candidate->seen = true;
            continue;
        }
        candidate = candidate_new(ceremony, &list->items[i]);
        if (candidate)
            (void)ask(candidate);
    }
    remove_unseen(ceremony);
    if (count(ceremony, CANDIDATE_CHECKING) > 0)
        (void)evtimer_add(ceremony->busy_timer, &busy);
    decide(ceremony);
}

static void on_insert_timeout(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_ceremony *ceremony = data;

    (void)fd, (void)what;
    fail(ceremony, ceremony->failure != PK_OK ? ceremony->failure : PK_NO_DEVICE);
}

static void on_touch_timeout(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    fail(data, PK_TOUCH_TIMEOUT);
}

/* --- beginning -------------------------------------------------------------------------------- */

enum pk_status pk_local_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     size_t groups, const char *purpose,
                                     const struct pk_local_ceremony_ops *ops, void *data,
                                     struct pk_local_ceremony **ret)
{
    struct pk_local_ceremony *ceremony = calloc(1, sizeof(*ceremony));
    struct event_base *base = pk_keys_setup(keys)->base;

    if (!ceremony)
        return PK_NO_MEMORY;
    *ceremony = (struct pk_local_ceremony){
        .keys = keys,
        .person = *person,
        .ops = ops,
        .data = data,
        .groups = groups,
        .purpose = strdup(purpose),
        .gather = evtimer_new(base, on_gathered, ceremony),
        .insert_timer = evtimer_new(base, on_insert_timeout, ceremony),
        .touch_timer = evtimer_new(base, on_touch_timeout, ceremony),
        .busy_timer = evtimer_new(base, on_busy, ceremony),
        .retry_timer = evtimer_new(base, on_retry, ceremony),
        .pin = {.person = *person},
    };
    if (ceremony->purpose && has_timers(ceremony))
        ceremony->watch = pk_key_watch_new(keys, on_devices, ceremony);
    if (!ceremony->watch) {
        pk_local_ceremony_free(ceremony);
        return PK_NO_MEMORY;
    }
    *ret = ceremony;
    return PK_OK;
}

const char *pk_local_ceremony_failed_path(const struct pk_local_ceremony *ceremony)
{
    return ceremony->failed_path;
}

void pk_local_ceremony_answered(struct pk_local_ceremony *ceremony, struct pk_secret *answer)
{
    if (!ceremony->over)
        pk_pin_dialogue_answered(&ceremony->pin, answer);
}
