/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum pk_status privileges_drop(void)
{
    const struct passwd *user;

    if (geteuid() != 0 && getuid() != 0)
        return PK_OK;
    user = getpwnam(PASSKEYD_USER);
    if (!user || user->pw_uid == 0)
        return PK_NOT_FOUND;
    if (initgroups(user->pw_name, user->pw_gid) ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
        return PK_DENIED;
    /* The change must not be reversible. */
    return setuid(0) == 0 ? PK_DENIED : PK_OK;
}

enum pk_status privileges_harden(void)
{
    const struct rlimit none = {0, 0};

    (void)umask(077);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
        return PK_DENIED;
#ifndef __SANITIZE_ADDRESS__ /* LeakSanitizer must attach to the process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return PK_DENIED;
#endif
    return PK_OK;
}
