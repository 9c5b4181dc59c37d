/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/files.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "passkey"

static const char *absolute(const char *path)
{
    return path && *path == '/' ? path : NULL;
}

enum pk_status askpass_home_folder(const char *variable, const char *beneath, char **ret)
{
    const char *folder = absolute(getenv(variable)), *home = absolute(getenv("HOME"));
    const struct passwd *self = folder || home ? NULL : getpwuid(getuid());

    if (!folder && !home)
        home = self ? absolute(self->pw_dir) : NULL;
    if (!folder && !home)
        return PK_NOT_FOUND;
    *ret = folder ? strdup(folder) : pk_text_format("%s/%s", home, beneath);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

enum pk_status askpass_folders_make(const char *path)
{
    PK_AUTO_FREE char *folder = strdup(path);

    if (!folder)
        return PK_NO_MEMORY;
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
            return PK_IO;
        *slash = '/';
    }
    return PK_OK;
}

enum pk_status askpass_file_read(int fd, size_t max, struct pk_bytes *ret)
{
    /* One byte more, to see that there is more. */
    PK_AUTO_BYTES struct pk_bytes text = {malloc(max + 1), 0};
    enum pk_status status;

    if (!text.data)
        return PK_NO_MEMORY;
    status = pk_read_all(fd, text.data, max + 1, &text.len);
    if (status != PK_OK)
        return status;
    if (text.len > max)
        return PK_TOO_LARGE;
    *ret = text;
    text = (struct pk_bytes){0};
    return PK_OK;
}

/* Nobody else may have been there. */
enum pk_status askpass_folder_open(int *ret_fd)
{
    PK_AUTO_FREE char *above = NULL;
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int fd = -1;
    struct stat about;
    enum pk_status status;

    status = askpass_home_folder("XDG_RUNTIME_DIR", ".cache", &above);
    if (status != PK_OK)
        return status;
    path = pk_text_format("%s/" FOLDER "/", above);
    if (!path)
        return PK_NO_MEMORY;
    status = askpass_folders_make(path);
    if (status != PK_OK)
        return status;
    path[strlen(path) - 1] = 0;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) < 0)
        return PK_IO;
    if (about.st_uid != geteuid() || (about.st_mode & 077))
        return PK_DENIED;
    *ret_fd = pk_steal_fd(&fd);
    return PK_OK;
}

enum pk_status askpass_folder_write(int folder, const char *name, struct pk_view text)
{
    PK_AUTO_CLOSE int fd = -1;

    if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
        return PK_IO;
    fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? pk_write_all(fd, text) : PK_IO;
}

enum pk_status askpass_folder_read(int folder, const char *name, size_t max, struct pk_bytes *ret)
{
    PK_AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat about;

    if (fd < 0)
        return errno == ENOENT ? PK_NOT_FOUND : PK_IO;
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
        return PK_IO;
    return askpass_file_read(fd, max, ret);
}
