/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/files.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/writer.h"

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
    PK_AUTO_WRITER struct pk_writer text = pk_writer_new(max);
    uint8_t buffer[4096];

    for (;;) {
        ssize_t got = read(fd, buffer, sizeof(buffer));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return PK_IO;
        if (got == 0)
            return pk_writer_finish(&text, ret);
        pk_writer_put(&text, (struct pk_view){buffer, (size_t)got});
        if (text.status != PK_OK)
            return text.status;
    }
}
