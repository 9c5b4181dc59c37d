/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/helper.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE 20 /* seconds until the test counts as failed */

struct session {
    struct event_base *base;
    struct pk_helpers *helpers;
    struct event *children;
    char folder[64];
    unsigned frames;
    unsigned exits;
};

static void on_frame(void *data, const struct pk_frame *frame)
{
    struct session *session = data;

    assert_int_equal(frame->type, PK_FRAME_TOUCH);
    session->frames++;
}

static void on_exited(void *data)
{
    struct session *session = data;

    session->exits++;
    (void)event_base_loopbreak(session->base);
}

static void on_child(evutil_socket_t number, short what, void *data)
{
    (void)number, (void)what;
    pk_helpers_reap(((struct session *)data)->helpers);
}

static void quiet(int priority, const char *format, ...)
{
    (void)priority, (void)format;
}

static int set_up(void **state)
{
    struct session *session = calloc(1, sizeof(*session));

    session->base = event_base_new();
    session->helpers = pk_helpers_new(session->base, quiet);
    session->children = evsignal_new(session->base, SIGCHLD, on_child, session);
    (void)event_add(session->children, NULL);
    (void)strcpy(session->folder, "/tmp/passkeyd-test-XXXXXX");
    *state = session;
    return mkdtemp(session->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct session *session = *state;

    pk_helpers_free(session->helpers);
    event_free(session->children);
    event_base_free(session->base);
    (void)rmdir(session->folder);
    free(session);
    return 0;
}

static const struct pk_helper_ops ops = {on_frame, on_exited};

/* Starts the bad helper under that name and runs it to its end. */
static void run(struct session *session, const char *name, unsigned lifetime, bool cancel)
{
    const struct timeval patience = {PATIENCE, 0};
    const char *build = getenv("top_builddir");
    PK_AUTO_FREE char *program = pk_text_format("%s/tests/unit/bad_helper", build ? build : ".");
    PK_AUTO_FREE char *link = pk_text_format("%s/%s", session->folder, name);
    struct pk_helper *helper;

    assert_int_equal(symlink(program, link), 0);
    assert_int_equal(pk_helper_new(session->helpers, link, lifetime, &ops, session, &helper),
                     PK_OK);
    if (cancel)
        pk_helper_cancel(helper);
    (void)event_base_loopexit(session->base, &patience);
    (void)event_base_dispatch(session->base);
    (void)unlink(link);
    assert_int_equal(session->exits, 1);
}

static void frames_before_the_exit_are_passed_on(void **state)
{
    struct session *session = *state;

    run(session, "sends-and-exits", 0, false);
    assert_int_equal(session->frames, 3);
}

static void death_is_noticed(void **state)
{
    run(*state, "dies", 0, false);
}

static void a_flood_is_stopped(void **state)
{
    struct session *session = *state;

    run(session, "floods", 0, false);
    assert_true(session->frames <= 128);
}

static void broken_framing_is_stopped(void **state)
{
    struct session *session = *state;

    run(session, "overlong", 0, false);
    assert_int_equal(session->frames, 0);
}

static void another_version_is_stopped(void **state)
{
    run(*state, "other-version", 0, false);
}

static void silence_ends_at_the_deadline(void **state)
{
    run(*state, "mute", 1, false);
}

static void cancel_is_not_a_request(void **state)
{
    run(*state, "mute", 0, true);
}

static void a_closed_output_is_not_waited_for(void **state)
{
    run(*state, "hangs", 0, false);
}

static void a_missing_program_is_a_death(void **state)
{
    struct session *session = *state;
    struct pk_helper *helper;

    assert_int_equal(
        pk_helper_new(session->helpers, "/nonexistent/program", 0, &ops, session, &helper), PK_OK);
    (void)event_base_dispatch(session->base);
    assert_int_equal(session->exits, 1);
}

/*
 * A helper that is being started stops where it leaves what the daemon has, until the daemon has
 * closed the descriptor. It is the last one, or nothing was gained by closing it elsewhere.
 */

static int passed = -1; /* its number; -1: helpers do not stop */
static int stopped[2];  /* pipes; a byte is read when a helper has stopped, */
static int go_on[2];    /* and when it may go on */

/* In the child, which has a memory of its own: only the first call stops it. */
int close_range(unsigned first, unsigned last, int flags)
{
    if (passed >= 0 && (write(stopped[1], "", 1) != 1 || read(go_on[0], &(char){0}, 1) != 1 ||
                        fcntl(passed, F_GETFD) >= 0))
        _exit(1);
    passed = -1;
    return (int)syscall(SYS_close_range, first, last, flags);
}

static void *close_passed(void *data)
{
    (void)data;
    if (read(stopped[0], &(char){0}, 1) != 1 || close(passed) || write(go_on[1], "", 1) != 1)
        return NULL;
    return &passed;
}

static void what_was_passed_to_the_daemon_is_never_the_helpers(void **state)
{
    const struct session *session = *state;
    pthread_t thread;
    void *closed;

    if (getenv("UNDER_VALGRIND"))
        return; /* the child has copies there: tests/lib/valgrind_clone.c */
    assert_int_equal(pipe(stopped) | pipe(go_on), 0);
    passed = dup(STDERR_FILENO);
    assert_int_equal(pthread_create(&thread, NULL, close_passed, NULL), 0);
    run(*state, "sends-and-exits", 0, false);
    assert_int_equal(pthread_join(thread, &closed), 0);
    assert_ptr_equal(closed, &passed);
    passed = -1;
    assert_int_equal(session->frames, 3);
}

static void what_the_daemon_has_it_keeps(void **state)
{
    int before = dup(STDERR_FILENO);

    run(*state, "sends-and-exits", 0, false);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        assert_true(fcntl(fd, F_GETFD) >= 0);
    assert_true(fcntl(before, F_GETFD) >= 0);
    assert_int_equal(close(before), 0);
}

/* As programs are started in the background: the numbers are somebody else's then. */
static void without_standard_error(void **state)
{
    struct session *session = *state;
    int before = dup(STDERR_FILENO);

    pk_helpers_free(session->helpers);
    assert_int_equal(close(STDERR_FILENO), 0);
    session->helpers = pk_helpers_new(session->base, quiet);
    if (session->helpers)
        run(session, "sends-and-exits", 0, false);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    assert_non_null(session->helpers);
    assert_int_equal(session->frames, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_before_the_exit_are_passed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(death_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_framing_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_version_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancel_is_not_a_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_closed_output_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_program_is_a_death, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_passed_to_the_daemon_is_never_the_helpers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_daemon_has_it_keeps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_standard_error, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
