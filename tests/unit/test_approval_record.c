/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "pam/approval_record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX 12

/* As sudo hands them over; a test sets what it is about. */
static char *command_info[LIST_MAX], *user_info[LIST_MAX], *run_argv[LIST_MAX], *run_envp[LIST_MAX];

static void fill(char *list[LIST_MAX], const char *const words[LIST_MAX])
{
    for (size_t i = 0; i < LIST_MAX; i++)
        list[i] = (char *)(uintptr_t)words[i];
}
#define FILL(list, ...) fill(list, (const char *const[LIST_MAX]){__VA_ARGS__})

static int set_up(void **state)
{
    (void)state;
    FILL(command_info, "command=/usr/bin/env", "runas_user=root", "runas_uid=0", "runas_gid=0");
    FILL(user_info, "user=alice", "cwd=/home/alice");
    FILL(run_argv, "env", "x");
    FILL(run_envp, NULL);
    return 0;
}

/* Items with '|' for the NUL; NULL where it is refused with *ret_status. */
static char *record(enum pk_status *ret_status)
{
    const struct approval_facts facts = {command_info, user_info, run_envp, run_argv};
    struct pk_bytes made = {0};
    char *text;

    *ret_status = approval_record(&facts, &made);
    if (*ret_status != PK_OK)
        return NULL;
    text = calloc(made.len + 1, 1);
    assert_non_null(text);
    memcpy(text, made.data, made.len);
    for (size_t i = 0; i < made.len; i++)
        if (text[i] == 0)
            text[i] = '|';
    pk_bytes_clear(&made);
    return text;
}

static void assert_record(const char *wanted)
{
    enum pk_status status;
    PK_AUTO_FREE char *is = record(&status);

    assert_int_equal(status, PK_OK);
    assert_string_equal(is, wanted);
}

static void assert_refused(void)
{
    enum pk_status status;
    PK_AUTO_FREE char *is = record(&status);

    assert_null(is);
    assert_int_equal(status, PK_PROTOCOL);
}

static void all_that_is_known_is_told(void **state)
{
    (void)state;
    assert_record("c/usr/bin/env|aenv|ax|uroot|groot|d/home/alice|");
    FILL(command_info, "command=/usr/bin/env", "runas_uid=4000000000", "runas_gid=4000000001",
         "cwd=/srv", "chroot=/mnt");
    assert_record("c/usr/bin/env|aenv|ax|u#4000000000|g#4000000001|d/srv|r/mnt|");
}

static void a_path_is_made_absolute_and_loses_its_links(void **state)
{
    char folder[] = "/tmp/test_approval-XXXXXX";
    PK_AUTO_FREE char *info = NULL, *link_path = NULL, *cwd = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(asprintf(&link_path, "%s/link", folder) > 0);
    assert_int_equal(symlink("/usr/bin/env", link_path), 0);
    assert_true(asprintf(&info, "command=%s", link_path) > 0);
    assert_true(asprintf(&cwd, "cwd=%s", folder) > 0);
    FILL(command_info, info, "runas_uid=0", "runas_gid=0");
    assert_record("c/usr/bin/env|aenv|ax|uroot|groot|d/home/alice|");
    FILL(command_info, "command=./link", "runas_uid=0", "runas_gid=0", cwd);
    {
        PK_AUTO_FREE char *wanted = NULL;

        assert_true(asprintf(&wanted, "c/usr/bin/env|aenv|ax|uroot|groot|d%s|", folder) > 0);
        assert_record(wanted);
    }
    /* What is not there stays as sudo has it; so does what another root has. */
    FILL(command_info, "command=/nowhere/x", "runas_uid=0", "runas_gid=0");
    assert_record("c/nowhere/x|aenv|ax|uroot|groot|d/home/alice|");
    FILL(command_info, info, "runas_uid=0", "runas_gid=0", "chroot=/mnt");
    command_info[0] = info;
    {
        PK_AUTO_FREE char *wanted = NULL;

        assert_true(asprintf(&wanted, "c%s|aenv|ax|uroot|groot|d/home/alice|r/mnt|", link_path) >
                    0);
        assert_record(wanted);
    }
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void what_sudo_sets_itself_is_left_out(void **state)
{
    (void)state;
    FILL(run_envp, "SUDO_COMMAND=x", "SUDO_USER=alice", "HOME=/root", "USER=root", "LOGNAME=root",
         "MAIL=/var/mail/root", "PATH=/usr/sbin:/usr/bin", "TERM=xterm", "LANG=C.UTF-8", "LC_ALL=C",
         "LS_COLORS=:x=1");
    assert_record("c/usr/bin/env|aenv|ax|uroot|groot|d/home/alice|");
}

static void everything_else_is_told(void **state)
{
    static const char *const entries[] = {
        "LD_PRELOAD=/x",
        "BASH_ENV=/x",
        "A=b",
        "A=",
        "A",
        "HOME=/home/alice",
        "HOME=",
        "USER=alice",
        "LOGNAME=",
        "MAIL=/tmp/root",
        "MAIL=/var/mail/../../tmp/root",
        "PATH=/tmp:/usr/bin",
        "PATH=",
        "PATH=.",
        "PATH=/usr/bin:",
        "PATH=usr/bin",
        "PATH=/nowhere",
        "TERM=/x",
        "LANG=../x",
        "LC_ALL=%s",
        "TZ=/x",
        "SUDO_ASKPASS=/x",
        "SUDO_PS1=$(x)",
        "PS1=$(x)",
        "SHELL=/x",
        "PATHS=x",
        "XUSER=root",
        "PYTHONPATH=/x",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        PK_AUTO_FREE char *wanted = NULL;

        FILL(run_envp, entries[i]);
        assert_true(asprintf(&wanted, "c/usr/bin/env|aenv|ax|e%s|uroot|groot|d/home/alice|",
                             entries[i]) > 0);
        assert_record(wanted);
    }
}

static void files_to_edit_take_the_place_of_the_editor(void **state)
{
    (void)state;
    FILL(command_info, "command=/usr/bin/vi", "runas_uid=0", "runas_gid=0", "sudoedit=true");
    FILL(run_argv, "/usr/bin/vi", "-x", "--", "/etc/hosts", "b c");
    FILL(run_envp, "HOME=/home/alice", "A=b");
    assert_record("f/etc/hosts|fb c|uroot|groot|d/home/alice|");
    /* More than is edited rather than less. */
    FILL(run_argv, "vi", "--", "a", "--", "b");
    assert_record("fa|f--|fb|uroot|groot|d/home/alice|");
    FILL(run_argv, "vi", "/etc/hosts");
    assert_refused();
    FILL(run_argv, "vi", "--");
    assert_refused();
}

static void what_sudo_did_not_say_is_not_guessed(void **state)
{
    static const char *const infos[][4] = {
        {"runas_uid=0", "runas_gid=0"},
        {"command=", "runas_uid=0", "runas_gid=0"},
        {"command=/x", "runas_gid=0"},
        {"command=/x", "runas_uid=0"},
        {"command=/x", "runas_uid=", "runas_gid=0"},
        {"command=/x", "runas_uid=-1", "runas_gid=0"},
        {"command=/x", "runas_uid=0x", "runas_gid=0"},
        {"command=/x", "runas_uid=4294967296", "runas_gid=0"},
        {"command=/x", "runas_user=root", "runas_gid=0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
        FILL(command_info, infos[i][0], infos[i][1], infos[i][2], infos[i][3]);
        assert_refused();
    }
    FILL(command_info, "command=/x", "runas_uid=0", "runas_gid=0");
    FILL(user_info, "user=alice");
    assert_refused();
    FILL(user_info, "cwd=/");
    FILL(run_argv, NULL);
    assert_refused();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_that_is_known_is_told, set_up),
        cmocka_unit_test_setup(a_path_is_made_absolute_and_loses_its_links, set_up),
        cmocka_unit_test_setup(what_sudo_sets_itself_is_left_out, set_up),
        cmocka_unit_test_setup(everything_else_is_told, set_up),
        cmocka_unit_test_setup(files_to_edit_take_the_place_of_the_editor, set_up),
        cmocka_unit_test_setup(what_sudo_did_not_say_is_not_guessed, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
