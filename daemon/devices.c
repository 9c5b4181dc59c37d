/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/devices.h"

#include "common/base/log.h"
#include "daemon/helper.h"

#include <event2/event.h>
#include <string.h>
#include <sys/queue.h>

#define LINGER       5 /* seconds the watching helper outlives the last watch */
#define RESTARTS_MAX 3 /* of a watching helper that dies while somebody watches */

struct device_watch {
    LIST_ENTRY(device_watch) entry;
    struct devices *devices;
    struct event *wake; /* tells a new watch what is known already */
    void (*changed)(void *data, const struct pk_devices *list);
    void *data;
};

struct device_claim {
    TAILQ_ENTRY(device_claim) entry;
    struct devices *devices;
    char *path;
    struct event *wake;
    void (*granted)(void *data);
    void *data;
    bool holds;
};

struct devices {
    struct daemon *daemon;
    struct helper *helper;
    struct event *linger;
    unsigned deaths;
    bool known;
    struct pk_frame list; /* PK_FRAME_DEVICES, when known */
    LIST_HEAD(, device_watch) watches;
    TAILQ_HEAD(, device_claim) claims; /* of all paths, in the order of asking */
};

static const struct timeval at_once = {0, 0};

/* --- watching --------------------------------------------------------------------------------- */

static void tell_all(struct devices *devices)
{
    struct device_watch *watch;

    LIST_FOREACH(watch, &devices->watches, entry)
    (void)evtimer_add(watch->wake, &at_once);
}

static void forget_list(struct devices *devices)
{
    pk_frame_clear(&devices->list);
    devices->list = (struct pk_frame){0};
    devices->known = false;
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

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct devices *devices = data;

    if (frame->type != PK_FRAME_DEVICES) {
        helper_kill(devices->helper);
        return;
    }
    forget_list(devices);
    if (copy_list(&frame->devices, &devices->list)) {
        forget_list(devices);
        return;
    }
    devices->known = true;
    devices->deaths = 0;
    tell_all(devices);
}

static void start(struct devices *devices);

static void on_exited(void *data)
{
    struct devices *devices = data;

    devices->helper = NULL;
    forget_list(devices);
    if (LIST_EMPTY(&devices->watches))
        return;
    devices->deaths++;
    if (devices->deaths <= RESTARTS_MAX)
        start(devices);
    if (!devices->helper) {
        pk_log(LOG_ERR, "security keys cannot be listed: %s does not run",
               devices->daemon->config->authenticator_program);
        tell_all(devices);
    }
}

static void start(struct devices *devices)
{
    static const struct helper_ops ops = {on_frame, on_exited};

    if (devices->helper)
        return;
    if (helper_new(devices->daemon->helpers, devices->daemon->config->authenticator_program, 0,
                   &ops, devices, &devices->helper)) {
        devices->helper = NULL;
        return;
    }
    helper_send(devices->helper, &(struct pk_frame){.type = PK_FRAME_WATCH});
}

static void on_linger(evutil_socket_t fd, short what, void *data)
{
    struct devices *devices = data;

    (void)fd, (void)what;
    if (LIST_EMPTY(&devices->watches) && devices->helper)
        helper_kill(devices->helper);
}

static void on_wake(evutil_socket_t fd, short what, void *data)
{
    struct device_watch *watch = data;
    struct devices *devices = watch->devices;

    (void)fd, (void)what;
    if (devices->known)
        watch->changed(watch->data, &devices->list.devices);
    else if (!devices->helper)
        watch->changed(watch->data, NULL);
}

struct device_watch *device_watch_new(struct devices *devices,
                                      void (*changed)(void *data, const struct pk_devices *list),
                                      void *data)
{
    struct device_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    *watch = (struct device_watch){.devices = devices, .changed = changed, .data = data};
    watch->wake = evtimer_new(devices->daemon->base, on_wake, watch);
    if (!watch->wake) {
        free(watch);
        return NULL;
    }
    LIST_INSERT_HEAD(&devices->watches, watch, entry);
    if (!devices->helper)
        devices->deaths = 0;
    start(devices);
    (void)evtimer_add(watch->wake, &at_once);
    return watch;
}

void device_watch_free(struct device_watch *watch)
{
    struct devices *devices = watch->devices;
    const struct timeval linger = {LINGER, 0};

    LIST_REMOVE(watch, entry);
    event_free(watch->wake);
    free(watch);
    if (LIST_EMPTY(&devices->watches))
        (void)evtimer_add(devices->linger, &linger);
}

bool devices_count(const struct devices *devices, size_t *ret)
{
    if (devices->known)
        *ret = devices->list.devices.count;
    return devices->known;
}

/* --- claims ----------------------------------------------------------------------------------- */

static struct device_claim *first_claim(struct devices *devices, const char *path)
{
    struct device_claim *claim;

    TAILQ_FOREACH(claim, &devices->claims, entry)
    if (strcmp(claim->path, path) == 0)
        return claim;
    return NULL;
}

static void on_granted(evutil_socket_t fd, short what, void *data)
{
    struct device_claim *claim = data;

    (void)fd, (void)what;
    claim->granted(claim->data);
}

static void grant(struct devices *devices, const char *path)
{
    struct device_claim *claim = first_claim(devices, path);

    if (!claim || claim->holds)
        return;
    claim->holds = true;
    (void)evtimer_add(claim->wake, &at_once);
}

static void destroy(struct device_claim *claim)
{
    if (claim->wake)
        event_free(claim->wake);
    free(claim->path);
    free(claim);
}

struct device_claim *device_claim_new(struct devices *devices, const char *path,
                                      void (*granted)(void *data), void *data)
{
    struct device_claim *claim = calloc(1, sizeof(*claim));

    if (!claim)
        return NULL;
    *claim = (struct device_claim){
        .devices = devices, .path = strdup(path), .granted = granted, .data = data};
    claim->wake = evtimer_new(devices->daemon->base, on_granted, claim);
    if (!claim->wake || !claim->path) {
        destroy(claim);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&devices->claims, claim, entry);
    grant(devices, path);
    return claim;
}

void device_claim_free(struct device_claim *claim)
{
    struct devices *devices = claim->devices;

    TAILQ_REMOVE(&devices->claims, claim, entry);
    grant(devices, claim->path);
    destroy(claim);
}

/* --- coming and going ------------------------------------------------------------------------- */

struct devices *devices_new(struct daemon *daemon)
{
    struct devices *devices = calloc(1, sizeof(*devices));

    if (!devices)
        return NULL;
    devices->daemon = daemon;
    TAILQ_INIT(&devices->claims);
    devices->linger = evtimer_new(daemon->base, on_linger, devices);
    if (!devices->linger) {
        free(devices);
        return NULL;
    }
    return devices;
}

void devices_free(struct devices *devices)
{
    forget_list(devices);
    event_free(devices->linger);
    free(devices);
}
