/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/files.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

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
