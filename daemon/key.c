/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/key.h"

#include "common/base/log.h"
#include "daemon/devices.h"
#include "daemon/helper.h"

#include <string.h>

#define CHECK_SECONDS 15 /* for opening the key and the silent pre-check */

enum key_state {
    KEY_QUEUED,
    KEY_CHECKING,
    KEY_CHECKED, /* waits for key_proceed() */
    KEY_RUNNING,
    KEY_PIN, /* waits for key_answer_pin() */
    KEY_OVER,
};

struct key {
    struct daemon *daemon;
    enum key_state state;
    struct pk_frame request;
    struct device_claim *claim;
    struct helper *helper;
    key_heard *heard; /* NULL: nobody listens any more */
    void *data;
};

static void key_free(struct key *key)
{
    if (key->claim)
        device_claim_free(key->claim);
    pk_frame_clear(&key->request);
    free(key);
}

static void tell(struct key *key, const struct pk_frame *frame)
{
    if (key->heard)
        key->heard(key->data, frame);
}

/* The last thing that is heard. */
static void finish(struct key *key, const struct pk_frame *frame)
{
    key_heard *heard = key->heard;

    key->state = KEY_OVER;
    key->heard = NULL;
    if (heard)
        heard(key->data, frame);
}

static void fail(struct key *key, enum pk_status status)
{
    finish(key, &(struct pk_frame){.type = PK_FRAME_FAILED,
                                   .failure = {.status = status, .pin_tries = 0xff}});
}

/* Whether a frame of that type may come now. */
static bool in_order(const struct key *key, enum pk_frame_type type)
{
    bool assertion = key->request.type == PK_FRAME_GET_ASSERTION;

    switch (type) {
    case PK_FRAME_CHECKED:
        return key->state == KEY_CHECKING;
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
        return key->state == KEY_RUNNING || key->state == KEY_CHECKING;
    case PK_FRAME_PIN_NEEDED:
        return key->state == KEY_RUNNING;
    case PK_FRAME_ASSERTION:
        return key->state == KEY_RUNNING && assertion;
    case PK_FRAME_CREDENTIAL:
        return key->state == KEY_RUNNING && !assertion;
    case PK_FRAME_FAILED:
        return key->state != KEY_OVER;
    default:
        return false;
    }
}

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct key *key = data;

    if (key->state == KEY_OVER)
        return;
    if (!in_order(key, frame->type)) {
        pk_log(LOG_WARNING, "security key %s: frame %d out of order",
               key->request.get_assertion.path, (int)frame->type);
        helper_kill(key->helper);
        fail(key, PK_DEVICE_ERROR);
        return;
    }
    switch (frame->type) {
    case PK_FRAME_CHECKED:
        key->state = KEY_CHECKED;
        tell(key, frame);
        break;
    case PK_FRAME_PIN_NEEDED:
        key->state = KEY_PIN;
        tell(key, frame);
        break;
    case PK_FRAME_FAILED:
        pk_log(LOG_DEBUG, "security key: %s (%d)", pk_status_name(frame->failure.status),
               (int)frame->failure.detail);
        /* fall through */
    case PK_FRAME_ASSERTION:
    case PK_FRAME_CREDENTIAL:
        finish(key, frame);
        break;
    default:
        tell(key, frame);
    }
}

static void on_exited(void *data)
{
    struct key *key = data;

    key->helper = NULL;
    if (key->state != KEY_OVER)
        fail(key, PK_DEVICE_ERROR);
    key_free(key);
}

static void on_granted(void *data)
{
    static const struct helper_ops ops = {on_frame, on_exited};
    struct key *key = data;
    enum pk_status status =
        helper_new(key->daemon->helpers, key->daemon->config->authenticator_program, CHECK_SECONDS,
                   &ops, key, &key->helper);

    if (status) {
        key->helper = NULL;
        fail(key, PK_UNAVAILABLE);
        key_free(key);
        return;
    }
    key->state = KEY_CHECKING;
    helper_send(key->helper, &key->request);
}

enum pk_status key_new(struct daemon *daemon, struct pk_frame *request, key_heard *heard,
                       void *data, struct key **ret)
{
    struct key *key = calloc(1, sizeof(*key));
    /* Both requests begin with the path. */
    const char *path = request->get_assertion.path;

    if (!key)
        return PK_NO_MEMORY;
    *key = (struct key){.daemon = daemon, .heard = heard, .data = data};
    key->claim = device_claim_new(daemon->devices, path, on_granted, key);
    if (!key->claim) {
        key_free(key);
        return PK_NO_MEMORY;
    }
    key->request = *request;
    *request = (struct pk_frame){0};
    *ret = key;
    return PK_OK;
}

bool key_is_queued(const struct key *key)
{
    return key->state == KEY_QUEUED;
}

void key_proceed(struct key *key, unsigned seconds)
{
    if (key->state != KEY_CHECKED)
        return;
    key->state = KEY_RUNNING;
    helper_set_lifetime(key->helper, seconds > 0 ? seconds : 1);
    helper_send(key->helper, &(struct pk_frame){.type = PK_FRAME_PROCEED});
}

void key_answer_pin(struct key *key, const struct pk_secret *pin)
{
    struct pk_frame frame = {.type = PK_FRAME_PIN, .pin = *pin}; /* borrowed */

    if (key->state != KEY_PIN)
        return;
    key->state = KEY_RUNNING;
    helper_send(key->helper, &frame);
}

void key_cancel(struct key *key)
{
    key->heard = NULL;
    key->state = KEY_OVER;
    if (key->helper)
        helper_cancel(key->helper); /* on_exited() releases */
    else
        key_free(key);
}
