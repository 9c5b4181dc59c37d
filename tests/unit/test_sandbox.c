/* SPDX-License-Identifier: BSD-2-Clause */
/* Each attempt runs in a child that has entered a sandbox; its exit status is the result. */
#include "authenticator/sandbox.h"

#include "common/helper/landlock.h"
#include "tests/unit/shut_in.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Stands for the daemon's store: a file of this user, open in every child as well. */
static char store[] = "/tmp/passkey-authenticator-test-XXXXXX";
static int store_fd;
static int folder_fd;

static enum pk_status landlock_alone(void)
{
    bool entered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && pk_landlock_enter(NULL, 0, 0);

    return entered ? PK_OK : PK_INTERNAL;
}

static enum pk_status landlock_of_tmp(void)
{
    static const struct pk_landlock_folder folders[] = {{"/tmp", PK_LANDLOCK_READING},
                                                        {"/nonexistent", PK_LANDLOCK_DEVICES}};
    bool entered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && pk_landlock_enter(folders, 2, 0);

    return entered ? PK_OK : PK_INTERNAL;
}

/* --- calls that nothing in these processes has a reason for ----------------------------------- */

/* clang-format off */
static const struct named_call hostile[] = {
    CALL(execve), CALL(execveat), CALL(clone), CALL(clone3), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(connect), CALL(bind), CALL(listen), CALL(accept), CALL(accept4),
    CALL(socketpair), CALL(kill), CALL(tkill), CALL(tgkill), CALL(rt_sigqueueinfo),
    CALL(rt_tgsigqueueinfo), CALL(pidfd_open), CALL(pidfd_getfd), CALL(pidfd_send_signal),
    CALL(process_madvise), CALL(setuid), CALL(setgid), CALL(mount), CALL(bpf), CALL(userfaultfd),
    CALL(io_uring_setup), CALL(init_module), CALL(finit_module), CALL(unshare), CALL(setns),
    CALL(memfd_create), CALL(perf_event_open), CALL(keyctl), CALL(openat2), CALL(open_by_handle_at),
    CALL(open_tree),
#ifdef SYS_fork
    CALL(fork), CALL(vfork), CALL(creat),
#endif
};
static const struct named_call opening[] = {
    CALL(openat), CALL(socket), CALL(sendmsg), CALL(recvmsg),
#ifdef SYS_open
    CALL(open),
#endif
};
/* These are refused without an end: libraries try some of them and go on. */
static const struct named_call refused[] = {
    CALL(flock), CALL(fcntl), CALL(ioctl), CALL(newfstatat), CALL(statx), CALL(readlinkat),
    CALL(getdents64), CALL(dup), CALL(dup3), CALL(unlinkat), CALL(renameat2), CALL(linkat),
    CALL(symlinkat), CALL(mkdirat), CALL(mknodat), CALL(fchmodat), CALL(fchownat), CALL(truncate),
    CALL(ftruncate), CALL(fallocate), CALL(pwrite64), CALL(pread64), CALL(sendto), CALL(recvfrom),
    CALL(sendmmsg), CALL(recvmmsg), CALL(sendfile), CALL(splice), CALL(copy_file_range),
    CALL(shutdown), CALL(setsockopt), CALL(getsockopt), CALL(prctl), CALL(prlimit64),
    CALL(setrlimit),
    CALL(chdir), CALL(chroot), CALL(setpriority), CALL(sched_setaffinity), CALL(sched_setscheduler),
    CALL(ioprio_set), CALL(migrate_pages), CALL(shmget), CALL(msgget), CALL(mq_open), CALL(add_key),
    CALL(inotify_init1), CALL(fanotify_init), CALL(eventfd2), CALL(signalfd4), CALL(timerfd_create),
    CALL(rt_sigaction), CALL(landlock_create_ruleset), CALL(seccomp), CALL(setresuid), CALL(capset),
    CALL(close_range), CALL(getppid), CALL(kcmp),
};
/* clang-format on */

static void hostile_calls_end_the_process(void **state)
{
    (void)state;
    ASSERT_ALL(sandbox_enter_key, hostile, KILLED);
    ASSERT_ALL(sandbox_enter_list, hostile, KILLED);
    ASSERT_ALL(sandbox_enter_key, opening, KILLED);
}

static void other_calls_are_refused(void **state)
{
    (void)state;
    ASSERT_ALL(sandbox_enter_key, refused, EPERM);
}

/* --- the store -------------------------------------------------------------------------------- */

static int open_to_read(void)
{
    return open(store, O_RDONLY | O_CLOEXEC);
}

static int open_to_write(void)
{
    return open(store, O_RDWR | O_CLOEXEC);
}

static int open_to_empty(void)
{
    return open(store, O_WRONLY | O_TRUNC | O_CLOEXEC);
}

static int open_new(void)
{
    return open("/tmp/passkey-authenticator-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

static int open_unnamed(void)
{
    return open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

static int open_below_folder(void)
{
    return openat(folder_fd, store + strlen("/tmp/"), O_RDONLY | O_CLOEXEC);
}

static int open_own_descriptor(void)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", store_fd);
    return open(path, O_RDWR | O_CLOEXEC);
}

static int lock_whole(void)
{
    return flock(store_fd, LOCK_EX | LOCK_NB);
}

static int set_lock(int command)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

    return fcntl(store_fd, command, &lock);
}

static int lock_range(void)
{
    return set_lock(F_SETLK);
}

static int lock_range_of_file(void)
{
    return set_lock(F_OFD_SETLK);
}

static int lock_and_wait(void)
{
    return set_lock(F_SETLKW);
}

static int lease(void)
{
    return fcntl(store_fd, F_SETLEASE, F_WRLCK);
}

static int remove_it(void)
{
    return unlink(store);
}

static int map_shared(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, store_fd, 0);

    return page == MAP_FAILED ? -1 : 0;
}

static int write_to_it(void)
{
    /* RLIMIT_FSIZE, whose signal would end the process. */
    return write(store_fd, "x", 1) == 1 ? 0 : -1;
}

/* SQLite locks by fcntl(); nobody else's helper, under whatever uid, may keep the daemon out. */
static void the_store_is_out_of_reach_of_a_key(void **state)
{
    int (*const opens[])(void) = {open_to_read, open_to_write,     open_to_empty,      open_new,
                                  open_unnamed, open_below_folder, open_own_descriptor};
    int (*const others[])(void) = {lock_whole, lock_range, lock_range_of_file, lock_and_wait,
                                   lease,      remove_it,  map_shared};

    (void)state;
    for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++)
        assert_int_equal(outcome(sandbox_enter_key, opens[i]), KILLED);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_int_equal(outcome(sandbox_enter_key, others[i]), EPERM);
}

/* By itself, for where the filter has a hole. */
static void landlock_keeps_everything_closed(void **state)
{
    int (*const opens[])(void) = {open_to_read, open_to_write,     open_to_empty,      open_new,
                                  open_unnamed, open_below_folder, open_own_descriptor};

    (void)state;
    if (pk_landlock_version() == 0)
        skip();
    for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++)
        assert_int_equal(outcome(landlock_alone, opens[i]), EACCES);
    assert_int_equal(outcome(landlock_alone, remove_it), EACCES);
}

static int run_program(void)
{
    char name[] = "/bin/true";
    char *arguments[] = {name, NULL};

    return execve(name, arguments, arguments + 1);
}

static void landlock_opens_a_folder_to_read(void **state)
{
    (void)state;
    if (pk_landlock_version() == 0)
        skip();
    assert_int_equal(outcome(landlock_alone, run_program), EACCES);
    assert_int_equal(outcome(landlock_of_tmp, run_program), EACCES);
    assert_int_equal(outcome(landlock_of_tmp, open_to_read), SUCCEEDED);
    assert_int_equal(outcome(landlock_of_tmp, open_to_write), EACCES);
    assert_int_equal(outcome(landlock_of_tmp, open_new), EACCES);
    assert_int_equal(outcome(landlock_of_tmp, remove_it), EACCES);
}

/* --- two at once ------------------------------------------------------------------------------ */

static pid_t victim;

static int signal_it(void)
{
    return (int)syscall(SYS_kill, victim, SIGKILL);
}

static int signal_its_thread(void)
{
    return (int)syscall(SYS_tgkill, victim, victim, SIGSTOP);
}

static int signal_everybody(void)
{
    return (int)syscall(SYS_kill, -1, SIGTERM);
}

static int trace_it(void)
{
    return (int)ptrace(PTRACE_ATTACH, victim, NULL, NULL);
}

static int read_its_memory(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)store, 1};

    return (int)process_vm_readv(victim, &here, 1, &there, 1, 0);
}

static int take_its_descriptor(void)
{
    return (int)syscall(SYS_pidfd_open, victim, 0);
}

static int open_its_memory(void)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim);
    return open(path, O_RDWR | O_CLOEXEC);
}

static int limit_it(void)
{
    const struct rlimit none = {0, 0};

    return prlimit(victim, RLIMIT_NOFILE, &none, NULL);
}

/* The other one is of the same user and answers after every attempt. */
static void a_helper_cannot_disturb_another(void **state)
{
    static const struct {
        int (*attempt)(void);
        int expected;
    } attempts[] = {
        {signal_it, KILLED},       {signal_its_thread, KILLED}, {signal_everybody, KILLED},
        {trace_it, KILLED},        {read_its_memory, KILLED},   {take_its_descriptor, KILLED},
        {open_its_memory, KILLED}, {limit_it, EPERM},
    };
    char byte;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    victim = fork();
    assert_true(victim >= 0);
    if (victim == 0) {
        (void)close(pair[0]);
        if (sandbox_enter_key() != PK_OK)
            _exit(BROKEN);
        while (read(pair[1], &byte, 1) == 1)
            (void)!write(pair[1], &byte, 1);
        _exit(SUCCEEDED);
    }
    (void)close(pair[1]);
    for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
        assert_int_equal(outcome(sandbox_enter_key, attempts[i].attempt), attempts[i].expected);
        assert_int_equal(write(pair[0], "x", 1), 1);
        assert_int_equal(read(pair[0], &byte, 1), 1);
    }
    (void)close(pair[0]);
    assert_int_equal(end_of(victim), SUCCEEDED);
}

/* --- memory and devices ----------------------------------------------------------------------- */

static int code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? -1 : 0;
}

static int code_later(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int terminal_input(void)
{
    char byte = 'x';

    return ioctl(STDIN_FILENO, TIOCSTI, &byte);
}

static int feature_report(void)
{
    char report[64] = {0};

    return ioctl(STDIN_FILENO, HIDIOCSFEATURE(sizeof(report)), report);
}

static int memory(void)
{
    void *much = malloc(1 << 20);

    free(much);
    return much ? 0 : -1;
}

/* As libcbor does for an array of a large claimed length. */
static int much_memory(void)
{
    void *volatile much = malloc(64UL << 20);

    return much ? 0 : -1;
}

static void memory_is_neither_code_nor_endless(void **state)
{
    sandbox *const both[] = {sandbox_enter_key, sandbox_enter_list};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(outcome(both[i], code), EPERM);
        assert_int_equal(outcome(both[i], code_later), EPERM);
        assert_int_equal(outcome(both[i], terminal_input), EPERM);
        assert_int_equal(outcome(both[i], feature_report), EPERM);
        assert_int_equal(outcome(both[i], map_shared), EPERM);
        assert_int_equal(outcome(both[i], memory), SUCCEEDED);
#ifndef SANITIZERS
        assert_int_equal(outcome(both[i], much_memory), ENOMEM);
#else
        (void)much_memory;
#endif
    }
}

/* --- the list of keys ------------------------------------------------------------------------- */

static int inet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int netlink_socket(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static int device(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    return fd < 0 ? -1 : close(fd);
}

static int system_folder(void)
{
    int fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -1 : close(fd);
}

static int own_configuration(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void the_listing_opens_what_it_lists(void **state)
{
    (void)state;
    assert_int_equal(outcome(sandbox_enter_list, device), SUCCEEDED);
    assert_int_equal(outcome(sandbox_enter_list, system_folder), SUCCEEDED);
    assert_int_equal(outcome(sandbox_enter_list, inet_socket), KILLED);
    assert_int_equal(outcome(sandbox_enter_list, unix_socket), KILLED);
    assert_int_equal(outcome(sandbox_enter_list, netlink_socket), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, open_new), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, open_unnamed), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, open_to_empty), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, remove_it), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, lock_whole), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, lock_range), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, lock_range_of_file), EPERM);
    assert_int_equal(outcome(sandbox_enter_list, lock_and_wait), EPERM);
    if (pk_landlock_version() == 0)
        return;
    assert_int_equal(outcome(sandbox_enter_list, open_to_read), EACCES);
    assert_int_equal(outcome(sandbox_enter_list, open_below_folder), EACCES);
    assert_int_equal(outcome(sandbox_enter_list, own_configuration), EACCES);
}

static int limits_of_files(void)
{
    struct rlimit found;

    /* getrlimit() is refused in the sandbox, so this looks before. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (sandbox_enter_key() != PK_OK || getrlimit(RLIMIT_FSIZE, &found) == 0)
        _exit(BROKEN);
    return write_to_it();
}

static enum pk_status nothing(void)
{
    return PK_OK;
}

static void an_inherited_file_does_not_grow(void **state)
{
    (void)state;
    assert_int_equal(outcome(nothing, limits_of_files), EFBIG);
}

static int make_store(void **state)
{
    (void)state;
    store_fd = mkstemp(store);
    folder_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return store_fd < 0 || folder_fd < 0;
}

static int remove_store(void **state)
{
    (void)state;
    (void)close(folder_fd);
    (void)close(store_fd);
    return unlink(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_calls_end_the_process),
        cmocka_unit_test(other_calls_are_refused),
        cmocka_unit_test(the_store_is_out_of_reach_of_a_key),
        cmocka_unit_test(landlock_keeps_everything_closed),
        cmocka_unit_test(landlock_opens_a_folder_to_read),
        cmocka_unit_test(a_helper_cannot_disturb_another),
        cmocka_unit_test(memory_is_neither_code_nor_endless),
        cmocka_unit_test(the_listing_opens_what_it_lists),
        cmocka_unit_test(an_inherited_file_does_not_grow),
    };

    return cmocka_run_group_tests_name("sandbox", tests, make_store, remove_store);
}
