/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is behind a call, beyond the connection's uid and pid: what pam_passkey.so reports of the
 * process that it runs in. Root alone is believed; of anybody else it is as if nothing was said.
 */
#ifndef PASSKEYD_CALLER_H
#define PASSKEYD_CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct value;

#define CALLER_UNSET UINT32_MAX /* of login_uid and audit_session: never set, or not known */

/* The members of an a{sv} that caller_read() reads, for a table of struct member. */
#define CALLER_MEMBERS                                                                             \
    {"real-uid", "u", 0}, {"login-uid", "u", 0}, {"audit-session", "u", 0}, {"terminal", "u", 0},  \
        {"peer-pid", "u", 0}, {"peer-uid", "u", 0}, {"peer-login-uid", "u", 0},                    \
        {"peer-audit-session", "u", 0},                                                            \
    {                                                                                              \
        "peer-terminal", "u", 0                                                                    \
    }

/* The process at the other end of the socket that is the program's standard input. */
struct caller_peer {
    pid_t pid; /* 0: there is none, and the rest is not set */
    uid_t uid;
    uint32_t login_uid, audit_session, terminal;
    bool reported; /* these three are the kernel's, and not merely unset */
};

struct caller {
    uid_t real_uid;          /* who started the program; the connection's uid if nothing was said */
    uint32_t login_uid;      /* the kernel's loginuid */
    uint32_t audit_session;  /* the kernel's audit session */
    uint32_t terminal;       /* device number of the controlling terminal; 0: none, or not known */
    struct caller_peer peer; /* for which polkit's helper works; not where the rhost is remote */
    bool reported;           /* by a program of root's: the members above are the kernel's */
    bool claims_rhost;       /* the rhost is the word of a program that is not root's */
};

/* options is an a{sv} that has been checked; uid is the connection's. */
struct caller caller_read(const struct value *options, uid_t uid);

/*
 * The same of a process that root's module reports nothing of, as /proc has it now: to tell the
 * process itself, not to let anything. Root is taken for the account that signed in, if any did.
 */
struct caller caller_of_process(pid_t pid, uid_t uid);

/*
 * Whom what the program uses up is counted to: who started it or, of a service of root's that was
 * started for a connection, who made that.
 */
uid_t caller_user(const struct caller *caller);

#endif
