/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One ceremony on one security key: its place in the key's queue, its helper process, and the order
 * in which that may send frames. A helper that breaks the order counts as a broken key.
 */
#ifndef PK_KEYS_KEY_SESSION_H
#define PK_KEYS_KEY_SESSION_H

#include "common/keys/keys.h"

struct pk_key_session;

/* How far it has got; once it is over, how far it had got by then. */
enum pk_key_phase {
    PK_KEY_QUEUED,   /* waits for another ceremony to give the key back */
    PK_KEY_CHECKING, /* the key is asked silently */
    PK_KEY_READY,    /* it can serve: waits for pk_key_session_proceed() */
    PK_KEY_MAYBE,    /* it shows only to a verified user what it holds: waits as well */
    PK_KEY_UNFIT,    /* it cannot serve: FAILED follows and says why */
    PK_KEY_RUNNING,  /* told to go on: it blinks, or will */
    PK_KEY_PIN,      /* waits for pk_key_session_answer_pin() */
};

/*
 * A frame of the helper's: CHECKED once, then PIN_NEEDED, VERIFY and TOUCH any number of times,
 * and one of ASSERTION, CREDENTIAL and FAILED, after which the session is released. Called from the
 * event loop.
 */
typedef void pk_key_session_on_frame(void *data, const struct pk_frame *frame);

/*
 * Queues for the key that request (GET_ASSERTION or MAKE_CREDENTIAL) names and then asks it. Takes
 * the request's content.
 */
enum pk_status pk_key_session_new(struct pk_keys *keys, struct pk_frame *request,
                                  pk_key_session_on_frame *on_frame, void *data,
                                  struct pk_key_session **ret) PK_WARN_UNUSED;
/* Also in the call of on_frame that is the last. */
enum pk_key_phase pk_key_session_phase(const struct pk_key_session *session);

/* After CHECKED: on to the touch. The key has seconds for everything from here on. */
void pk_key_session_proceed(struct pk_key_session *session, unsigned seconds);
/* After PIN_NEEDED; empty: declined. */
void pk_key_session_answer_pin(struct pk_key_session *session, const struct pk_secret *pin);
/* No further call of on_frame; the key is given back to the next in its queue. */
void pk_key_session_cancel(struct pk_key_session *session);

#endif
