/* SPDX-License-Identifier: BSD-2-Clause */
/* What a call reports of its process is believed of root alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/process.h"
#include "daemon/bus/caller.h"
#include "daemon/bus/value.h"

#include <unistd.h>

static struct value body;

static struct value *options(bool real_uid)
{
    struct value *dict;

    value_clear(&body);
    body = value_body();
    dict = value_add_array(&body, "{sv}");
    if (real_uid)
        value_dict_number(dict, "real-uid", 'u', 2002);
    value_dict_number(dict, "login-uid", 'u', 2001);
    value_dict_number(dict, "audit-session", 'u', 7);
    value_dict_number(dict, "terminal", 'u', 34818);
    return dict;
}

static void test_root(void **state)
{
    const struct caller caller = caller_read(options(true), 0);

    (void)state;
    assert_true(caller.reported);
    assert_int_equal(caller.real_uid, 2002);
    assert_int_equal(caller.login_uid, 2001);
    assert_int_equal(caller.audit_session, 7);
    assert_int_equal(caller.terminal, 34818);
}

/* The other end of the socket: whole, or not at all. */
static void test_peer(void **state)
{
    struct value *dict = options(true);
    struct caller caller;

    (void)state;
    assert_int_equal(caller_read(dict, 0).peer.pid, 0);
    value_dict_number(dict, "peer-pid", 'u', 77);
    assert_int_equal(caller_read(dict, 0).peer.pid, 0);
    value_dict_number(dict, "peer-uid", 'u', 2003);
    caller = caller_read(dict, 0);
    assert_int_equal(caller.peer.pid, 77);
    assert_int_equal(caller.peer.uid, 2003);
    assert_int_equal(caller.peer.login_uid, CALLER_UNSET);
    assert_int_equal(caller.peer.audit_session, CALLER_UNSET);
    assert_int_equal(caller.peer.terminal, 0);
    assert_false(caller.peer.reported);
    value_dict_number(dict, "peer-login-uid", 'u', 2003);
    value_dict_number(dict, "peer-audit-session", 'u', 9);
    value_dict_number(dict, "peer-terminal", 'u', 1026);
    caller = caller_read(dict, 0);
    assert_int_equal(caller.peer.login_uid, 2003);
    assert_int_equal(caller.peer.audit_session, 9);
    assert_int_equal(caller.peer.terminal, 1026);
    assert_true(caller.peer.reported);
    assert_int_equal(caller_read(dict, 2003).peer.pid, 0);
    value_find(dict, "peer-pid")->number = UINT32_MAX;
    assert_int_equal(caller_read(dict, 0).peer.pid, 0);
}

/* polkit's helper, which systemd starts for a connection of bob's: bob has that done. */
static void test_whom_it_counts_for(void **state)
{
    struct caller caller = {.real_uid = 0, .reported = true};

    (void)state;
    assert_int_equal(caller_user(&caller), 0);
    caller.peer = (struct caller_peer){.pid = 77, .uid = 2003};
    assert_int_equal(caller_user(&caller), 2003);
    caller.real_uid = 2002;
    assert_int_equal(caller_user(&caller), 2002);
}

/* A service that lets people in from other hosts: they are at the other end, and not its peer. */
static void test_peer_of_remote_sign_in(void **state)
{
    struct value *dict = options(true);

    (void)state;
    value_dict_number(dict, "peer-pid", 'u', 77);
    value_dict_number(dict, "peer-uid", 'u', 2003);
    assert_int_equal(caller_read(dict, 0).peer.pid, 77);
    value_dict_text(dict, "rhost", "192.0.2.7");
    assert_int_equal(caller_read(dict, 0).peer.pid, 0);
}

static void assert_nothing_believed(struct caller caller, uid_t uid)
{
    assert_false(caller.reported);
    assert_int_equal(caller.real_uid, uid);
    assert_int_equal(caller.login_uid, CALLER_UNSET);
    assert_int_equal(caller.audit_session, CALLER_UNSET);
    assert_int_equal(caller.terminal, 0);
}

static void test_others(void **state)
{
    (void)state;
    assert_nothing_believed(caller_read(options(true), 2001), 2001);
    assert_nothing_believed(caller_read(options(true), (uid_t)-1), (uid_t)-1);
}

/* An older module, or another program of root's. */
static void test_root_without_report(void **state)
{
    (void)state;
    assert_nothing_believed(caller_read(options(false), 0), 0);
}

/* For Status: as /proc has it, and believed of nobody who cannot be seen. */
static void test_of_a_process(void **state)
{
    const struct pk_process own = pk_process_of_this();
    struct caller caller = caller_of_process(getpid(), 2001);

    (void)state;
    assert_true(caller.reported);
    assert_int_equal(caller.real_uid, 2001);
    assert_int_equal(caller.login_uid, own.login_uid);
    assert_int_equal(caller.audit_session, own.audit_session);
    assert_int_equal(caller.terminal, own.terminal);
    caller = caller_of_process(getpid(), 0);
    assert_int_equal(caller.real_uid, own.login_uid == CALLER_UNSET ? 0 : own.login_uid);
    assert_nothing_believed(caller_of_process(INT32_MAX, 2001), 2001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_peer),
        cmocka_unit_test(test_whom_it_counts_for),
        cmocka_unit_test(test_peer_of_remote_sign_in),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_root_without_report),
        cmocka_unit_test(test_of_a_process),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    value_clear(&body);
    return failed;
}
