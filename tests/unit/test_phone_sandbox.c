/* SPDX-License-Identifier: BSD-2-Clause */
/* What each process of passkey-phone can no longer do: each attempt runs in a child of its own. */
#include "phone/part.h"
#include "phone/sandbox.h"

#include "common/helper/landlock.h"
#include "tests/unit/shut_in.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* nothing that works comes near it */

static char store[] = "/tmp/passkey-phone-test-XXXXXX";

/* ---- the sandboxes ---- */

static enum pk_status session(void)
{
    return phone_sandbox_enter(PHONE_SESSION);
}

static enum pk_status radio(void)
{
    return phone_sandbox_enter(PHONE_RADIO);
}

static enum pk_status dialler(void)
{
    return phone_sandbox_enter(PHONE_DIALLER);
}

static enum pk_status tunnel(void)
{
    return phone_sandbox_enter(PHONE_TUNNEL);
}

static sandbox *const all[] = {session, radio, dialler, tunnel};

/* clang-format off */
static const struct named_call hostile[] = {
    CALL(execve), CALL(execveat), CALL(clone), CALL(clone3), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(listen), CALL(accept), CALL(accept4), CALL(socketpair),
    CALL(kill), CALL(tkill), CALL(tgkill), CALL(pidfd_open), CALL(pidfd_getfd), CALL(setuid),
    CALL(mount), CALL(bpf), CALL(userfaultfd), CALL(io_uring_setup), CALL(unshare), CALL(setns),
    CALL(memfd_create), CALL(keyctl), CALL(openat2), CALL(open_by_handle_at),
};
/* What the dialler alone does. */
static const struct named_call reaching[] = {
    CALL(openat), CALL(socket), CALL(connect), CALL(bind),
};
static const struct named_call refused[] = {
    CALL(flock), CALL(fcntl), CALL(ioctl), CALL(newfstatat), CALL(readlinkat), CALL(getdents64),
    CALL(unlinkat), CALL(mkdirat), CALL(truncate), CALL(pwrite64), CALL(pread64), CALL(sendfile),
    CALL(setsockopt), CALL(prctl), CALL(prlimit64), CALL(chroot), CALL(rt_sigaction),
    CALL(landlock_create_ruleset), CALL(seccomp), CALL(capset), CALL(sendmmsg), CALL(recvmmsg),
};
/* clang-format on */

static void hostile_calls_end_the_process(void **state)
{
    (void)state;
    assert_int_equal(sizeof(all) / sizeof(all[0]), PHONE_PROCESSES);
    for (size_t i = 0; i < PHONE_PROCESSES; i++)
        ASSERT_ALL(all[i], hostile, KILLED);
}

static void three_of_them_reach_nothing(void **state)
{
    static sandbox *const closed[] = {session, radio, tunnel};

    (void)state;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        ASSERT_ALL(closed[i], reaching, KILLED);
        ASSERT_ALL(closed[i], refused, EPERM);
    }
}

/* EBADF: the call was let through to look at its arguments. */
static void each_has_what_it_needs(void **state)
{
    (void)state;
    assert_int_equal(outcome_of_call(session, SYS_sendmsg), EBADF);
    assert_int_equal(outcome_of_call(session, SYS_recvmsg), EBADF);
    assert_int_equal(outcome_of_call(radio, SYS_sendmsg), EBADF);
    assert_int_equal(outcome_of_call(radio, SYS_recvfrom), EBADF);
    assert_int_equal(outcome_of_call(tunnel, SYS_recvmsg), EBADF);
    /* The tunnel is handed descriptors, and hands none on. */
    assert_int_equal(outcome_of_call(tunnel, SYS_sendmsg), KILLED);
    assert_int_equal(outcome_of_call(tunnel, SYS_sendto), EPERM);
    assert_int_equal(outcome_of_call(session, SYS_recvfrom), EPERM);
}

static int map_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? -1 : 0;
}

static void nothing_that_came_is_run(void **state)
{
    (void)state;
    assert_int_equal(outcome(session, map_code), EPERM);
    assert_int_equal(outcome(radio, map_code), EPERM);
    assert_int_equal(outcome(tunnel, map_code), EPERM);
}

/* ---- the dialler ---- */

static int open_store(void)
{
    return open(store, O_RDONLY | O_CLOEXEC);
}

static int open_hosts(void)
{
    return open("/etc/hosts", O_RDONLY | O_CLOEXEC);
}

static int open_hosts_to_write(void)
{
    return open("/etc/hosts", O_WRONLY | O_CLOEXEC);
}

static int open_new(void)
{
    return open("/run/passkey-phone-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

static int open_new_long_ago(void)
{
#ifdef SYS_open
    return (int)syscall(SYS_open, "/run/passkey-phone-test", O_CREAT | O_WRONLY, 0600);
#else
    return open_new();
#endif
}

static int make_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static int make_crypto_socket(void)
{
    return socket(AF_ALG, SOCK_SEQPACKET, 0);
}

/* A port of this machine at which nobody listens. */
static struct sockaddr_in nowhere(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(1),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int connect_tcp(void)
{
    const struct sockaddr_in address = nowhere();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int bind_tcp(void)
{
    const struct sockaddr_in address = nowhere();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int ask_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static void the_dialler_connects_and_makes_nothing(void **state)
{
    (void)state;
    assert_int_equal(outcome(dialler, connect_tcp), ECONNREFUSED);
    assert_int_equal(outcome(dialler, ask_netlink), SUCCEEDED);
    assert_int_equal(outcome(dialler, open_new), KILLED);
    assert_int_equal(outcome(dialler, open_new_long_ago), KILLED);
    assert_int_equal(outcome(dialler, make_packet_socket), KILLED);
    assert_int_equal(outcome(dialler, make_crypto_socket), KILLED);
    assert_int_equal(outcome(dialler, open_hosts), SUCCEEDED);
    if (pk_landlock_version() == 0)
        skip();
    assert_int_equal(outcome(dialler, open_store), EACCES);
    assert_int_equal(outcome(dialler, open_hosts_to_write), EACCES);
    if (pk_landlock_version() >= 4)
        assert_int_equal(outcome(dialler, bind_tcp), EACCES);
}

/* ---- parts ---- */

static void wait_for_ever(int socket, const void *data)
{
    int told = *(const int *)data;

    if (phone_sandbox_enter(PHONE_TUNNEL) != PK_OK || write(told, "x", 1) != 1)
        return;
    (void)close(socket); /* the session ends, and this with it */
    (void)poll(NULL, 0, 2 * PATIENCE_MS);
}

static void run_session(int told)
{
    int part = -1;

    /* Descriptors above the socket are closed in a part: this one is below. */
    if (dup2(told, STDERR_FILENO) < 0)
        _exit(BROKEN);
    told = STDERR_FILENO;
    if (part_start(wait_for_ever, &told, &part) != PK_OK ||
        phone_sandbox_enter(PHONE_SESSION) != PK_OK)
        _exit(BROKEN);
    /* The part has closed its socket, but has not ended: it is the session's end that it waits for.
     */
    (void)!read(part, &(char){0}, 1);
    _exit(0);
}

/* A session may not send signals, and yet its parts are killed when it has ended. */
static void parts_end_with_their_session(void **state)
{
    int told[2], status;
    char byte;
    struct pollfd ends = {.events = POLLIN};
    pid_t started;

    (void)state;
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    ends.fd = told[0];
    started = fork();
    assert_true(started >= 0);
    if (started == 0)
        run_session(told[1]);
    (void)close(told[1]);
    assert_int_equal(waitpid(started, &status, 0), started);
    assert_int_equal(status, 0);
    /* At the latest now the part is killed; its end of the pipe is closed then. */
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(poll(&ends, 1, PATIENCE_MS), 1);
    assert_int_equal(read(told[0], &byte, 1), 0);
    (void)close(told[0]);
}

static int make_store(void **state)
{
    int fd = mkstemp(store);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_store(void **state)
{
    (void)state;
    return unlink(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_calls_end_the_process),
        cmocka_unit_test(three_of_them_reach_nothing),
        cmocka_unit_test(each_has_what_it_needs),
        cmocka_unit_test(nothing_that_came_is_run),
        cmocka_unit_test(the_dialler_connects_and_makes_nothing),
        cmocka_unit_test(parts_end_with_their_session),
    };

    return cmocka_run_group_tests(tests, make_store, remove_store);
}
