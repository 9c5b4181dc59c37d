/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/sandbox.h"

#include "common/helper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#define DATA_MAX (64UL * 1024 * 1024)
/* bluetoothd's answer may have hundreds of devices, whose properties others choose. */
#define RADIO_DATA_MAX (2 * DATA_MAX)

/* clang-format off */
static const int packets[] = {
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
};

/* libdbus; its socket is open and greeted. */
static const int bus[] = {
    SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(getsockopt),
    SCMP_SYS(shutdown), SCMP_SYS(dup2), SCMP_SYS(dup3),
};

/* No more descriptors than it is handed. */
static const int handed[] = {
    SCMP_SYS(recvmsg), SCMP_SYS(dup2), SCMP_SYS(dup3),
};

/* Hostile too in all but the dialler, which gets its descriptors itself. */
static const int reaching[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(clone),
    SCMP_SYS(memfd_create), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
};

/* The name service may load modules and ask services by sockets of its own; it starts no thread. */
static const int hostile_to_names[] = {
    SCMP_SYS(clone), SCMP_SYS(memfd_create), SCMP_SYS(prctl), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(mknod),
    SCMP_SYS(mknodat), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(truncate),
    SCMP_SYS(ftruncate), SCMP_SYS(setxattr), SCMP_SYS(chroot), SCMP_SYS(pivot_root),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(personality), SCMP_SYS(ptrace),
};
/* clang-format on */

/* Everything but what it has no reason for: nobody can list what a name service calls. */
static bool add_dialler(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp making_at = SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT);
    const struct scmp_arg_cmp making = SCMP_A1(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT);
    /* Local sockets, the two of the Internet and netlink have the lower numbers. */
    const struct scmp_arg_cmp other_family = SCMP_A0(SCMP_CMP_GT, AF_NETLINK);

    return pk_filter_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), &making_at, 1) &&
           pk_filter_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), &making, 1) &&
           pk_filter_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), &other_family, 1) &&
           PK_FILTER_ADD_LIST(filter, SCMP_ACT_KILL_PROCESS, hostile_to_names) &&
           pk_filter_add_hostile(filter, true);
}

static bool add_for(scmp_filter_ctx filter, unsigned process)
{
    bool added;

    if (process == PHONE_DIALLER)
        return add_dialler(filter);
    added = pk_filter_add_common(filter);
    if (added && process == PHONE_SESSION)
        added = PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, packets);
    else if (added && process == PHONE_RADIO)
        added = PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, bus);
    else if (added)
        added = PK_FILTER_ADD_LIST(filter, SCMP_ACT_ALLOW, handed);
    return added && PK_FILTER_ADD_LIST(filter, SCMP_ACT_KILL_PROCESS, reaching) &&
           pk_filter_add_hostile(filter, false);
}

/* What names are resolved with. Nothing of this host's accounts or of their homes. */
static const struct pk_landlock_folder names[] = {
    {"/etc", PK_LANDLOCK_READING},   {"/usr", PK_LANDLOCK_READING}, {"/lib", PK_LANDLOCK_READING},
    {"/lib64", PK_LANDLOCK_READING}, {"/run", PK_LANDLOCK_READING},
};

enum pk_status phone_sandbox_enter(enum phone_process process)
{
    static struct pk_filter filter;
    static const unsigned left[PHONE_PROCESSES] = {
        [PHONE_SESSION] = PK_LANDLOCK_SIGNALS, /* its parts end with it */
        [PHONE_DIALLER] = PK_LANDLOCK_CONNECTS,
    };
    const bool dials = process == PHONE_DIALLER;
    const struct pk_sandbox sandbox = {
        .filter = &filter,
        .folders = dials ? names : NULL,
        .folder_count = dials ? sizeof(names) / sizeof(*names) : 0,
        .left = left[process],
        .data_max = process == PHONE_RADIO ? RADIO_DATA_MAX : DATA_MAX,
    };

    if (!pk_filter_build(add_for, process, dials ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), &filter))
        return PK_INTERNAL;
    return pk_sandbox_enter(&sandbox);
}
