/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a session with a phone, by what happens and when. */
#include "phone/course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000000

static const uint8_t first[PK_HYBRID_PLAIN_SIZE] = {0, 1}, second[PK_HYBRID_PLAIN_SIZE] = {0, 2};

static void assert_end(const struct course *course, enum course_action action,
                       enum pk_status status)
{
    assert_int_equal(action, COURSE_END);
    assert_int_equal(course->stage, COURSE_ENDED);
    assert_string_equal(pk_status_name(course->end), pk_status_name(status));
}

static struct course shown(void)
{
    struct course course = course_new(NOW);

    assert_int_equal(course_scans(&course, NOW), COURSE_SHOW);
    return course;
}

static struct course dials(void)
{
    struct course course = shown();

    assert_int_equal(course_heard(&course, first, NOW), COURSE_DIAL);
    return course;
}

static struct course speaks(void)
{
    struct course course = dials();

    assert_int_equal(course_dialled(&course, true, NOW), COURSE_SPEAK);
    return course;
}

static struct course asked(void)
{
    struct course course = speaks();

    assert_int_equal(course_asked(&course, NOW), COURSE_LEAVE);
    return course;
}

static void the_code_is_shown_once_somebody_listens(void **state)
{
    struct course course = course_new(NOW);

    (void)state;
    assert_int_equal(course_heard(&course, first, NOW), COURSE_WAIT);
    assert_int_equal(course.waiting_count, 0);
    assert_int_equal(course_scans(&course, NOW), COURSE_SHOW);
    assert_int_equal(course_scans(&course, NOW), COURSE_WAIT);
    assert_int_equal(course_heard(&course, second, NOW), COURSE_DIAL);
    assert_memory_equal(course.plain, second, sizeof(second));
}

/* Each stage has its time and its words; a moment before nothing has happened. */
static void each_stage_has_a_deadline(void **state)
{
    const struct {
        struct course course;
        int64_t patience;
        enum pk_status status;
    } rows[] = {
        {course_new(NOW), COURSE_START_MS, PK_PHONE_NO_ADAPTER},
        {shown(), COURSE_CODE_MS, PK_PHONE_NOT_HEARD},
        {dials(), COURSE_DIAL_MS, PK_PHONE_NO_NETWORK},
        {speaks(), COURSE_SPEAK_MS, PK_PHONE_TUNNEL},
        {asked(), COURSE_ASKED_MS, PK_TIMEOUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct course course = rows[i].course;

        assert_int_equal(course_waited(&course, NOW + rows[i].patience - 1), COURSE_WAIT);
        assert_end(&course, course_waited(&course, NOW + rows[i].patience), rows[i].status);
        assert_int_equal(course_waited(&course, NOW + rows[i].patience + 1), COURSE_END);
    }
}

/* What is lost while a phone is being tried, or asked, is not needed. */
static void the_radio_may_go_once_a_phone_is_heard(void **state)
{
    struct course early = course_new(NOW), waits = shown(), tries = speaks(), there = asked();

    (void)state;
    assert_end(&early, course_lost(&early, PK_PHONE_NO_RIGHT), PK_PHONE_NO_RIGHT);
    assert_end(&waits, course_lost(&waits, PK_PHONE_ADAPTER_OFF), PK_PHONE_ADAPTER_OFF);
    assert_int_equal(course_lost(&there, PK_PHONE_ADAPTER_OFF), COURSE_WAIT);
    assert_int_equal(course_lost(&tries, PK_PHONE_ADAPTER_OFF), COURSE_WAIT);
    /* It was not the phone, and no other one can be heard any more. */
    assert_end(&tries, course_failed(&tries, PK_NO_MATCH, NOW), PK_PHONE_ADAPTER_OFF);
}

static void three_handshakes_may_fail(void **state)
{
    struct course course = shown();

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        uint8_t plain[PK_HYBRID_PLAIN_SIZE] = {0, (uint8_t)i};

        assert_int_equal(course_heard(&course, plain, NOW), COURSE_DIAL);
        assert_int_equal(course_dialled(&course, true, NOW), COURSE_SPEAK);
        if (i < 2)
            assert_int_equal(course_failed(&course, PK_NO_MATCH, NOW), COURSE_WAIT);
    }
    assert_int_equal(course.dialled, 3);
    assert_end(&course, course_failed(&course, PK_NO_MATCH, NOW), PK_PHONE_TUNNEL);
}

/* A phone that was none leaves little time for another: theirs, and never more than the code's. */
static void the_wait_goes_on_for_a_while(void **state)
{
    struct course course = speaks(), late = shown();
    const int64_t last = NOW + COURSE_CODE_MS - 1;

    (void)state;
    assert_int_equal(course_failed(&course, PK_NO_MATCH, NOW), COURSE_WAIT);
    assert_int_equal(course.stage, COURSE_SHOWN);
    assert_int_equal(course_waited(&course, NOW + COURSE_AGAIN_MS - 1), COURSE_WAIT);
    assert_end(&course, course_waited(&course, NOW + COURSE_AGAIN_MS), PK_PHONE_TUNNEL);
    assert_int_equal(course_heard(&late, first, last), COURSE_DIAL);
    assert_int_equal(course_dialled(&late, true, last), COURSE_SPEAK);
    assert_int_equal(course_failed(&late, PK_NO_MATCH, last), COURSE_WAIT);
    assert_end(&late, course_waited(&late, last + 1), PK_PHONE_TUNNEL);
}

/* A stranger's phone that keeps the session busy does not make its code any better. */
static void a_code_that_is_too_old(void **state)
{
    struct course course = shown();
    const int64_t end = NOW + COURSE_CODE_MS;

    (void)state;
    assert_int_equal(course_heard(&course, first, end - 2), COURSE_DIAL);
    assert_int_equal(course_dialled(&course, true, end - 2), COURSE_SPEAK);
    assert_int_equal(course_heard(&course, second, end - 1), COURSE_WAIT);
    assert_int_equal(course_heard(&course, first, end), COURSE_WAIT);
    assert_int_equal(course.waiting_count, 1);
    assert_int_equal(course_failed(&course, PK_NO_MATCH, end + 1), COURSE_DIAL);
    assert_memory_equal(course.plain, second, sizeof(second));
    assert_int_equal(course_dialled(&course, true, end + 1), COURSE_SPEAK);
    assert_int_equal(course_failed(&course, PK_NO_MATCH, end + 2), COURSE_WAIT);
    assert_end(&course, course_waited(&course, end + 2), PK_PHONE_TUNNEL);
}

/* Adverts that come meanwhile are tried in their order, and no more of them than there is room. */
static void adverts_wait_for_their_turn(void **state)
{
    struct course course = speaks();

    (void)state;
    for (unsigned i = 0; i < COURSE_WAITING_MAX + 3; i++) {
        uint8_t plain[PK_HYBRID_PLAIN_SIZE] = {0, (uint8_t)(10 + i)};

        assert_int_equal(course_heard(&course, plain, NOW), COURSE_WAIT);
    }
    assert_int_equal(course.waiting_count, COURSE_WAITING_MAX);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(course_failed(&course, PK_NO_MATCH, NOW), COURSE_DIAL);
        assert_int_equal(course.plain[1], 10 + i);
        assert_int_equal(course_dialled(&course, true, NOW), COURSE_SPEAK);
    }
    assert_int_equal(course.waiting_count, COURSE_WAITING_MAX - 2);
}

/* Behind the handshake it is the phone, and what it says is the end. */
static void other_failures_end_it(void **state)
{
    struct course course = speaks(), there = asked(), late = asked(), dialling = dials();

    (void)state;
    assert_end(&course, course_failed(&course, PK_PHONE_TOO_OLD, NOW), PK_PHONE_TOO_OLD);
    assert_end(&there, course_failed(&there, PK_PHONE_DECLINED, NOW), PK_PHONE_DECLINED);
    assert_end(&late, course_failed(&late, PK_NO_MATCH, NOW), PK_PHONE_TUNNEL);
    assert_end(&dialling, course_dialled(&dialling, false, NOW), PK_PHONE_NO_NETWORK);
}

/* The parts may be taken over: what they say out of turn changes nothing, or is the end. */
static void nothing_is_taken_out_of_turn(void **state)
{
    struct course course = shown(), twice = asked();

    (void)state;
    assert_int_equal(course_dialled(&course, true, NOW), COURSE_WAIT);
    assert_int_equal(course_dialled(&course, false, NOW), COURSE_WAIT);
    assert_int_equal(course.stage, COURSE_SHOWN);
    assert_end(&course, course_asked(&course, NOW), PK_PHONE_TUNNEL);
    assert_int_equal(course_heard(&twice, second, NOW), COURSE_WAIT);
    assert_int_equal(twice.waiting_count, 0);
    assert_end(&twice, course_asked(&twice, NOW), PK_PHONE_TUNNEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_is_shown_once_somebody_listens),
        cmocka_unit_test(each_stage_has_a_deadline),
        cmocka_unit_test(the_radio_may_go_once_a_phone_is_heard),
        cmocka_unit_test(three_handshakes_may_fail),
        cmocka_unit_test(the_wait_goes_on_for_a_while),
        cmocka_unit_test(a_code_that_is_too_old),
        cmocka_unit_test(adverts_wait_for_their_turn),
        cmocka_unit_test(other_failures_end_it),
        cmocka_unit_test(nothing_is_taken_out_of_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
