/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/approval_record.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "pam/command.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define ENTRY_MAX 65536 /* bytes of an entry of the password or group file */

/* The run-as user; owned. What is not known is empty. */
struct target {
    char *name, *group, *home, *shell;
};

static void target_clear(struct target *target)
{
    free(target->name);
    free(target->group);
    free(target->home);
    free(target->shell);
}

const char *approval_find(char *const *entries, const char *name)
{
    size_t len = strlen(name);

    for (; entries && *entries; entries++)
        if (strncmp(*entries, name, len) == 0 && (*entries)[len] == '=')
            return *entries + len + 1;
    return NULL;
}

bool approval_find_id(char *const *entries, const char *name, uint32_t *ret)
{
    const char *text = approval_find(entries, name);
    char *end = NULL;
    unsigned long value;

    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end || value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static enum pk_status find_account(uid_t uid, struct target *target)
{
    PK_AUTO_FREE char *buffer = malloc(ENTRY_MAX);
    struct passwd entry, *found = NULL;

    if (!buffer)
        return PK_NO_MEMORY;
    if (getpwuid_r(uid, &entry, buffer, ENTRY_MAX, &found) != 0)
        found = NULL;
    target->name = found ? strdup(found->pw_name) : pk_text_format("#%u", (unsigned)uid);
    target->home = strdup(found ? found->pw_dir : "");
    target->shell = strdup(found ? found->pw_shell : "");
    return target->name && target->home && target->shell ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status find_group(gid_t gid, struct target *target)
{
    PK_AUTO_FREE char *buffer = malloc(ENTRY_MAX);
    struct group entry, *found = NULL;

    if (!buffer)
        return PK_NO_MEMORY;
    if (getgrgid_r(gid, &entry, buffer, ENTRY_MAX, &found) != 0)
        found = NULL;
    target->group = found ? strdup(found->gr_name) : pk_text_format("#%u", (unsigned)gid);
    return target->group ? PK_OK : PK_NO_MEMORY;
}

/* By their numbers, which are what the command gets. */
static enum pk_status find_target(char *const *command_info, struct target *target)
{
    uint32_t uid = 0, gid = 0;
    enum pk_status status;

    if (!approval_find_id(command_info, "runas_uid", &uid) ||
        !approval_find_id(command_info, "runas_gid", &gid))
        return PK_PROTOCOL;
    status = find_account(uid, target);
    return status == PK_OK ? find_group(gid, target) : status;
}

/* --- the environment -------------------------------------------------------------------------- */

static bool is_one_of(const char *name, size_t len, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) == len && memcmp(*names, name, len) == 0)
            return true;
    return false;
}

/* A folder that nobody but root can put a program into. */
static bool is_roots(const char *path)
{
    struct stat about;

    return path[0] == '/' && stat(path, &about) == 0 && S_ISDIR(about.st_mode) &&
           about.st_uid == 0 && !(about.st_mode & S_IWOTH);
}

static bool is_safe_path(const char *value)
{
    PK_AUTO_FREE char *copy = strdup(value);
    char *rest = copy;
    const char *folder;

    while (copy && (folder = strsep(&rest, ":")))
        if (!is_roots(folder))
            return false;
    return copy != NULL;
}

static bool is_mailbox_of(const char *value, const char *name)
{
    const char *base = strrchr(value, '/');

    return strncmp(value, "/var/", strlen("/var/")) == 0 && !strstr(value, "/..") && base &&
           strcmp(base + 1, name) == 0;
}

/* Whether the entry is what sudo sets of itself, or tells of the terminal and the language alone.
 */
static bool is_ordinary(const char *entry, const struct target *target)
{
    static const char *const sudos[] = {"SUDO_COMMAND", "SUDO_GID",  "SUDO_HOME",
                                        "SUDO_UID",     "SUDO_USER", NULL};
    static const char *const names[] = {"LOGNAME", "USER", "USERNAME", NULL};
    static const char *const display[] = {"COLORS",     "COLUMNS",        "DISPLAY",
                                          "HOSTNAME",   "LINES",          "LS_COLORS",
                                          "XAUTHORITY", "XAUTHORIZATION", "XDG_CURRENT_DESKTOP",
                                          NULL};
    static const char *const language[] = {"COLORTERM", "LANG", "LANGUAGE", "LINGUAS",
                                           "TERM",      "TZ",   NULL};
    size_t len = strcspn(entry, "=");
    const char *value = entry[len] ? entry + len + 1 : "";

    if (is_one_of(entry, len, sudos) || is_one_of(entry, len, display))
        return true;
    if (is_one_of(entry, len, names))
        return strcmp(value, target->name) == 0;
    if (is_one_of(entry, len, language) || strncmp(entry, "LC_", strlen("LC_")) == 0)
        return !strpbrk(value, "/%"); /* not a file to be read, as sudo's env_check has it */
    if (is_one_of(entry, len, (const char *const[]){"HOME", NULL}))
        return strcmp(value, target->home) == 0;
    if (is_one_of(entry, len, (const char *const[]){"SHELL", NULL}))
        return strcmp(value, target->shell) == 0;
    if (is_one_of(entry, len, (const char *const[]){"MAIL", NULL}))
        return is_mailbox_of(value, target->name);
    return is_one_of(entry, len, (const char *const[]){"PATH", NULL}) && is_safe_path(value);
}

/* --- the record ------------------------------------------------------------------------------- */

static void put(struct pk_writer *writer, char letter, const char *value)
{
    pk_writer_u8(writer, (uint8_t)letter);
    pk_writer_put(writer, pk_view_string(value));
    pk_writer_u8(writer, 0);
}

/* Relative to where the command will run, if sudo changes there. The caller frees it. */
static char *resolve(const char *command, const char *folder)
{
    PK_AUTO_FREE char *path =
        command[0] == '/' || !folder ? strdup(command) : pk_text_format("%s/%s", folder, command);
    char *resolved = path ? realpath(path, NULL) : NULL;

    return resolved ? resolved : pk_steal(path);
}

static enum pk_status put_command(const struct approval_facts *facts, struct pk_writer *writer)
{
    const char *command = approval_find(facts->command_info, "command");
    bool elsewhere = approval_find(facts->command_info, "chroot");
    PK_AUTO_FREE char *path = NULL;

    if (!command || !*command || !facts->run_argv || !facts->run_argv[0])
        return PK_PROTOCOL;
    /* Under another root its links lead elsewhere. */
    path =
        elsewhere ? strdup(command) : resolve(command, approval_find(facts->command_info, "cwd"));
    if (!path)
        return PK_NO_MEMORY;
    put(writer, 'c', path);
    for (char *const *argument = facts->run_argv; *argument; argument++)
        put(writer, 'a', *argument);
    return PK_OK;
}

/* The editor's words, "--", the files. */
static enum pk_status put_files(char *const *argv, struct pk_writer *writer)
{
    while (argv && *argv && strcmp(*argv, "--") != 0)
        argv++;
    if (!argv || !argv[0] || !argv[1])
        return PK_PROTOCOL;
    for (argv++; *argv; argv++)
        put(writer, 'f', *argv);
    return PK_OK;
}

static bool is_edit(char *const *command_info)
{
    const char *edit = approval_find(command_info, "sudoedit");

    return edit && strcmp(edit, "true") == 0;
}

enum pk_status approval_record(const struct approval_facts *facts, struct pk_bytes *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(COMMAND_LINE_MAX);
    __attribute__((cleanup(target_clear))) struct target target = {0};
    const char *folder = approval_find(facts->command_info, "cwd");
    const char *root = approval_find(facts->command_info, "chroot");
    enum pk_status status = find_target(facts->command_info, &target);
    bool edit = is_edit(facts->command_info);

    if (!folder)
        folder = approval_find(facts->user_info, "cwd");
    if (status == PK_OK)
        status = edit ? put_files(facts->run_argv, &writer) : put_command(facts, &writer);
    if (status != PK_OK || !folder || !*folder)
        return status == PK_OK ? PK_PROTOCOL : status;
    /* The editor runs as who calls it, in an environment of their own. */
    for (char *const *entry = facts->run_envp; entry && *entry && !edit; entry++)
        if (!is_ordinary(*entry, &target))
            put(&writer, 'e', *entry);
    put(&writer, 'u', target.name);
    put(&writer, 'g', target.group);
    put(&writer, 'd', folder);
    if (root && *root)
        put(&writer, 'r', root);
    return pk_writer_finish(&writer, ret);
}
