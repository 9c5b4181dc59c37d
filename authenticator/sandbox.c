/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define DESCRIPTORS_MAX 64
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

/* What libfido2, libudev, OpenSSL and libc need once everything is loaded. */
/* clang-format off */
static const int allowed[] = {
    /* descriptors */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(dup),
    SCMP_SYS(flock),
    /* looking through /sys and /run/udev */
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents),
    SCMP_SYS(getdents64), SCMP_SYS(getcwd),
    /* memory; mmap and mprotect are below */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
    SCMP_SYS(mlock2), SCMP_SYS(munlock),
    /* time, random numbers, this process */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(futex),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(sched_yield), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* a build with sanitizers */
    SCMP_SYS(sigaltstack),
};

/*
 * Nothing in this process has a reason to call these: a call means that it was taken over, so it is
 * killed. All the rest gets EPERM, because libraries try harmless things and go on.
 */
static const int hostile[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone),
    SCMP_SYS(clone3), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    SCMP_SYS(socketpair), SCMP_SYS(kill), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(mount),
    SCMP_SYS(bpf), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(memfd_create),
    SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
};
/* clang-format on */

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

/* Calls that are allowed for some arguments only. */
static bool add_conditional(scmp_filter_ctx filter)
{
    /* hidraw's own requests are those of type 'H'. */
    const struct scmp_arg_cmp hidraw =
        SCMP_A1(SCMP_CMP_MASKED_EQ, _IOC_TYPEMASK << _IOC_TYPESHIFT, 'H' << _IOC_TYPESHIFT);
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    /*
     * The daemon's files belong to this process's user as well. RLIMIT_FSIZE stops write(), but
     * neither stores into a shared mapping nor a file that is opened to be emptied.
     */
    const struct scmp_arg_cmp private_data[] = {not_executable,
                                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)};
    const struct scmp_arg_cmp not_creating_at = SCMP_A2(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp not_creating = SCMP_A1(SCMP_CMP_MASKED_EQ, CREATING, 0);
    const struct scmp_arg_cmp not_netlink = SCMP_A0(SCMP_CMP_NE, AF_NETLINK);

    return add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), &hidraw) &&
           add_where(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), private_data, 2) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), &not_executable) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), &not_creating_at) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), &not_creating) &&
           /* libfido2 asks netlink about NFC readers, and goes on when that is refused. */
           add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), &not_netlink);
}

static bool add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add(filter, action, calls[i], NULL))
            return false;
    }
    return true;
}

static bool filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool loaded;

    if (!filter)
        return false;
    loaded = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(*allowed)) &&
             add_all(filter, SCMP_ACT_KILL_PROCESS, hostile, sizeof(hostile) / sizeof(*hostile)) &&
             add_conditional(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return loaded;
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

enum pk_status sandbox_enter(void)
{
    bool entered;

    lock_memory();
    entered = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0) &&
              limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) &&
              limit(RLIMIT_DATA, DATA_MAX) && filter_calls();
    return entered ? PK_OK : PK_INTERNAL;
}
