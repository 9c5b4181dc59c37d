/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An authentication method: a way to use an authenticator, or another proof, for a sign-in and for
 * an enrolment. common/base/methods.h lists its name and whether this build serves it; its file in
 * daemon/methods/ defines the row "authmethod_NAME".
 *
 * A method runs from start() or enroll() until it calls exactly one of attempt_next(),
 * attempt_refused(), attempt_approved() and attempt_decided() (attempt.h). It may call these from
 * within its functions, except from stop(). After that call it must do nothing more, but its state
 * remains until stop().
 */
#ifndef PASSKEYD_AUTHMETHOD_H
#define PASSKEYD_AUTHMETHOD_H

#include "common/base/bytes.h"
#include "common/base/methods.h"

struct enrollment;
struct sign_in;

struct authmethod {
    /*
     * Starts the method. PK_OK: it runs, or has ended by one of the calls above; *ret_state belongs
     * to it. PK_UNAVAILABLE: it cannot serve here, and the next one is tried. Any other status
     * refuses the attempt. NULL: the method does not serve sign-ins.
     */
    enum pk_status (*start)(struct sign_in *sign_in, void **ret_state);
    /* Likewise for an enrolment; NULL: the method does not serve enrolments. */
    enum pk_status (*enroll)(struct enrollment *enrollment, void **ret_state);
    /*
     * The answer to the question that the method asked; length 0: declined. NULL: it asks nothing.
     */
    void (*answered)(void *state, struct pk_secret *answer);
    /*
     * The person does not want to wait any longer: as if the method had failed with PK_CANCELLED.
     * NULL: it waits for answers only, which can be declined.
     */
    void (*skip)(void *state);
    /* Ends what is still in progress and frees the state. */
    void (*stop)(void *state);
    /*
     * Where the account must be concealed, every refusal of an answer is reported as
     * PK_ANSWER_REFUSED, because the reason would distinguish decoys from passkeys.
     */
    bool conceals_reason;
    const char *over; /* in the log line of a refused answer: "over ssh"; NULL: nothing is said */
};

/* The rows by method; NULL: not served by this build. */
extern const struct authmethod *const authmethods[PK_METHOD_COUNT];

#endif
