/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/local_ceremony.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/deadlines.h"
#include "common/keys/key_session.h"
#include "common/keys/messages.h"
#include "common/keys/pin_dialogue.h"

#include <string.h>
#include <syslog.h>

#define GATHER_MS      1500 /* how long the first key that can serve waits for the others */
#define BUSY_MS        700  /* how long a key may be in use before the person is told */
#define RETRY_MS       500  /* until a key that is listed, but could not be had, is asked again */
#define BUSY_TEXT      "Your security key is busy with another request."
#define REMOVED_TEXT   "The security key was pulled out."
#define DEADLINE_SLACK 2 /* seconds: the conversation ends before its helpers are killed */

/* Sets of phases. */
#define IN(phase) (1U << (phase))
#define READY     IN(PK_KEY_READY)
#define MAYBE     IN(PK_KEY_MAYBE)
#define ANSWERING (IN(PK_KEY_CHECKING) | IN(PK_KEY_UNFIT)) /* in the silent check */
#define UNDECIDED (IN(PK_KEY_QUEUED) | ANSWERING)
#define ACTIVE    (IN(PK_KEY_RUNNING) | IN(PK_KEY_PIN)) /* told to go on */

/* A key that is plugged in. */
struct candidate {
    struct pk_local_ceremony *ceremony;
    struct candidate *next;
    char *path;
    char *name;
    size_t group;                   /* that it is asked about */
    struct pk_key_session *session; /* NULL: it cannot serve, or failed */
    enum pk_status failure;         /* why the last session failed; PK_OK: none has */
};

/* Why no key can serve, as the person was told last; not to be repeated. */
enum notice {
    NOTICE_NONE,
    NOTICE_INSERT,
    NOTICE_STRANGER, /* the key that is plugged in is another one */
    NOTICE_BUSY,
};

enum deadline {
    GATHERED,       /* the keys that can serve are told to go on */
    INSERT_TIMEOUT, /* runs while no key can serve */
    TOUCH_TIMEOUT,  /* runs while a key waits for a touch */
    BUSY_NOTICE,    /* the person is told of keys that others use */
    RETRY,          /* keys that are listed, but could not be had, are asked again */
    DEADLINES,
};

struct pk_local_ceremony {
    struct pk_keys *keys;
    struct pk_dialogue person;
    const struct pk_local_ceremony_ops *ops;
    void *data;
    size_t groups;
    char *purpose;
    struct pk_key_watch *watch; /* NULL: it is over */
    struct candidate *candidates;
    struct pk_pin_dialogue pin;
    struct pk_deadlines deadlines;
    enum pk_status failure; /* the last one of a key that is out; PK_OK: none */
    char *failed_path;
    size_t announced; /* how many keys the last call to touch was about; 0: none */
    enum notice notice;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void drop_session(struct candidate *candidate)
{
    if (candidate->session)
        pk_key_session_cancel(pk_steal(candidate->session));
    pk_pin_dialogue_withdraw(&candidate->ceremony->pin, candidate);
}

/* Everything under way stops; nothing is released that a caller up the stack may still use. */
static void close_down(struct pk_local_ceremony *ceremony)
{
    pk_pin_dialogue_stop(&ceremony->pin);
    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        drop_session(c);
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

static void candidate_free(struct candidate *candidate)
{
    free(candidate->path);
    free(candidate->name);
    free(candidate);
}

void pk_local_ceremony_free(struct pk_local_ceremony *ceremony)
{
    if (ceremony->watch)
        close_down(ceremony);
    while (ceremony->candidates) {
        struct candidate *next = ceremony->candidates->next;

        candidate_free(ceremony->candidates);
        ceremony->candidates = next;
    }
    pk_deadlines_clear(&ceremony->deadlines);
    free(ceremony->purpose);
    free(ceremony->failed_path);
    free(ceremony);
}

/* --- the phases of the keys ------------------------------------------------------------------- */

static bool is_in(const struct candidate *candidate, unsigned phases)
{
    return candidate->session && (IN(pk_key_session_phase(candidate->session)) & phases) != 0;
}

static size_t count(const struct pk_local_ceremony *ceremony, unsigned phases)
{
    size_t found = 0;

    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        found += is_in(c, phases);
    return found;
}

/* Its helper did not find it: the list is not up to date, or the key was plugged in again. */
static bool is_gone(const struct candidate *candidate)
{
    return candidate->failure == PK_NO_DEVICE || candidate->failure == PK_DEVICE_REMOVED;
}

/* --- what the person is told ------------------------------------------------------------------ */

static void inform(struct pk_local_ceremony *ceremony, const char *event, const char *text)
{
    if (text)
        ceremony->person.ops->info(ceremony->person.data, event, text);
}

static void inform_of_removal(struct pk_local_ceremony *ceremony)
{
    inform(ceremony, "removed", REMOVED_TEXT);
    ceremony->notice = NOTICE_NONE;
}

/* Names the keys that have been told to go on. */
static void call_for_touch(struct pk_local_ceremony *ceremony, bool verify)
{
    PK_AUTO_FREE char *text = NULL;
    struct pk_strings names = {0};
    enum pk_status status = PK_OK;

    for (const struct candidate *c = ceremony->candidates; c && !status; c = c->next)
        if (is_in(c, ACTIVE))
            status = pk_strings_add(&names, c->name);
    ceremony->announced = verify ? 0 : names.count;
    text = verify ? pk_message_verify(&names, ceremony->purpose)
                  : pk_message_touch(&names, ceremony->purpose);
    pk_strings_clear(&names);
    inform(ceremony, verify ? "verify" : "touch", text);
}

/* Says why no key can serve, unless that was said last. */
static void give_notice(struct pk_local_ceremony *ceremony, enum notice notice)
{
    PK_AUTO_FREE char *text = NULL;

    if (ceremony->notice == notice)
        return;
    ceremony->notice = notice;
    if (notice == NOTICE_BUSY) {
        inform(ceremony, "busy", BUSY_TEXT);
        return;
    }
    text = pk_message_insert(notice == NOTICE_STRANGER, ceremony->purpose);
    inform(ceremony, "insert", text);
}

/* --- which keys go on ------------------------------------------------------------------------- */

static void proceed_all(struct pk_local_ceremony *ceremony, unsigned phases)
{
    const struct pk_dialogue *person = &ceremony->person;

    for (struct candidate *c = ceremony->candidates; c; c = c->next)
        if (is_in(c, phases))
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

    if (!may_pass(ceremony->failure)) {
        fail(ceremony, ceremony->failure);
        return;
    }
    for (const struct candidate *c = ceremony->candidates; c && why != NOTICE_BUSY; c = c->next) {
        if (c->failure == PK_BUSY)
            why = NOTICE_BUSY;
        else if (!is_gone(c))
            why = NOTICE_STRANGER;
    }
    give_notice(ceremony, why);
    pk_deadlines_start(&ceremony->deadlines, INSERT_TIMEOUT,
                       (int64_t)pk_keys_setup(ceremony->keys)->insert_timeout * 1000);
}

/* Does what follows from the phases of all keys. */
static void decide(struct pk_local_ceremony *ceremony)
{
    size_t ready = count(ceremony, READY);
    size_t active = count(ceremony, ACTIVE);

    if (ceremony->announced > active)
        ceremony->announced = active; /* one that comes back is announced again */
    /* Keys that others use are not waited for. */
    if (ready > 0 && (active > 0 || count(ceremony, ANSWERING) == 0)) {
        pk_deadlines_stop(&ceremony->deadlines, GATHERED);
        proceed_all(ceremony, READY);
    } else if (ready > 0) {
        pk_deadlines_start(&ceremony->deadlines, GATHERED, GATHER_MS);
    }
    if (ready + active + count(ceremony, UNDECIDED) == 0) {
        if (count(ceremony, MAYBE) > 0)
            proceed_all(ceremony, MAYBE);
        else
            none_can_serve(ceremony);
    }
    if (count(ceremony, ACTIVE) > 0)
        pk_deadlines_stop(&ceremony->deadlines, INSERT_TIMEOUT);
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
    if (!status)
        status =
            pk_key_session_new(ceremony->keys, &request, on_frame, candidate, &candidate->session);
    if (status) {
        candidate->session = NULL;
        ceremony->failure = status;
    }
    return status;
}

/* After NO_MATCH: the credentials of the next RP id, if there are any. */
static bool next_group(struct candidate *candidate)
{
    if (candidate->group + 1 >= candidate->ceremony->groups)
        return false;
    candidate->group++;
    return !ask(candidate);
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
    bool was_active = is_in(candidate, ACTIVE);

    candidate->session = NULL;
    if (status == PK_PIN_REQUIRED && pk_pin_dialogue_was_wrong(&ceremony->pin, candidate))
        status = PK_PIN_INVALID; /* given up after a wrong one */
    pk_pin_dialogue_withdraw(&ceremony->pin, candidate);
    if (status == PK_NO_MATCH && next_group(candidate))
        return;
    keep_failure(candidate, status);
    if (is_gone(candidate) || status == PK_BUSY)
        pk_deadlines_start(&ceremony->deadlines, RETRY, RETRY_MS);
    if (status == PK_DEVICE_REMOVED && was_active)
        inform_of_removal(ceremony);
    else if (was_active && count(ceremony, ACTIVE) > 0)
        ceremony->person.ops->error(ceremony->person.data, status, pk_message_outcome(status));
    if (count(ceremony, ACTIVE) == 0)
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
    decide(ceremony);
}

static void on_answer(struct candidate *candidate, const struct pk_frame *frame)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    candidate->session = NULL;
    close_down(ceremony);
    ceremony->ops->answered(ceremony->data, candidate->group, candidate->name, frame);
}

static void on_touch_wanted(struct candidate *candidate, bool verify)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;

    if (!is_in(candidate, ACTIVE))
        return; /* it blinks during the silent check: no touch is wanted yet */
    if (count(ceremony, ACTIVE) > ceremony->announced || verify)
        call_for_touch(ceremony, verify);
    pk_deadlines_restart(&ceremony->deadlines, TOUCH_TIMEOUT,
                         (int64_t)pk_keys_setup(ceremony->keys)->touch_timeout * 1000);
}

static void on_pin_needed(struct candidate *candidate, const struct pk_pin_needed *needed)
{
    struct pk_local_ceremony *ceremony = candidate->ceremony;
    bool alone = count(ceremony, ACTIVE) == 1;

    ceremony->announced = 0; /* the touch that follows the PIN is announced again */
    if (alone)               /* typing may take longer than a touch */
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
    pk_pin_dialogue_needed(&ceremony->pin, candidate, candidate->session,
                           alone ? NULL : candidate->name, needed);
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct candidate *candidate = data;

    switch (frame->type) {
    case PK_FRAME_CHECKED:
        decide(candidate->ceremony);
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
    };
    if (!candidate->path || !candidate->name) {
        candidate_free(candidate);
        return NULL;
    }
    candidate->next = ceremony->candidates;
    ceremony->candidates = candidate;
    return candidate;
}

static bool has_candidate(const struct pk_local_ceremony *ceremony, const char *path)
{
    for (const struct candidate *c = ceremony->candidates; c; c = c->next)
        if (strcmp(c->path, path) == 0)
            return true;
    return false;
}

static bool is_listed(const struct candidate *candidate, const struct pk_devices *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, candidate->path) == 0)
            return true;
    return false;
}

/* Keys that are no longer listed leave; a helper that has not noticed is cancelled. */
static void remove_unlisted(struct pk_local_ceremony *ceremony, const struct pk_devices *list)
{
    struct candidate **link = &ceremony->candidates;

    while (*link) {
        struct candidate *candidate = *link;

        if (is_listed(candidate, list)) {
            link = &candidate->next;
            continue;
        }
        if (is_in(candidate, ACTIVE)) {
            inform_of_removal(ceremony);
            ceremony->failure = PK_DEVICE_REMOVED;
        }
        drop_session(candidate);
        *link = candidate->next;
        candidate_free(candidate);
    }
    if (count(ceremony, ACTIVE) == 0)
        pk_deadlines_stop(&ceremony->deadlines, TOUCH_TIMEOUT);
}

static void on_devices(void *data, const struct pk_devices *list)
{
    struct pk_local_ceremony *ceremony = data;

    if (!list) {
        fail(ceremony, PK_UNAVAILABLE);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct candidate *candidate = has_candidate(ceremony, list->items[i].path)
                                          ? NULL
                                          : candidate_new(ceremony, &list->items[i]);

        if (candidate)
            (void)ask(candidate);
    }
    remove_unlisted(ceremony, list);
    if (count(ceremony, UNDECIDED) > 0)
        pk_deadlines_restart(&ceremony->deadlines, BUSY_NOTICE, BUSY_MS);
    decide(ceremony);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void on_gathered(void *data)
{
    proceed_all(data, READY);
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

    if (count(ceremony, ACTIVE | READY) == 0 && count(ceremony, IN(PK_KEY_QUEUED)) > 0)
        inform(ceremony, "busy", BUSY_TEXT);
}

static void on_retry(void *data)
{
    struct pk_local_ceremony *ceremony = data;

    for (struct candidate *c = ceremony->candidates; c; c = c->next) {
        if (c->session || (!is_gone(c) && c->failure != PK_BUSY))
            continue;
        c->group = 0;
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

/* --- beginning -------------------------------------------------------------------------------- */

enum pk_status pk_local_ceremony_new(struct pk_keys *keys, const struct pk_dialogue *person,
                                     size_t groups, const char *purpose,
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
        .groups = groups,
        .purpose = strdup(purpose),
        .pin = {.person = *person},
    };
    if (ceremony->purpose && !pk_deadlines_init(&ceremony->deadlines, pk_keys_setup(keys)->base,
                                                deadline_handlers, DEADLINES, ceremony))
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
    pk_pin_dialogue_answered(&ceremony->pin, answer);
}
