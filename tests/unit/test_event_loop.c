/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libdbus in libevent's loop: that messages come and go in both directions, that calls end when
 * nobody answers, and when whoever attached a connection is told. Time goes on by leaps alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/event_loop.h"
#include "tests/unit/scratch.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ROUNDS_MAX 20000 /* of the loop; only a defect takes as many */

/* One end of a connection: this program calls itself. */
struct end {
    DBusConnection *dbus;
    struct pk_bus_loop *loop;
    unsigned handled, dispatched, filtered, lost;
    unsigned pause; /* milliseconds, after the next dispatch() */
};

static char folder[SCRATCH_PATH_MAX];
static struct event_base *base;
static DBusServer *server;
static struct end caller, called;
static DBusMessage *answer;
static int64_t now_ms;

/* In place of libc's, for libevent as well. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){1000 + now_ms / 1000, (now_ms % 1000) * 1000000};
    return 0;
}

static void turn(void)
{
    assert_true(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

#define turn_until(condition)                                                                      \
    for (unsigned rounds = 0; !(condition); rounds++) {                                            \
        assert_true(rounds < ROUNDS_MAX);                                                          \
        turn();                                                                                    \
    }

/* What can happen now has happened: the messages are in this process's own sockets. */
static void turn_enough(void)
{
    for (unsigned rounds = 0; rounds < 100; rounds++)
        turn();
}

/* --- the two ends ----------------------------------------------------------------------------- */

static void handle(void *data, DBusWatch *watch, unsigned flags)
{
    struct end *end = data;

    end->handled++;
    assert_true(flags & (DBUS_WATCH_READABLE | DBUS_WATCH_WRITABLE));
    assert_true(dbus_watch_handle(watch, flags));
}

/* Answers every message. */
static void dispatch(void *data)
{
    struct end *end = data;
    DBusMessage *message;

    end->dispatched++;
    while ((message = dbus_connection_pop_message(end->dbus))) {
        if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL) {
            DBusMessage *reply = dbus_message_new_method_return(message);

            assert_true(reply && dbus_connection_send(end->dbus, reply, NULL));
            dbus_message_unref(reply);
        }
        dbus_message_unref(message);
    }
    if (end->pause > 0)
        pk_bus_loop_dispatch_in(end->loop, end->pause);
    end->pause = 0;
}

static void lost(void *data)
{
    struct end *end = data;

    end->lost++;
}

static DBusHandlerResult filter(DBusConnection *dbus, DBusMessage *message, void *data)
{
    struct end *end = data;

    (void)dbus, (void)message;
    end->filtered++;
    return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static const struct pk_bus_loop_ops answering = {.handle = handle, .dispatch = dispatch};
static const struct pk_bus_loop_ops calling = {.lost = lost};

static void attach(struct end *end, const struct pk_bus_loop_ops *ops)
{
    end->loop = pk_bus_loop_attach(base, end->dbus, ops, end);
    assert_non_null(end->loop);
}

static void on_connection(DBusServer *from, DBusConnection *dbus, void *data)
{
    (void)from, (void)data;
    assert_null(called.dbus);
    called.dbus = dbus_connection_ref(dbus);
    attach(&called, &answering);
}

static int set_up(void **state)
{
    DBusError error = DBUS_ERROR_INIT;
    char address[SCRATCH_PATH_MAX + 16];

    (void)state;
    caller = called = (struct end){0};
    scratch_new(folder);
    (void)snprintf(address, sizeof(address), "unix:path=%s/s", folder);
    base = event_base_new();
    assert_non_null(base);
    assert_int_equal(event_base_priority_init(base, 3), 0);
    server = dbus_server_listen(address, &error);
    assert_non_null(server);
    dbus_server_set_new_connection_function(server, on_connection, NULL, NULL);
    assert_true(pk_bus_loop_attach_server(base, server));
    caller.dbus = dbus_connection_open_private(address, &error);
    assert_non_null(caller.dbus);
    dbus_connection_set_exit_on_disconnect(caller.dbus, FALSE);
    attach(&caller, &calling);
    turn_until(called.loop && dbus_connection_get_is_authenticated(caller.dbus));
    return 0;
}

static void end_close(struct end *end)
{
    if (end->loop)
        pk_bus_loop_detach(end->loop);
    if (end->dbus) {
        dbus_connection_close(end->dbus);
        dbus_connection_unref(end->dbus);
    }
    *end = (struct end){0};
}

static int tear_down(void **state)
{
    (void)state;
    end_close(&caller);
    end_close(&called);
    dbus_server_disconnect(server);
    dbus_server_unref(server);
    if (answer)
        dbus_message_unref(answer);
    answer = NULL;
    /* No event is left behind that would use what is freed. */
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
    event_base_free(base);
    scratch_remove(folder);
    return 0;
}

static void on_reply(DBusPendingCall *pending, void *data)
{
    (void)data;
    if (answer)
        dbus_message_unref(answer);
    answer = dbus_pending_call_steal_reply(pending);
}

static void call(int milliseconds)
{
    DBusMessage *message = dbus_message_new_method_call(NULL, "/", "org.example.Test", "Test");
    DBusPendingCall *pending = NULL;

    assert_true(message &&
                dbus_connection_send_with_reply(caller.dbus, message, &pending, milliseconds));
    assert_true(dbus_pending_call_set_notify(pending, on_reply, NULL, NULL));
    dbus_pending_call_unref(pending);
    dbus_message_unref(message);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_call_is_answered(void **state)
{
    (void)state;
    call(DBUS_TIMEOUT_INFINITE);
    turn_until(answer);
    assert_int_equal(dbus_message_get_type(answer), DBUS_MESSAGE_TYPE_METHOD_RETURN);
    assert_true(called.handled > 0);
    assert_int_equal(caller.lost, 0);
}

/* More than a socket holds: what cannot be written at once is written when there is room. */
static void much_is_written_as_the_other_takes_it(void **state)
{
    static char text[1 << 22];
    const char *at = text;
    DBusMessage *message = dbus_message_new_method_call(NULL, "/", "org.example.Test", "Test");

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    assert_true(dbus_message_append_args(message, DBUS_TYPE_STRING, &at, DBUS_TYPE_INVALID));
    assert_true(dbus_connection_send(caller.dbus, message, NULL));
    dbus_message_unref(message);
    assert_true(dbus_connection_has_messages_to_send(caller.dbus));
    turn_until(!dbus_connection_has_messages_to_send(caller.dbus));
    call(DBUS_TIMEOUT_INFINITE);
    turn_until(answer);
}

static void a_call_that_nobody_answers_ends_in_its_time(void **state)
{
    (void)state;
    pk_bus_loop_detach(called.loop);
    called.loop = NULL;
    call(1500);
    turn_enough();
    now_ms += 1499;
    turn_enough();
    assert_null(answer);
    now_ms += 1;
    turn_until(answer);
    assert_string_equal(dbus_message_get_error_name(answer), DBUS_ERROR_NO_REPLY);
}

static void the_end_of_the_connection_is_told(void **state)
{
    (void)state;
    end_close(&called);
    turn_until(caller.lost > 0);
    /* dispatch() sees for itself. */
    assert_int_equal(called.lost, 0);
}

static void who_sees_for_itself_is_not_told(void **state)
{
    unsigned before = called.dispatched;

    (void)state;
    end_close(&caller);
    turn_until(called.dispatched > before);
    turn_enough();
    assert_false(dbus_connection_get_is_connected(called.dbus));
    assert_int_equal(called.lost, 0);
}

/* libdbus would try to write the answer for ever. */
static void who_takes_no_answer_any_more_is_gone(void **state)
{
    int fd;

    (void)state;
    turn_enough();
    assert_true(dbus_connection_get_socket(caller.dbus, &fd));
    assert_int_equal(shutdown(fd, SHUT_RD), 0);
    call(DBUS_TIMEOUT_INFINITE);
    dbus_connection_flush(caller.dbus);
    pk_bus_loop_detach(caller.loop);
    caller.loop = NULL;
    turn_until(!dbus_connection_get_is_connected(called.dbus));
    turn_enough();
    assert_false(dbus_connection_get_is_connected(called.dbus));
}

/* What has not been written for want of room is no sign of it. */
static void who_takes_answers_slowly_is_not(void **state)
{
    static char text[1 << 22];
    const char *at = text;
    DBusMessage *message = dbus_message_new_signal("/", "org.example.Test", "Test");

    (void)state;
    turn_enough();
    memset(text, 'x', sizeof(text) - 1);
    assert_true(dbus_message_append_args(message, DBUS_TYPE_STRING, &at, DBUS_TYPE_INVALID));
    pk_bus_loop_detach(caller.loop);
    caller.loop = NULL;
    assert_true(dbus_connection_send(called.dbus, message, NULL));
    dbus_message_unref(message);
    while (dbus_connection_has_messages_to_send(called.dbus)) {
        turn();
        assert_true(dbus_connection_get_is_connected(called.dbus));
        (void)dbus_connection_read_write(caller.dbus, 0);
    }
}

static void what_was_there_before_is_dispatched(void **state)
{
    (void)state;
    pk_bus_loop_detach(caller.loop);
    caller.loop = NULL;
    call(DBUS_TIMEOUT_INFINITE);
    while (dbus_connection_get_dispatch_status(caller.dbus) != DBUS_DISPATCH_DATA_REMAINS) {
        turn();
        (void)dbus_connection_read_write(caller.dbus, 0);
    }
    assert_true(dbus_connection_add_filter(caller.dbus, filter, &caller, NULL));
    attach(&caller, &calling);
    /* Not from within pk_bus_loop_attach(). */
    assert_null(answer);
    turn_until(answer);
    dbus_connection_remove_filter(caller.dbus, filter, &caller);
}

static void what_comes_in_a_pause_waits(void **state)
{
    unsigned handled;

    (void)state;
    turn_enough();
    called.dispatched = 0;
    called.pause = 50;
    call(DBUS_TIMEOUT_INFINITE);
    turn_until(called.dispatched > 0);
    handled = called.handled;
    call(DBUS_TIMEOUT_INFINITE);
    turn_until(called.handled > handled &&
               dbus_connection_get_dispatch_status(called.dbus) == DBUS_DISPATCH_DATA_REMAINS);
    now_ms += 49;
    turn_enough();
    assert_int_equal(called.dispatched, 1);
    now_ms += 1;
    turn_until(called.dispatched == 2);
    /* The pause is over: what comes now is dispatched. */
    call(DBUS_TIMEOUT_INFINITE);
    turn_until(called.dispatched > 2);
}

static void on_urgent(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    *(unsigned *)data = called.dispatched;
}

static void what_is_less_urgent_comes_after(void **state)
{
    static const struct timeval at_once = {0, 0};
    unsigned dispatched = 99;
    struct event *urgent = evtimer_new(base, on_urgent, &dispatched);

    (void)state;
    pk_bus_loop_set_priority(called.loop, 2);
    turn_enough();
    called.dispatched = 0;
    pk_bus_loop_dispatch_in(called.loop, 0);
    assert_int_equal(evtimer_add(urgent, &at_once), 0);
    turn_until(called.dispatched > 0);
    assert_int_equal(dispatched, 0);
    event_free(urgent);
}

static void nothing_is_called_after_detaching(void **state)
{
    struct end before;

    (void)state;
    pk_bus_loop_dispatch_in(called.loop, 0);
    pk_bus_loop_detach(called.loop);
    called.loop = NULL;
    before = called;
    call(DBUS_TIMEOUT_INFINITE);
    turn_enough();
    assert_int_equal(called.handled, before.handled);
    assert_int_equal(called.dispatched, before.dispatched);
    /* The connection is as good as it was. */
    attach(&called, &answering);
    turn_until(answer);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered),
        TEST(much_is_written_as_the_other_takes_it),
        TEST(a_call_that_nobody_answers_ends_in_its_time),
        TEST(the_end_of_the_connection_is_told),
        TEST(who_sees_for_itself_is_not_told),
        TEST(who_takes_no_answer_any_more_is_gone),
        TEST(who_takes_answers_slowly_is_not),
        TEST(what_was_there_before_is_dispatched),
        TEST(what_comes_in_a_pause_waits),
        TEST(what_is_less_urgent_comes_after),
        TEST(nothing_is_called_after_detaching),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
