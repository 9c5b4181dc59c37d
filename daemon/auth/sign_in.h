/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts the conversation of Manager1.Authenticate, which tries method after method until one
 * decides.
 */
#ifndef PASSKEYD_SIGN_IN_H
#define PASSKEYD_SIGN_IN_H

#include "common/base/methods.h"

struct call;
struct daemon;
struct value;

struct command;
/* Borrowed; strings are never NULL. */
struct sign_in_request {
    const char *user; /* empty: a discoverable credential names the user */
    /* All but rhost are what the caller says, and facts only if it is root. */
    const char *service, *tty, *rhost, *ruser, *command, *target;
    const char *executable;    /* the calling program's own word for itself */
    struct command *described; /* command and target are not read; taken; NULL: not given */
    const char *dialog;        /* of the person's, that asks polkit's helper; NULL: none */
    bool approval;             /* of a command that sudo is about to run, not a sign-in */
    const char *rp;
    const char *user_verification; /* NULL: not given */
    struct pk_methods methods;     /* requested methods; count 0: not given */
    unsigned timeout;              /* seconds; 0: not given */
    bool unattended;               /* a program answers the questions */
    bool pictures;                 /* QR codes are seen as such where the questions are */
    struct value *agent;           /* descriptor of an ssh-agent; NULL: none */
};

/* Answers the call with the conversation's path or an error. */
void sign_in_start(struct daemon *daemon, struct call *call, const struct sign_in_request *request);

#endif
