/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/asker.h"

#include "common/base/cleanup.h"
#include "common/base/quote.h"
#include "common/base/text.h"
#include "pam/command.h"

#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define PASSWD_MAX  65536 /* bytes of an entry of the password file */
#define PROGRAM_MAX 1024  /* bytes of a path that are shown */

struct agent {
    pid_t pid;
    uid_t uid;
    bool is_parent;
};

void asker_clear(struct asker *asker)
{
    free(asker->user);
    free(asker->program);
    if (asker->typed >= 0)
        (void)close(asker->typed);
    *asker = (struct asker)ASKER_EMPTY;
}

static struct agent find_agent(void)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0)
        return (struct agent){peer.pid, peer.uid, false};
    /* The real uid of a setuid program is the agent's. */
    return (struct agent){getppid(), getuid(), true};
}

static enum pk_status user_name(uid_t uid, char **ret)
{
    PK_AUTO_FREE char *buffer = malloc(PASSWD_MAX);
    struct passwd entry, *found = NULL;

    if (!buffer)
        return PK_NO_MEMORY;
    if (getpwuid_r(uid, &entry, buffer, PASSWD_MAX, &found) != 0 || !found)
        return PK_OK;
    return pk_text_copy(found->pw_name, ret);
}

/* pkexec on a terminal is its own agent; its command line is what was typed. */
static bool is_pkexec(const char *exe, const char *path)
{
    const char *name = strrchr(path, '/');
    struct stat about;

    return name && strcmp(name, "/pkexec") == 0 && stat(exe, &about) == 0 && about.st_uid == 0 &&
           (about.st_mode & S_ISUID);
}

static enum pk_status find_program(const struct agent *agent, struct asker *asker)
{
    PK_AUTO_FREE char *exe = pk_text_format("/proc/%d/exe", (int)agent->pid);
    PK_AUTO_FREE char *cmdline = pk_text_format("/proc/%d/cmdline", (int)agent->pid);
    char path[PATH_MAX];
    ssize_t len;

    if (!exe || !cmdline)
        return PK_NO_MEMORY;
    len = readlink(exe, path, sizeof(path) - 1);
    if (len <= 0)
        return PK_OK;
    path[len] = '\0';
    if (is_pkexec(exe, path) && command_line_seal(cmdline, &asker->typed) == PK_OK)
        return PK_OK;
    asker->program = pk_text_visible(pk_view_string(path), PROGRAM_MAX);
    return asker->program ? PK_OK : PK_NO_MEMORY;
}

enum pk_status asker_find(struct asker *ret)
{
    const struct agent agent = find_agent();
    AUTO_ASKER struct asker asker = ASKER_EMPTY;
    enum pk_status status = user_name(agent.uid, &asker.user);

    if (status == PK_OK && agent.pid > 1)
        status = find_program(&agent, &asker);
    if (status != PK_OK)
        return status;
    /* A parent that ended meanwhile may have been another process by then. */
    if (agent.is_parent && getppid() != agent.pid) {
        free(pk_steal(asker.program));
        if (asker.typed >= 0)
            (void)close(pk_steal_fd(&asker.typed));
    }
    *ret = asker;
    asker = (struct asker)ASKER_EMPTY;
    return PK_OK;
}
