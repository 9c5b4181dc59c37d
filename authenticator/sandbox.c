/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/sandbox.h"

#include "authenticator/landlock.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/hidraw.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 64
#define FILTER_MAX      2048 /* instructions */
/* What open() does beside opening; O_TMPFILE has the bit of O_DIRECTORY too, which is harmless. */
#define CREATING (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/*
 * A key's reply is a few kilobytes of CBOR, but may claim an array of billions, and libcbor
 * allocates what is claimed. AddressSanitizer needs terabytes for itself.
 */
#ifdef SANITIZERS
#define DATA_MAX RLIM_INFINITY
#else
#define DATA_MAX (32UL * 1024 * 1024)
#endif

/*
 * Everything that is mapped counts, and once all of it is to be locked an allocation beyond the
 * limit fails. Libraries and heap take about 10 MiB; below this the limit is too close.
 */
#define LOCKABLE_MIN (32UL * 1024 * 1024)

/* What libfido2, OpenSSL and libc need once everything is loaded and the descriptors are there. */
/* clang-format off */
static const int common_calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(lseek), SCMP_SYS(fstat),
    /* memory; mmap and mprotect are below */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
    SCMP_SYS(mlock2), SCMP_SYS(munlock),
    /* time, random numbers, this process; OpenSSL notices by getpid() that it was forked */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(futex),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* a build with sanitizers */
    SCMP_SYS(sigaltstack),
};

/* What libudev needs to look through /sys and /run/udev; open() is below. */
static const int listing_calls[] = {
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(fstatfs),
    SCMP_SYS(statfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd), SCMP_SYS(dup), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

/*
 * Nothing in this process has a reason to call these: a call means that it was taken over, so it is
 * killed. All the rest gets EPERM, because libraries try harmless things and go on.
 */
static const int hostile[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone3), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    SCMP_SYS(socketpair), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(process_madvise),
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(mount), SCMP_SYS(bpf), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
    SCMP_SYS(creat), SCMP_SYS(openat2), SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree),
};

/* Hostile too in all but the process that is kept ready, whose filter stays in force in them. */
static const int hostile_if_ready_is_over[] = {
    SCMP_SYS(clone), SCMP_SYS(connect), SCMP_SYS(memfd_create),
};

/* How that process starts helpers, and how they open a key, pass it on and shut themselves in. */
static const int ready_calls[] = {
    SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(connect),
    SCMP_SYS(getppid), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(close_range), SCMP_SYS(flock),
    SCMP_SYS(ioctl), SCMP_SYS(fcntl), SCMP_SYS(prctl), SCMP_SYS(seccomp), SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit), SCMP_SYS(prlimit64), SCMP_SYS(mlockall), SCMP_SYS(getsockopt),
    SCMP_SYS(rt_sigaction), SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self), SCMP_SYS(set_robust_list),
};

/* Hostile too where everything that is needed was opened by others. */
static const int opening[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(socket), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
};
/* clang-format on */

enum filter_kind {
    FILTER_KEY,
    FILTER_LIST,
    FILTER_READY,
    FILTERS,
};

/* Made when it is needed, or before. */
static struct filter {
    unsigned short count; /* 0: not made yet */
    struct sock_filter code[FILTER_MAX];
} filters[FILTERS];

/* A call this architecture does not have is no loss. */
static bool add_where(scmp_filter_ctx filter, uint32_t action, int call,
                      const struct scmp_arg_cmp *where, unsigned count)
{
    int error = seccomp_rule_add_array(filter, action, call, count, where);

    return error == 0 || error == -EDOM || call < 0;
}

static bool add(scmp_filter_ctx filter, uint32_t action, int call, const struct scmp_arg_cmp *where)
{
    return add_where(filter, action, call, where, where ? 1 : 0);
}

static bool add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add(filter, action, calls[i], NULL))
            return false;
    }
    return true;
}
#define ADD_ALL(filter, action, calls)                                                             \
    add_all(filter, action, calls, sizeof(calls) / sizeof(*(calls)))

/* Memory that is this process's alone, and never code. */
static bool add_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    /*
     * RLIMIT_FSIZE stops write() to a file, but not stores into a shared mapping. Only the listing
     * could have a file to map at all.
     */
    const struct scmp_arg_cmp private_data[] = {not_executable,
                                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)};

    return add_where(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), private_data, 2) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), &not_executable);
}

/* Calls that the listing is allowed for some arguments only. */
static bool add_listing(scmp_filter_ctx filter)
{
    static const unsigned long questions[] = {HIDIOCGRDESCSIZE, HIDIOCGRDESC};
    static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    const struct scmp_arg_cmp not_creating_at = SCMP_A2(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp not_creating = SCMP_A1(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp not_netlink = SCMP_A0(SCMP_CMP_NE, AF_NETLINK);

    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        const struct scmp_arg_cmp question = SCMP_A1(SCMP_CMP_EQ, questions[i]);

        if (!add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), &question))
            return false;
    }
    /* None of them locks. */
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        const struct scmp_arg_cmp command = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]);

        if (!add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), &command))
            return false;
    }
    return ADD_ALL(filter, SCMP_ACT_ALLOW, listing_calls) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), &not_creating_at) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), &not_creating) &&
           /* libfido2 asks netlink about NFC readers, and goes on when that is refused. */
           add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), &not_netlink);
}

/* What the process does that is kept ready, and its helpers before they shut themselves in. */
static bool add_ready(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_creating_at = SCMP_A2(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp not_creating = SCMP_A1(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp sibling = SCMP_A0(SCMP_CMP_EQ, CLONE_PARENT | SIGCHLD);
    const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_EQ, AF_UNIX);
    const struct scmp_arg_cmp netlink = SCMP_A0(SCMP_CMP_EQ, AF_NETLINK);

    return ADD_ALL(filter, SCMP_ACT_ALLOW, listing_calls) &&
           ADD_ALL(filter, SCMP_ACT_ALLOW, ready_calls) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), &not_creating_at) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), &not_creating) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), &sibling) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), &local) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), &netlink);
}

static bool add_for(scmp_filter_ctx filter, enum filter_kind kind)
{
    if (!ADD_ALL(filter, SCMP_ACT_ALLOW, common_calls) ||
        !ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, hostile) || !add_memory(filter))
        return false;
    if (kind == FILTER_READY)
        return add_ready(filter);
    return ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, hostile_if_ready_is_over) &&
           (kind == FILTER_LIST ? add_listing(filter)
                                : ADD_ALL(filter, SCMP_ACT_KILL_PROCESS, opening));
}

/* The program that libseccomp makes; its making takes a good part of a helper's start. */
static bool build(enum filter_kind kind, struct filter *ret)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    PK_AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
    bool made =
        context && fd >= 0 && add_for(context, kind) && seccomp_export_bpf(context, fd) == 0;
    ssize_t size = made ? pread(fd, ret->code, sizeof(ret->code), 0) : -1;

    if (context)
        seccomp_release(context);
    if (size <= 0 || size == (ssize_t)sizeof(ret->code) || (size_t)size % sizeof(ret->code[0]) != 0)
        return false;
    ret->count = (unsigned short)((size_t)size / sizeof(ret->code[0]));
    return true;
}

static bool filter_calls(const struct filter *filter)
{
    const struct sock_fprog program = {filter->count,
                                       (struct sock_filter *)(uintptr_t)filter->code};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* No more than value, or than there is already. */
static bool limit(int resource, rlim_t value)
{
    struct rlimit wanted;

    if (getrlimit(resource, &wanted) != 0)
        return false;
    if (wanted.rlim_max > value)
        wanted.rlim_max = value;
    wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted) == 0;
}

/*
 * Everything, so that libfido2's own copies of a PIN stay out of swap as well. Where the limit is
 * too small for that, the pages of struct pk_secret are locked one by one.
 */
static void lock_memory(void)
{
    struct rlimit lockable;

    if (getrlimit(RLIMIT_MEMLOCK, &lockable) != 0)
        return;
    if (lockable.rlim_max < LOCKABLE_MIN)
        lockable.rlim_max = LOCKABLE_MIN; /* the superuser may */
    lockable.rlim_cur = lockable.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &lockable) == 0)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

enum pk_status sandbox_prepare(void)
{
    bool prepared = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0);

    return prepared ? PK_OK : PK_INTERNAL;
}

static enum pk_status enter(enum filter_kind kind, const struct landlock_folder *folders,
                            size_t count)
{
    struct filter *filter = &filters[kind];
    bool entered;

    /* Before the limit of files: it is made in one, in memory. */
    if (filter->count == 0 && !build(kind, filter))
        return PK_INTERNAL;
    lock_memory();
    entered = sandbox_prepare() == PK_OK && limit(RLIMIT_FSIZE, 0) &&
              limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) && limit(RLIMIT_DATA, DATA_MAX) &&
              landlock_enter(folders, count) && filter_calls(filter);
    return entered ? PK_OK : PK_INTERNAL;
}

enum pk_status sandbox_enter_key(void)
{
    return enter(FILTER_KEY, NULL, 0);
}

static const struct landlock_folder listed[] = {
    {"/sys", LANDLOCK_READING},
    {"/run/udev", LANDLOCK_READING},
    {"/dev", LANDLOCK_DEVICES},
};

enum pk_status sandbox_enter_list(void)
{
    return enter(FILTER_LIST, listed, sizeof(listed) / sizeof(*listed));
}

enum pk_status sandbox_enter_ready(void)
{
    bool built =
        build(FILTER_KEY, &filters[FILTER_KEY]) && build(FILTER_LIST, &filters[FILTER_LIST]);

    return built ? enter(FILTER_READY, listed, sizeof(listed) / sizeof(*listed)) : PK_INTERNAL;
}
