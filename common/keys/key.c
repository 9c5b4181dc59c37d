/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/key.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define CHECK_SECONDS 15 /* for opening the key and the silent pre-check */

enum key_state {
    KEY_QUEUED,
    KEY_CHECKING,
    KEY_CHECKED, /* waits for pk_key_proceed() */
    KEY_RUNNING,
    KEY_PIN, /* waits for pk_key_answer_pin() */
    KEY_OVER,
};

struct pk_key {
    struct pk_keys *keys;
    enum key_state state;
    struct pk_frame request;
    struct pk_key_claim *claim;
    struct pk_helper *helper;
    pk_key_heard *heard; /* NULL: nobody listens any more */
    void *data;
};

static void key_free(struct pk_key *key)
{
    if (key->claim)
        pk_key_claim_free(key->claim);
    pk_frame_clear(&key->request);
    free(key);
}

static void tell(struct pk_key *key, const struct pk_frame *frame)
{
    if (key->heard)
        key->heard(key->data, frame);
}

/* The last thing that is heard. */
static void finish(struct pk_key *key, const struct pk_frame *frame)
{
    pk_key_heard *heard = key->heard;

    key->state = KEY_OVER;
    key->heard = NULL;
    if (heard)
        heard(key->data, frame);
}

static void fail(struct pk_key *key, enum pk_status status)
{
    finish(key, &(struct pk_frame){.type = PK_FRAME_FAILED,
                                   .failure = {.status = status, .pin_tries = 0xff}});
}

/* Whether a frame of that type may come now. */
static bool in_order(const struct pk_key *key, enum pk_frame_type type)
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
    struct pk_key *key = data;

    if (key->state == KEY_OVER)
        return;
    if (!in_order(key, frame->type)) {
        pk_keys_setup(key->keys)->log(LOG_WARNING, "security key %s: frame %d out of order",
                                      key->request.get_assertion.path, (int)frame->type);
        pk_helper_kill(key->helper);
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
        pk_keys_setup(key->keys)->log(LOG_DEBUG, "security key: %s (%d)",
                                      pk_status_name(frame->failure.status),
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
    struct pk_key *key = data;

    key->helper = NULL;
    if (key->state != KEY_OVER)
        fail(key, PK_DEVICE_ERROR);
    key_free(key);
}

static void on_granted(void *data)
{
    static const struct pk_helper_ops ops = {on_frame, on_exited};
    struct pk_key *key = data;
    enum pk_status status = pk_keys_helper_new(key->keys, CHECK_SECONDS, &ops, key, &key->helper);

    if (status) {
        key->helper = NULL;
        fail(key, PK_UNAVAILABLE);
        key_free(key);
        return;
    }
    key->state = KEY_CHECKING;
    pk_helper_send(key->helper, &key->request);
}

enum pk_status pk_key_new(struct pk_keys *keys, struct pk_frame *request, pk_key_heard *heard,
                          void *data, struct pk_key **ret)
{
    struct pk_key *key = calloc(1, sizeof(*key));
    /* Both requests begin with the path. */
    const char *path = request->get_assertion.path;

    if (!key)
        return PK_NO_MEMORY;
    *key = (struct pk_key){.keys = keys, .heard = heard, .data = data};
    key->claim = pk_key_claim_new(keys, path, on_granted, key);
    if (!key->claim) {
        key_free(key);
        return PK_NO_MEMORY;
    }
    key->request = *request;
    *request = (struct pk_frame){0};
    *ret = key;
    return PK_OK;
}

bool pk_key_is_queued(const struct pk_key *key)
{
    return key->state == KEY_QUEUED;
}

void pk_key_proceed(struct pk_key *key, unsigned seconds)
{
    if (key->state != KEY_CHECKED)
        return;
    key->state = KEY_RUNNING;
    pk_helper_set_lifetime(key->helper, seconds > 0 ? seconds : 1);
    pk_helper_send(key->helper, &(struct pk_frame){.type = PK_FRAME_PROCEED});
}

void pk_key_answer_pin(struct pk_key *key, const struct pk_secret *pin)
{
    struct pk_frame frame = {.type = PK_FRAME_PIN, .pin = *pin}; /* borrowed */

    if (key->state != KEY_PIN)
        return;
    key->state = KEY_RUNNING;
    pk_helper_send(key->helper, &frame);
}

void pk_key_cancel(struct pk_key *key)
{
    key->heard = NULL;
    key->state = KEY_OVER;
    if (key->helper)
        pk_helper_cancel(key->helper); /* on_exited() releases */
    else
        key_free(key);
}
