/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/openssh.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define PREFIX_MAJOR 8
#define PREFIX_MINOR 5

extern char **environ;

enum pk_status openssh_version_parse(const char *text, struct openssh_version *ret)
{
    struct openssh_version version;
    int end = 0;

    if (sscanf(text, "OpenSSH_%3u.%3u%n", &version.major, &version.minor, &end) != 2 || end == 0)
        return PK_INVALID_INPUT;
    *ret = version;
    return PK_OK;
}

bool openssh_version_writes_prefix(const struct openssh_version *version)
{
    return version->major > PREFIX_MAJOR ||
           (version->major == PREFIX_MAJOR && version->minor >= PREFIX_MINOR);
}

/* With both outputs into the pipe, and nothing to read. */
static enum pk_status spawn(const char *program, int output, pid_t *ret)
{
    char name[] = "ssh", option[] = "-V";
    char *argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int failed;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return PK_NO_MEMORY;
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!failed)
        failed = posix_spawnp(ret, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return PK_NOT_FOUND;
    return failed ? PK_IO : PK_OK;
}

enum pk_status openssh_version_ask(const char *program, struct openssh_version *ret)
{
    PK_AUTO_CLOSE int output = -1;
    int ends[2];
    char text[256];
    size_t used = 0;
    pid_t pid = 0;
    enum pk_status status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return PK_IO;
    output = ends[0];
    status = spawn(program, ends[1], &pid);
    (void)close(ends[1]);
    if (status != PK_OK)
        return status;
    while (used < sizeof(text) - 1) {
        ssize_t got = read(output, text + used, sizeof(text) - 1 - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    text[used] = 0;
    (void)close(pk_steal_fd(&output)); /* whatever it still wants to say */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return openssh_version_parse(text, ret);
}

/* The name of the file that process runs; "" when that is not to be known. */
static void program_name(const char *path, char name[NAME_MAX + 1])
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    const char *slash;

    target[len < 0 ? 0 : len] = 0;
    slash = strrchr(target, '/');
    (void)snprintf(name, NAME_MAX + 1, "%s", slash ? slash + 1 : "");
}

bool openssh_parent_writes_prefix(void)
{
    PK_AUTO_FREE char *path = pk_text_format("/proc/%d/exe", (int)getppid());
    char name[NAME_MAX + 1];
    struct openssh_version version;

    if (!path)
        return false;
    program_name(path, name);
    /* An upgrade may have replaced the file meanwhile; what runs is still behind that path. */
    if (strcmp(name, "ssh") != 0 && strcmp(name, "ssh (deleted)") != 0)
        return true;
    return openssh_version_ask(path, &version) == PK_OK && openssh_version_writes_prefix(&version);
}
