/* SPDX-License-Identifier: BSD-2-Clause */
/* Begins a registration: the part that Enroll, BeginRegistration and Import share. */
#ifndef PASSKEYD_REGISTRATION_H
#define PASSKEYD_REGISTRATION_H

#include "daemon/accounts/subject.h"
#include "daemon/config/policy.h"
#include "daemon/verify/ceremony.h"

struct call;
struct daemon;

/* What is asked for; it may point into the call, but not elsewhere. */
struct registration_begin {
    const char *rp;                   /* NULL or empty: the default one */
    const char *user_id;              /* names the account, where accounts are the program's own */
    struct registration_request wish; /* its account and time are set here, and hints below */
    const struct value *hints;        /* "as"; NULL: not given */
    const char *account;              /* the host's, of a ticket; copied; NULL: the call names it */
    struct pk_view ticket;            /* SHA-256 of the ticket that allows it; empty: polkit did */
    /*
     * A gateway's: the user, of a relying party over HTTP, as the store has it or as it is to be
     * made, whom the caller may register for. The names that the wish lacks are this one's. It is
     * copied. NULL: the call says for whom it is.
     */
    const struct account *user;
    /*
     * The account of the host that asks, which it must be still: of no call's user. It is copied.
     * NULL: the call says for whom it is.
     */
    const struct account *owner;
    bool keeps_names; /* the user's names in the store stay what they are, where there are any */
    bool own_label; /* the wish's user name is shown and not kept: the store's is said to others */
    bool no_exclude_list;
    bool can_ask; /* the account's password can be asked for, where the store wants it */
};

/*
 * Finds the account, checks the ticket and what the account has already, and makes the ceremony,
 * with requirements by policy, user handle, exclude list and bound challenge; it is not in the
 * table yet. begun is called later with both, which it owns. On a failure the call is answered with
 * an error instead.
 */
typedef void registration_begun(struct daemon *daemon, struct call *call,
                                struct ceremony *ceremony);
void registration_begin(struct daemon *daemon, struct call *call,
                        const struct registration_begin *begin, registration_begun *begun);

/*
 * Finds and checks the same for methods_authorize(), to which a call goes that nothing is wrong
 * with.
 */
void registration_check(struct daemon *daemon, struct call *call,
                        const struct registration_begin *begin);

#endif
