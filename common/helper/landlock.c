/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/helper/landlock.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The interface grows with the kernel; the header that this is compiled with may be older than the
 * kernel it runs on. Bits by the version that brought them (landlock(7)).
 */
#define FS_1            ((UINT64_C(1) << 13) - 1)
#define FS_2_REFER      (UINT64_C(1) << 13)
#define FS_3_TRUNC      (UINT64_C(1) << 14)
#define FS_5_IOCTL      (UINT64_C(1) << 15)
#define NET_4           UINT64_C(3) /* TCP: bind, connect */
#define NET_4_BIND      UINT64_C(1)
#define SCOPE_6         UINT64_C(3) /* abstract sockets, signals */
#define SCOPE_6_SIGNALS UINT64_C(2)
#define VERSION_FLAG    1u

struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

static int create(const struct ruleset *ruleset, size_t size, unsigned flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, ruleset, size, flags);
}

int pk_landlock_version(void)
{
    int version = create(NULL, 0, VERSION_FLAG);

    return version > 0 ? version : 0;
}

static struct ruleset all_of(int version, unsigned left, size_t *ret_size)
{
    struct ruleset all = {.fs = FS_1};

    if (version >= 2)
        all.fs |= FS_2_REFER;
    if (version >= 3)
        all.fs |= FS_3_TRUNC;
    if (version >= 4)
        all.net = left & PK_LANDLOCK_CONNECTS ? NET_4_BIND : NET_4;
    if (version >= 5)
        all.fs |= FS_5_IOCTL;
    if (version >= 6)
        all.scoped = left & PK_LANDLOCK_SIGNALS ? SCOPE_6 & ~SCOPE_6_SIGNALS : SCOPE_6;
    /* A kernel takes what it does not know only as zeros; the oldest know the first member. */
    *ret_size = version >= 6   ? sizeof(all)
                : version >= 4 ? offsetof(struct ruleset, scoped)
                               : offsetof(struct ruleset, net);
    return all;
}

static bool allow(int ruleset, uint64_t known, const struct pk_landlock_folder *folder)
{
    PK_AUTO_CLOSE int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct landlock_path_beneath_attr beneath = {.parent_fd = fd};

    if (fd < 0)
        return errno == ENOENT || errno == EACCES;
    if (folder->access & PK_LANDLOCK_READING)
        beneath.allowed_access |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (folder->access & PK_LANDLOCK_DEVICES)
        beneath.allowed_access |= (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | FS_5_IOCTL) &
                                  known;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0u) == 0;
}

bool pk_landlock_enter(const struct pk_landlock_folder *folders, size_t count, unsigned left)
{
    int version = pk_landlock_version();
    size_t size = 0;
    const struct ruleset all = all_of(version, left, &size);
    PK_AUTO_CLOSE int ruleset = -1;

    if (version == 0)
        return true;
    ruleset = create(&all, size, 0);
    if (ruleset < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!allow(ruleset, all.fs, &folders[i]))
            return false;
    }
    return syscall(SYS_landlock_restrict_self, ruleset, 0u) == 0;
}
