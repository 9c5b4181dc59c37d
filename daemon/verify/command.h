/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sudo is asked to do, as the text that is shown, bound into the challenge and logged. Bytes
 * come from pam_passkey.so (what was typed) and passkey_approval.so (what sudo made of it); nothing
 * is interpreted, everything is quoted so that it can be seen (common/base/quote.h). Pure
 * functions.
 */
#ifndef PASSKEYD_COMMAND_H
#define PASSKEYD_COMMAND_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

#define COMMAND_WHOLE_MAX (4 * 1024)        /* bytes of a command that are shown without loss */
#define COMMAND_PART_MAX  (1024)            /* the same of a folder, or of an environment */
#define COMMAND_BYTES_MAX (8 * 1024 * 1024) /* more than an argument vector can have: execve(2) */

/*
 * Each member is text, or NULL where nothing is known. What is longer than the limits above is its
 * beginning, "[... N of M bytes are not shown; SHA-256 of all: HEX ...]", and its end; the brackets
 * are unquoted, as no word's are.
 */
struct command {
    char *line;        /* typed: the words of the command line; resolved: path and arguments */
    char *digest;      /* hex SHA-256 of all the bytes that came; NULL: nothing is left out */
    char *target;      /* as whom it runs, if it is resolved, and so are all below */
    char *group;       /* primary group that it runs with */
    char *folder;      /* where it runs */
    char *root;        /* the root that it sees, if another (sudo -R) */
    char *environment; /* variables that it gets, those that sudo itself always sets left out */
    char *files;       /* those that sudoedit is to edit; line is NULL then */
};
void command_clear(struct command *command);
#define AUTO_COMMAND __attribute__((cleanup(command_clear)))

/*
 * Of an argument vector, each word ended by a NUL, as /proc/PID/cmdline has it. PK_INVALID_INPUT
 * when it is empty, PK_TOO_LARGE over COMMAND_BYTES_MAX, PK_NO_MEMORY.
 */
enum pk_status command_typed(struct pk_view words, struct command *ret) PK_WARN_UNUSED;

/*
 * Of a record of sudo's plugin: items, each a letter, a value and a NUL; doc/protocol.md lists
 * them. PK_INVALID_INPUT for one that is unknown, not ended, twice or missing; otherwise as above.
 */
enum pk_status command_resolved(struct pk_view record, struct command *ret) PK_WARN_UNUSED;

#endif
