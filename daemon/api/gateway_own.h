/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of Gateway1 by which people look after their own passkeys, on the gateway's pages: whom
 * a call is for, only a session says (auth/page_sessions.h), and that is made of a passkey's
 * signature. What takes a passkey away, or adds one, is begun with a challenge of its own, which
 * says what it is for. Root's passkeys are never looked after here.
 */
#ifndef PASSKEYD_API_GATEWAY_OWN_H
#define PASSKEYD_API_GATEWAY_OWN_H

#include "daemon/api/gateway.h"
#include "daemon/auth/page_sessions.h"

/* What a ceremony of the pages is for. */
enum own_act {
    OWN_SIGN_IN,     /* without a session: an answer makes one */
    OWN_PROVE,       /* the session's account is still who signed in */
    OWN_REMOVE,      /* of one of the account's passkeys, by another one */
    OWN_REMOVE_LAST, /* of the only one that can be used here, by itself */
    OWN_ADD,
};
#define OWN_ACTS (OWN_ADD + 1)

struct own_act_row {
    const char *word;    /* in the calls */
    const char *purpose; /* of the ceremony */
    const char *context; /* "act" of the context, which the challenge is bound to */
    enum pk_ceremony kind;
};
extern const struct own_act_row own_acts[OWN_ACTS];
/* false: there is no such word. */
bool own_act_find(const char *word, enum own_act *ret);

/* The first member of each call's struct; the user is the session's account. */
struct own_request {
    struct gateway_request gateway;
    uint64_t session;            /* 0: it needs none */
    struct pk_bytes proof;       /* the id of the session's passkey */
    struct credential_list list; /* the account's, from own_check() on */
    const char *why;             /* more about a status; static; NULL: nothing */
};

/* The relying party of that name, if people look after their passkeys there. NULL: not there. */
const struct rp_config *own_rp(const struct config *config, const char *name);

/*
 * Checks the call's first two arguments and makes the request, of that size; session: whether it
 * needs one. NULL: the call has been answered.
 */
struct own_request *own_request_new(struct daemon *daemon, struct call *call, size_t size,
                                    bool session) PK_WARN_UNUSED;
/* What a plan's clear() of the request does, last. */
void own_request_clear(struct request *request);

/*
 * On a worker, the first step of every call with a session: that the account is still the one that
 * it was, and has the session's passkey still; loads its passkeys. PK_NOT_SIGNED_IN.
 */
enum pk_status own_check(struct job *job);

/* The account's passkey of that id. NULL: it has none. */
const struct credential *own_find(const struct own_request *own, struct pk_view id);
/* How many of them a browser can use here, without that one. */
size_t own_others(const struct own_request *own, struct pk_view id);

/* Answers with the error of status, and ends a session that is found to be over. */
void own_fail(const struct own_request *own, struct call *call, enum pk_status status);

#endif
