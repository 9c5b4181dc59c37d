/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may call Gateway1: the account of [gateway] user, by the uid that it has now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/bus/names.h"
#include "daemon/bus/budget.h"
#include "daemon/bus/gateway_user.h"
#include "daemon/config/config.h"
#include "daemon/jobs/jobs.h"
#include "tests/unit/fake_bus.h"

#include <errno.h>
#include <event2/event.h>
#include <pwd.h>
#include <string.h>

#define ALICE 1000
#define WEB   990

static struct config config = {.gateway_user = (char[]){"web"}};
static struct daemon passkeyd = {.config = &config};
static uid_t web_uid; /* of the account; (uid_t)-1: there is none */
static int name_service;
static unsigned asked, permitted, denied;

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t len,
               struct passwd **result)
{
    static char web[] = "web", nothing[] = "";

    (void)buffer, (void)len;
    asked++;
    *result = NULL;
    if (name_service)
        return name_service;
    if (strcmp(name, web) != 0 || web_uid == (uid_t)-1)
        return 0;
    *entry = (struct passwd){.pw_name = web, .pw_uid = web_uid, .pw_gecos = nothing};
    *result = entry;
    return 0;
}

static void on_permitted(struct daemon *daemon, struct call *call)
{
    assert_ptr_equal(daemon, &passkeyd);
    assert_true(call->gateway);
    assert_int_equal(call_owner(call, false), JOB_GATEWAY);
    permitted++;
    call_drop(call);
}

static void on_denied(struct daemon *daemon, struct call *call)
{
    assert_ptr_equal(daemon, &passkeyd);
    assert_false(call->gateway);
    denied++;
    call_drop(call);
}

static int set_up(void **state)
{
    (void)state;
    asked = permitted = denied = 0;
    web_uid = WEB;
    name_service = 0;
    fake_bus_reset();
    passkeyd.base = event_base_new();
    passkeyd.jobs = jobs_new(passkeyd.base);
    passkeyd.budget = budget_new(pk_clock_monotonic_ms);
    passkeyd.gateway_user = gateway_user_new();
    return passkeyd.jobs && passkeyd.budget && passkeyd.gateway_user ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    assert_true(jobs_free(passkeyd.jobs, 60));
    event_base_free(passkeyd.base);
    budget_free(passkeyd.budget);
    gateway_user_free(passkeyd.gateway_user);
    return 0;
}

static void settle(void)
{
    while (jobs_count(passkeyd.jobs) > 0)
        (void)event_base_loop(passkeyd.base, EVLOOP_ONCE);
}

static void check(uid_t uid)
{
    gateway_user_check(&passkeyd, fake_call(uid, ":1.7", "portal"), on_permitted, on_denied);
}

static void the_account_alone_is_permitted(void **state)
{
    static const uid_t others[] = {0, ALICE, (uid_t)-1};

    (void)state;
    check(WEB);
    assert_int_equal(permitted + denied, 0); /* the loop does not wait for the name service */
    settle();
    assert_int_equal(permitted, 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        check(others[i]);
    settle();
    assert_int_equal(permitted, 1);
    assert_int_equal(denied, 3);
    /* It was asked for once. */
    check(WEB);
    assert_int_equal(permitted, 2);
    assert_int_equal(asked, 1);
    assert_true(budget_is_gateway(passkeyd.budget, WEB));
}

static void root_is_when_it_is_configured(void **state)
{
    (void)state;
    web_uid = 0;
    check(WEB);
    check(0);
    settle();
    assert_int_equal(permitted, 1);
    assert_int_equal(denied, 1);
}

/* Also a caller whose uid is the one that stands for none. */
static void without_an_account_nobody_is(void **state)
{
    (void)state;
    web_uid = (uid_t)-1;
    check(WEB);
    check(0);
    check((uid_t)-1);
    settle();
    assert_int_equal(denied, 3);
    assert_false(budget_is_gateway(passkeyd.budget, WEB));
    /* One that is made later is found. */
    web_uid = WEB;
    check(WEB);
    settle();
    assert_int_equal(permitted, 1);
}

static void while_the_name_service_fails_nobody_is(void **state)
{
    (void)state;
    name_service = EIO;
    check(WEB);
    settle();
    assert_int_equal(denied, 1);
    name_service = 0;
    check(WEB);
    settle();
    assert_int_equal(permitted, 1);
}

static void the_next_owner_of_the_uid_is_not(void **state)
{
    (void)state;
    check(WEB);
    settle();
    assert_int_equal(permitted, 1);
    web_uid = ALICE;
    gateway_user_forget(&passkeyd);
    assert_false(budget_is_gateway(passkeyd.budget, WEB));
    check(WEB);
    settle();
    assert_int_equal(denied, 1);
    check(ALICE);
    settle();
    assert_int_equal(permitted, 2);
}

/* What was asked before the change may be what was true before it. */
static void an_answer_from_before_a_change_is_not_kept(void **state)
{
    (void)state;
    check(WEB);
    gateway_user_forget(&passkeyd);
    settle();
    assert_int_equal(permitted, 1);
    assert_false(budget_is_gateway(passkeyd.budget, WEB));
    web_uid = ALICE;
    check(WEB);
    settle();
    assert_int_equal(denied, 1);
    assert_int_equal(asked, 2);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_account_alone_is_permitted),   TEST(root_is_when_it_is_configured),
        TEST(without_an_account_nobody_is),     TEST(while_the_name_service_fails_nobody_is),
        TEST(the_next_owner_of_the_uid_is_not), TEST(an_answer_from_before_a_change_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
