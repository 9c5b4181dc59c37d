/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/polkit.h"
#include "tests/unit/fake_bus.h"

#include <stdio.h>
#include <string.h>

#define ALICE 1000

static unsigned allowed_count;
static void *allowed_data;

static void allowed(void *data, struct call *call)
{
    allowed_count++;
    allowed_data = data;
    call_drop(call);
}

static int set_up(void **state)
{
    (void)state;
    allowed_count = 0;
    allowed_data = NULL;
    fake_bus_reset();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    polkit_vanished(NULL);
    return fake_request(0) ? -1 : 0;
}

static void ask(uid_t uid, const char *sender)
{
    polkit_check(fake_call(uid, sender, "alice"), POLKIT_ENROLL, allowed, &allowed_count);
}

/* An AuthorizationResult. */
static struct value answer_of(bool authorized, bool challenge)
{
    struct value body = value_body();
    struct value *answer = value_add(&body, 'r');

    value_add_number(answer, 'b', authorized);
    value_add_number(answer, 'b', challenge);
    (void)value_add_array(answer, "{ss}");
    return body;
}

static void assert_refused(const char *error, const char *text)
{
    assert_int_equal(allowed_count, 0);
    assert_int_equal(fake_end.errors, 1);
    assert_string_equal(fake_end.error, error);
    assert_non_null(strstr(fake_end.text, text));
}

static void polkit_is_asked_about_the_caller_and_the_action(void **state)
{
    const struct bus_request *request;
    const struct value *subject;

    (void)state;
    ask(ALICE, ":1.7");
    request = fake_request(0);
    assert_non_null(request);
    assert_string_equal(request->destination, "org.freedesktop.PolicyKit1");
    assert_string_equal(request->path, "/org/freedesktop/PolicyKit1/Authority");
    assert_string_equal(request->interface, "org.freedesktop.PolicyKit1.Authority");
    assert_string_equal(request->member, "CheckAuthorization");
    assert_int_equal(request->arguments.count, 5);
    subject = &request->arguments.items[0];
    assert_int_equal(subject->count, 2);
    assert_string_equal(subject->items[0].text, "system-bus-name");
    assert_string_equal(value_find_text(&subject->items[1], "name", ""), ":1.7");
    assert_string_equal(request->arguments.items[1].text, "org.passkeyd.enroll");
    assert_int_equal(request->arguments.items[3].number, 0);
    assert_int_equal(allowed_count, 0);
}

/* At the daemon's own socket the bus knows nothing of the caller; the kernel does. */
static void a_caller_off_the_bus_is_a_process_of_that_user(void **state)
{
    const struct value *subject;

    (void)state;
    ask(ALICE, "socket/7");
    subject = &fake_request(0)->arguments.items[0];
    assert_string_equal(subject->items[0].text, "unix-process");
    assert_int_equal(value_find_number(&subject->items[1], "pid"), 4711);
    assert_int_equal(value_find_number(&subject->items[1], "uid"), ALICE);
    assert_int_equal(value_find(&subject->items[1], "uid")->type, 'i');
    assert_int_equal(value_find(&subject->items[1], "start-time")->type, 't');
    assert_null(value_find(&subject->items[1], "name"));
}

static void a_dialogue_is_for_callers_that_want_one(void **state)
{
    struct call *call = fake_call(ALICE, ":1.7", "alice");

    (void)state;
    call->interactive = true;
    polkit_check(call, POLKIT_MANAGE, allowed, NULL);
    assert_string_equal(fake_request(0)->arguments.items[1].text, "org.passkeyd.manage");
    assert_int_equal(fake_request(0)->arguments.items[3].number, 1);
}

static void root_is_not_asked_for(void **state)
{
    (void)state;
    ask(0, ":1.7");
    assert_int_equal(allowed_count, 1);
    assert_ptr_equal(allowed_data, &allowed_count);
    assert_null(fake_request(0));
}

static void a_leave_hands_the_call_on(void **state)
{
    struct value answer = answer_of(true, false);

    (void)state;
    ask(ALICE, ":1.7");
    fake_answer(fake_request(0), &answer, NULL);
    assert_int_equal(allowed_count, 1);
    assert_ptr_equal(allowed_data, &allowed_count);
    assert_int_equal(fake_end.errors, 0);
}

static void refusals_are_told(void **state)
{
    static const struct {
        bool challenge;
        const char *text;
    } cases[] = {
        {false, "not authorized: the password was not given, or polkit's rules do not allow this"},
        {true,
         "your password is needed, and nothing here could ask for it; run this on a terminal"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value answer = answer_of(false, cases[i].challenge);

        fake_bus_reset();
        ask(ALICE, ":1.7");
        fake_answer(fake_request(0), &answer, NULL);
        assert_refused(PK_BUS_ERROR_NOT_AUTHORIZED, cases[i].text);
    }
}

static void without_an_answer_nothing_is_allowed(void **state)
{
    static const struct {
        const char *error, *text;
    } cases[] = {
        {"org.freedesktop.DBus.Error.ServiceUnknown", "there is no polkit on this bus"},
        {"org.freedesktop.DBus.Error.NameHasNoOwner", "there is no polkit on this bus"},
        {"org.freedesktop.DBus.Error.Spawn.ExecFailed", "there is no polkit on this bus"},
        {"org.freedesktop.DBus.Error.NoReply",
         "polkit did not answer; \"systemctl status polkit\" says more"},
        {"org.freedesktop.PolicyKit1.Error.Failed",
         "polkit did not answer; \"systemctl status polkit\" says more"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_bus_reset();
        ask(ALICE, ":1.7");
        fake_answer(fake_request(0), NULL, cases[i].error);
        assert_refused(PK_BUS_ERROR_NOT_AUTHORIZED, cases[i].text);
    }
}

/* Each says "true" somewhere, but none is an AuthorizationResult. */
static void answers_of_another_form_allow_nothing(void **state)
{
    static const char types[] = "bvrrr";

    (void)state;
    for (int form = 0; form < 5; form++) {
        struct value answer = value_body();
        struct value *result = value_add(&answer, types[form]);

        if (form == 0)
            result->number = 1;
        else if (form == 2)
            value_add_text(result, 's', "true");
        else
            value_add_number(result, form == 3 ? 'u' : 'b', 1);
        if (form != 0)
            value_add_number(result, 'b', form == 1);
        if (form != 0 && form != 4) /* the fourth one is too short */
            (void)value_add_array(result, "{ss}");
        fake_bus_reset();
        ask(ALICE, ":1.7");
        fake_answer(fake_request(0), &answer, NULL);
        assert_refused(
            PK_BUS_ERROR_NOT_AUTHORIZED,
            "not authorized: the password was not given, or polkit's rules do not allow this");
    }
}

static void two_answers_in_one_allow_nothing(void **state)
{
    struct value answer = answer_of(true, false);

    (void)state;
    value_add_number(&answer, 'b', 1);
    ask(ALICE, ":1.7");
    fake_answer(fake_request(0), &answer, NULL);
    assert_refused(
        PK_BUS_ERROR_NOT_AUTHORIZED,
        "not authorized: the password was not given, or polkit's rules do not allow this");
}

static void polkit_that_cannot_be_asked_allows_nothing(void **state)
{
    (void)state;
    fake_bus_fails = true;
    ask(ALICE, ":1.7");
    assert_refused(PK_BUS_ERROR_UNAVAILABLE,
                   "polkit cannot be asked; try again in a moment, or as root");
}

static void questions_are_limited_per_user(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        ask(ALICE, ":1.7");
    assert_int_equal(fake_end.errors, 0);
    ask(ALICE, ":1.8");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED, "too many");
    ask(ALICE + 1, ":1.9");
    assert_int_equal(fake_end.errors, 1);
    assert_non_null(fake_request(4));
    assert_null(fake_request(5));
}

static void questions_are_limited_in_total(void **state)
{
    (void)state;
    for (uid_t i = 0; i < 256; i++)
        ask(ALICE + i, ":1.7");
    assert_int_equal(fake_end.errors, 0);
    ask(ALICE + 256, ":1.8");
    assert_refused(PK_BUS_ERROR_LIMIT_EXCEEDED, "too many");
}

static void questions_of_who_has_left_are_dropped(void **state)
{
    (void)state;
    ask(ALICE, ":1.7");
    ask(ALICE + 1, ":1.8");
    ask(ALICE, ":1.7");
    polkit_vanished(":1.7");
    assert_non_null(fake_request(0));
    assert_null(fake_request(1));
    assert_string_equal(value_find_text(&fake_request(0)->arguments.items[0].items[1], "name", ""),
                        ":1.8");
    /* Nobody is there to be told. */
    assert_int_equal(fake_end.errors, 0);
    polkit_vanished(NULL);
    assert_null(fake_request(0));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(polkit_is_asked_about_the_caller_and_the_action),
        TEST(a_caller_off_the_bus_is_a_process_of_that_user),
        TEST(a_dialogue_is_for_callers_that_want_one),
        TEST(root_is_not_asked_for),
        TEST(a_leave_hands_the_call_on),
        TEST(refusals_are_told),
        TEST(without_an_answer_nothing_is_allowed),
        TEST(answers_of_another_form_allow_nothing),
        TEST(two_answers_in_one_allow_nothing),
        TEST(polkit_that_cannot_be_asked_allows_nothing),
        TEST(questions_are_limited_per_user),
        TEST(questions_are_limited_in_total),
        TEST(questions_of_who_has_left_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
