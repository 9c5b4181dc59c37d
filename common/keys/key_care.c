/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/key_care.h"

#include <stdlib.h>
#include <syslog.h>

struct pk_key_care {
    struct pk_keys *keys;
    struct pk_frame request;
    unsigned seconds;
    struct pk_key_claim *claim;
    struct pk_helper *helper;
    pk_key_care_on_frame *on_frame; /* NULL: it is over, by its last frame or cancelled */
    void *data;
};

static void care_free(struct pk_key_care *care)
{
    if (care->claim)
        pk_key_claim_free(care->claim);
    pk_frame_clear(&care->request);
    free(care);
}

static void finish(struct pk_key_care *care, const struct pk_frame *frame)
{
    pk_key_care_on_frame *on_frame = care->on_frame;

    care->on_frame = NULL;
    on_frame(care->data, frame);
}

static void fail(struct pk_key_care *care, enum pk_status status)
{
    finish(care, &(struct pk_frame){.type = PK_FRAME_FAILED,
                                    .failure = {.status = status, .pin_tries = 0xff}});
}

static void on_helper_frame(void *data, const struct pk_frame *frame)
{
    struct pk_key_care *care = data;
    bool asks_state = care->request.type == PK_FRAME_KEY_INFO;

    if (!care->on_frame)
        return;
    if (frame->type == PK_FRAME_TOUCH) {
        care->on_frame(care->data, frame);
    } else if (frame->type == PK_FRAME_FAILED ||
               frame->type == (asks_state ? PK_FRAME_KEY_STATE : PK_FRAME_DONE)) {
        finish(care, frame);
    } else {
        pk_keys_setup(care->keys)
            ->log(LOG_WARNING, "security key %s: frame %d out of order", care->request.key.path,
                  (int)frame->type);
        pk_helper_kill(care->helper);
        fail(care, PK_DEVICE_ERROR);
    }
}

static void on_helper_exited(void *data)
{
    struct pk_key_care *care = data;

    care->helper = NULL;
    if (care->on_frame)
        fail(care, PK_DEVICE_ERROR);
    care_free(care);
}

static void on_granted(void *data)
{
    static const struct pk_helper_ops ops = {on_helper_frame, on_helper_exited};
    struct pk_key_care *care = data;
    enum pk_status status =
        pk_keys_helper_new(care->keys, care->seconds, &ops, care, &care->helper);

    if (status) {
        care->helper = NULL;
        fail(care, PK_UNAVAILABLE);
        care_free(care);
        return;
    }
    pk_helper_send(care->helper, &care->request);
    if (care->request.type == PK_FRAME_SET_PIN) { /* it is sent: nothing keeps the PINs */
        pk_secret_clear(&care->request.key.pin);
        pk_secret_clear(&care->request.key.new_pin);
    }
}

enum pk_status pk_key_care_new(struct pk_keys *keys, struct pk_frame *request, unsigned seconds,
                               pk_key_care_on_frame *on_frame, void *data, struct pk_key_care **ret)
{
    struct pk_key_care *care = calloc(1, sizeof(*care));

    if (!care)
        return PK_NO_MEMORY;
    *care =
        (struct pk_key_care){.keys = keys, .seconds = seconds, .on_frame = on_frame, .data = data};
    care->claim = pk_key_claim_new(keys, request->key.path, on_granted, care);
    if (!care->claim) {
        care_free(care);
        return PK_NO_MEMORY;
    }
    care->request = *request;
    *request = (struct pk_frame){0};
    *ret = care;
    return PK_OK;
}

void pk_key_care_cancel(struct pk_key_care *care)
{
    care->on_frame = NULL;
    if (care->helper)
        pk_helper_cancel(care->helper); /* on_helper_exited() releases */
    else
        care_free(care);
}
