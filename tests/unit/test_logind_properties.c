/* SPDX-License-Identifier: BSD-2-Clause */
/* What logind says of sessions and users; whatever is missing or odd is no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/bus/logind_properties.h"
#include "tests/unit/logind_answers.h"

static const char *const properties[] = {"User",  "Seat", "VTNr",  "Remote", "RemoteHost",
                                         "Audit", "Type", "Class", "Active", "State"};
#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

/* body is emptied. */
static enum pk_status read_body(struct value *body, struct seat_session *ret, char **ret_host)
{
    enum pk_status status = logind_read_session(body, ret, ret_host);

    value_clear(body);
    return status;
}

static struct seat_session session_of(const struct session_answer *answer, const char *host)
{
    struct value body = session_properties(answer, NULL);
    struct seat_session session = {0};
    PK_AUTO_FREE char *found = NULL;

    assert_int_equal(read_body(&body, &session, &found), PK_OK);
    assert_string_equal(found, host);
    return session;
}

static void a_session(void **state)
{
    struct session_answer answer = desktop_answer;
    struct seat_session session = session_of(&answer, "");

    (void)state;
    assert_int_equal(session.user, 1000);
    assert_true(session.has_seat && session.active && session.foreground && session.of_person);
    assert_false(session.remote);
    assert_int_equal(session.type, SEAT_TYPE_GRAPHICAL);
    assert_int_equal(session.vt, 7);
    assert_int_equal(session.audit, 3);
    answer.seat = "";
    assert_false(session_of(&answer, "").has_seat);
    answer.active = false;
    assert_false(session_of(&answer, "").active);
    answer.state = "online";
    assert_false(session_of(&answer, "").foreground);
    answer.state = "closing";
    assert_false(session_of(&answer, "").foreground);
    answer.audit = 0;
    assert_true(session_of(&answer, "").audit == CALLER_UNSET);
}

static void its_type_and_class(void **state)
{
    static const struct {
        const char *text;
        enum seat_type type;
    } types[] = {{"tty", SEAT_TYPE_TTY},
                 {"x11", SEAT_TYPE_GRAPHICAL},
                 {"mir", SEAT_TYPE_GRAPHICAL},
                 {"wayland", SEAT_TYPE_GRAPHICAL},
                 {"unspecified", SEAT_TYPE_OTHER},
                 {"web", SEAT_TYPE_OTHER},
                 {"", SEAT_TYPE_OTHER}};
    struct session_answer answer = desktop_answer;

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        answer.type = types[i].text;
        assert_int_equal(session_of(&answer, "").type, types[i].type);
    }
    answer.class = "user-early";
    assert_true(session_of(&answer, "").of_person);
    answer.class = "";
    assert_true(session_of(&answer, "").of_person);
    answer.class = "background";
    assert_false(session_of(&answer, "").of_person);
    answer.class = "manager";
    assert_false(session_of(&answer, "").of_person);
}

/* logind calls the loopback interface local; the person may be at the other end of a tunnel. */
static void its_remote_host(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "::1", "192.0.2.1"};
    struct session_answer answer = desktop_answer;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        answer.host = hosts[i];
        assert_true(session_of(&answer, hosts[i]).remote);
    }
    answer.host = ":0";
    assert_false(session_of(&answer, "").remote);
    answer.remote = true;
    assert_true(session_of(&answer, "").remote);
    answer.host = "a\x1b[2Jb";
    assert_true(session_of(&answer, "a?[2Jb").remote);
}

static void assert_refused(struct value *body)
{
    struct seat_session session;
    char *host = NULL;

    assert_int_equal(read_body(body, &session, &host), PK_INVALID_INPUT);
    assert_null(host);
}

static void nothing_may_be_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROPERTY_COUNT; i++) {
        struct value body = session_properties(&desktop_answer, properties[i]);

        assert_refused(&body);
    }
}

static void nothing_may_be_of_another_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROPERTY_COUNT; i++) {
        struct value body = session_properties(&desktop_answer, properties[i]);

        value_dict_number(&body.items[0], properties[i], 't', 1);
        assert_refused(&body);
        body = session_properties(&desktop_answer, properties[i]);
        value_dict_text(&body.items[0], properties[i], "tty");
        if (strcmp(properties[i], "RemoteHost") != 0 && i != 6 && i != 7 && i != 9)
            assert_refused(&body);
        value_clear(&body);
        body = session_properties(&desktop_answer, properties[i]);
        add_pair(add_variant(&body.items[0], properties[i]), i == 0 ? 's' : 'u', 0, "seat0");
        assert_refused(&body);
        body = session_properties(&desktop_answer, properties[i]);
        value_add_number(value_add(add_variant(&body.items[0], properties[i]), 'r'), 'u', 1);
        assert_refused(&body);
    }
}

static void what_is_no_dictionary(void **state)
{
    struct value body = value_body();
    struct seat_session session;
    struct pk_strings objects;
    char *host = NULL;
    uid_t uid;

    (void)state;
    assert_int_equal(logind_read_session(NULL, &session, &host), PK_INVALID_INPUT);
    assert_int_equal(logind_read_user(NULL, &uid, &objects), PK_INVALID_INPUT);
    assert_refused(&body);
    value_add_text(&body, 's', "x");
    assert_refused(&body);
    value_add_number(value_add_array(&body, "u"), 'u', 1);
    assert_refused(&body);
    body = session_properties(&desktop_answer, NULL);
    value_add_text(&body, 's', "x");
    assert_refused(&body);
}

/* body is emptied. */
static enum pk_status read_user(struct value *body, uid_t *ret_uid, struct pk_strings *ret)
{
    enum pk_status status = logind_read_user(body, ret_uid, ret);

    value_clear(body);
    return status;
}

static void a_user(void **state)
{
    struct value body = user_properties(1000, 2);
    struct pk_strings objects = {0};
    uid_t uid = 0;

    (void)state;
    assert_int_equal(read_user(&body, &uid, &objects), PK_OK);
    assert_int_equal(uid, 1000);
    assert_int_equal(objects.count, 2);
    assert_string_equal(objects.items[0], SESSION_1);
    assert_string_equal(objects.items[1], SESSION_2);
    pk_strings_clear(&objects);
    body = user_properties(1000, 0);
    assert_int_equal(read_user(&body, &uid, &objects), PK_OK);
    assert_int_equal(objects.count, 0);
    pk_strings_clear(&objects);
    body = user_properties(1000, LOGIND_SESSIONS_MAX);
    assert_int_equal(read_user(&body, &uid, &objects), PK_OK);
    pk_strings_clear(&objects);
    body = user_properties(1000, LOGIND_SESSIONS_MAX + 1);
    assert_int_equal(read_user(&body, &uid, &objects), PK_LIMIT_EXCEEDED);
}

static void a_user_that_is_odd(void **state)
{
    struct pk_strings objects;
    struct value body = value_body();
    struct value *dict = value_add_array(&body, "{sv}");
    uid_t uid;

    (void)state;
    value_dict_number(dict, "UID", 'u', 1000);
    assert_int_equal(read_user(&body, &uid, &objects), PK_INVALID_INPUT);
    body = value_body();
    dict = value_add_array(&body, "{sv}");
    value_dict_number(dict, "UID", 'u', 1000);
    value_add_text(value_add_array(add_variant(dict, "Sessions"), "s"), 's', "1");
    assert_int_equal(read_user(&body, &uid, &objects), PK_INVALID_INPUT);
    body = value_body();
    dict = value_add_array(&body, "{sv}");
    (void)value_add_array(add_variant(dict, "Sessions"), "(so)");
    assert_int_equal(read_user(&body, &uid, &objects), PK_INVALID_INPUT);
    body = value_body();
    dict = value_add_array(&body, "{sv}");
    value_dict_text(dict, "UID", "1000");
    (void)value_add_array(add_variant(dict, "Sessions"), "(so)");
    assert_int_equal(read_user(&body, &uid, &objects), PK_INVALID_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session),
        cmocka_unit_test(its_type_and_class),
        cmocka_unit_test(its_remote_host),
        cmocka_unit_test(nothing_may_be_missing),
        cmocka_unit_test(nothing_may_be_of_another_type),
        cmocka_unit_test(what_is_no_dictionary),
        cmocka_unit_test(a_user),
        cmocka_unit_test(a_user_that_is_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
