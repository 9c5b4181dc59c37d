/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's password file, passwd(5), and the list of the accounts that were removed from it while
 * nobody looked.
 */
#ifndef PASSKEYD_PASSWORD_FILE_H
#define PASSKEYD_PASSWORD_FILE_H

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/base/terms.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PASSWORD_FILE "/etc/passwd"

struct password_entry {
    struct pk_view name; /* in text */
    uid_t uid;
};

struct password_file {
    struct pk_bytes text;
    struct password_entry *entries; /* sorted */
    size_t count;
};
void password_file_clear(struct password_file *file);
#define AUTO_PASSWORD_FILE __attribute__((cleanup(password_file_clear)))

/*
 * PK_UNAVAILABLE when nothing can be concluded from the file: it cannot be read, changed meanwhile,
 * is not complete, or has no superuser, as while somebody writes it in place. PK_NO_MEMORY.
 */
enum pk_status password_file_read(const char *path, struct password_file *ret) PK_WARN_UNUSED;
/* The same of the file's text, which is taken: lines that are no entries are passed over. */
enum pk_status password_file_parse(struct pk_bytes *text, struct password_file *ret) PK_WARN_UNUSED;
bool password_file_has(const struct password_file *file, const char *name,
                       uid_t uid) PK_WARN_UNUSED;

/*
 * How far the list of removed accounts has been read. The list only grows: userdel's hook
 * (etc/shadow-maint) adds a line "SECONDS NAME" for each. A list that was replaced is read again.
 */
struct removed_position {
    uint64_t device, inode, offset;
};
#define REMOVED_POSITION_SIZE 24 /* bytes in the store */
void removed_position_write(const struct removed_position *position,
                            uint8_t ret[REMOVED_POSITION_SIZE]);
/* Anything else than what the function above wrote is the list's beginning. */
struct removed_position removed_position_read(struct pk_view stored);

/*
 * The names in the complete lines that follow *position, which is moved behind them. Without a list
 * there are none. PK_UNAVAILABLE, PK_NO_MEMORY.
 */
enum pk_status removed_accounts_read(const char *path, struct removed_position *position,
                                     struct pk_strings *ret) PK_WARN_UNUSED;

#endif
