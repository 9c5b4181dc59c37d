/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/keys.h"

#include "common/base/clock.h"

#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <syslog.h>

#define LINGER       5 /* seconds the watching helper outlives the last watch */
#define RESTARTS_MAX 3 /* of a watching helper that dies while somebody watches */
#define FAILURE_MAX  128
#define EXIT_SANDBOX 3 /* of passkey-authenticator(8) */
/* After which the log says again that the helper does not run: everybody can have it tried. */
#define SAY_AGAIN_MS 60000

struct pk_key_watch {
    LIST_ENTRY(pk_key_watch) entry;
    struct pk_keys *keys;
    struct event *wake; /* gives a new watch the list that is known already */
    void (*changed)(void *data, const struct pk_devices *list);
    void *data;
};

struct pk_key_claim {
    TAILQ_ENTRY(pk_key_claim) entry;
    struct pk_keys *keys;
    char *path;
    struct event *wake;
    void (*granted)(void *data);
    void *data;
    bool holds;
};

struct pk_keys {
    const struct pk_keys_setup *setup;
    struct pk_helpers *helpers;
    struct pk_helper *helper; /* that watches */
    struct pk_turns *turns;
    struct pk_pin_budget *budget;
    struct pk_known known_keys; /* while it watches */
    struct event *linger;
    unsigned deaths;
    char failure[FAILURE_MAX]; /* of the helper that watches; empty: none */
    char said[FAILURE_MAX];    /* the one that is in the log */
    int64_t said_at;           /* in milliseconds; 0: it has run since, or there was none */
    bool known;
    struct pk_frame list; /* PK_FRAME_DEVICES, when known */
    LIST_HEAD(, pk_key_watch) watches;
    TAILQ_HEAD(, pk_key_claim) claims; /* of all paths, in the order of asking */
};

static const struct timeval at_once = {0, 0};

/* --- watching --------------------------------------------------------------------------------- */

static void notify_all(struct pk_keys *keys)
{
    struct pk_key_watch *watch;

    LIST_FOREACH(watch, &keys->watches, entry)
    (void)evtimer_add(watch->wake, &at_once);
}

static void forget_list(struct pk_keys *keys)
{
    pk_frame_clear(&keys->list);
    keys->list = (struct pk_frame){0};
    keys->known = false;
}

static enum pk_status copy_list(const struct pk_devices *from, struct pk_frame *ret)
{
    ret->type = PK_FRAME_DEVICES;
    ret->devices.items = calloc(from->count ? from->count : 1, sizeof(*from->items));
    if (!ret->devices.items)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        struct pk_device *to = &ret->devices.items[ret->devices.count++];

        *to = (struct pk_device){
            .path = strdup(from->items[i].path),
            .manufacturer = strdup(from->items[i].manufacturer),
            .product = strdup(from->items[i].product),
            .vendor_id = from->items[i].vendor_id,
            .product_id = from->items[i].product_id,
        };
        if (!to->path || !to->manufacturer || !to->product)
            return PK_NO_MEMORY;
    }
    return PK_OK;
}

static void set_failure(struct pk_keys *keys, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void set_failure(struct pk_keys *keys, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is there. */
    (void)vsnprintf(keys->failure, sizeof(keys->failure), format, arguments);
    va_end(arguments);
}

/* What it has said itself is kept; it has ended after that. */
static void explain_end(struct pk_keys *keys, int wait_status)
{
    if (keys->failure[0])
        return;
    if (WIFSIGNALED(wait_status))
        set_failure(keys, "signal %d ends it%s", WTERMSIG(wait_status),
                    WTERMSIG(wait_status) == SIGSYS ? ": a system call was refused" : "");
    else if (WEXITSTATUS(wait_status) == 126 || WEXITSTATUS(wait_status) == 127)
        set_failure(keys, "it cannot be executed");
    else if (WEXITSTATUS(wait_status) == EXIT_SANDBOX)
        set_failure(keys, "it ends with 3: its sandbox cannot be set up here");
    else
        set_failure(keys, "it ends with %d", WEXITSTATUS(wait_status));
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct pk_keys *keys = data;

    if (frame->type != PK_FRAME_DEVICES) {
        if (frame->type == PK_FRAME_FAILED && frame->failure.status == PK_INTERNAL)
            set_failure(keys, "its sandbox cannot be set up here: the kernel refuses seccomp or "
                              "Landlock");
        else if (frame->type == PK_FRAME_FAILED)
            set_failure(keys, "it fails: %s", pk_status_name(frame->failure.status));
        pk_helper_kill(keys->helper);
        return;
    }
    forget_list(keys);
    if (copy_list(&frame->devices, &keys->list)) {
        forget_list(keys);
        return;
    }
    keys->known = true;
    pk_known_keep(&keys->known_keys, &keys->list.devices);
    keys->failure[0] = 0;
    keys->said_at = 0;
    keys->deaths = 0;
    notify_all(keys);
}

static void log_failure(struct pk_keys *keys)
{
    int64_t now = pk_clock_monotonic_ms();

    if (keys->said_at > 0 && now - keys->said_at < SAY_AGAIN_MS &&
        strcmp(keys->said, keys->failure) == 0)
        return;
    keys->said_at = now;
    (void)snprintf(keys->said, sizeof(keys->said), "%s", keys->failure);
    keys->setup->log(LOG_ERR, "security keys cannot be listed: %s does not run: %s",
                     keys->setup->program, keys->failure);
}

static void start(struct pk_keys *keys);

static void on_exited(void *data)
{
    struct pk_keys *keys = data;
    int wait_status = pk_helper_wait_status(keys->helper);

    keys->helper = NULL;
    forget_list(keys);
    pk_known_keep(&keys->known_keys, NULL);
    if (LIST_EMPTY(&keys->watches))
        return;
    explain_end(keys, wait_status);
    keys->deaths++;
    if (keys->deaths <= RESTARTS_MAX)
        start(keys);
    if (!keys->helper) {
        log_failure(keys);
        notify_all(keys);
    }
}

static void start(struct pk_keys *keys)
{
    static const struct pk_helper_ops ops = {on_frame, on_exited};

    if (keys->helper)
        return;
    keys->failure[0] = 0;
    if (pk_keys_helper_new(keys, 0, &ops, keys, &keys->helper)) {
        keys->helper = NULL;
        set_failure(keys, "there is no memory, or no process, for it");
        return;
    }
    pk_helper_send(keys->helper, &(struct pk_frame){.type = PK_FRAME_WATCH});
}

static void on_linger(evutil_socket_t fd, short what, void *data)
{
    struct pk_keys *keys = data;

    (void)fd, (void)what;
    if (LIST_EMPTY(&keys->watches) && keys->helper)
        pk_helper_kill(keys->helper);
}

static void on_wake(evutil_socket_t fd, short what, void *data)
{
    struct pk_key_watch *watch = data;
    struct pk_keys *keys = watch->keys;

    (void)fd, (void)what;
    if (keys->known)
        watch->changed(watch->data, &keys->list.devices);
    else if (!keys->helper)
        watch->changed(watch->data, NULL);
}

struct pk_key_watch *pk_key_watch_new(struct pk_keys *keys,
                                      void (*changed)(void *data, const struct pk_devices *list),
                                      void *data)
{
    struct pk_key_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    *watch = (struct pk_key_watch){.keys = keys, .changed = changed, .data = data};
    watch->wake = evtimer_new(keys->setup->base, on_wake, watch);
    if (!watch->wake) {
        free(watch);
        return NULL;
    }
    LIST_INSERT_HEAD(&keys->watches, watch, entry);
    if (!keys->helper)
        keys->deaths = 0;
    start(keys);
    (void)evtimer_add(watch->wake, &at_once);
    return watch;
}

void pk_key_watch_free(struct pk_key_watch *watch)
{
    struct pk_keys *keys = watch->keys;
    const struct timeval linger = {LINGER, 0};

    LIST_REMOVE(watch, entry);
    event_free(watch->wake);
    free(watch);
    if (LIST_EMPTY(&keys->watches))
        (void)evtimer_add(keys->linger, &linger);
}

const char *pk_keys_failure(const struct pk_keys *keys)
{
    return keys->failure[0] ? keys->failure : NULL;
}

bool pk_keys_count(const struct pk_keys *keys, size_t *ret)
{
    if (keys->known)
        *ret = keys->list.devices.count;
    return keys->known;
}

/* --- claims ----------------------------------------------------------------------------------- */

static struct pk_key_claim *first_claim(struct pk_keys *keys, const char *path)
{
    struct pk_key_claim *claim;

    TAILQ_FOREACH(claim, &keys->claims, entry)
    if (strcmp(claim->path, path) == 0)
        return claim;
    return NULL;
}

bool pk_key_is_claimed(struct pk_keys *keys, const char *path)
{
    return first_claim(keys, path) != NULL;
}

static void on_granted(evutil_socket_t fd, short what, void *data)
{
    struct pk_key_claim *claim = data;

    (void)fd, (void)what;
    claim->granted(claim->data);
}

static void grant(struct pk_keys *keys, const char *path)
{
    struct pk_key_claim *claim = first_claim(keys, path);

    if (!claim || claim->holds)
        return;
    claim->holds = true;
    (void)evtimer_add(claim->wake, &at_once);
}

static void destroy(struct pk_key_claim *claim)
{
    if (claim->wake)
        event_free(claim->wake);
    free(claim->path);
    free(claim);
}

struct pk_key_claim *pk_key_claim_new(struct pk_keys *keys, const char *path,
                                      void (*granted)(void *data), void *data)
{
    struct pk_key_claim *claim = calloc(1, sizeof(*claim));

    if (!claim)
        return NULL;
    *claim =
        (struct pk_key_claim){.keys = keys, .path = strdup(path), .granted = granted, .data = data};
    claim->wake = evtimer_new(keys->setup->base, on_granted, claim);
    if (!claim->wake || !claim->path) {
        destroy(claim);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&keys->claims, claim, entry);
    grant(keys, path);
    return claim;
}

void pk_key_claim_free(struct pk_key_claim *claim)
{
    struct pk_keys *keys = claim->keys;

    TAILQ_REMOVE(&keys->claims, claim, entry);
    grant(keys, claim->path);
    destroy(claim);
}

bool pk_keys_idle(const struct pk_keys *keys)
{
    return TAILQ_EMPTY(&keys->claims);
}

/* --- coming and going ------------------------------------------------------------------------- */

const struct pk_keys_setup *pk_keys_setup(const struct pk_keys *keys)
{
    return keys->setup;
}

struct pk_turns *pk_keys_turns(struct pk_keys *keys)
{
    return keys->turns;
}

struct pk_pin_budget *pk_keys_pin_budget(struct pk_keys *keys)
{
    return keys->budget;
}

struct pk_known *pk_keys_known(struct pk_keys *keys)
{
    return &keys->known_keys;
}

enum pk_status pk_keys_helper_new(struct pk_keys *keys, unsigned lifetime,
                                  const struct pk_helper_ops *ops, void *data,
                                  struct pk_helper **ret)
{
    return pk_helper_new(keys->helpers, keys->setup->program, lifetime, ops, data, ret);
}

enum pk_status pk_keys_phone_new(struct pk_keys *keys, unsigned lifetime,
                                 const struct pk_helper_ops *ops, void *data,
                                 struct pk_helper **ret)
{
    return pk_helper_new_unready(keys->helpers, keys->setup->phone_program, lifetime, ops, data,
                                 ret);
}

struct pk_keys *pk_keys_new(const struct pk_keys_setup *setup)
{
    struct pk_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return NULL;
    keys->setup = setup;
    TAILQ_INIT(&keys->claims);
    keys->linger = evtimer_new(setup->base, on_linger, keys);
    keys->helpers = pk_helpers_new(setup->base, setup->log);
    keys->turns = pk_turns_new(setup->base);
    keys->budget = pk_pin_budget_new();
    if (!keys->linger || !keys->helpers || !keys->turns || !keys->budget ||
        (setup->keep_ready && pk_helpers_keep_ready(keys->helpers))) {
        pk_keys_free(keys);
        return NULL;
    }
    pk_helpers_close_by(keys->helpers, setup->close_own);
    return keys;
}

void pk_keys_free(struct pk_keys *keys)
{
    if (keys->helpers) /* first: claims end with their helpers */
        pk_helpers_free(keys->helpers);
    forget_list(keys);
    pk_known_keep(&keys->known_keys, NULL);
    if (keys->linger)
        event_free(keys->linger);
    pk_turns_free(keys->turns);
    pk_pin_budget_free(keys->budget);
    free(keys);
}

void pk_keys_prepare(struct pk_keys *keys)
{
    pk_helpers_prepare(keys->helpers, keys->setup->program);
}

void pk_keys_changed(struct pk_keys *keys)
{
    pk_helpers_end_ready(keys->helpers);
}

void pk_keys_reap(struct pk_keys *keys)
{
    pk_helpers_reap(keys->helpers);
}
