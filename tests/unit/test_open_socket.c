/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's way to the daemon's own socket: who listens there, and who is waited for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bus/conversation.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define STRANGER 65534
#define QUEUE    64

static char folder[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 16];
static pid_t daemon_pid;
static char shown[256];

static enum pk_status info(void *context, const char *event, const char *text)
{
    (void)context, (void)event;
    (void)snprintf(shown, sizeof(shown), "%s", text);
    return PK_OK;
}

static enum pk_status ask(void *context, const char *event, const char *text, char **ret_answer)
{
    (void)context, (void)event, (void)text;
    *ret_answer = strdup("2");
    return PK_OK;
}

static enum pk_status ask_secret(void *context, const char *event, const char *text,
                                 struct pk_secret *ret_answer)
{
    (void)context, (void)event, (void)text;
    return pk_secret_copy(pk_view_string("correct horse"), ret_answer);
}

static const struct pk_prompt_ops ops = {
    .info = info, .error = info, .ask = ask, .ask_secret = ask_secret};

/* tests/unit/fake_daemon.py at the socket; ready once it says so. */
static void start_daemon(void)
{
    char script[512], byte;
    int ready[2];

    (void)snprintf(script, sizeof(script), "%s/tests/unit/fake_daemon.py", getenv("srcdir"));
    assert_int_equal(pipe(ready), 0);
    daemon_pid = fork();
    if (daemon_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(ready[1], STDOUT_FILENO);
        (void)close(ready[0]);
        (void)close(ready[1]);
        (void)execl("/usr/bin/python3", "python3", script, path, (char *)NULL);
        _exit(127);
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
}

static int set_up(void **state)
{
    (void)state;
    shown[0] = '\0';
    daemon_pid = 0;
    scratch_new(folder);
    (void)snprintf(path, sizeof(path), "%s/socket", folder);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(setenv("PASSKEYD_SOCKET", path, 1), 0);
    /* Where there is no socket, there is no bus either. */
    return setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
}

static int tear_down(void **state)
{
    (void)state;
    if (daemon_pid > 0) {
        (void)kill(daemon_pid, SIGKILL);
        (void)waitpid(daemon_pid, NULL, 0);
    }
    (void)unlink(path);
    scratch_remove(folder);
    return 0;
}

static int listen_there(int queue)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(listen(fd, queue), 0);
    return fd;
}

static enum pk_status run(enum pk_conversation_kind kind, const char *scenario,
                          const struct pk_bus_member *member, struct pk_outcome *outcome)
{
    PK_AUTO_BUS struct pk_bus *bus = NULL;
    enum pk_status status = pk_bus_open(20, -1, &bus);

    if (status == PK_OK)
        status = pk_conversation_run(
            bus,
            &(struct pk_conversation_request){
                .kind = kind, .user = scenario, .members = member, .member_count = !!member},
            &ops, NULL, outcome);
    return status;
}

static void conversations_need_no_bus(void **state)
{
    static const char *const scenarios[] = {"touch", "pin", "ask"};

    (void)state;
    start_daemon();
    for (size_t i = 0; i < 3; i++) {
        PK_AUTO_OUTCOME struct pk_outcome outcome = {0};

        assert_int_equal(run(PK_CONVERSATION_AUTHENTICATE, scenarios[i], NULL, &outcome), PK_OK);
        assert_string_equal(outcome.user, scenarios[i]);
    }
    assert_string_equal(shown, "Touch it");
}

/* A ticket, or an ssh-agent, goes with the first call: when nothing has been received yet. */
static void the_first_call_may_carry_a_descriptor(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};
    struct pk_bus_member ticket = {.name = "ticket", .type = 'h'};
    int ends[2];

    (void)state;
    start_daemon();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "enrolled", 8), 8);
    (void)close(ends[1]);
    ticket.fd = ends[0];
    assert_int_equal(run(PK_CONVERSATION_ENROLL, "overridden", &ticket, &outcome), PK_OK);
    assert_string_equal(outcome.credential, "{\"name\":\"blue\"}");
    (void)close(ends[0]);
}

static void a_daemon_that_dies_is_noticed(void **state)
{
    PK_AUTO_OUTCOME struct pk_outcome outcome = {0};

    (void)state;
    start_daemon();
    assert_int_equal(run(PK_CONVERSATION_AUTHENTICATE, "dies", NULL, &outcome), PK_UNAVAILABLE);
}

static enum pk_status try_open(unsigned seconds)
{
    PK_AUTO_BUS struct pk_bus *bus = NULL;

    return pk_bus_open(seconds, -1, &bus);
}

static void nobody_there_is_not_waited_for(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(try_open(20), PK_UNAVAILABLE);
    fd = listen_there(QUEUE);
    (void)close(fd); /* the file stays */
    assert_int_equal(try_open(20), PK_UNAVAILABLE);
}

/* connect() itself would wait for somebody to accept, without end. */
static void a_full_queue_ends_at_the_deadline(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int server = listen_there(1), clients[QUEUE], cancel[2];
    size_t count = 0;
    time_t before = time(NULL);
    PK_AUTO_BUS struct pk_bus *bus = NULL;

    (void)state;
    (void)strcpy(address.sun_path, path);
    do {
        clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    } while (connect(clients[count++], (struct sockaddr *)&address, sizeof(address)) == 0 &&
             count < QUEUE);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(try_open(1), PK_TIMEOUT);
    assert_in_range(time(NULL) - before, 0, 20);
    assert_int_equal(pipe(cancel), 0);
    assert_int_equal(write(cancel[1], "x", 1), 1);
    assert_int_equal(pk_bus_open(60, cancel[0], &bus), PK_CANCELLED);
    while (count > 0)
        (void)close(clients[--count]);
    (void)close(cancel[0]);
    (void)close(cancel[1]);
    (void)close(server);
}

/* Nothing is said to whoever listens there without being root, this user or the folder's owner. */
static void only_the_daemon_is_talked_to(void **state)
{
    int server;

    (void)state;
    assert_int_equal(chmod(folder, 0777), 0);
    server = listen_there(QUEUE);
    assert_int_equal(try_open(20), PK_UNAVAILABLE);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(try_open(20), PK_OK); /* it is there, and will not answer */
    (void)close(server);
    (void)unlink(path);
    if (getuid() != 0)
        return;
    assert_int_equal(chown(folder, 0, 0), 0);
    server = listen_there(QUEUE);
    /* The kernel notes who they are who call listen(). */
    assert_int_equal(syscall(SYS_setresuid, -1, STRANGER, -1), 0);
    assert_int_equal(listen(server, QUEUE), 0);
    assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
    assert_int_equal(try_open(20), PK_UNAVAILABLE);
    /* The folder is given to that user: then it is they who are meant. */
    assert_int_equal(chown(folder, STRANGER, STRANGER), 0);
    assert_int_equal(try_open(20), PK_OK);
    (void)close(server);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(conversations_need_no_bus),         TEST(the_first_call_may_carry_a_descriptor),
        TEST(a_daemon_that_dies_is_noticed),     TEST(nobody_there_is_not_waited_for),
        TEST(a_full_queue_ends_at_the_deadline), TEST(only_the_daemon_is_talked_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
