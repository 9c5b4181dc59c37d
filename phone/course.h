/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The course of one session, as a function of what happens and when: no descriptors, no clock.
 * Times are milliseconds of one clock that only goes forward, and none is negative.
 */
#ifndef PHONE_COURSE_H
#define PHONE_COURSE_H

#include "common/base/status.h"
#include "common/hybrid/advert.h"

#define COURSE_START_MS 30000  /* until an adapter listens */
#define COURSE_CODE_MS  120000 /* that a code is good for */
#define COURSE_AGAIN_MS 20000  /* after a phone that was none: phones send adverts for that long */
#define COURSE_DIAL_MS  17000  /* more than the dialler takes, and so are the next two */
#define COURSE_SPEAK_MS 45000  /* TLS, the tunnel, the handshake and the greeting */
#define COURSE_ASKED_MS 125000 /* the person */

#define COURSE_HANDSHAKES_MAX 3 /* that fail */
#define COURSE_WAITING_MAX    8 /* adverts that are kept while another one is tried */

enum course_stage {
    COURSE_STARTS,
    COURSE_SHOWN,  /* the code is; no advert is being tried */
    COURSE_DIALS,  /* for the advert in plain */
    COURSE_SPEAKS, /* with it */
    COURSE_ASKED,  /* the phone's user is */
    COURSE_ENDED,
};

/* What is to be done now. */
enum course_action {
    COURSE_WAIT,
    COURSE_SHOW,  /* the code */
    COURSE_DIAL,  /* for the advert in plain */
    COURSE_SPEAK, /* on the connection that was dialled */
    COURSE_LEAVE, /* the radio and the dialler are not needed any more; the step is to be said */
    COURSE_END,   /* with the status in end */
};

struct course {
    enum course_stage stage;
    int64_t deadline;      /* of the stage */
    int64_t code_deadline; /* of the code */
    uint8_t plain[PK_HYBRID_PLAIN_SIZE];
    uint8_t waiting[COURSE_WAITING_MAX][PK_HYBRID_PLAIN_SIZE];
    size_t waiting_count;
    unsigned dialled, failed; /* adverts; handshakes */
    enum pk_status lost;      /* of the radio; PK_OK: it listens */
    enum pk_status end;
};

struct course course_new(int64_t now);

enum course_action course_scans(struct course *course, int64_t now);
/* An advert of this code whose tunnel may be used, for the first time. */
enum course_action course_heard(struct course *course,
                                const uint8_t plain[static PK_HYBRID_PLAIN_SIZE], int64_t now);
/* The radio has ended. What is being tried goes on without. */
enum course_action course_lost(struct course *course, enum pk_status status);
enum course_action course_dialled(struct course *course, bool connected, int64_t now);
enum course_action course_asked(struct course *course, int64_t now);
/* The tunnel ended with that status; PK_NO_MATCH: it was not the phone. */
enum course_action course_failed(struct course *course, enum pk_status status, int64_t now);
/* Nothing happened until now. */
enum course_action course_waited(struct course *course, int64_t now);

#endif
