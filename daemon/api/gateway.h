/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * org.passkeyd.Gateway1: what passkey-gateway asks for the web applications' relying parties, and
 * for no other. The gateway is not believed: whoever it speaks for has presented an API key or a
 * token with the call, which a worker judges (tokens/authority.h) before anything else is done.
 *
 * Every call is a struct that begins with a gateway_request, and a plan whose first step is
 * gateway_judge().
 */
#ifndef PASSKEYD_API_GATEWAY_H
#define PASSKEYD_API_GATEWAY_H

#include "daemon/bus/methods.h"
#include "daemon/bus/request.h"
#include "daemon/tokens/password.h"
#include "daemon/tokens/tokens.h"
#include "daemon/verify/approval.h"

#include <jansson.h>

struct gateway_request {
    struct request request;
    struct token_party party;
    const struct value *options; /* the call's last argument; NULL: it is none */
    int64_t now;                 /* seconds since the epoch */
    struct authority *authority; /* from gateway_judge() on; owned */
    /* From gateway_find_user() on. */
    struct account user; /* name NULL: nobody is named, or nobody has that user name */
    bool named;          /* somebody is: by the authority, "userId" or "userName" */
    bool known;          /* the store has the user, and user is all of it */
    size_t passkeys;
    bool without_password;           /* set by the call: it needs none at any relying party */
    struct password_answer password; /* from gateway_read_password() on, where one is needed */
};

/* For arrays of struct member: what is common to all. */
#define GATEWAY_OPTIONS                                                                            \
    {"apiKey", "s", PK_TOKEN_MAX}, {"bearer", "s", PK_TOKEN_MAX},                                  \
    {                                                                                              \
        "purpose", "s", PK_PURPOSE_MAX                                                             \
    }

struct gateway_members {
    const struct member *items;
    size_t count;
};

/*
 * Checks the call's relying party, its first argument, and its options, and makes the request, of
 * that size. NULL: the call has been answered. members NULL: the last argument is no a{sv}.
 */
struct gateway_request *gateway_request_new(struct daemon *daemon, struct call *call, size_t size,
                                            const struct gateway_members *members) PK_WARN_UNUSED;
/* What a plan's clear() of the request does, first or last. */
void gateway_request_clear(struct request *request);

/* --- steps ------------------------------------------------------------------------------------ */

/*
 * On a worker: what was presented, or that nothing was. PK_NOT_SIGNED_IN and so on. Of an anonymous
 * call also in the loop: there is nothing to look up.
 */
enum pk_status gateway_judge(struct job *job);
/*
 * On a worker, after it: the user whom the authority, "userId" or else "userName" names. PK_DENIED:
 * the token is of another user than "userId"; PK_NOT_SIGNED_IN: "userId" without an authority.
 * That there is no such user is PK_OK.
 */
enum pk_status gateway_find_user(struct job *job);

/*
 * On a worker, after gateway_judge(): what the application said of a password, "passwordAnswer". It
 * is needed where http is autional and a bearer token was presented; without it PK_DENIED, as with
 * one that is not needed. PK_SIGNATURE_INVALID: the application has not signed it.
 */
enum pk_status gateway_read_password(struct job *job);
/*
 * In the loop, after it: whether it is the answer to a question that was asked, for this user and
 * purpose; it is used up. PK_DENIED: the password was wrong; PK_CHALLENGE_UNKNOWN.
 */
enum pk_status gateway_take_password(struct job *job);

/*
 * How long a challenge is good for, in seconds: the relying party's timeout, whatever the options
 * tell the browser, and 10 minutes at one that speaks authsignal and has the default.
 */
unsigned gateway_lifetime(const struct rp_config *rp) PK_WARN_UNUSED;

/* The text of that option; NULL: not given. */
const char *gateway_text(const struct gateway_request *gateway, const char *option);
/* "purpose", or empty. */
const char *gateway_purpose(const struct gateway_request *gateway);
/* Nothing was presented, not even what may turn out to be wrong. */
bool gateway_is_anonymous(const struct gateway_request *gateway);
/* Whether "bearer" was presented: it has been judged good after gateway_judge(). */
bool gateway_has_bearer(const struct gateway_request *gateway);

/* --- answers ---------------------------------------------------------------------------------- */

/* Answers with the error of status. why: more about PK_INVALID_ARGUMENT; NULL: nothing. */
void gateway_fail(const struct gateway_request *gateway, struct call *call, enum pk_status status,
                  const char *why);
/* Answers with the text of that value, which is taken; NULL: out of memory. */
void gateway_reply(struct call *call, json_t *json);

/* doc/protocol.md has their members. NULL: no memory. */
json_t *gateway_party_json(const struct rp_config *rp) PK_WARN_UNUSED;
json_t *gateway_passkey_json(const struct credential *credential) PK_WARN_UNUSED;
/* Of an approval: as it is now. */
json_t *gateway_approved_json(const struct approval *approval) PK_WARN_UNUSED;
json_t *gateway_user_json(const struct account *user, size_t passkeys) PK_WARN_UNUSED;
/* NULL, too, where there are none. */
json_t *gateway_tokens_json(const struct tokens *tokens) PK_WARN_UNUSED;
json_t *gateway_transactions_json(const struct transaction_list *list) PK_WARN_UNUSED;
/* Adds a member; false: no memory, also for value, which is taken. */
bool gateway_set(json_t *object, const char *name, json_t *value) PK_WARN_UNUSED;

#endif
