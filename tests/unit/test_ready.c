/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers from a process that is kept ready: none is lost by what becomes of that one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/helper.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 120 /* seconds until the test counts as failed */
#define FRAMES   3   /* that each helper sends */
#define PIDS_MAX 8

struct session {
    struct event_base *base;
    struct pk_helpers *helpers;
    struct event *children;
    char folder[64];
    char *program;
    unsigned frames, exits, awaited;
    int wait_status;
    struct pk_helper *last;
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

    if (session->last && session->awaited == 1) /* of several it may be gone */
        session->wait_status = pk_helper_wait_status(session->last);
    if (++session->exits == session->awaited)
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
    assert_int_equal(pk_helpers_keep_ready(session->helpers), PK_OK);
    session->children = evsignal_new(session->base, SIGCHLD, on_child, session);
    (void)event_add(session->children, NULL);
    (void)strcpy(session->folder, "/tmp/passkeyd-test-XXXXXX");
    *state = session;
    return mkdtemp(session->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct session *session = *state;
    PK_AUTO_FREE char *command = pk_text_format("rm -r %s", session->folder);

    if (session->helpers)
        pk_helpers_free(session->helpers);
    event_free(session->children);
    event_base_free(session->base);
    free(session->program);
    free(session);
    return system(command); /* NOLINT(cert-env33-c): its own folder */
}

static const struct pk_helper_ops ops = {on_frame, on_exited};

/* The bad helper under that name from now on. */
static void use(struct session *session, const char *name)
{
    const char *build = getenv("top_builddir");
    PK_AUTO_FREE char *program = pk_text_format("%s/tests/unit/bad_helper", build ? build : ".");

    free(session->program);
    session->program = pk_text_format("%s/%s", session->folder, name);
    assert_int_equal(symlink(program, session->program), 0);
}

static struct pk_helper *begin(struct session *session)
{
    struct pk_helper *helper;

    assert_int_equal(pk_helper_new(session->helpers, session->program, 0, &ops, session, &helper),
                     PK_OK);
    session->last = helper;
    return helper;
}

/* Until so many have exited. */
static void await_exits(struct session *session, unsigned count)
{
    const struct timeval patience = {PATIENCE, 0};

    session->exits = 0;
    session->awaited = count;
    (void)event_base_loopexit(session->base, &patience);
    (void)event_base_dispatch(session->base);
    assert_int_equal(session->exits, count);
}

/* One that does all that it should. */
static void serve_one(struct session *session)
{
    session->frames = 0;
    (void)begin(session);
    await_exits(session, 1);
    assert_int_equal(session->frames, FRAMES);
}

/* The processes that were kept ready since the test began, the last one last. */
static size_t kept(const struct session *session, pid_t pids[PIDS_MAX])
{
    PK_AUTO_FREE char *path = pk_text_format("%s.ready", session->program);
    FILE *file = fopen(path, "re");
    size_t count = 0;
    char line[32];

    while (file && count < PIDS_MAX && fgets(line, sizeof(line), file))
        pids[count++] = (pid_t)strtol(line, NULL, 10);
    if (file)
        (void)fclose(file);
    return count;
}

static void assert_kept(const struct session *session, size_t count)
{
    pid_t pids[PIDS_MAX];

    assert_int_equal(kept(session, pids), count);
}

static pid_t last_kept(const struct session *session)
{
    pid_t pids[PIDS_MAX];
    size_t count = kept(session, pids);

    assert_true(count > 0);
    return pids[count - 1];
}

/* --- as it should be -------------------------------------------------------------------------- */

static void one_starts_all(void **state)
{
    use(*state, "ready");
    for (unsigned i = 0; i < 3; i++)
        serve_one(*state);
    assert_kept(*state, 1);
}

static void two_at_once_have_one_each(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    (void)begin(session);
    (void)begin(session);
    await_exits(session, 2);
    assert_int_equal(session->frames, 2 * FRAMES);
    assert_kept(session, 1);
}

static void more_than_it_takes_are_started_all_the_same(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    for (unsigned i = 0; i < 40; i++)
        (void)begin(session);
    await_exits(session, 40);
    assert_int_equal(session->frames, 40 * FRAMES);
    assert_kept(session, 1);
}

static void another_program_has_another(void **state)
{
    use(*state, "ready");
    serve_one(*state);
    use(*state, "other-ready");
    serve_one(*state);
    assert_kept(*state, 1);
}

/* It is there before anybody asks. Where it leaves its pid is a pipe, which is waited at. */
static void one_is_there_before_it_is_asked_for(void **state)
{
    struct session *session = *state;
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int pipe = -1;
    struct pollfd pid = {.events = POLLIN};
    char line[32];

    use(session, "ready");
    path = pk_text_format("%s.ready", session->program);
    assert_int_equal(mkfifo(path, 0600), 0);
    pipe = pid.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    pk_helpers_prepare(session->helpers, session->program);
    assert_int_equal(poll(&pid, 1, PATIENCE * 1000), 1);
    assert_true(read(pipe, line, sizeof(line)) > 0);
    serve_one(session);
    assert_true(read(pipe, line, sizeof(line)) < 0); /* no other has been started */
}

/*
 * As in test_helper: a process that is being started stops where it leaves what the daemon has. The
 * one that is kept, and what it forks, has nothing of it either.
 */

static int passed = -1; /* its number; -1: processes do not stop */
static int stopped[2];  /* pipes; a byte is read when one has stopped, */
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

/* How many descriptors the process has that is kept ready. */
static size_t held(const struct session *session)
{
    PK_AUTO_FREE char *path = pk_text_format("/proc/%d/fd", (int)last_kept(session));
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count;
}

static void what_was_passed_to_the_daemon_is_not_its_own(void **state)
{
    struct session *session = *state;
    int later;
    pthread_t thread;
    void *closed;

    use(session, "ready");
    assert_int_equal(pipe(stopped) | pipe(go_on), 0);
    passed = dup(STDERR_FILENO);
    assert_int_equal(pthread_create(&thread, NULL, close_passed, NULL), 0);
    serve_one(session);
    assert_int_equal(pthread_join(thread, &closed), 0);
    assert_ptr_equal(closed, &passed);
    passed = -1;
    assert_kept(session, 1); /* it was that one that stopped, and it started the helper */
    later = dup(STDERR_FILENO);
    serve_one(session);
    assert_kept(session, 1);
    assert_int_equal(held(session), STDERR_FILENO + 1 + 1 /* where it writes its pid */);
    assert_int_equal(close(later), 0);
}

static unsigned closed_by_name;

static void close_by_name(int fd)
{
    closed_by_name++;
    (void)close(fd);
}

/* Both ends of a helper's socket, once the helper has ended it; not where it was killed. */
static void what_is_its_own_is_closed_at_once(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    pk_helpers_close_by(session->helpers, close_by_name);
    closed_by_name = 0;
    serve_one(session);
    assert_int_equal(closed_by_name, 2);
    pk_helper_kill(begin(session));
    await_exits(session, 1);
    assert_int_equal(closed_by_name, 3);
}

/* --- as it should not be ---------------------------------------------------------------------- */

/* What it had is closed once: its number is another's as soon as it has gone. */
static void what_it_had_is_closed_once(void **state)
{
    struct session *session = *state;
    int others[8];

    use(session, "ready");
    serve_one(session);
    pk_helpers_end_ready(session->helpers);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pk_helpers_end_ready(session->helpers);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(close(others[i]), 0);
}

static void a_program_that_keeps_none_is_started_itself(void **state)
{
    static const char *const names[] = {"not-ready-dies", "not-ready-talks", "not-ready-mute"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        use(*state, names[i]);
        for (unsigned again = 0; again < 2; again++)
            serve_one(*state);
        assert_kept(*state, 1); /* it is not tried again */
    }
}

static void one_that_has_died_is_replaced(void **state)
{
    use(*state, "ready");
    serve_one(*state);
    (void)kill(last_kept(*state), SIGKILL);
    serve_one(*state);
    serve_one(*state);
    assert_kept(*state, 2);
}

static void one_that_dies_after_each_is_replaced_each_time(void **state)
{
    use(*state, "once-ready");
    for (unsigned i = 0; i < 3; i++)
        serve_one(*state);
}

static void one_that_hangs_costs_time_only(void **state)
{
    use(*state, "ready");
    serve_one(*state);
    (void)kill(last_kept(*state), SIGSTOP);
    serve_one(*state);
    serve_one(*state);
    assert_kept(*state, 2);
}

static void one_of_the_setup_before_is_not_used(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    serve_one(session);
    pk_helpers_end_ready(session->helpers);
    serve_one(session);
    assert_kept(session, 2);
}

/* Whatever made it crash shall not find the same addresses again. */
static void after_a_crash_it_is_replaced(void **state)
{
    struct session *session = *state;

    use(session, "crashes");
    for (unsigned i = 0; i < 2; i++) {
        (void)begin(session);
        await_exits(session, 1);
        assert_true(WIFSIGNALED(session->wait_status));
    }
    assert_kept(session, 2);
}

static void one_that_is_killed_at_once_has_ended(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    pk_helper_kill(begin(session));
    await_exits(session, 1);
    assert_int_equal(session->frames, 0);
    serve_one(session);
    assert_kept(session, 1);
}

static void a_setup_that_changes_at_once_loses_none(void **state)
{
    struct session *session = *state;

    use(session, "ready");
    (void)begin(session);
    pk_helpers_end_ready(session->helpers);
    await_exits(session, 1);
    assert_int_equal(session->frames, FRAMES);
}

static void the_end_does_not_wait_for_any(void **state)
{
    struct session *session = *state;

    use(session, "not-ready-mute");
    (void)begin(session);
    session->last = NULL;
    pk_helpers_free(pk_steal(session->helpers));
    assert_int_equal(session->exits, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_starts_all),
        TEST(two_at_once_have_one_each),
        TEST(more_than_it_takes_are_started_all_the_same),
        TEST(another_program_has_another),
        TEST(one_is_there_before_it_is_asked_for),
        TEST(what_was_passed_to_the_daemon_is_not_its_own),
        TEST(what_is_its_own_is_closed_at_once),
        TEST(what_it_had_is_closed_once),
        TEST(a_program_that_keeps_none_is_started_itself),
        TEST(one_that_has_died_is_replaced),
        TEST(one_that_dies_after_each_is_replaced_each_time),
        TEST(one_that_hangs_costs_time_only),
        TEST(one_of_the_setup_before_is_not_used),
        TEST(after_a_crash_it_is_replaced),
        TEST(one_that_is_killed_at_once_has_ended),
        TEST(a_setup_that_changes_at_once_loses_none),
        TEST(the_end_does_not_wait_for_any),
    };

    if (getenv("UNDER_VALGRIND"))
        return 77; /* it knows no process whose parent is another's */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
