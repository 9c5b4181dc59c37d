/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says of a process. For a sign-in the module reports it of the process that it
 * runs in, which the daemon believes of root only: a pid that is looked up may be another's by
 * then.
 */
#ifndef PK_BASE_PROCESS_H
#define PK_BASE_PROCESS_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <sys/types.h>

#define PK_PROCESS_UNSET UINT32_MAX /* of login_uid and audit_session: never set, or not known */

struct pk_process {
    uint32_t real_uid;      /* getuid(): who started a setuid program */
    uint32_t login_uid;     /* /proc/self/loginuid */
    uint32_t audit_session; /* /proc/self/sessionid */
    uint32_t terminal;      /* controlling terminal, as a device number; 0: none, or not known */
    char executable[256];   /* /proc/self/exe; empty: not known, or longer */
};

/* Never fails: what cannot be read is as if it were not set. */
struct pk_process pk_process_of_this(void);

/* Of the process with that pid and uid, as far as it can be seen. false: it cannot, *ret is left.
 */
bool pk_process_of_pid(pid_t pid, uint32_t uid, struct pk_process *ret);

/*
 * The process that made the connection which fd is an end of, where fd is a socket of this machine
 * (AF_UNIX); real_uid is its effective uid at that time. 0: fd is something else, or the process is
 * gone; otherwise its pid. The rest of *ret is read of that pid, which may be another's by then;
 * *ret_read: it could be (a service that does not see other users' processes cannot).
 */
pid_t pk_process_of_peer(int fd, struct pk_process *ret, bool *ret_read);

/*
 * The device number of the controlling terminal in the text of /proc/PID/stat, proc(5); 0: none, or
 * the text is not such a file's.
 */
uint32_t pk_process_terminal(struct pk_view stat);

#endif
