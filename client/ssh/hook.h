/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The KnownHostsCommand that tells passkey-askpass which host key a connection uses. It is put in
 * front of the person's own, which ssh would not run otherwise: of two the first counts.
 */
#ifndef CLIENT_SSH_HOOK_H
#define CLIENT_SSH_HOOK_H

#include "common/base/terms.h"

enum ssh_program { PROGRAM_SSH, PROGRAM_SCP, PROGRAM_SFTP };

/*
 * What ssh would be given for a destination of that program's command line: one list of arguments
 * for "ssh -G" for each host, in *ret (as many as *ret_count, the caller's to free with
 * ssh_destinations_free()); none when it cannot be told.
 */
enum pk_status ssh_destinations(enum ssh_program program, char *const *arguments, size_t count,
                                struct pk_strings **ret, size_t *ret_count) PK_WARN_UNUSED;
void ssh_destinations_free(struct pk_strings *lists, size_t count);

/* The value of ssh's option -o; theirs: the person's own command, NULL: none. NULL: no memory. */
char *ssh_hook_option(const char *hook, const char *theirs) PK_WARN_UNUSED;

/*
 * The same for a command line, asking ssh which command is the person's own. PK_NOT_FOUND when
 * nothing should be added: it is there already, cannot be told, or hosts have different ones.
 * PK_NO_MEMORY.
 */
enum pk_status ssh_hook_find(enum ssh_program program, char *const *arguments, size_t count,
                             char **ret) PK_WARN_UNUSED;

#endif
