/* SPDX-License-Identifier: BSD-2-Clause */
/* What a person asked sudo to do, in words: for the message on the screen, never for a decision. */
#ifndef PAM_PASSKEY_COMMAND_H
#define PAM_PASSKEY_COMMAND_H

#include "common/base/bytes.h"

#define COMMAND_LINE_MAX 4096 /* bytes of a command line that are looked at */
#define COMMAND_TEXT_MAX 256  /* bytes of it that are shown */

struct command {
    char *text;   /* printable, quoted as a shell would need it; NULL: none to show */
    char *target; /* the account it is to run as, printable; NULL: not named, so sudo's default */
};
void command_clear(struct command *command);
#define AUTO_COMMAND __attribute__((cleanup(command_clear)))

/*
 * Takes apart a command line of sudo(8) or sudoedit(8): its arguments, each ended by a NUL, as
 * /proc/PID/cmdline holds them. A text that had to be cut, because it or the command line is too
 * long, ends in "...". PK_INVALID_INPUT when there is no argument at all, PK_NO_MEMORY.
 */
enum pk_status command_from_sudo(struct pk_view cmdline, struct command *ret) PK_WARN_UNUSED;

/* The same, of this process. PK_IO when it cannot be read. */
enum pk_status command_of_this_sudo(struct command *ret) PK_WARN_UNUSED;

#endif
