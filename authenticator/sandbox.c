/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/sandbox.h"

#include "common/helper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/*
 * A key's reply is a few kilobytes of CBOR, but may claim an array of billions, and libcbor
 * allocates what is claimed.
 */
#define DATA_MAX (32UL * 1024 * 1024)

/* clang-format off */
/* What libudev needs to look through /sys and /run/udev; open() is below. */
static const int listing_calls[] = {
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(fstatfs),
    SCMP_SYS(statfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd), SCMP_SYS(dup), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid),
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
static struct pk_filter filters[FILTERS];

static bool add(scmp_filter_ctx filter, uint32_t action, int call, const struct scmp_arg_cmp *where)
{
    return pk_filter_add(filter, action, call, where, where ? 1 : 0);
}

/* Calls that the listing is allowed for some arguments only. */
static bool add_listing(scmp_filter_ctx filter)
{
    static const unsigned long questions[] = {HIDIOCGRDESCSIZE, HIDIOCGRDESC};
    static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    const struct scmp_arg_cmp not_creating_at = SCMP_A2(SCMP_CMP_MASKED_EQ, PK_CREATING, 0);
    const struct scmp_arg_cmp not_creating = SCMP_A1(SCMP_CMP_MASKED_EQ, PK_CREATING, 0);
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
    return PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, listing_calls) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), &not_creating_at) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), &not_creating) &&
           /* libfido2 asks netlink about NFC readers, and goes on when that is refused. */
           add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), &not_netlink);
}

/* What the process does that is kept ready, and its helpers before they shut themselves in. */
static bool add_ready(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_creating_at = SCMP_A2(SCMP_CMP_MASKED_EQ, PK_CREATING, 0);
    const struct scmp_arg_cmp not_creating = SCMP_A1(SCMP_CMP_MASKED_EQ, PK_CREATING, 0);
    const struct scmp_arg_cmp sibling = SCMP_A0(SCMP_CMP_EQ, CLONE_PARENT | SIGCHLD);
    const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_EQ, AF_UNIX);
    const struct scmp_arg_cmp netlink = SCMP_A0(SCMP_CMP_EQ, AF_NETLINK);

    return PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, listing_calls) &&
           PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, ready_calls) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), &not_creating_at) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), &not_creating) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), &sibling) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), &local) &&
           add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), &netlink);
}

static bool add_for(scmp_filter_ctx filter, unsigned kind)
{
    if (!pk_filter_add_common(filter) || !pk_filter_add_hostile(filter, false))
        return false;
    if (kind == FILTER_READY)
        return add_ready(filter);
    return PK_FILTER_ADD_LIST(filter, SCMP_ACT_KILL_PROCESS, hostile_if_ready_is_over) &&
           (kind == FILTER_LIST ? add_listing(filter)
                                : PK_FILTER_ADD_LIST(filter, SCMP_ACT_KILL_PROCESS, opening));
}

static bool build(enum filter_kind kind)
{
    return pk_filter_build(add_for, kind, SCMP_ACT_ERRNO(EPERM), &filters[kind]);
}

static enum pk_status enter(enum filter_kind kind, const struct pk_landlock_folder *folders,
                            size_t count)
{
    const struct pk_sandbox sandbox = {
        .filter = &filters[kind], .folders = folders, .folder_count = count, .data_max = DATA_MAX};

    /* Before the limit of files: it is made in one, in memory. */
    if (filters[kind].count == 0 && !build(kind))
        return PK_INTERNAL;
    return pk_sandbox_enter(&sandbox);
}

enum pk_status sandbox_enter_key(void)
{
    return enter(FILTER_KEY, NULL, 0);
}

static const struct pk_landlock_folder listed[] = {
    {"/sys", PK_LANDLOCK_READING},
    {"/run/udev", PK_LANDLOCK_READING},
    {"/dev", PK_LANDLOCK_DEVICES},
};

enum pk_status sandbox_enter_list(void)
{
    return enter(FILTER_LIST, listed, sizeof(listed) / sizeof(*listed));
}

enum pk_status sandbox_enter_ready(void)
{
    bool built = build(FILTER_KEY) && build(FILTER_LIST);

    return built ? enter(FILTER_READY, listed, sizeof(listed) / sizeof(*listed)) : PK_INTERNAL;
}
