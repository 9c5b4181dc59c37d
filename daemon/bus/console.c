/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/console.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACTIVE "/sys/class/tty/tty0/active"

unsigned console_parse(struct pk_view text)
{
    static const char prefix[] = "tty";
    size_t start = sizeof(prefix) - 1, end = text.len;
    unsigned number = 0;

    if (end > start && text.ptr[end - 1] == '\n')
        end--;
    if (end <= start || end > start + 2 || memcmp(text.ptr, prefix, start) != 0 ||
        text.ptr[start] == '0')
        return 0;
    for (size_t i = start; i < end; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        number = number * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return number <= CONSOLE_MAX ? number : 0;
}

unsigned console_shown(void)
{
    PK_AUTO_CLOSE int fd = open(ACTIVE, O_RDONLY | O_CLOEXEC);
    uint8_t text[16];
    size_t len = 0;

    if (fd < 0 || pk_read_all(fd, text, sizeof(text), &len))
        return 0;
    return console_parse((struct pk_view){text, len});
}

uid_t console_owner(unsigned console)
{
    char path[32];
    struct stat found;

    (void)snprintf(path, sizeof(path), "/dev/tty%u", console);
    if (stat(path, &found) || !S_ISCHR(found.st_mode))
        return (uid_t)-1;
    return found.st_uid;
}
