/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon is told about the sign-in: who asks, where, and for what. */
#ifndef PAM_PASSKEY_CONTEXT_H
#define PAM_PASSKEY_CONTEXT_H

#include "common/base/pam_options.h"
#include "pam/members.h"

#include <security/pam_modules.h>
#include <sys/ioctl.h>

struct context {
    char *service;
    char *tty;
    char *rhost;
    char *ruser;
    char *target; /* whom a caller of su wants to become; NULL: not su */
    char *dialog; /* the agent of polkit's helper (asker.h); NULL: none, or not known */
    int typed;    /* the command line of sudo or pkexec (command.h); -1: neither, or not known */
    bool unread;  /* the command line of sudo should be there, and is not */
    struct members_caller caller;
    bool unattended;        /* sudo has a program, a pipe or nobody answer its questions */
    int agent;              /* connected to the person's ssh-agent; -1: none */
    struct members members; /* borrow the strings above and the options' */
};
#define CONTEXT_EMPTY                                                                              \
    {                                                                                              \
        .typed = -1, .agent = -1                                                                   \
    }
void context_clear(struct context *context);
#define AUTO_CONTEXT __attribute__((cleanup(context_clear)))

/*
 * Collects the members of Manager1.Authenticate's context from the PAM items and, for sudo, from
 * the command line; for polkit's helper, from the process that it serves. user is the account that
 * signs in, or NULL while it is not known. *context is CONTEXT_EMPTY when called and must not be
 * moved afterwards. PK_NO_MEMORY; PK_INTERNAL as agent_connect() has it.
 */
enum pk_status context_collect(pam_handle_t *pamh, const struct options *options, const char *user,
                               struct context *context) PK_WARN_UNUSED;

/*
 * Whether answers may be of a program that has no terminal, or reads from a pipe. Not over ssh,
 * where no key's PIN is asked for and passkey-ssh may answer at once; nor in sudo, which reads from
 * the terminal itself.
 */
bool context_is_guarded(const struct context *context);

/*
 * Whether the person reads and types at the process's own terminal, which is then the one that the
 * application names. A locker's dialog is somewhere else, and what a program answers is no act.
 */
bool context_has_terminal(const struct context *context);

/*
 * Whether a picture of half blocks can be seen: at a terminal whose locale, where there is one, is
 * of UTF-8, or over ssh, where the terminal is the client's. Not in a locker's dialog. *ret_room:
 * the terminal's rows and columns, each 0 where that is not known.
 */
bool context_shows_pictures(const struct context *context, struct winsize *ret_room);

/*
 * Whether the application is sshd, which shows each question as it is; as PAM_TTY it names "ssh",
 * whatever its service is called.
 */
bool context_keeps_questions(const struct context *context);

#endif
