/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scripted_person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* --- persons ---------------------------------------------------------------------------------- */

static void write_down(struct person *person, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void write_down(struct person *person, const char *format, ...)
{
    va_list arguments;

    assert_in_range(person->said, 0, LINES_MAX - 1);
    va_start(arguments, format);
    (void)vsnprintf(person->lines[person->said++], LINE_SIZE, format, arguments);
    va_end(arguments);
}

static void info(void *data, const char *event, const char *text)
{
    write_down(data, "%s: %s", event, text);
}

static void error(void *data, enum pk_status reason, const char *text)
{
    write_down(data, "error %s: %s", pk_status_name(reason), text);
}

static void ask(void *data, bool secret, const char *event, const char *text, unsigned tries)
{
    (void)tries;
    assert_int_equal(secret, strcmp(event, "pin") == 0);
    write_down(data, "ask %s: %s", event, text);
}

static void unask(void *data)
{
    write_down(data, "unask");
}

static unsigned time_left(void *data)
{
    return ((const struct person *)data)->time_left;
}

static enum pk_status fill_creation(struct pk_credential_request *ret)
{
    const struct pk_creation creation = {
        .rp_id = (char[]){FIRST_RP},
        .rp_name = (char[]){"Example"},
        .user_handle = {(uint8_t[]){"handle"}, 6},
        .user_name = (char[]){"alice"},
        .user_display_name = (char[]){"Alice"},
        .algorithms = {-7},
        .algorithm_count = 1,
    };

    return pk_creation_copy(&creation, &ret->creation);
}

static enum pk_status fill_assertion(const struct person *person, size_t group,
                                     struct pk_assertion_request *ret)
{
    static uint8_t id[] = "id";

    ret->rp_id = strdup(group == 0 ? FIRST_RP : SECOND_RP);
    if (person->unlisted)
        return ret->rp_id ? PK_OK : PK_NO_MEMORY;
    ret->allow = calloc(1, sizeof(*ret->allow));
    if (!ret->rp_id || !ret->allow)
        return PK_NO_MEMORY;
    ret->allow_count = 1;
    return pk_bytes_copy((struct pk_view){id, 2}, &ret->allow[0].id);
}

static enum pk_status request(void *data, size_t group, struct pk_frame *ret)
{
    const struct person *person = data;
    PK_AUTO_FRAME struct pk_frame frame = {.type = person->creates ? PK_FRAME_MAKE_CREDENTIAL
                                                                   : PK_FRAME_GET_ASSERTION};
    enum pk_status status = person->creates ? fill_creation(&frame.make_credential)
                                            : fill_assertion(person, group, &frame.get_assertion);

    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

static void answered(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct person *person = data;

    person->answers++;
    person->answer = frame->type;
    person->group = group;
    (void)snprintf(person->name, sizeof(person->name), "%s", name);
}

static void failed(void *data, enum pk_status why)
{
    struct person *person = data;
    const char *path = pk_local_ceremony_failed_path(person->ceremony);

    person->failures++;
    person->failure = why;
    (void)snprintf(person->failed_path, sizeof(person->failed_path), "%s", path ? path : "");
}

static const char *confirm(void *data, size_t group)
{
    return group == 1 ? ((const struct person *)data)->confirm : NULL;
}

void begin(struct person *person, size_t groups)
{
    static const struct pk_dialogue_ops dialogue = {info, error, ask, unask, time_left};
    static const struct pk_local_ceremony_ops ops = {request, answered, failed, confirm};
    const struct pk_dialogue how = {&dialogue, person, "test"};
    const struct pk_local_request wanted = {
        .groups = groups,
        .purpose = "to test",
        .requester = {.user = person->login ? person->login : "",
                      .program = "su",
                      .target = "",
                      .command = "",
                      .terminal = "/dev/pts/1"},
        .unattended = person->unattended,
        .hidden = !person->open && !person->unhidden,
        .insists = !person->open,
        .payer = person->payer,
        .holder = person->holder,
    };

    *person = (struct person){.login = person->login,
                              .unattended = person->unattended,
                              .open = person->open,
                              .unhidden = person->unhidden,
                              .payer = person->payer,
                              .holder = person->holder,
                              .unlisted = person->unlisted,
                              .confirm = person->confirm,
                              .time_left = PATIENCE};
    assert_int_equal(
        pk_local_ceremony_new(scripted_keys(), &how, &wanted, &ops, person, &person->ceremony),
        PK_OK);
}

void finish(struct person *person)
{
    pk_local_ceremony_free(pk_steal(person->ceremony));
}

void type(struct person *person, const char *text)
{
    PK_AUTO_SECRET struct pk_secret answer = {0};

    if (text)
        assert_int_equal(pk_secret_copy(pk_view_string(text), &answer), PK_OK);
    pk_local_ceremony_answered(person->ceremony, &answer);
}

static bool told_nothing(const void *data)
{
    const struct person *person = data;

    return person->read == person->said;
}

void await_line(struct person *person, const char *line)
{
    run_while(told_nothing, person);
    assert_string_equal(person->lines[person->read++], line);
}

void assert_no_line(struct person *person)
{
    settle();
    if (!told_nothing(person))
        assert_string_equal(person->lines[person->read], "");
}

static bool goes_on(const void *data)
{
    const struct person *person = data;

    return person->answers + person->failures == 0;
}

void await_failure(struct person *person, enum pk_status why)
{
    run_while(goes_on, person);
    assert_int_equal(person->answers, 0);
    assert_string_equal(pk_status_name(person->failure), pk_status_name(why));
    settle();
    assert_int_equal(person->failures, 1);
    assert_no_line(person);
}

void await_answer(struct person *person, const char *name, size_t group)
{
    run_while(goes_on, person);
    assert_int_equal(person->failures, 0);
    assert_string_equal(person->name, name);
    assert_int_equal(person->group, group);
    settle();
    assert_int_equal(person->answers, 1);
    assert_int_equal(person->failures, 0);
    assert_no_line(person);
}

void assert_under_way(const struct person *person)
{
    settle();
    assert_true(goes_on(person));
}

struct scripted_key *blinking(const char *path)
{
    struct scripted_key *key = await_request(path);

    send_checked(key, PK_OK, false);
    await_frame(key, PK_FRAME_PROCEED, NULL);
    send_bare(key, PK_FRAME_TOUCH);
    return key;
}

void both_blinking(struct person *person, struct scripted_key **ret_blue,
                   struct scripted_key **ret_red)
{
    plug_in("Blue", "Red", NULL);
    begin(person, 1);
    *ret_blue = await_request("Blue");
    *ret_red = await_request("Red");
    send_checked(*ret_blue, PK_OK, false);
    send_checked(*ret_red, PK_OK, false);
    await_frame(*ret_blue, PK_FRAME_PROCEED, NULL);
    await_frame(*ret_red, PK_FRAME_PROCEED, NULL);
    send_bare(*ret_blue, PK_FRAME_TOUCH);
    send_bare(*ret_red, PK_FRAME_TOUCH);
    await_line(person, TOUCH_BOTH);
    assert_no_line(person);
}

void nothing_for(struct person *person, unsigned milliseconds)
{
    let_pass(milliseconds - STEP);
    assert_no_line(person);
    assert_under_way(person);
    let_pass(STEP);
}
