/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a QR code of half blocks is seen as one on the process's own terminal. The module and
 * sudo's plugin share this: nothing of libpam may be used here.
 */
#ifndef PAM_PASSKEY_PICTURE_H
#define PAM_PASSKEY_PICTURE_H

#include <stdbool.h>
#include <sys/ioctl.h>

/*
 * Whether the person's locale is of UTF-8, locale(7). value finds a variable of their environment;
 * NULL: it is not set. Consoles have none before login, and are UTF-8.
 */
bool picture_locale_is_utf8(const char *(*value)(const char *name));

/* The terminal's rows and columns, each 0 where that is not known. */
struct winsize picture_room(void);

/* Whether there is room for a phone's code, with what is said beside it. */
bool picture_room_has_code(const struct winsize *room);
/* Whether there is room for that one; each of its characters is one column wide. */
bool picture_fits(const struct winsize *room, const char *picture);

#endif
