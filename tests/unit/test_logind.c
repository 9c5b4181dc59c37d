/* SPDX-License-Identifier: BSD-2-Clause */
/* A logind that answers as each test says, and a clock that goes on when the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/logind.h"
#include "daemon/config/config.h"
#include "tests/unit/fake_bus.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ALICE    1000
#define NAME     "org.freedesktop.login1"
#define SESSION  "/org/freedesktop/login1/session/_31"
#define USER     "/org/freedesktop/login1/user/_1000"
#define PER_USER 3

static int64_t clock_ms = 1000000;

/* In place of libc's. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){clock_ms / 1000, clock_ms % 1000 * 1000000};
    return 0;
}

static struct config config = {.conversations_per_user = PER_USER};
static struct daemon passkeyd = {.config = &config};

static struct {
    unsigned count;
    char rhost[512];
} handed;

static void handler(struct daemon *daemon, struct call *call)
{
    assert_ptr_equal(daemon, &passkeyd);
    handed.count++;
    (void)snprintf(handed.rhost, sizeof(handed.rhost), "%s",
                   value_find_text(fake_options(call), "rhost", "(none)"));
    call_drop(call);
}

static int set_up(void **state)
{
    (void)state;
    memset(&handed, 0, sizeof(handed));
    fake_bus_reset();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    logind_vanished(NULL);
    return fake_request(0) ? -1 : 0;
}

/* rhost NULL: the caller does not give any. */
static void find(uid_t uid, const char *sender, const char *rhost)
{
    struct call *call = fake_call(uid, sender, "");

    if (rhost)
        value_dict_text(fake_options(call), "rhost", rhost);
    logind_find_rhost(&passkeyd, call, handler);
}

/*
 * What logind says to one question. type: o an object, b and s a property; E an error; the rest is
 * what no logind says: O text in place of an object, 2 two objects, B and S without a variant, u a
 * number, - nothing.
 */
struct answer {
    char type;
    const char *text;
    bool yes;
};

/* All answers of one logind. Display is (so): id and object. */
struct logind {
    struct answer session, user, display, remote, host;
};

static const struct logind local = {.session = {'o', SESSION, 0},
                                    .user = {'o', USER, 0},
                                    .display = {'D', SESSION, 0},
                                    .remote = {'b', NULL, false},
                                    .host = {'s', "", 0}};

static void fill(struct value *body, const struct answer *answer)
{
    struct value *inner;

    switch (answer->type) {
    case '2':
        value_add_text(body, 'o', answer->text);
        value_add_text(body, 'o', answer->text);
        break;
    case 'o':
    case 'O':
        value_add_text(body, answer->type == 'o' ? 'o' : 's', answer->text);
        break;
    case 'B':
        value_add_number(body, 'b', answer->yes);
        break;
    case 'S':
        value_add_text(body, 's', answer->text);
        break;
    case 'b':
    case 'u':
        value_add_number(value_add(body, 'v'), answer->type, answer->yes);
        break;
    case 's':
        value_add_text(value_add(body, 'v'), 's', answer->text);
        break;
    case 'D': /* a session, or none */
        inner = value_add(value_add(body, 'v'), 'r');
        value_add_text(inner, 's', answer->text[1] ? "1" : "");
        value_add_text(inner, 'o', answer->text);
        break;
    case 'd': /* the object's path as text */
        inner = value_add(value_add(body, 'v'), 'r');
        value_add_text(inner, 's', "1");
        value_add_text(inner, 's', answer->text);
        break;
    case '1': /* without an object */
        value_add_text(value_add(value_add(body, 'v'), 'r'), 's', "");
        break;
    default:
        break;
    }
}

/* The answer to the oldest question, which must be a proper one. */
static const struct answer *answer_to(const struct bus_request *request,
                                      const struct logind *logind)
{
    bool manager = strcmp(request->path, "/org/freedesktop/login1") == 0;
    const char *name = request->member;

    assert_string_equal(request->destination, NAME);
    assert_true(request->no_start);
    if (manager) {
        assert_string_equal(request->interface, NAME ".Manager");
        assert_int_equal(request->arguments.items[0].type, 'u');
        assert_int_equal(request->arguments.items[0].number, 4711);
        return strcmp(name, "GetSessionByPID") == 0 ? &logind->session : &logind->user;
    }
    assert_string_equal(name, "Get");
    name = request->arguments.items[1].text;
    if (strcmp(name, "Display") == 0) {
        assert_string_equal(request->path, USER);
        assert_string_equal(request->arguments.items[0].text, NAME ".User");
        return &logind->display;
    }
    assert_string_equal(request->path, SESSION);
    assert_string_equal(request->arguments.items[0].text, NAME ".Session");
    return strcmp(name, "Remote") == 0 ? &logind->remote : &logind->host;
}

static void answer_all(const struct logind *logind)
{
    struct bus_request *request;

    while ((request = fake_request(0))) {
        const struct answer *answer = answer_to(request, logind);
        struct value body = value_body();

        if (answer->type == 'E') {
            fake_answer(request, NULL, answer->text);
            continue;
        }
        fill(&body, answer);
        fake_answer(request, &body, NULL);
    }
}

/* The rhost of a call by that uid with that rhost, where that logind is. */
static const char *found(const struct logind *logind, uid_t uid, const char *rhost)
{
    unsigned before = handed.count;

    find(uid, ":1.7", rhost);
    answer_all(logind);
    assert_int_equal(handed.count, before + 1);
    return handed.rhost;
}

static void a_local_session_is_local(void **state)
{
    (void)state;
    assert_string_equal(found(&local, ALICE, NULL), "");
    assert_string_equal(found(&local, ALICE, ""), "");
    assert_string_equal(found(&local, 0, NULL), "");
}

static void a_remote_session_has_its_host(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.remote.yes = true;
    logind.host.text = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, NULL), "192.0.2.1");
    assert_string_equal(found(&logind, ALICE, ""), "192.0.2.1");
    assert_string_equal(found(&logind, 0, NULL), "192.0.2.1");
    logind.host.text = "a\x1b[2Jb";
    assert_string_equal(found(&logind, ALICE, NULL), "a?[2Jb");
}

/* logind calls the loopback interface local; the person may be at the other end of a tunnel. */
static void a_host_is_remote_whatever_logind_calls_it(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.host.text = "127.0.0.1";
    assert_string_equal(found(&logind, ALICE, NULL), "127.0.0.1");
    logind.host.text = "localhost";
    assert_string_equal(found(&logind, ALICE, NULL), "localhost");
    logind.host.text = "::1";
    assert_string_equal(found(&logind, ALICE, NULL), "::1");
    logind.host.text = ":0";
    assert_string_equal(found(&logind, ALICE, NULL), "");
}

static void remote_is_remote_without_a_host(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.remote.yes = true;
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    logind.host.text = ":0";
    assert_string_equal(found(&logind, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
}

/* Nobody but root's programs is believed to sit at a display; everybody that they are remote. */
static void what_the_caller_says(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.remote.yes = true;
    logind.host.text = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, "198.51.100.9"), "198.51.100.9");
    assert_string_equal(found(&logind, 0, "198.51.100.9"), "198.51.100.9");
    assert_string_equal(found(&logind, 0, ":0"), ":0");
    assert_string_equal(found(&logind, ALICE, ":0"), "192.0.2.1");
    assert_string_equal(found(&local, ALICE, ":0"), "");
    /* What is believed is not asked. */
    find(ALICE, ":1.7", "198.51.100.9");
    assert_null(fake_request(0));
    find(ALICE, ":1.7", ":0");
    assert_non_null(fake_request(0));
}

static void without_a_logind_all_is_local(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.session = (struct answer){'E', "org.freedesktop.DBus.Error.NameHasNoOwner", 0};
    assert_string_equal(found(&logind, ALICE, NULL), "");
    logind.session = (struct answer){'E', "org.freedesktop.DBus.Error.ServiceUnknown", 0};
    assert_string_equal(found(&logind, ALICE, NULL), "");
}

static const struct answer outside = {'E', NAME ".NoSessionForPID", 0};

/* A terminal that the user's service manager started belongs to the user's main session. */
static void the_managers_children_are_where_the_user_is(void **state)
{
    struct logind logind = local;

    (void)state;
    logind.session = outside;
    assert_string_equal(found(&logind, ALICE, NULL), "");
    logind.remote.yes = true;
    logind.host.text = "192.0.2.1";
    assert_string_equal(found(&logind, ALICE, NULL), "192.0.2.1");
    logind.display.text = "/";
    assert_string_equal(found(&logind, ALICE, NULL), "");
    logind.user = (struct answer){'E', NAME ".NoUserForPID", 0};
    assert_string_equal(found(&logind, ALICE, NULL), "");
}

#define DENIED "org.freedesktop.DBus.Error.AccessDenied"

static void what_logind_does_not_tell_is_remote(void **state)
{
    static const struct answer odd_objects[] = {{'E', DENIED, 0},
                                                {'E', "org.freedesktop.DBus.Error.NoReply", 0},
                                                {'O', SESSION, 0},
                                                {'2', SESSION, 0},
                                                {'-', NULL, 0}};
    static const struct answer odd_displays[] = {
        {'E', DENIED, 0}, {'s', "1", 0}, {'d', SESSION, 0}, {'1', NULL, 0}, {'-', NULL, 0}};
    static const struct answer odd_remotes[] = {
        {'E', DENIED, 0}, {'s', "no", 0}, {'u', NULL, 0}, {'B', NULL, 0}, {'-', NULL, 0}};
    static const struct answer odd_hosts[] = {
        {'E', DENIED, 0}, {'b', NULL, 0}, {'u', NULL, 0}, {'S', "", 0}, {'-', NULL, 0}};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct logind session = local, user = local, display = local, remote = local, host = local;

        session.session = odd_objects[i];
        assert_string_equal(found(&session, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        user.session = display.session = outside;
        user.user = odd_objects[i];
        assert_string_equal(found(&user, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        display.display = odd_displays[i];
        assert_string_equal(found(&display, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        remote.remote = odd_remotes[i];
        assert_string_equal(found(&remote, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
        host.host = odd_hosts[i];
        assert_string_equal(found(&host, ALICE, NULL), LOGIND_RHOST_UNKNOWN);
    }
}

static void an_unknown_process_is_remote(void **state)
{
    struct call *call = fake_call(ALICE, ":1.7", "");

    (void)state;
    call->pid = 0;
    logind_find_rhost(&passkeyd, call, handler);
    assert_null(fake_request(0));
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

static void a_bus_that_cannot_be_asked_is_remote(void **state)
{
    (void)state;
    fake_bus_fails = true;
    find(ALICE, ":1.7", NULL);
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

/* The time is for all questions together. */
static void time_is_short(void **state)
{
    struct value session = value_body();

    (void)state;
    find(ALICE, ":1.7", NULL);
    assert_int_equal(fake_request(0)->timeout_ms, 2000);
    clock_ms += 1500;
    value_add_text(&session, 'o', SESSION);
    fake_answer(fake_request(0), &session, NULL);
    assert_int_equal(fake_request(0)->timeout_ms, 500);
    clock_ms += 500;
    session = value_body();
    value_add_number(value_add(&session, 'v'), 'b', 0);
    fake_answer(fake_request(0), &session, NULL);
    assert_null(fake_request(0));
    assert_string_equal(handed.rhost, LOGIND_RHOST_UNKNOWN);
}

static void assert_limit_at(unsigned errors)
{
    assert_int_equal(fake_end.errors, errors);
    if (errors)
        assert_string_equal(fake_end.error, PK_BUS_ERROR_LIMIT_EXCEEDED);
}

static void questions_are_limited_per_user(void **state)
{
    (void)state;
    for (int i = 0; i < PER_USER; i++)
        find(ALICE, ":1.7", NULL);
    assert_limit_at(0);
    find(ALICE, ":1.8", NULL);
    assert_limit_at(1);
    find(ALICE + 1, ":1.9", NULL);
    assert_limit_at(1);
    /* A caller that says to be remote is believed without a question. */
    find(ALICE, ":1.8", "192.0.2.1");
    assert_limit_at(1);
    answer_all(&local);
    find(ALICE, ":1.8", NULL);
    assert_limit_at(1);
}

static void questions_are_limited_in_total(void **state)
{
    (void)state;
    /* Root has more than others, but not all. */
    for (int i = 0; i < 256 - 64; i++)
        find(0, ":1.7", NULL);
    assert_limit_at(0);
    find(0, ":1.7", NULL);
    assert_limit_at(1);
    for (uid_t i = 0; i < 64; i++)
        find(ALICE + i, ":1.8", NULL);
    assert_limit_at(1);
    find(ALICE + 64, ":1.8", NULL);
    assert_limit_at(2);
}

static void questions_of_who_has_left_are_dropped(void **state)
{
    (void)state;
    find(ALICE, ":1.7", NULL);
    find(ALICE + 1, ":1.8", NULL);
    logind_vanished(":1.7");
    assert_non_null(fake_request(0));
    assert_null(fake_request(1));
    answer_all(&local);
    assert_int_equal(handed.count, 1);
    find(ALICE, ":1.7", NULL);
    find(ALICE + 1, ":1.8", NULL);
    logind_vanished(NULL);
    assert_null(fake_request(0));
    assert_int_equal(handed.count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_local_session_is_local),
        TEST(a_remote_session_has_its_host),
        TEST(a_host_is_remote_whatever_logind_calls_it),
        TEST(remote_is_remote_without_a_host),
        TEST(what_the_caller_says),
        TEST(without_a_logind_all_is_local),
        TEST(the_managers_children_are_where_the_user_is),
        TEST(what_logind_does_not_tell_is_remote),
        TEST(an_unknown_process_is_remote),
        TEST(a_bus_that_cannot_be_asked_is_remote),
        TEST(time_is_short),
        TEST(questions_are_limited_per_user),
        TEST(questions_are_limited_in_total),
        TEST(questions_of_who_has_left_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
