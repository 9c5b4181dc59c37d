/* SPDX-License-Identifier: BSD-2-Clause */
/* What sudo resolved of a command, as the record that the daemon reads (doc/protocol.md). */
#ifndef PAM_PASSKEY_APPROVAL_RECORD_H
#define PAM_PASSKEY_APPROVAL_RECORD_H

#include "common/base/bytes.h"
#include "common/base/status.h"

/* As sudo hands them to its plugins, sudo_plugin(5); each ends with NULL. */
struct approval_facts {
    char *const *command_info; /* name=value, as are the other two of these three */
    char *const *user_info;
    char *const *run_envp;
    char *const *run_argv;
};

/*
 * The value of the entry "name=value", which is borrowed; NULL: there is none. entries may be NULL.
 */
const char *approval_find(char *const *entries, const char *name) PK_WARN_UNUSED;

/* The same as a decimal number of 32 bits. false: there is none, or it is something else. */
bool approval_find_id(char *const *entries, const char *name, uint32_t *ret) PK_WARN_UNUSED;

/*
 * The path is made absolute and free of symbolic links, where that is possible. Of the environment
 * everything is told that the command gets but what sudo itself sets (SUDO_*, and HOME, SHELL, MAIL
 * and names that are the run-as user's own), a PATH that only root can write to, and what describes
 * the terminal and the language. PK_PROTOCOL when sudo did not say what has to be known,
 * PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status approval_record(const struct approval_facts *facts,
                               struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
