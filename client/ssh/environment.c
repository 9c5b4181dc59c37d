/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh/environment.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

/* A program beside this one, as before it is installed, or else in that folder. */
static enum pk_status find_program(const char *name, const char *folder, char **ret)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    PK_AUTO_FREE char *path = NULL;
    char *slash;

    self[len < 0 ? 0 : len] = 0;
    slash = strrchr(self, '/');
    if (slash) {
        *slash = 0;
        path = pk_text_format("%s/%s", self, name);
        if (!path)
            return PK_NO_MEMORY;
    }
    if (!path || access(path, X_OK) < 0) {
        free(path);
        path = pk_text_format("%s/%s", folder, name);
        if (!path)
            return PK_NO_MEMORY;
    }
    if (access(path, X_OK) < 0)
        return PK_NOT_FOUND;
    *ret = pk_steal(path);
    return PK_OK;
}

enum pk_status ssh_askpass_path(char **ret)
{
    return find_program("passkey-askpass", PK_BINDIR, ret);
}

enum pk_status ssh_hook_path(char **ret)
{
    return find_program("passkey-hostkey", PK_LIBEXECDIR, ret);
}

bool ssh_would_use_askpass(bool have_terminal)
{
    const char *require = getenv("SSH_ASKPASS_REQUIRE");
    bool display = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");

    if (!is_set("SSH_ASKPASS"))
        return false;
    if (require && strcmp(require, "force") == 0)
        return true;
    if (require && strcmp(require, "never") == 0)
        return false;
    if (require && strcmp(require, "prefer") == 0)
        return display;
    return display && !have_terminal;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

enum pk_status ssh_environment_set(void)
{
    PK_AUTO_CLOSE int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    PK_AUTO_FREE char *askpass = NULL;
    const char *previous = getenv("SSH_ASKPASS");
    enum pk_status status = ssh_askpass_path(&askpass);

    if (status != PK_OK)
        return status;
    if (previous && ssh_would_use_askpass(terminal >= 0) && !is_same_file(previous, askpass) &&
        setenv("PASSKEY_ASKPASS_FALLBACK", previous, 0) < 0)
        return PK_NO_MEMORY;
    if (setenv("SSH_ASKPASS", askpass, 1) < 0 || setenv("SSH_ASKPASS_REQUIRE", "force", 1) < 0)
        return PK_NO_MEMORY;
    return PK_OK;
}
