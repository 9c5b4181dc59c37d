/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of passkeyctl. The options are parsed; each opens the session and returns the exit
 * code. */
#ifndef CLIENT_CTL_COMMANDS_H
#define CLIENT_CTL_COMMANDS_H

#include "client/command_line.h"

int command_list(struct session *session);
int command_show(struct session *session);
int command_rename(struct session *session);
int command_remove(struct session *session);
int command_import(struct session *session);
int command_backup(struct session *session);
int command_restore(struct session *session);
int command_recovery_codes(struct session *session);
int command_ticket(struct session *session);
int command_adopt(struct session *session);
int command_test(struct session *session);
int command_status(struct session *session);
int command_check(struct session *session);

/* "key COMMAND ...": argv is the program's. */
int command_key(int argc, char **argv);

/*
 * Whether the account of --user is there, and the caller's to look after: asked before a question
 * is put to the person. PK_UNKNOWN_USER, PK_DENIED; what the bus and the daemon's store come to.
 */
enum pk_status find_account(struct session *session) PK_WARN_UNUSED;

/* "directory COMMAND ...": argv is the program's. */
int command_directory(int argc, char **argv);

/* "api-key COMMAND ..." and "rp-key COMMAND ...": argv[1] is that word. */
int command_rp_keys(int argc, char **argv);

#endif
