/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/road_local.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/key.h"
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
    struct pk_local_road *road;
    struct candidate *next;
    char *path;
    char *name;
    enum candidate_state state;
    size_t group;
    struct pk_key *key; /* NULL when out */
    bool seen;          /* in the newest list of devices */
    bool gone;          /* its helper did not find it: the list is behind, or it was plugged anew */
    bool busy;          /* another program has it */
};

enum said {
    SAID_NOTHING,
    SAID_INSERT,
    SAID_STRANGER, /* the key that is there is not the one */
    SAID_BUSY,
};

struct pk_local_road {
    struct pk_keys *keys;
    struct pk_dialogue person;
    const struct pk_local_road_ops *ops;
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

static void drop_key(struct candidate *candidate)
{
    if (candidate->key)
        pk_key_cancel(candidate->key);
    candidate->key = NULL;
    candidate->state = CANDIDATE_OUT;
    pk_pin_dialogue_withdraw(&candidate->road->pin, candidate);
}

/* Everything under way stops; nothing is released that a caller up the stack may still use. */
static void close_down(struct pk_local_road *road)
{
    road->over = true;
    pk_pin_dialogue_stop(&road->pin);
    for (struct candidate *c = road->candidates; c; c = c->next)
        drop_key(c);
    if (road->watch)
        pk_key_watch_free(pk_steal(road->watch));
    (void)evtimer_del(road->gather);
    (void)evtimer_del(road->insert_timer);
    (void)evtimer_del(road->touch_timer);
    (void)evtimer_del(road->busy_timer);
    (void)evtimer_del(road->retry_timer);
}

static void fail(struct pk_local_road *road, enum pk_status why)
{
    if (road->over)
        return;
    close_down(road);
    road->ops->failed(road->data, why);
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

static bool has_timers(const struct pk_local_road *road)
{
    return road->gather && road->insert_timer && road->touch_timer && road->busy_timer &&
           road->retry_timer;
}

void pk_local_road_free(struct pk_local_road *road)
{
    if (has_timers(road))
        close_down(road);
    while (road->candidates) {
        struct candidate *next = road->candidates->next;

        candidate_free(road->candidates);
        road->candidates = next;
    }
    free_timer(road->gather);
    free_timer(road->insert_timer);
    free_timer(road->touch_timer);
    free_timer(road->busy_timer);
    free_timer(road->retry_timer);
    free(road->purpose);
    free(road->failed_path);
    free(road);
}

/* --- what the person is told ------------------------------------------------------------------ */

static size_t count(const struct pk_local_road *road, enum candidate_state state)
{
    size_t found = 0;

    for (const struct candidate *c = road->candidates; c; c = c->next)
        found += c->state == state;
    return found;
}

/* Keys that are answering the silent check now; those in use by others are not waited for. */
static size_t count_answering(const struct pk_local_road *road)
{
    size_t found = 0;

    for (const struct candidate *c = road->candidates; c; c = c->next)
        found += c->state == CANDIDATE_CHECKING && !pk_key_is_queued(c->key);
    return found;
}

static void say(struct pk_local_road *road, const char *event, const char *text)
{
    if (text)
        road->person.ops->info(road->person.data, event, text);
}

/* The keys that have been told to go on, by name. */
static void say_touch(struct pk_local_road *road, bool verify)
{
    PK_AUTO_FREE char *text = NULL;
    struct pk_strings names = {0};
    enum pk_status status = PK_OK;

    for (const struct candidate *c = road->candidates; c && !status; c = c->next)
        if (c->state == CANDIDATE_ACTIVE)
            status = pk_strings_add(&names, c->name);
    road->said_touch = verify ? 0 : names.count;
    text =
        verify ? pk_message_verify(&names, road->purpose) : pk_message_touch(&names, road->purpose);
    pk_strings_clear(&names);
    say(road, verify ? "verify" : "touch", text);
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
    pk_key_proceed(candidate->key,
                   candidate->road->person.ops->time_left(candidate->road->person.data) +
                       DEADLINE_SLACK);
}

static void proceed_all(struct pk_local_road *road, enum candidate_state state)
{
    /* A key may fail at once and change the list's states, not the list. */
    for (struct candidate *c = road->candidates; c; c = c->next)
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
static void say_why_none(struct pk_local_road *road, enum said said)
{
    PK_AUTO_FREE char *text = NULL;

    if (road->said == said)
        return;
    road->said = said;
    if (said == SAID_BUSY) {
        say(road, "busy", BUSY_TEXT);
        return;
    }
    text = pk_message_insert(said == SAID_STRANGER, road->purpose);
    say(road, "insert", text);
}

/* No key can serve: wait for one to be plugged in, or give up where waiting makes no sense. */
static void none_can_serve(struct pk_local_road *road)
{
    enum said why = SAID_INSERT;

    if (!may_pass(road->failure)) {
        fail(road, road->failure);
        return;
    }
    for (const struct candidate *c = road->candidates; c && why != SAID_BUSY; c = c->next)
        why = c->busy ? SAID_BUSY : c->gone ? why : SAID_STRANGER;
    say_why_none(road, why);
    if (!evtimer_pending(road->insert_timer, NULL))
        start_timer(road->insert_timer, pk_keys_setup(road->keys)->insert_timeout);
}

static void on_gathered(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_road *road = data;

    (void)fd, (void)what;
    proceed_all(road, CANDIDATE_READY);
}

/* Looks at where all keys stand and does what follows. */
static void decide(struct pk_local_road *road)
{
    const struct timeval gather = {GATHER_MS / 1000, (GATHER_MS % 1000) * 1000};
    size_t ready = count(road, CANDIDATE_READY);
    size_t active = count(road, CANDIDATE_ACTIVE);

    if (road->over)
        return;
    if (road->said_touch > active)
        road->said_touch = active; /* one that comes back is worth saying again */
    if (ready > 0 && (active > 0 || count_answering(road) == 0)) {
        (void)evtimer_del(road->gather);
        proceed_all(road, CANDIDATE_READY);
    } else if (ready > 0 && !evtimer_pending(road->gather, NULL)) {
        (void)evtimer_add(road->gather, &gather);
    }
    if (ready + active + count(road, CANDIDATE_CHECKING) == 0) {
        if (count(road, CANDIDATE_MAYBE) > 0)
            proceed_all(road, CANDIDATE_MAYBE);
        else
            none_can_serve(road);
    }
    if (!road->over && count(road, CANDIDATE_ACTIVE) > 0)
        (void)evtimer_del(road->insert_timer);
}

/* --- one key ---------------------------------------------------------------------------------- */

static void heard(void *data, const struct pk_frame *frame);

/* Asks the key about the candidate's group. */
static enum pk_status ask(struct candidate *candidate)
{
    struct pk_local_road *road = candidate->road;
    PK_AUTO_FRAME struct pk_frame request = {0};
    enum pk_status status = road->ops->request(road->data, candidate->group, &request);

    if (!status) {
        request.get_assertion.path = strdup(candidate->path); /* first in both requests */
        status = request.get_assertion.path ? PK_OK : PK_NO_MEMORY;
    }
    candidate->state = CANDIDATE_CHECKING;
    if (!status)
        status = pk_key_new(road->keys, &request, heard, candidate, &candidate->key);
    if (status) {
        candidate->key = NULL;
        candidate->state = CANDIDATE_OUT;
        road->failure = status;
    }
    return status;
}

static void on_busy(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_road *road = data;

    (void)fd, (void)what;
    if (count(road, CANDIDATE_ACTIVE) + count(road, CANDIDATE_READY) > 0)
        return;
    for (const struct candidate *c = road->candidates; c; c = c->next) {
        if (c->key && pk_key_is_queued(c->key)) {
            say(road, "busy", BUSY_TEXT);
            return;
        }
    }
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_road *road = data;

    (void)fd, (void)what;
    for (struct candidate *c = road->candidates; c; c = c->next) {
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
    if (candidate->group + 1 >= candidate->road->groups)
        return false;
    candidate->group++;
    return !ask(candidate);
}

static void heard_checked(struct candidate *candidate, const struct pk_check *check)
{
    if (check->status == PK_OK)
        candidate->state = CANDIDATE_READY;
    else if (check->uncertain)
        candidate->state = CANDIDATE_MAYBE;
    else
        return; /* FAILED follows and says the same */
    decide(candidate->road);
}

static void heard_failed(struct candidate *candidate, enum pk_status status)
{
    const struct timeval retry = {RETRY_MS / 1000, (RETRY_MS % 1000) * 1000};
    struct pk_local_road *road = candidate->road;
    bool was_active = candidate->state == CANDIDATE_ACTIVE;

    candidate->key = NULL;
    candidate->state = CANDIDATE_OUT;
    if (status == PK_PIN_REQUIRED && pk_pin_dialogue_was_wrong(&road->pin, candidate))
        status = PK_PIN_INVALID; /* given up after a wrong one */
    pk_pin_dialogue_withdraw(&road->pin, candidate);
    if (status == PK_NO_MATCH && next_group(candidate))
        return;
    pk_keys_setup(road->keys)
        ->log(LOG_DEBUG, "[%s] %s: %s", road->person.id, candidate->name, pk_status_name(status));
    candidate->gone = status == PK_NO_DEVICE || status == PK_DEVICE_REMOVED;
    candidate->busy = status == PK_BUSY;
    if ((candidate->gone || candidate->busy) && !evtimer_pending(road->retry_timer, NULL))
        (void)evtimer_add(road->retry_timer, &retry);
    /* A key that never got as far as a touch says less than one that did. */
    if (status != PK_NO_MATCH || road->failure == PK_OK) {
        road->failure = status;
        free(road->failed_path);
        road->failed_path = strdup(candidate->path);
    }
    if (status == PK_DEVICE_REMOVED && was_active) {
        say(road, "removed", "The security key was pulled out.");
        road->said = SAID_NOTHING;
    } else if (was_active && count(road, CANDIDATE_ACTIVE) > 0) {
        road->person.ops->error(road->person.data, status, pk_message_outcome(status));
    }
    if (count(road, CANDIDATE_ACTIVE) == 0)
        (void)evtimer_del(road->touch_timer);
    decide(road);
}

static void heard_answer(struct candidate *candidate, const struct pk_frame *frame)
{
    struct pk_local_road *road = candidate->road;

    candidate->key = NULL;
    close_down(road);
    road->ops->answered(road->data, candidate->group, candidate->name, frame);
}

static void heard(void *data, const struct pk_frame *frame)
{
    struct candidate *candidate = data;
    struct pk_local_road *road = candidate->road;

    switch (frame->type) {
    case PK_FRAME_CHECKED:
        heard_checked(candidate, &frame->check);
        break;
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
        if (candidate->state != CANDIDATE_ACTIVE)
            break; /* it blinks to be told from others: nothing to say */
        if (count(road, CANDIDATE_ACTIVE) > road->said_touch || frame->type == PK_FRAME_VERIFY)
            say_touch(road, frame->type == PK_FRAME_VERIFY);
        start_timer(road->touch_timer, pk_keys_setup(road->keys)->touch_timeout);
        break;
    case PK_FRAME_PIN_NEEDED:
        road->said_touch = 0; /* after the PIN it is worth saying again */
        if (count(road, CANDIDATE_ACTIVE) == 1)
            (void)evtimer_del(road->touch_timer); /* a person types */
        pk_pin_dialogue_needed(&road->pin, candidate, candidate->key,
                               count(road, CANDIDATE_ACTIVE) > 1 ? candidate->name : NULL,
                               &frame->pin_needed);
        break;
    case PK_FRAME_FAILED:
        heard_failed(candidate, frame->failure.status);
        break;
    default:
        heard_answer(candidate, frame);
    }
}

/* --- plugging in and out ---------------------------------------------------------------------- */

static struct candidate *candidate_new(struct pk_local_road *road, const struct pk_device *device)
{
    struct candidate *candidate = calloc(1, sizeof(*candidate));

    if (!candidate)
        return NULL;
    *candidate = (struct candidate){
        .road = road,
        .path = strdup(device->path),
        .name = pk_message_device_name(device),
        .state = CANDIDATE_OUT,
        .seen = true,
    };
    if (!candidate->path || !candidate->name) {
        candidate_free(candidate);
        return NULL;
    }
    candidate->next = road->candidates;
    road->candidates = candidate;
    return candidate;
}

static struct candidate *find(struct pk_local_road *road, const char *path)
{
    for (struct candidate *c = road->candidates; c; c = c->next)
        if (strcmp(c->path, path) == 0)
            return c;
    return NULL;
}

/* Keys that are gone leave the list; their helpers have noticed or are told. */
static void remove_unseen(struct pk_local_road *road)
{
    struct candidate **link = &road->candidates;

    while (*link) {
        struct candidate *candidate = *link;

        if (candidate->seen) {
            link = &candidate->next;
            continue;
        }
        if (candidate->state == CANDIDATE_ACTIVE) {
            say(road, "removed", "The security key was pulled out.");
            road->failure = PK_DEVICE_REMOVED;
            road->said = SAID_NOTHING;
        }
        drop_key(candidate);
        *link = candidate->next;
        candidate_free(candidate);
    }
    if (count(road, CANDIDATE_ACTIVE) == 0)
        (void)evtimer_del(road->touch_timer);
}

static void on_devices(void *data, const struct pk_devices *list)
{
    const struct timeval busy = {BUSY_MS / 1000, (BUSY_MS % 1000) * 1000};
    struct pk_local_road *road = data;

    if (!list) {
        fail(road, PK_UNAVAILABLE);
        return;
    }
    for (struct candidate *c = road->candidates; c; c = c->next)
        c->seen = false;
    for (size_t i = 0; i < list->count; i++) {
        struct candidate *candidate = find(road, list->items[i].path);

        if (candidate) {
            candidate->seen = true;
            continue;
        }
        candidate = candidate_new(road, &list->items[i]);
        if (candidate)
            (void)ask(candidate);
    }
    remove_unseen(road);
    if (count(road, CANDIDATE_CHECKING) > 0)
        (void)evtimer_add(road->busy_timer, &busy);
    decide(road);
}

static void on_insert_timeout(evutil_socket_t fd, short what, void *data)
{
    struct pk_local_road *road = data;

    (void)fd, (void)what;
    fail(road, road->failure != PK_OK ? road->failure : PK_NO_DEVICE);
}

static void on_touch_timeout(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    fail(data, PK_TOUCH_TIMEOUT);
}

/* --- beginning -------------------------------------------------------------------------------- */

enum pk_status pk_local_road_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                 size_t groups, const char *purpose,
                                 const struct pk_local_road_ops *ops, void *data,
                                 struct pk_local_road **ret)
{
    struct pk_local_road *road = calloc(1, sizeof(*road));
    struct event_base *base = pk_keys_setup(keys)->base;

    if (!road)
        return PK_NO_MEMORY;
    *road = (struct pk_local_road){
        .keys = keys,
        .person = *person,
        .ops = ops,
        .data = data,
        .groups = groups,
        .purpose = strdup(purpose),
        .gather = evtimer_new(base, on_gathered, road),
        .insert_timer = evtimer_new(base, on_insert_timeout, road),
        .touch_timer = evtimer_new(base, on_touch_timeout, road),
        .busy_timer = evtimer_new(base, on_busy, road),
        .retry_timer = evtimer_new(base, on_retry, road),
        .pin = {.person = *person},
    };
    if (road->purpose && has_timers(road))
        road->watch = pk_key_watch_new(keys, on_devices, road);
    if (!road->watch) {
        pk_local_road_free(road);
        return PK_NO_MEMORY;
    }
    *ret = road;
    return PK_OK;
}

const char *pk_local_road_failed_path(const struct pk_local_road *road)
{
    return road->failed_path;
}

void pk_local_road_answered(struct pk_local_road *road, struct pk_secret *answer)
{
    if (!road->over)
        pk_pin_dialogue_answered(&road->pin, answer);
}
