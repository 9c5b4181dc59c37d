/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/helper/sandbox.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define DESCRIPTORS_MAX 64

/*
 * Everything that is mapped counts, and once all of it is to be locked an allocation beyond the
 * limit fails. Libraries and heap take about 10 MiB; below this the limit is too close.
 */
#define LOCKABLE_MIN (32UL * 1024 * 1024)

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

static const int hostile[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone3), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    SCMP_SYS(socketpair), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(process_madvise),
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(mount), SCMP_SYS(bpf), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
    SCMP_SYS(creat), SCMP_SYS(openat2), SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree),
};
/* clang-format on */

bool pk_filter_add(scmp_filter_ctx filter, uint32_t action, int call,
                   const struct scmp_arg_cmp *where, unsigned count)
{
    int error = seccomp_rule_add_array(filter, action, call, count, where);

    return error == 0 || error == -EDOM || error == -EEXIST || call < 0;
}

bool pk_filter_add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!pk_filter_add(filter, action, calls[i], NULL, 0))
            return false;
    }
    return true;
}

/* Memory that is this process's alone, and never code. */
static bool add_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    /*
     * RLIMIT_FSIZE stops write() to a file, but not stores into a shared mapping. Only a process
     * that may open some could have a file to map at all.
     */
    const struct scmp_arg_cmp private_data[] = {not_executable,
                                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)};

    return pk_filter_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), private_data, 2) &&
           pk_filter_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), &not_executable, 1);
}

bool pk_filter_add_common(scmp_filter_ctx filter)
{
    return PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, common_calls) && add_memory(filter);
}

bool pk_filter_add_hostile(scmp_filter_ctx filter, bool binds)
{
    return PK_FILTER_ADD_LIST(filter, SCMP_ACT_KILL_PROCESS, hostile) &&
           (binds || pk_filter_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(bind), NULL, 0));
}

bool pk_filter_build(bool (*add)(scmp_filter_ctx filter, unsigned kind), unsigned kind,
                     uint32_t action, struct pk_filter *ret)
{
    scmp_filter_ctx context = seccomp_init(action);
    PK_AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
    bool made = context && fd >= 0 && add(context, kind) && seccomp_export_bpf(context, fd) == 0;
    ssize_t size = made ? pread(fd, ret->code, sizeof(ret->code), 0) : -1;

    if (context)
        seccomp_release(context);
    if (size <= 0 || size == (ssize_t)sizeof(ret->code) || (size_t)size % sizeof(ret->code[0]) != 0)
        return false;
    ret->count = (unsigned short)((size_t)size / sizeof(ret->code[0]));
    return true;
}

static bool filter_calls(const struct pk_filter *filter)
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

/* AddressSanitizer needs terabytes for itself. */
static bool limit_data(unsigned long value)
{
#ifdef SANITIZERS
    (void)value;
    return true;
#else
    return limit(RLIMIT_DATA, value);
#endif
}

/*
 * Everything, so that copies of a secret that libraries make stay out of swap as well. Where the
 * limit is too small for that, the pages of struct pk_secret are locked one by one.
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

enum pk_status pk_sandbox_prepare(void)
{
    bool prepared = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0);

    return prepared ? PK_OK : PK_INTERNAL;
}

enum pk_status pk_sandbox_enter(const struct pk_sandbox *sandbox)
{
    bool entered;

    lock_memory();
    entered = pk_sandbox_prepare() == PK_OK && limit(RLIMIT_FSIZE, 0) &&
              limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) && limit_data(sandbox->data_max) &&
              pk_landlock_enter(sandbox->folders, sandbox->folder_count, sandbox->left) &&
              filter_calls(sandbox->filter);
    return entered ? PK_OK : PK_INTERNAL;
}
