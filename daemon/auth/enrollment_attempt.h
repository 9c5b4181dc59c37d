/* SPDX-License-Identifier: BSD-2-Clause */
/* An enrolment, as the authentication methods see it. */
#ifndef PASSKEYD_ENROLLMENT_ATTEMPT_H
#define PASSKEYD_ENROLLMENT_ATTEMPT_H

#include "daemon/auth/attempt.h"

/*
 * Its one ceremony has index 0 in the attempt (attempt.h). Answers that name an origin are accepted
 * from this host's ssh origins only; where there are none, that list is empty.
 */
struct enrollment {
    struct attempt attempt; /* must be first: attempts are cast to enrolments */
    char *user, *rp;        /* owned */
    uid_t uid;
    char *context;    /* JSON that the challenge is bound to, for the log; owned */
    bool remote;      /* the person is, or may be, at another computer */
    bool pictures;    /* QR codes are seen as such where the questions are */
    bool own_timeout; /* the caller gave a timeout, which no method may change */
};

#endif
