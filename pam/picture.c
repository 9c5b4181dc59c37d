/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/picture.h"

#include "common/base/cleanup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CODE_ROWS    24
#define CODE_COLUMNS 60

bool picture_locale_is_utf8(const char *(*value)(const char *name))
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *found = value(names[i]);

        if (found && *found)
            return strcasestr(found, "utf-8") || strcasestr(found, "utf8");
    }
    return true;
}

struct winsize picture_room(void)
{
    PK_AUTO_CLOSE int terminal = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct winsize room;

    return terminal >= 0 && ioctl(terminal, TIOCGWINSZ, &room) == 0 ? room : (struct winsize){0};
}

bool picture_room_has_code(const struct winsize *room)
{
    return (room->ws_row == 0 || room->ws_row >= CODE_ROWS) &&
           (room->ws_col == 0 || room->ws_col >= CODE_COLUMNS);
}

bool picture_fits(const struct winsize *room, const char *picture)
{
    size_t rows = 0, columns = 0, widest = 0;

    for (const char *c = picture; *c; c++) {
        columns = *c == '\n' ? 0 : columns + ((*c & 0xc0) != 0x80);
        rows += *c == '\n';
        widest = columns > widest ? columns : widest;
    }
    return (room->ws_row == 0 || rows < room->ws_row) &&
           (room->ws_col == 0 || widest <= room->ws_col);
}
