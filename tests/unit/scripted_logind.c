/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_logind.h"

#include "daemon/bus/logind.h"
#include "daemon/bus/logind_properties.h"
#include "tests/unit/fake_bus.h"

#ifdef HAVE_SD_LOGIN
#include "tests/unit/fake_sd_login.h"
#endif

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PID 4711 /* of fake_call() */

int64_t clock_ms = 1000000;

/* In place of libc's. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){clock_ms / 1000, clock_ms % 1000 * 1000000};
    return 0;
}

struct config config = {.conversations_per_user = PER_USER};
static int bus;
struct daemon passkeyd = {.config = &config, .bus = (struct bus *)&bus};
struct caller caller;

struct handed handed;

static void handler(struct daemon *daemon, struct call *call)
{
    assert_ptr_equal(daemon, &passkeyd);
    handed.count++;
    (void)snprintf(handed.rhost, sizeof(handed.rhost), "%s",
                   value_find_text(fake_options(call), "rhost", "(none)"));
    call_drop(call);
}

int scripted_logind_set_up(void **state)
{
    (void)state;
    memset(&handed, 0, sizeof(handed));
    caller = (struct caller){.login_uid = CALLER_UNSET, .audit_session = CALLER_UNSET};
    passkeyd.bus = (struct bus *)&bus;
    config.without_logind = WITHOUT_LOGIND_CONSOLE;
    fake_bus_reset();
    return 0;
}

int scripted_logind_tear_down(void **state)
{
    (void)state;
    logind_vanished(NULL);
    fake_bus_reset();
    return fake_request(0) ? -1 : 0;
}

void find_of(struct call *call)
{
    logind_find_rhost(&passkeyd, call, handler);
}

void find(uid_t uid, const char *sender, const char *rhost)
{
    struct call *call = fake_call(uid, sender, "");

    if (rhost)
        value_dict_text(fake_options(call), "rhost", rhost);
    call->caller = caller;
    find_of(call);
}

struct logind local(void)
{
    struct session_answer other = desktop_answer;

    other.audit = 5;
    return (struct logind){.session = {'o', SESSION_1},
                           .of_peer = {'o', SESSION_2},
                           .user = {'o', USER},
                           .properties = {'P', NULL},
                           .user_properties = {'P', NULL},
                           .names = {'P', "org.example"},
                           .session_count = 1,
                           .user_uid = ALICE,
                           .sessions = {desktop_answer, other}};
}

static struct value objects(const struct answer *answer)
{
    struct value body = value_body();

    if (answer->type == '2')
        value_add_text(&body, 'o', answer->text);
    if (answer->type != '-')
        value_add_text(&body, answer->type == 'O' ? 's' : 'o', answer->text);
    return body;
}

/* Of the bus itself: the names of services that it could start. */
static void answer_names(struct bus_request *request, const struct logind *logind)
{
    struct value body = value_body();

    assert_string_equal(request->member, "ListActivatableNames");
    if (logind->names.type == 'P')
        value_add_text(value_add_array(&body, "s"), 's', logind->names.text);
    fake_answer(request, &body, logind->names.type == 'E' ? logind->names.text : NULL);
}

static void answer_properties(struct bus_request *request, const struct logind *logind)
{
    const char *interface = request->arguments.items[0].text;
    bool user = strcmp(request->path, USER) == 0;
    const struct answer *answer = user ? &logind->user_properties : &logind->properties;
    struct value body = value_body();

    assert_string_equal(request->member, "GetAll");
    assert_string_equal(interface, user ? NAME ".User" : NAME ".Session");
    if (answer->type == 'P')
        body = user ? user_properties(logind->user_uid, logind->session_count)
                    : session_properties(&logind->sessions[strcmp(request->path, SESSION_2) == 0],
                                         NULL);
    fake_answer(request, &body, answer->type == 'E' ? answer->text : NULL);
}

static void answer_manager(struct bus_request *request, const struct logind *logind)
{
    const struct answer *answer = &logind->user;
    uint64_t pid = request->arguments.items[0].number;
    struct value body;

    assert_string_equal(request->interface, NAME ".Manager");
    assert_int_equal(request->arguments.items[0].type, 'u');
    if (strcmp(request->member, "GetSessionByPID") == 0)
        answer = pid == PEER ? &logind->of_peer : &logind->session;
    else
        assert_string_equal(request->member, "GetUserByPID");
    assert_true(pid == PID || pid == PEER);
    body = objects(answer);
    fake_answer(request, &body, answer->type == 'E' ? answer->text : NULL);
}

void answer_all(const struct logind *logind)
{
    struct bus_request *request;

    while ((request = fake_request(0))) {
        assert_true(request->no_start);
        if (strcmp(request->destination, "org.freedesktop.DBus") == 0) {
            answer_names(request, logind);
            continue;
        }
        assert_string_equal(request->destination, NAME);
        if (strcmp(request->path, "/org/freedesktop/login1") == 0)
            answer_manager(request, logind);
        else
            answer_properties(request, logind);
    }
}

const struct answer outside = {'E', NAME ".NoSessionForPID"};

#ifdef HAVE_SD_LOGIN

static bool is_error(const struct answer *answer, const char *name)
{
    return answer->type == 'E' && strcmp(answer->text, name) == 0;
}

/* Whether files can say the same; what is odd on the bus is not in them. */
static bool has_files(const struct logind *logind)
{
    return (logind->session.type == 'o' || is_error(&logind->session, outside.text)) &&
           (logind->of_peer.type == 'o' || is_error(&logind->of_peer, outside.text)) &&
           (logind->user.type == 'o' || is_error(&logind->user, NAME ".NoUserForPID")) &&
           logind->properties.type == 'P' && logind->user_properties.type == 'P';
}

static struct fake_process process_of(const struct logind *logind, pid_t pid,
                                      const struct answer *session)
{
    int index = session->text && strcmp(session->text, SESSION_2) == 0;

    return (struct fake_process){.pid = pid,
                                 .session = session->type == 'o' ? index : -1,
                                 .has_user = logind->user.type == 'o',
                                 .user = ALICE};
}

void write_files(const struct logind *logind)
{
    fake_login = (struct fake_login){.processes = {process_of(logind, PID, &logind->session),
                                                   process_of(logind, PEER, &logind->of_peer)},
                                     .sessions = {&logind->sessions[0], &logind->sessions[1]},
                                     .has_user = true,
                                     .user = logind->user_uid,
                                     .session_count = logind->session_count};
    fake_bus_service = BUS_SERVICE_RUNS;
}

/* The same call where the files say what logind has just said, without asking; or asking it. */
static void assert_same_of_files(const struct logind *logind, uid_t uid, const char *rhost)
{
    char expected[sizeof(handed.rhost)];

    memcpy(expected, handed.rhost, sizeof(expected));
    write_files(logind);
    find(uid, ":1.7", rhost);
    if (logind->session_count <= LOGIND_SESSIONS_MAX && logind->sessions[0].uid == logind->user_uid)
        assert_null(fake_request(0));
    answer_all(logind);
    assert_string_equal(handed.rhost, expected);
    fake_login_reset();
    fake_bus_service = BUS_SERVICE_STOPPED;
}

#else

static bool has_files(const struct logind *logind)
{
    (void)logind;
    return false;
}

static void assert_same_of_files(const struct logind *logind, uid_t uid, const char *rhost)
{
    (void)logind, (void)uid, (void)rhost;
}

#endif

const char *found(const struct logind *logind, uid_t uid, const char *rhost)
{
    unsigned before = handed.count;

    find(uid, ":1.7", rhost);
    answer_all(logind);
    assert_int_equal(handed.count, before + 1);
    if (passkeyd.bus && has_files(logind))
        assert_same_of_files(logind, uid, rhost);
    return handed.rhost;
}
