/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/plugged.h"

#include "client/own_keys.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/key_care.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define EXCHANGE_SECONDS 35 /* for one exchange, a touch included: keys wait 30 */
#define LIST_SECONDS     5

struct exchange {
    struct plugged *plugged;
    char *path;               /* of its key: the list may change meanwhile */
    struct pk_key_care *care; /* NULL: it is over */
    const char *touch;        /* NULL: nothing is said */
    struct pk_frame last;
};

struct plugged {
    struct own_keys own;
    struct pk_key_watch *watch;
    struct event *deadline;
    struct pk_devices list;
    bool listed; /* the list has become known */
    bool broken; /* it cannot be */
    bool cancelled, late;
    plugged_condition *condition; /* NULL: nothing is waited for */
    void *data;
    struct exchange exchanges[PK_DEVICES_MAX];
    size_t exchange_count;
};

/* --- what happens meanwhile ------------------------------------------------------------------- */

static void on_interrupted(void *data)
{
    ((struct plugged *)data)->cancelled = true;
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    ((struct plugged *)data)->late = true;
}

void plugged_devices_clear(struct pk_devices *devices)
{
    struct pk_frame frame = {.type = PK_FRAME_DEVICES, .devices = *devices};

    pk_frame_clear(&frame);
    *devices = (struct pk_devices){0};
}

static enum pk_status list_copy(const struct pk_devices *from, struct pk_devices *ret)
{
    ret->items = calloc(from->count > 0 ? from->count : 1, sizeof(*ret->items));
    if (!ret->items)
        return PK_NO_MEMORY;
    for (ret->count = 0; ret->count < from->count; ret->count++) {
        struct pk_device *to = &ret->items[ret->count];
        const struct pk_device *device = &from->items[ret->count];

        *to = (struct pk_device){.path = strdup(device->path),
                                 .manufacturer = strdup(device->manufacturer),
                                 .product = strdup(device->product),
                                 .vendor_id = device->vendor_id,
                                 .product_id = device->product_id};
        if (!to->path || !to->manufacturer || !to->product) {
            ret->count++;
            return PK_NO_MEMORY;
        }
    }
    return PK_OK;
}

static void on_devices(void *data, const struct pk_devices *list)
{
    struct plugged *plugged = data;

    plugged_devices_clear(&plugged->list);
    plugged->listed = true;
    if (!list || list_copy(list, &plugged->list))
        plugged->broken = true;
}

/* Until done() is so, the person interrupts or the time is over. */
static enum pk_status run_until(struct plugged *plugged, unsigned seconds,
                                bool (*done)(const struct plugged *plugged))
{
    const struct timeval limit = {(time_t)seconds, 0};

    plugged->late = false;
    if (evtimer_add(plugged->deadline, &limit))
        return PK_NO_MEMORY;
    while (!done(plugged) && !plugged->broken && !plugged->cancelled && !plugged->late)
        if (event_base_loop(plugged->own.base, EVLOOP_ONCE))
            return PK_INTERNAL;
    (void)evtimer_del(plugged->deadline);
    if (plugged->cancelled)
        return PK_CANCELLED;
    if (plugged->broken)
        return PK_UNAVAILABLE;
    return done(plugged) ? PK_OK : PK_TIMEOUT;
}

/* --- the list --------------------------------------------------------------------------------- */

static bool is_listed(const struct plugged *plugged)
{
    return plugged->listed;
}

enum pk_status plugged_list(struct plugged *plugged, const struct pk_devices **ret)
{
    enum pk_status status = run_until(plugged, LIST_SECONDS, is_listed);

    if (status == PK_OK)
        *ret = &plugged->list;
    return status == PK_TIMEOUT ? PK_UNAVAILABLE : status;
}

enum pk_status plugged_copy(struct plugged *plugged, struct pk_devices *ret)
{
    struct pk_devices copy = {0};
    enum pk_status status = run_until(plugged, LIST_SECONDS, is_listed);

    if (status == PK_OK)
        status = list_copy(&plugged->list, &copy);
    else if (status == PK_TIMEOUT)
        status = PK_UNAVAILABLE;
    if (status == PK_OK)
        *ret = copy;
    else
        plugged_devices_clear(&copy);
    return status;
}

static bool is_so(const struct plugged *plugged)
{
    return plugged->listed && plugged->condition(plugged->data, &plugged->list);
}

enum pk_status plugged_wait(struct plugged *plugged, unsigned seconds, plugged_condition *condition,
                            void *data)
{
    plugged->condition = condition;
    plugged->data = data;
    return run_until(plugged, seconds, is_so);
}

/* --- exchanges -------------------------------------------------------------------------------- */

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct exchange *exchange = data;

    if (frame->type == PK_FRAME_TOUCH) {
        if (exchange->touch)
            (void)!terminal_info("touch", exchange->touch);
        return;
    }
    exchange->care = NULL;
    exchange->last = *frame; /* those that end it own nothing */
}

static enum pk_status begin(struct plugged *plugged, struct pk_frame *request, const char *touch)
{
    struct exchange *exchange = &plugged->exchanges[plugged->exchange_count];
    enum pk_status status;

    *exchange = (struct exchange){.plugged = plugged, .touch = touch};
    status = pk_text_copy(request->key.path, &exchange->path);
    if (status != PK_OK)
        return status;
    status = pk_key_care_new(plugged->own.keys, request, EXCHANGE_SECONDS, on_frame, exchange,
                             &exchange->care);
    if (status == PK_OK)
        plugged->exchange_count++;
    else
        free(pk_steal(exchange->path));
    return status;
}

static void end_all(struct plugged *plugged)
{
    for (size_t i = 0; i < plugged->exchange_count; i++) {
        if (plugged->exchanges[i].care)
            pk_key_care_cancel(pk_steal(plugged->exchanges[i].care));
        free(pk_steal(plugged->exchanges[i].path));
    }
    plugged->exchange_count = 0;
}

static bool is_answered(const struct plugged *plugged)
{
    return !plugged->exchanges[0].care;
}

enum pk_status plugged_ask(struct plugged *plugged, struct pk_frame *request, const char *touch,
                           struct pk_frame *ret)
{
    struct pk_frame last;
    enum pk_status status = begin(plugged, request, touch);

    if (status == PK_OK)
        status = run_until(plugged, EXCHANGE_SECONDS, is_answered);
    last = plugged->exchanges[0].last;
    end_all(plugged);
    if (status != PK_OK)
        return status;
    *ret = last;
    return last.type == PK_FRAME_FAILED ? last.failure.status : PK_OK;
}

/* One was touched, or none will be. */
static bool is_selected(const struct plugged *plugged)
{
    size_t over = 0;

    for (size_t i = 0; i < plugged->exchange_count; i++) {
        if (plugged->exchanges[i].care)
            continue;
        if (plugged->exchanges[i].last.type == PK_FRAME_DONE)
            return true;
        over++;
    }
    return over == plugged->exchange_count;
}

enum pk_status plugged_select(struct plugged *plugged, char **ret_path)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < plugged->list.count && status == PK_OK; i++) {
        PK_AUTO_FRAME struct pk_frame request = {.type = PK_FRAME_SELECT};

        request.key.path = strdup(plugged->list.items[i].path);
        status = request.key.path ? begin(plugged, &request, NULL) : PK_NO_MEMORY;
    }
    if (status == PK_OK)
        status = run_until(plugged, EXCHANGE_SECONDS, is_selected);
    if (status == PK_OK || status == PK_TIMEOUT)
        status = PK_TOUCH_TIMEOUT;
    for (size_t i = 0; i < plugged->exchange_count && status == PK_TOUCH_TIMEOUT; i++) {
        if (!plugged->exchanges[i].care && plugged->exchanges[i].last.type == PK_FRAME_DONE) {
            *ret_path = pk_steal(plugged->exchanges[i].path);
            status = PK_OK;
        }
    }
    end_all(plugged);
    return status;
}

/* --- beginning and end ------------------------------------------------------------------------ */

void plugged_close(struct plugged *plugged)
{
    if (!plugged)
        return;
    end_all(plugged);
    if (plugged->watch) {
        own_keys_give_back(&plugged->own);
        pk_key_watch_free(plugged->watch);
    }
    if (plugged->deadline)
        event_free(plugged->deadline);
    own_keys_close(&plugged->own);
    plugged_devices_clear(&plugged->list);
    free(plugged);
}

static enum pk_status prepare(struct plugged *plugged, const struct terminal *terminal)
{
    enum pk_status status = own_keys_open("passkeyctl", &plugged->own);

    if (!status)
        status = own_keys_interruptible(&plugged->own, terminal, on_interrupted, plugged);
    if (status)
        return status;
    plugged->deadline = evtimer_new(plugged->own.base, on_deadline, plugged);
    if (!plugged->deadline)
        return PK_NO_MEMORY;
    plugged->watch = pk_key_watch_new(plugged->own.keys, on_devices, plugged);
    return plugged->watch ? PK_OK : PK_NO_MEMORY;
}

enum pk_status plugged_open(const struct terminal *terminal, struct plugged **ret)
{
    struct plugged *plugged = calloc(1, sizeof(*plugged));
    enum pk_status status = plugged ? prepare(plugged, terminal) : PK_NO_MEMORY;

    if (status != PK_OK) {
        plugged_close(plugged);
        return status;
    }
    *ret = plugged;
    return PK_OK;
}
