/* SPDX-License-Identifier: BSD-2-Clause */
/* Each in a process of its own: what has been given up does not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMON_UID 54321
#define DAEMON_GID 54322

static uid_t daemon_uid; /* in the name service; 0: as if an administrator had called root so */
static bool known;

/* The name service. */
struct passwd *getpwnam(const char *name)
{
    static char account[64];
    static struct passwd entry;

    (void)snprintf(account, sizeof(account), "%s", name);
    entry = (struct passwd){.pw_name = account, .pw_uid = daemon_uid, .pw_gid = DAEMON_GID};
    return known ? &entry : NULL;
}

static bool is_dropped(void)
{
    uid_t uids[3];
    gid_t gids[3], groups[16];
    int count = getgroups(16, groups);

    if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2]))
        return false;
    for (int i = 0; i < 3; i++)
        if (uids[i] != DAEMON_UID || gids[i] != DAEMON_GID)
            return false;
    for (int i = 0; i < count; i++)
        if (groups[i] != DAEMON_GID)
            return false;
    return count >= 0 && setuid(0) != 0 && setgid(0) != 0;
}

static int drop_as_root(void)
{
    const gid_t roots[] = {0, 4, 27};

    daemon_uid = DAEMON_UID;
    known = true;
    return setgroups(3, roots) == 0 && privileges_drop() == PK_OK && is_dropped() ? 0 : 1;
}

/* As a program that root installed setuid for somebody. */
static int drop_as_effective_root(void)
{
    daemon_uid = DAEMON_UID;
    known = true;
    return setresuid(1000, 0, 0) == 0 && privileges_drop() == PK_OK && is_dropped() ? 0 : 1;
}

static int drop_without_account(void)
{
    known = false;
    return privileges_drop() == PK_NOT_FOUND ? 0 : 1;
}

static int drop_to_root(void)
{
    known = true;
    daemon_uid = 0;
    return privileges_drop() == PK_NOT_FOUND ? 0 : 1;
}

static int drop_as_somebody(void)
{
    known = false; /* it is not asked for */
    return setresuid(1000, 1000, 1000) == 0 && privileges_drop() == PK_OK && getuid() == 1000 ? 0
                                                                                              : 1;
}

static int harden(void)
{
    struct rlimit core;

    if (privileges_harden() != PK_OK || getrlimit(RLIMIT_CORE, &core))
        return 1;
    if (umask(0) != 077 || core.rlim_cur != 0 || core.rlim_max != 0)
        return 2;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 3;
#ifndef __SANITIZE_ADDRESS__
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 4;
#endif
    return 0;
}

/* The exit status of the function in a child. */
static int in_a_child(int (*function)(void))
{
    pid_t child = fork();
    int status = -1;

    assert_true(child >= 0);
    if (child == 0)
        _exit(function());
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void root_becomes_the_daemons_user_for_good(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(drop_as_root), 0);
    assert_int_equal(in_a_child(drop_as_effective_root), 0);
}

static void root_does_not_stay_root(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(drop_without_account), 0);
    assert_int_equal(in_a_child(drop_to_root), 0);
}

static void others_stay_who_they_are(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(drop_as_somebody), 0);
}

static void the_process_is_hardened(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(harden), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_becomes_the_daemons_user_for_good),
        cmocka_unit_test(root_does_not_stay_root),
        cmocka_unit_test(others_stay_who_they_are),
        cmocka_unit_test(the_process_is_hardened),
    };

    if (geteuid() != 0) {
        (void)puts("1..0 # SKIP needs root, to give it up");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
