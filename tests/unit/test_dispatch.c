/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row of the table says is enforced before its handler runs; the rows here are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/names.h"
#include "daemon/bus/gateway_user.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/polkit.h"
#include "daemon/bus/request.h"
#include "daemon/config/config.h"
#include "tests/unit/fake_bus.h"

#include <errno.h>
#include <event2/event.h>
#include <pwd.h>
#include <string.h>

#define ALICE 1000
#define BOB   1001

static bool name_service_fails;

/* The name service: alice and bob. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    static char alice[] = "alice", bob[] = "bob", nothing[] = "";
    bool is_alice = strcmp(name, alice) == 0;

    (void)buffer, (void)len;
    *result = NULL;
    if (name_service_fails)
        return EIO;
    if (!is_alice && strcmp(name, bob) != 0)
        return 0;
    *entry = (struct passwd){
        .pw_name = is_alice ? alice : bob, .pw_uid = is_alice ? ALICE : BOB, .pw_gecos = nothing};
    *result = entry;
    return 0;
}

static struct config config = {.gateway_user = (char[]){"bob"}};
static struct daemon passkeyd = {.config = &config};
static unsigned run_count;
static struct system_account handed_on; /* of the last run's subject */

static void handler(struct daemon *daemon, struct call *call)
{
    const struct subject_request request = methods_subject(call);

    assert_ptr_equal(daemon, &passkeyd);
    assert_int_equal(request.caller, call->uid);
    assert_string_equal(request.name, call->arguments.items[0].text);
    system_account_clear(&handed_on);
    if (request.found)
        assert_int_equal(system_account_copy(request.found, &handed_on), PK_OK);
    run_count++;
    call_drop(call);
}

static void get_version(struct daemon *daemon, struct value *parent)
{
    (void)daemon;
    value_add_text(parent, 's', "0");
}

/* Refuses what is asked for in the name of bob. */
static void check(struct daemon *daemon, struct call *call)
{
    if (strcmp(call->arguments.items[0].text, "bob") == 0)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "not bob");
    else
        methods_authorize(daemon, call);
}

#define CHECKED_ROW(name, privilege, action, flags, check)                                         \
    {                                                                                              \
        PK_BUS_MANAGER, name, "sa{sv}", "user,options", "", "", handler, privilege, action, flags, \
            check                                                                                  \
    }
#define ROW(name, privilege, action, flags) CHECKED_ROW(name, privilege, action, flags, NULL)

/* In place of method_table.c. */
const struct method methods[] = {
    ROW("Nothing", PRIVILEGE_NONE, NULL, 0),
    ROW("Anyone", PRIVILEGE_ANYONE, NULL, 0),
    ROW("Self", PRIVILEGE_SELF, NULL, 0),
    ROW("Root", PRIVILEGE_ROOT, NULL, 0),
    ROW("Owner", PRIVILEGE_OWNER, NULL, 0),
    ROW("Gateway", PRIVILEGE_GATEWAY, NULL, 0),
    ROW("Guarded", PRIVILEGE_SELF, POLKIT_MANAGE, 0),
    ROW("Ticket", PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET),
    CHECKED_ROW("Checked", PRIVILEGE_SELF, POLKIT_MANAGE, METHOD_TICKET, check),
    ROW("Next", PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION),
};
const size_t method_count = sizeof(methods) / sizeof(methods[0]);
const struct property properties[] = {{PK_BUS_MANAGER, "Version", "s", get_version}};
const size_t property_count = 1;

static int set_up(void **state)
{
    (void)state;
    run_count = 0;
    name_service_fails = false;
    fake_bus_reset();
    passkeyd.base = event_base_new();
    passkeyd.jobs = jobs_new(passkeyd.base);
    passkeyd.gateway_user = gateway_user_new();
    assert_non_null(passkeyd.jobs);
    assert_non_null(passkeyd.gateway_user);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_true(jobs_free(passkeyd.jobs, 60));
    event_base_free(passkeyd.base);
    gateway_user_free(passkeyd.gateway_user);
    polkit_vanished(NULL);
    system_account_clear(&handed_on);
    return 0;
}

/* Until the name service has been asked, too. */
static void dispatch(struct call *call)
{
    methods_dispatch(&passkeyd, call);
    while (jobs_count(passkeyd.jobs) > 0)
        (void)event_base_loop(passkeyd.base, EVLOOP_ONCE);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = strdup(with);
}

static struct call *call_of(uid_t uid, const char *member, const char *user)
{
    struct call *call = fake_call(uid, ":1.7", user);

    replace(&call->member, member);
    return call;
}

static void assert_error(const char *error)
{
    assert_int_equal(run_count, 0);
    assert_int_equal(fake_end.errors, 1);
    assert_string_equal(fake_end.error, error);
    fake_bus_reset();
}

static void assert_ran(void)
{
    assert_int_equal(run_count, 1);
    assert_int_equal(fake_end.errors, 0);
    run_count = 0;
}

static void privileges_are_enforced(void **state)
{
    static const struct {
        const char *member, *user;
        uid_t uid;
        bool runs;
    } cases[] = {
        {"Nothing", "alice", ALICE, false}, {"Nothing", "", 0, false},
        {"Anyone", "bob", ALICE, true},     {"Anyone", "nobody", 4711, true},
        {"Self", "alice", ALICE, true},     {"Self", "", ALICE, true},
        {"Self", "bob", ALICE, false},      {"Self", "alice", BOB, false},
        {"Self", "bob", 0, true},           {"Self", "mallory", 0, true},
        {"Self", "mallory", ALICE, false},  {"Self", "root", ALICE, false},
        {"Root", "alice", ALICE, false},    {"Root", "", ALICE, false},
        {"Root", "alice", 0, true},         {"Owner", "bob", ALICE, true},
        {"Guarded", "bob", ALICE, false},   {"Ticket", "bob", ALICE, false},
        {"Gateway", "bob", BOB, true},      {"Gateway", "alice", ALICE, false},
        {"Gateway", "", ALICE, false},      {"Gateway", "bob", 0, false},
        {"Gateway", "", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dispatch(call_of(cases[i].uid, cases[i].member, cases[i].user));
        if (run_count != cases[i].runs)
            fail_msg("%s of \"%s\" by %u", cases[i].member, cases[i].user, (unsigned)cases[i].uid);
        if (cases[i].runs)
            assert_ran();
        else
            assert_error(PK_BUS_ERROR_ACCESS_DENIED);
        assert_null(fake_request(0));
    }
}

static void while_nobody_can_be_looked_up_nobody_is_anybody(void **state)
{
    (void)state;
    name_service_fails = true;
    dispatch(call_of(ALICE, "Self", "alice"));
    assert_error(PK_BUS_ERROR_ACCESS_DENIED);
    dispatch(call_of(0, "Self", "alice"));
    assert_ran();
}

/* The call is dropped once the worker has returned, whatever it finds. */
static void a_caller_that_leaves_meanwhile_is_not_answered(void **state)
{
    (void)state;
    methods_dispatch(&passkeyd, call_of(ALICE, "Self", "alice"));
    requests_vanished(":1.8");
    requests_vanished(":1.7");
    while (jobs_count(passkeyd.jobs) > 0)
        (void)event_base_loop(passkeyd.base, EVLOOP_ONCE);
    assert_int_equal(run_count + fake_end.errors + fake_end.replies, 0);
}

static void the_account_that_was_looked_up_is_handed_on(void **state)
{
    (void)state;
    dispatch(call_of(ALICE, "Self", "alice"));
    assert_ran();
    assert_string_equal(handed_on.name, "alice");
    assert_int_equal(handed_on.uid, ALICE);
    dispatch(call_of(ALICE, "Self", ""));
    assert_ran();
    assert_null(handed_on.name);
    dispatch(call_of(0, "Self", "alice"));
    assert_ran();
    assert_null(handed_on.name);
}

static void polkit_is_asked_first(void **state)
{
    struct value answer = value_body();
    struct value *result = value_add(&answer, 'r');

    (void)state;
    value_add_number(result, 'b', 1);
    value_add_number(result, 'b', 0);
    (void)value_add_array(result, "{ss}");
    dispatch(call_of(ALICE, "Guarded", "alice"));
    assert_int_equal(run_count, 0);
    assert_non_null(fake_request(0));
    assert_string_equal(fake_request(0)->arguments.items[1].text, POLKIT_MANAGE);
    fake_answer(fake_request(0), &answer, NULL);
    assert_ran();
    dispatch(call_of(ALICE, "Ticket", "alice"));
    assert_int_equal(run_count, 0);
    assert_string_equal(fake_request(0)->arguments.items[1].text, POLKIT_ENROLL);
    fake_answer(fake_request(0), NULL, "org.freedesktop.DBus.Error.NoReply");
    assert_error(PK_BUS_ERROR_NOT_AUTHORIZED);
    dispatch(call_of(0, "Guarded", "alice"));
    assert_ran();
}

/* Nobody gives a password for what is refused anyway; and what is not, polkit still decides. */
static void a_check_comes_before_polkit(void **state)
{
    struct call *call;

    (void)state;
    dispatch(call_of(BOB, "Checked", "bob"));
    assert_null(fake_request(0));
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
    dispatch(call_of(ALICE, "Checked", "alice"));
    assert_int_equal(run_count, 0);
    assert_string_equal(fake_request(0)->arguments.items[1].text, POLKIT_MANAGE);
    fake_answer(fake_request(0), NULL, "org.freedesktop.DBus.Error.NoReply");
    assert_error(PK_BUS_ERROR_NOT_AUTHORIZED);
    /* Where polkit is not asked the handler finds the same. */
    call = call_of(BOB, "Checked", "bob");
    value_dict_text(fake_options(call), "ticket", "a descriptor in truth");
    dispatch(call);
    assert_ran();
    dispatch(call_of(0, "Checked", "bob"));
    assert_ran();
}

/* Only where the handler reads tickets does one stand in for polkit. */
static void a_ticket_stands_in_where_it_is_read(void **state)
{
    struct call *call = call_of(ALICE, "Ticket", "alice");

    (void)state;
    value_dict_text(fake_options(call), "ticket", "a descriptor in truth");
    dispatch(call);
    assert_null(fake_request(0));
    assert_ran();
    call = call_of(ALICE, "Guarded", "alice");
    value_dict_text(fake_options(call), "ticket", "a descriptor in truth");
    dispatch(call);
    assert_non_null(fake_request(0));
    assert_int_equal(run_count, 0);
    /* And it makes nobody somebody else. */
    call = call_of(ALICE, "Ticket", "bob");
    value_dict_text(fake_options(call), "ticket", "a descriptor in truth");
    dispatch(call);
    assert_error(PK_BUS_ERROR_ACCESS_DENIED);
}

static void arguments_are_of_the_rows_types(void **state)
{
    static const char *const signatures[] = {"", "s", "sa{sv}s", "a{sv}s", "sa{ss}"};
    struct call *call;

    (void)state;
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        call = call_of(0, "Anyone", "alice");
        replace(&call->signature, signatures[i]);
        dispatch(call);
        assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
    }
    /* More than can be read. */
    call = call_of(0, "Anyone", "alice");
    call->arguments.failed = true;
    dispatch(call);
    assert_error(PK_BUS_ERROR_INVALID_ARGUMENTS);
}

static void methods_belong_to_their_objects(void **state)
{
    static const struct {
        const char *path, *interface, *member, *error;
    } cases[] = {
        {"/org/passkeyd", PK_BUS_MANAGER, "Anyone", NULL},
        {"/org/passkeyd", "", "Anyone", NULL},
        {PK_BUS_CONVERSATION_PREFIX "1", PK_BUS_MANAGER, "Next", NULL},
        {"/org/passkeyd", PK_BUS_MANAGER, "Next", "UnknownMethod"},
        {"/org/passkeyd", "", "Next", "UnknownMethod"},
        {PK_BUS_CONVERSATION_PREFIX "1", PK_BUS_MANAGER, "Anyone", "UnknownMethod"},
        {"/org/passkeyd", PK_BUS_MANAGER, "anyone", "UnknownMethod"},
        {"/org/passkeyd", "org.example", "Anyone", "UnknownInterface"},
        {"/org/passkey", PK_BUS_MANAGER, "Anyone", "UnknownObject"},
        {"/", "", "Anyone", "UnknownObject"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct call *call = call_of(0, cases[i].member, "alice");
        char error[64];

        replace(&call->path, cases[i].path);
        replace(&call->interface, cases[i].interface);
        dispatch(call);
        if (!cases[i].error) {
            assert_ran();
            continue;
        }
        (void)snprintf(error, sizeof(error), "org.freedesktop.DBus.Error.%s", cases[i].error);
        assert_error(error);
    }
}

/* Get, GetAll and Set of "Version"; arguments as strings. */
static void properties_can_be_read_alone(void **state)
{
    static const struct {
        const char *member, *signature, *interface, *name, *error;
    } cases[] = {
        {"Get", "ss", PK_BUS_MANAGER, "Version", NULL},
        {"GetAll", "s", PK_BUS_MANAGER, NULL, NULL},
        {"Get", "ss", PK_BUS_MANAGER, "Secret", "org.freedesktop.DBus.Error.UnknownProperty"},
        {"Get", "ss", "org.example", "Version", "org.freedesktop.DBus.Error.UnknownProperty"},
        {"Get", "s", PK_BUS_MANAGER, NULL, PK_BUS_ERROR_INVALID_ARGUMENTS},
        {"GetAll", "ss", PK_BUS_MANAGER, "Version", PK_BUS_ERROR_INVALID_ARGUMENTS},
        {"Set", "ssv", PK_BUS_MANAGER, "Version", "org.freedesktop.DBus.Error.PropertyReadOnly"},
        {"Take", "ss", PK_BUS_MANAGER, "Version", "org.freedesktop.DBus.Error.UnknownMethod"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct call *call = call_of(ALICE, cases[i].member, "");

        replace(&call->interface, "org.freedesktop.DBus.Properties");
        replace(&call->signature, cases[i].signature);
        value_clear(&call->arguments);
        call->arguments = value_body();
        value_add_text(&call->arguments, 's', cases[i].interface);
        if (cases[i].name)
            value_add_text(&call->arguments, 's', cases[i].name);
        fake_bus_reset();
        dispatch(call);
        assert_int_equal(fake_end.replies, cases[i].error ? 0 : 1);
        assert_string_equal(fake_end.error, cases[i].error ? cases[i].error : "");
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(privileges_are_enforced),
        TEST(while_nobody_can_be_looked_up_nobody_is_anybody),
        TEST(a_caller_that_leaves_meanwhile_is_not_answered),
        TEST(the_account_that_was_looked_up_is_handed_on),
        TEST(polkit_is_asked_first),
        TEST(a_check_comes_before_polkit),
        TEST(a_ticket_stands_in_where_it_is_read),
        TEST(arguments_are_of_the_rows_types),
        TEST(methods_belong_to_their_objects),
        TEST(properties_can_be_read_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
