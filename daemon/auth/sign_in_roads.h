/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sign-in from the inside: what sign_in.c and the roads (sign_in_ROAD.c) share, and nobody else
 * includes. A road starts, is handed the answers to what it asks, and then calls exactly one of
 * sign_in_next(), sign_in_end(), sign_in_refuse() and sign_in_succeed().
 */
#ifndef PASSKEYD_SIGN_IN_ROADS_H
#define PASSKEYD_SIGN_IN_ROADS_H

#include "daemon/accounts/subject.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/verify/ceremony.h"

#define SIGN_IN_TIMEOUT_MAX 600 /* seconds */

/* The credentials of one RP id: asked for with one challenge. */
struct group {
    char *rp_id;
    char id[UUID_SIZE]; /* of its ceremony, in the table until an answer comes */
};

/* Those of one road. */
struct groups {
    struct group *items;
    size_t count;
};

struct sign_in {
    struct daemon *daemon;
    struct conversation *conversation;
    struct subject subject; /* subject.rp is not kept; account.name NULL: discoverable */
    char *rp;
    char *asked;        /* the name as the caller gave it */
    char *on_behalf_of; /* see conversation.h */
    char *service, *tty, *rhost, *command, *target;
    char *user_verification;
    char *host;
    struct roads roads;
    size_t next_road;
    const struct sign_in_road *road; /* that is being tried */
    /*
     * PK_OK, or why no road can lead anywhere: only told to whoever may know, and to them
     * PK_ACCOUNT_CHANGED as PK_NO_CREDENTIALS.
     */
    enum pk_status known;
    bool ssh_in_play; /* an ssh question may be asked here */
    bool hidden;      /* whoever asks must not learn of known */
    struct credential_list credentials;
    struct credential_list decoys; /* what the ssh road offers where there is nothing */
    struct groups local_groups, agent_groups, ssh_groups;
    struct pk_local_ceremony *local;
    int agent_fd; /* to an ssh-agent, until its road is tried; -1: none */
    struct agent_road *agent;
    struct ssh_road *ssh;
    struct recovery_road *recovery;
    struct account_choice *choice;
    enum pk_status failure; /* of the last road that was tried */
};

/* One road. */
struct sign_in_road {
    /* PK_UNAVAILABLE: not here, which goes without saying. */
    enum pk_status (*start)(struct sign_in *sign_in);
    void (*answered)(struct sign_in *sign_in, struct pk_secret *answer);
};

/* sign_in_local.c, sign_in_agent.c, sign_in_ssh.c, sign_in_recovery.c */
extern const struct sign_in_road sign_in_local, sign_in_agent, sign_in_ssh, sign_in_recovery;

/* sign_in.c */
struct context sign_in_context(const struct sign_in *sign_in);
/* The road leads nowhere: the next one, or the end. why: what is said of it. */
void sign_in_next(struct sign_in *sign_in, enum pk_status why);
/* Over. end: the log knows why already. */
void sign_in_end(struct sign_in *sign_in, enum pk_status why);
void sign_in_refuse(struct sign_in *sign_in, enum pk_status why);
/* The one way to say success: after a verified answer or a valid recovery code, its use on disk. */
void sign_in_succeed(struct sign_in *sign_in, const char *user);

/* sign_in_groups.c */
/* Begins a ceremony for those of the credentials that have that RP id; over ssh: for that road. */
enum pk_status sign_in_begin(struct sign_in *sign_in, const struct credential_list *credentials,
                             const char *rp_id, bool over_ssh, struct groups *groups);
/* Out of the table, to be judged; NULL: it is not there any more. The caller's to free. */
struct ceremony *sign_in_take(struct sign_in *sign_in, const struct group *group);
/* Looks without taking: to put the question. NULL likewise. */
const struct ceremony *sign_in_peek(const struct sign_in *sign_in, const struct group *group);
/* No challenge outlives its conversation. */
void sign_in_drop(struct sign_in *sign_in, struct groups *groups);

#endif
