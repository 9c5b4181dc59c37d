/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/key_session.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define CHECK_SECONDS 15 /* for opening the key and the silent pre-check */

struct pk_key_session {
    struct pk_keys *keys;
    enum pk_key_phase phase;
    struct pk_frame request;
    struct pk_key_claim *claim;
    struct pk_helper *helper;
    pk_key_session_on_frame *on_frame; /* NULL: it is over, by its last frame or cancelled */
    void *data;
};

static void session_free(struct pk_key_session *session)
{
    if (session->claim)
        pk_key_claim_free(session->claim);
    pk_frame_clear(&session->request);
    free(session);
}

/* Passes the last frame on. The phase stays: it says how far the key had got. */
static void finish(struct pk_key_session *session, const struct pk_frame *frame)
{
    pk_key_session_on_frame *on_frame = session->on_frame;

    session->on_frame = NULL;
    on_frame(session->data, frame);
}

static void fail(struct pk_key_session *session, enum pk_status status)
{
    finish(session, &(struct pk_frame){.type = PK_FRAME_FAILED,
                                       .failure = {.status = status, .pin_tries = 0xff}});
}

/* Whether a frame of that type may come now. */
static bool in_order(const struct pk_key_session *session, enum pk_frame_type type)
{
    bool assertion = session->request.type == PK_FRAME_GET_ASSERTION;

    switch (type) {
    case PK_FRAME_CHECKED:
        return session->phase == PK_KEY_CHECKING;
    case PK_FRAME_TOUCH:
    case PK_FRAME_VERIFY:
        return session->phase == PK_KEY_RUNNING || session->phase == PK_KEY_CHECKING;
    case PK_FRAME_PIN_NEEDED:
        return session->phase == PK_KEY_RUNNING;
    case PK_FRAME_ASSERTION:
        return session->phase == PK_KEY_RUNNING && assertion;
    case PK_FRAME_CREDENTIAL:
        return session->phase == PK_KEY_RUNNING && !assertion;
    case PK_FRAME_FAILED:
        return true;
    default:
        return false;
    }
}

static enum pk_key_phase phase_after(const struct pk_check *check)
{
    if (check->uncertain)
        return PK_KEY_MAYBE;
    return check->status == PK_OK ? PK_KEY_READY : PK_KEY_UNFIT;
}

static void on_helper_frame(void *data, const struct pk_frame *frame)
{
    struct pk_key_session *session = data;
    pk_keys_log *log = pk_keys_setup(session->keys)->log;

    if (!session->on_frame)
        return;
    if (!in_order(session, frame->type)) {
        log(LOG_WARNING, "security key %s: frame %d out of order",
            session->request.get_assertion.path, (int)frame->type);
        pk_helper_kill(session->helper);
        fail(session, PK_DEVICE_ERROR);
        return;
    }
    switch (frame->type) {
    case PK_FRAME_CHECKED:
        session->phase = phase_after(&frame->check);
        break;
    case PK_FRAME_PIN_NEEDED:
        session->phase = PK_KEY_PIN;
        break;
    case PK_FRAME_FAILED:
        log(LOG_DEBUG, "security key: %s (%d)", pk_status_name(frame->failure.status),
            (int)frame->failure.detail);
        /* fall through */
    case PK_FRAME_ASSERTION:
    case PK_FRAME_CREDENTIAL:
        finish(session, frame);
        return;
    default:
        break;
    }
    session->on_frame(session->data, frame);
}

static void on_helper_exited(void *data)
{
    struct pk_key_session *session = data;

    session->helper = NULL;
    if (session->on_frame)
        fail(session, PK_DEVICE_ERROR);
    session_free(session);
}

static void on_granted(void *data)
{
    static const struct pk_helper_ops ops = {on_helper_frame, on_helper_exited};
    struct pk_key_session *session = data;
    enum pk_status status =
        pk_keys_helper_new(session->keys, CHECK_SECONDS, &ops, session, &session->helper);

    if (status) {
        session->helper = NULL;
        fail(session, PK_UNAVAILABLE);
        session_free(session);
        return;
    }
    session->phase = PK_KEY_CHECKING;
    pk_helper_send(session->helper, &session->request);
}

enum pk_status pk_key_session_new(struct pk_keys *keys, struct pk_frame *request,
                                  pk_key_session_on_frame *on_frame, void *data,
                                  struct pk_key_session **ret)
{
    struct pk_key_session *session = calloc(1, sizeof(*session));
    /* Both requests begin with the path. */
    const char *path = request->get_assertion.path;

    if (!session)
        return PK_NO_MEMORY;
    *session = (struct pk_key_session){.keys = keys, .on_frame = on_frame, .data = data};
    session->claim = pk_key_claim_new(keys, path, on_granted, session);
    if (!session->claim) {
        session_free(session);
        return PK_NO_MEMORY;
    }
    session->request = *request;
    *request = (struct pk_frame){0};
    *ret = session;
    return PK_OK;
}

enum pk_key_phase pk_key_session_phase(const struct pk_key_session *session)
{
    return session->phase;
}

void pk_key_session_proceed(struct pk_key_session *session, unsigned seconds)
{
    if (!session->on_frame || (session->phase != PK_KEY_READY && session->phase != PK_KEY_MAYBE))
        return;
    session->phase = PK_KEY_RUNNING;
    pk_helper_set_lifetime(session->helper, seconds > 0 ? seconds : 1);
    pk_helper_send(session->helper, &(struct pk_frame){.type = PK_FRAME_PROCEED});
}

void pk_key_session_answer_pin(struct pk_key_session *session, const struct pk_secret *pin)
{
    struct pk_frame frame = {.type = PK_FRAME_PIN, .pin = *pin}; /* borrowed */

    if (!session->on_frame || session->phase != PK_KEY_PIN)
        return;
    session->phase = PK_KEY_RUNNING;
    pk_helper_send(session->helper, &frame);
}

void pk_key_session_cancel(struct pk_key_session *session)
{
    session->on_frame = NULL;
    if (session->helper)
        pk_helper_cancel(session->helper); /* on_helper_exited() releases */
    else
        session_free(session);
}
