/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says of the process that the module runs in. The daemon cannot read it itself
 * (its unit hides other users' processes), and believes it of root only.
 */
#ifndef PAM_PASSKEY_PROCESS_H
#define PAM_PASSKEY_PROCESS_H

#include "common/base/bytes.h"

#include <sys/types.h>

#define PROCESS_UNSET UINT32_MAX /* of login_uid and audit_session: never set, or not known */

struct process {
    uint32_t real_uid;      /* getuid(): who started a setuid program */
    uint32_t login_uid;     /* /proc/self/loginuid */
    uint32_t audit_session; /* /proc/self/sessionid */
    uint32_t terminal;      /* controlling terminal, as a device number; 0: none, or not known */
    char executable[256];   /* /proc/self/exe; empty: not known, or longer */
};

/* Never fails: what cannot be read is as if it were not set. */
struct process process_of_this(void);

/*
 * The process that made the connection which fd is an end of, where fd is a socket of this machine
 * (AF_UNIX); real_uid is its effective uid at that time. 0: fd is something else, or the process is
 * gone; otherwise its pid. The rest of *ret is read of that pid, which may be another's by then;
 * *ret_read: it could be (a service that does not see other users' processes cannot).
 */
pid_t process_of_peer(int fd, struct process *ret, bool *ret_read);

/*
 * The device number of the controlling terminal in the text of /proc/PID/stat, proc(5); 0: none, or
 * the text is not such a file's.
 */
uint32_t process_terminal(struct pk_view stat);

#endif
