/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The members of Manager1.Authenticate's context (doc/protocol.md), as the module and sudo's own
 * plugin fill them in. The plugin has no libpam: nothing of it may be used here.
 */
#ifndef PAM_PASSKEY_MEMBERS_H
#define PAM_PASSKEY_MEMBERS_H

#include "common/base/pam_options.h"
#include "common/base/process.h"
#include "common/bus/connection.h"

#include <stdbool.h>

#define MEMBERS_MAX 30 /* more than there are names */

/* Names, strings and descriptors are borrowed. */
struct members {
    struct pk_bus_member items[MEMBERS_MAX];
    size_t count;
};

/* Nothing for NULL or "", which is not known. */
void members_add_string(struct members *members, const char *name, const char *value);
void members_add_number(struct members *members, const char *name, uint32_t number);
/* Nothing where it does not hold. */
void members_add_flag(struct members *members, const char *name, bool holds);
/* Nothing for -1. */
void members_add_descriptor(struct members *members, const char *name, int fd);

/* What the administrator wrote for the caller: rp, methods, uv, timeout, identify. */
void members_add_options(struct members *members, const struct options *options);

/* What the kernel says of who calls. */
struct members_caller {
    struct pk_process process;
    pid_t peer_pid;         /* at the other end of standard input; 0: none */
    struct pk_process peer; /* that process; real_uid is the connection's */
    bool peer_read;         /* the rest of peer is known */
};

/*
 * real: who started this program. Of a service of root's that was started for a connection, as
 * polkit's helper is, the peer is told as well: it works for who made it. What somebody started has
 * a terminal, or another real uid.
 */
struct members_caller members_find_caller(uid_t real);
/* Borrows the path of the executable. */
void members_add_caller(struct members *members, const struct members_caller *caller);

#endif
