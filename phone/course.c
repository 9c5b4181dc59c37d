/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/course.h"

#include <string.h>

static enum course_action finish(struct course *course, enum pk_status status)
{
    course->stage = COURSE_ENDED;
    course->end = status;
    return COURSE_END;
}

struct course course_new(int64_t now)
{
    return (struct course){.stage = COURSE_STARTS, .deadline = now + COURSE_START_MS};
}

/* Tries the first advert that waits; there must be one. */
static enum course_action try_next(struct course *course, int64_t now)
{
    (void)memcpy(course->plain, course->waiting[0], sizeof(course->plain));
    course->waiting_count--;
    (void)memmove(course->waiting[0], course->waiting[1],
                  course->waiting_count * sizeof(course->waiting[0]));
    course->stage = COURSE_DIALS;
    course->deadline = now + COURSE_DIAL_MS;
    course->dialled++;
    return COURSE_DIAL;
}

enum course_action course_scans(struct course *course, int64_t now)
{
    if (course->stage != COURSE_STARTS)
        return COURSE_WAIT;
    course->stage = COURSE_SHOWN;
    course->code_deadline = course->deadline = now + COURSE_CODE_MS;
    return COURSE_SHOW;
}

enum course_action course_heard(struct course *course,
                                const uint8_t plain[static PK_HYBRID_PLAIN_SIZE], int64_t now)
{
    const bool free_to_try = course->stage == COURSE_SHOWN;

    /*
     * Too late as well where another advert, which may be a stranger's, is still being tried. Of a
     * code that has not been shown the deadline is 0, before all times.
     */
    if (course->stage >= COURSE_ASKED || now >= course->code_deadline ||
        course->waiting_count == COURSE_WAITING_MAX)
        return COURSE_WAIT;
    (void)memcpy(course->waiting[course->waiting_count++], plain, PK_HYBRID_PLAIN_SIZE);
    return free_to_try ? try_next(course, now) : COURSE_WAIT;
}

enum course_action course_lost(struct course *course, enum pk_status status)
{
    course->lost = status;
    if (course->stage == COURSE_STARTS || course->stage == COURSE_SHOWN)
        return finish(course, status);
    return COURSE_WAIT;
}

enum course_action course_dialled(struct course *course, bool connected, int64_t now)
{
    if (course->stage != COURSE_DIALS)
        return COURSE_WAIT;
    if (!connected)
        return finish(course, PK_PHONE_NO_NETWORK);
    course->stage = COURSE_SPEAKS;
    course->deadline = now + COURSE_SPEAK_MS;
    return COURSE_SPEAK;
}

enum course_action course_asked(struct course *course, int64_t now)
{
    if (course->stage != COURSE_SPEAKS)
        return finish(course, PK_PHONE_TUNNEL);
    course->stage = COURSE_ASKED;
    course->deadline = now + COURSE_ASKED_MS;
    return COURSE_LEAVE;
}

enum course_action course_failed(struct course *course, enum pk_status status, int64_t now)
{
    if (course->stage != COURSE_SPEAKS || status != PK_NO_MATCH)
        return finish(course, status == PK_NO_MATCH ? PK_PHONE_TUNNEL : status);
    if (++course->failed == COURSE_HANDSHAKES_MAX)
        return finish(course, PK_PHONE_TUNNEL);
    if (course->waiting_count > 0)
        return try_next(course, now);
    if (course->lost != PK_OK)
        return finish(course, course->lost);
    course->stage = COURSE_SHOWN;
    course->deadline = now + COURSE_AGAIN_MS;
    if (course->deadline > course->code_deadline)
        course->deadline = course->code_deadline;
    return COURSE_WAIT;
}

enum course_action course_waited(struct course *course, int64_t now)
{
    if (now < course->deadline)
        return COURSE_WAIT;
    switch (course->stage) {
    case COURSE_STARTS:
        return finish(course, PK_PHONE_NO_ADAPTER);
    case COURSE_SHOWN:
        return finish(course, course->failed > 0 ? PK_PHONE_TUNNEL : PK_PHONE_NOT_HEARD);
    case COURSE_DIALS:
        return finish(course, PK_PHONE_NO_NETWORK);
    case COURSE_SPEAKS:
        return finish(course, PK_PHONE_TUNNEL);
    case COURSE_ASKED:
        return finish(course, PK_TIMEOUT);
    default:
        return COURSE_END;
    }
}
