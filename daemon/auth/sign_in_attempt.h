/* SPDX-License-Identifier: BSD-2-Clause */
/* A sign-in, as the authentication methods see it. */
#ifndef PASSKEYD_SIGN_IN_ATTEMPT_H
#define PASSKEYD_SIGN_IN_ATTEMPT_H

#include "common/base/io.h"
#include "daemon/accounts/subject.h"
#include "daemon/auth/attempt.h"
#include "daemon/bus/caller.h"
#include "daemon/verify/command.h"

#define SIGN_IN_PERSON_SIZE 32

struct sign_in {
    struct attempt attempt; /* must be first: attempts are cast to sign-ins */
    struct subject subject; /* account.name NULL: a discoverable credential names it */
    char *rp;               /* name of the relying party's section; owned, as are all strings */
    char *asked;            /* user name as the caller gave it */
    char *on_behalf_of;     /* see conversation.h */
    char *network;          /* likewise */
    char *section;          /* the service whose section of the configuration counts */
    /* For the context, and empty unless root's word: */
    char *service, *tty, *ruser, *dialog;
    struct command command;
    const char *act; /* of the context: "authenticate" or "approve"; not owned */
    char *rhost;
    bool claims_rhost; /* the context says "unknown" in its place */
    char *user_verification;
    struct caller caller; /* who is behind the call */
    struct pk_host_name host;
    char *context; /* JSON of sign_in_context(), for the log; NULL: it is not UTF-8 */
    /*
     * PK_OK, or why no method can serve. It is told only to callers from whom the account is not
     * concealed, and PK_ACCOUNT_CHANGED is told as PK_NO_CREDENTIALS.
     */
    enum pk_status why_no_method;
    bool ssh_in_play;     /* the ssh method may be used */
    bool browser_in_play; /* the browser method may */
    bool phone_in_play;   /* the phone method may, if a phone has a passkey */
    bool phone_unseen;    /* it might, at a terminal that shows its code */
    bool own_timeout;     /* configured or the caller's, which no method may change */
    bool unattended;      /* a program answers the questions: none is asked that needs a person */
    /* Somebody acts for another account, and all of its keys can verify the user: they have to. */
    bool verify;
    struct credential_list credentials;
    size_t recovery_code_count;    /* of the store's, whether or not they may be used… */
    enum pk_status recovery_codes; /* …or why that is not known */
};

struct context sign_in_context(const struct sign_in *sign_in);

/* Whether a program of root's names a person who asks, and who is not the account. */
bool sign_in_names_another(const struct sign_in *sign_in);

/* The same, or the kernel says that another user has started the program. */
bool sign_in_for_another(const struct sign_in *sign_in);

/* Who asks: a name of the sign-in's or, where another user is not named, "uid 1001" in room. */
const char *sign_in_person(const struct sign_in *sign_in, char room[SIGN_IN_PERSON_SIZE]);

/* Where an answer is made, which says what origins it may have. */
enum answer_place {
    ANSWERED_HERE,
    ANSWERED_OVER_SSH,   /* this host's ssh origins */
    ANSWERED_IN_BROWSER, /* that of the relying party's browser-url */
    ANSWERED_UNLISTED,   /* here, by one of those whose id is not known: none is listed */
};

/*
 * Begins a ceremony (attempt_add_ceremony()) for those of the credentials that have that RP id.
 * PK_UNAVAILABLE when a reload removed the relying party, PK_LIMIT_EXCEEDED, PK_NO_MEMORY.
 */
enum pk_status sign_in_begin(struct sign_in *sign_in, const struct credential_list *credentials,
                             const char *rp_id, enum answer_place place) PK_WARN_UNUSED;

/*
 * The list that the account appears to have for that RP id, which is one whatever method shows it:
 * whoever sees two must not learn more than of one. Its own, if any is of that RP id, or where the
 * account must be concealed decoys, which are then *ret_decoys. PK_UNAVAILABLE: neither.
 */
enum pk_status sign_in_appears_to_have(struct sign_in *sign_in, const char *rp_id,
                                       struct credential_list *ret_decoys,
                                       const struct credential_list **ret) PK_WARN_UNUSED;

#endif
