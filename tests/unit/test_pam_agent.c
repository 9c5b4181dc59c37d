/* SPDX-License-Identifier: BSD-2-Clause */
/* As root, each call is made as by sudo: the real user is another one, the effective user root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pam/agent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PERSON      54321 /* has no account: none is needed */
#define SOCKETS_MAX 16

static char folder[] = "/tmp/passkey-agent-XXXXXX";
static int sockets[SOCKETS_MAX];
static size_t socket_count;

struct result {
    enum pk_status status;
    uid_t peer; /* who listens there; -1: not connected */
    bool nonblocking;
    bool restored; /* the process's credentials were restored */
};

static const char *at(const char *name)
{
    static char path[4][128];
    static size_t next;
    char *ret = path[next++ % 4];

    (void)snprintf(ret, sizeof(path[0]), "%s/%s", folder, name);
    return ret;
}

/* A socket with that file name, made and listened on by uid; backlog -1: nobody listens. */
static void listen_as(uid_t uid, int type, const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && socket_count < SOCKETS_MAX);
    sockets[socket_count++] = fd;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (uid)
        assert_int_equal(seteuid(uid), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(seteuid(0), 0);
}

/* What only root may read can be read again, which takes more than the right user. */
static bool rights_are_back(void)
{
    int fd = open(at("roots"), O_RDONLY | O_CLOEXEC);
    bool same = setfsuid((uid_t)-1) == (int)geteuid() && setfsgid((gid_t)-1) == (int)getegid();

    if (fd < 0)
        return false;
    (void)close(fd);
    return same;
}

static struct result connect_here(void)
{
    struct result result = {.peer = (uid_t)-1};
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int fd = -1;

    result.status = agent_connect(&fd);
    result.restored = rights_are_back();
    if (result.status != PK_OK) {
        result.restored = result.restored && fd == -1;
        return result;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        result.peer = peer.uid;
    result.nonblocking = (fcntl(fd, F_GETFL) & O_NONBLOCK) && (fcntl(fd, F_GETFD) & FD_CLOEXEC);
    (void)close(fd);
    return result;
}

/* In a process of its own, whose real user is uid. path NULL: the variable is not set. */
static struct result connect_as(uid_t uid, const char *path)
{
    struct result result = {.status = PK_INTERNAL};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (path ? setenv("SSH_AUTH_SOCK", path, 1) : unsetenv("SSH_AUTH_SOCK"))
            _exit(1);
        if (setresgid(uid, 0, 0) || setresuid(uid, 0, 0))
            _exit(2);
        result = connect_here();
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 3);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &result, sizeof(result)), sizeof(result));
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return result;
}

static void expect(const char *path, enum pk_status status)
{
    struct result result = connect_as(PERSON, path);

    if (result.status != status)
        fail_msg("%.80s: %s instead of %s", path ? path : "(unset)", pk_status_name(result.status),
                 pk_status_name(status));
    assert_true(result.restored);
    assert_int_equal(result.peer, status == PK_OK ? PERSON : (uid_t)-1);
    assert_int_equal(result.nonblocking, status == PK_OK);
}

static void the_persons_own_agent(void **state)
{
    (void)state;
    listen_as(PERSON, SOCK_STREAM, at("own"), 8);
    expect(at("own"), PK_OK);
    /* As a session in tmux has it. */
    assert_int_equal(symlink(at("own"), at("own-link")), 0);
    expect(at("own-link"), PK_OK);
}

static void no_agent(void **state)
{
    (void)state;
    expect(NULL, PK_NOT_FOUND);
    expect("", PK_DENIED);
    expect("own", PK_DENIED);
    expect(at("nothing"), PK_UNAVAILABLE);
}

/* A root program that serves another user: root's agent is not that user's. */
static void a_real_root_has_none(void **state)
{
    struct result result;

    (void)state;
    listen_as(0, SOCK_STREAM, at("roots-agent"), 8);
    result = connect_as(0, at("roots-agent"));
    assert_int_equal(result.status, PK_NOT_FOUND);
    assert_true(result.restored);
}

static void somebody_elses_agent(void **state)
{
    (void)state;
    listen_as(0, SOCK_STREAM, at("root"), 8);
    assert_int_equal(chmod(at("root"), 0777), 0);
    expect(at("root"), PK_DENIED);
    listen_as(PERSON + 1, SOCK_STREAM, at("other"), 8);
    assert_int_equal(chmod(at("other"), 0777), 0);
    expect(at("other"), PK_DENIED);
    assert_int_equal(symlink(at("other"), at("other-link")), 0);
    expect(at("other-link"), PK_DENIED);
    /* The person listens, but the file belongs to another user, who could replace the socket. */
    listen_as(PERSON, SOCK_STREAM, at("taken"), 8);
    assert_int_equal(chown(at("taken"), 0, 0), 0);
    assert_int_equal(chmod(at("taken"), 0777), 0);
    expect(at("taken"), PK_DENIED);
    /* The file belongs to the person, but another user listens. */
    listen_as(PERSON + 1, SOCK_STREAM, at("given"), 8);
    assert_int_equal(chown(at("given"), PERSON, PERSON), 0);
    expect(at("given"), PK_DENIED);
}

/* The person's own, but not accessible to them: root's access must not be used. */
static void behind_a_closed_door(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("closed"), 0777), 0);
    assert_int_equal(chmod(at("closed"), 0777), 0);
    listen_as(PERSON, SOCK_STREAM, at("closed/own"), 8);
    expect(at("closed/own"), PK_OK);
    assert_int_equal(chmod(at("closed"), 0700), 0);
    expect(at("closed/own"), PK_DENIED);
    listen_as(PERSON, SOCK_STREAM, at("read-only"), 8);
    assert_int_equal(chmod(at("read-only"), 0444), 0);
    expect(at("read-only"), PK_UNAVAILABLE);
}

static void what_is_no_listening_socket(void **state)
{
    char longest[4097];
    int fd;

    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(chown(at("fifo"), PERSON, PERSON), 0);
    expect(at("fifo"), PK_DENIED);
    fd = open(at("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchown(fd, PERSON, PERSON), 0);
    (void)close(fd);
    expect(at("file"), PK_DENIED);
    expect(folder, PK_DENIED);
    expect("/dev/null", PK_DENIED);
    expect("/dev/zero", PK_DENIED);
    memset(longest, '/', sizeof(longest) - 1);
    longest[4096] = 0;
    expect(longest, PK_DENIED);
    memset(longest + 1, 'a', 4095);
    expect(longest, PK_DENIED);
    listen_as(PERSON, SOCK_DGRAM, at("datagrams"), -1);
    expect(at("datagrams"), PK_UNAVAILABLE);
    listen_as(PERSON, SOCK_STREAM, at("deaf"), -1);
    expect(at("deaf"), PK_UNAVAILABLE);
}

/* Longer than a socket's address can be, which the path is not limited by. */
static void a_long_path(void **state)
{
    char path[512], name[101] = "";
    char old[256];

    (void)state;
    memset(name, 'd', 100);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_non_null(getcwd(old, sizeof(old)));
    assert_int_equal(chdir(path), 0);
    listen_as(PERSON, SOCK_STREAM, "agent", 8);
    assert_int_equal(chdir(old), 0);
    (void)strcat(path, "/agent");
    assert_true(strlen(path) > sizeof(((struct sockaddr_un *)0)->sun_path));
    expect(path, PK_OK);
}

static void one_that_never_accepts(void **state)
{
    int waiting[64];
    size_t count = 0;

    (void)state;
    listen_as(PERSON, SOCK_STREAM, at("full"), 1);
    for (; count < 64; count++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("full"));
        waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(waiting[count], (struct sockaddr *)&address, sizeof(address)) < 0)
            break;
    }
    assert_true(count < 64);
    expect(at("full"), PK_UNAVAILABLE);
    for (size_t i = 0; i <= count; i++)
        (void)close(waiting[i]);
}

/* The name alternates between the person's socket and root's: root's is never used. */
static void a_name_that_changes(void **state)
{
    size_t taken = 0;
    pid_t child;

    (void)state;
    listen_as(PERSON, SOCK_STREAM, at("mine"), 4096);
    listen_as(0, SOCK_STREAM, at("not-mine"), 4096);
    assert_int_equal(chmod(at("not-mine"), 0777), 0);
    assert_int_equal(symlink(at("mine"), at("changing")), 0);
    child = fork();
    assert_true(child >= 0);
    for (bool mine = false; child == 0; mine = !mine)
        if (symlink(at(mine ? "mine" : "not-mine"), at("next")) ||
            rename(at("next"), at("changing")))
            _exit(1);
    for (int i = 0; i < 300; i++) {
        struct result result = connect_as(PERSON, at("changing"));

        assert_true(result.restored);
        if (result.status == PK_OK) {
            assert_int_equal(result.peer, PERSON);
            taken++;
        } else {
            assert_int_equal(result.status, PK_DENIED);
        }
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(taken > 0 && taken < 300);
}

static int start(void **state)
{
    int fd;

    (void)state;
    if (!mkdtemp(folder) || chmod(folder, 0777))
        return -1;
    fd = open(at("roots"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int stop(void **state)
{
    char command[64];

    (void)state;
    while (socket_count > 0)
        (void)close(sockets[--socket_count]);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command); /* NOLINT(cert-env33-c) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_persons_own_agent), cmocka_unit_test(no_agent),
        cmocka_unit_test(a_real_root_has_none),  cmocka_unit_test(somebody_elses_agent),
        cmocka_unit_test(behind_a_closed_door),  cmocka_unit_test(what_is_no_listening_socket),
        cmocka_unit_test(a_long_path),           cmocka_unit_test(one_that_never_accepts),
        cmocka_unit_test(a_name_that_changes),
    };

    if (geteuid() != 0) {
        (void)puts("1..0 # SKIP needs root, to be somebody else");
        return 0;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
