/* SPDX-License-Identifier: BSD-2-Clause */
/* What RelyingParty1 and Gateway1 answer alike. */
#ifndef PASSKEYD_API_BEGUN_H
#define PASSKEYD_API_BEGUN_H

#include "daemon/bus/call.h"
#include "daemon/bus/request.h"
#include "daemon/verify/approval.h"
#include "daemon/verify/ceremony.h"

#include <jansson.h>

struct config;

/* A ceremony that is in the table, or is to be in the store before anybody hears of it. */
struct begun {
    struct value answer;       /* owned */
    struct kept_ceremony kept; /* for begun_keep(); id NULL: it is in the table; owned */
};
void begun_clear(struct begun *begun);

/*
 * Takes the ceremony, and adds it to the table for that many seconds or, where it is shared and
 * several hosts have the store, prepares it for begun_keep(). The answer stays what it was.
 * PK_LIMIT_EXCEEDED, PK_TOO_LARGE, PK_NO_MEMORY: it is freed.
 */
enum pk_status begun_enter(struct daemon *daemon, struct ceremony *ceremony, unsigned lifetime,
                           struct begun *begun) PK_WARN_UNUSED;
/* The same, with an answer of its id, options and expiry time. Options may contradict each other:
 * PK_INVALID_INPUT and so on. */
enum pk_status begun_add(struct daemon *daemon, const struct call *call, struct ceremony *ceremony,
                         struct begun *ret) PK_WARN_UNUSED;

/* On a worker: what is to be in the store is there. PK_LIMIT_EXCEEDED, PK_STORAGE. */
enum pk_status begun_keep(struct request *request, const struct begun *begun) PK_WARN_UNUSED;
/* On a worker: and is not any more, as far as that is possible. */
void begun_take_back(struct request *request, const struct begun *begun);

/* Answers with what begun_add() or begun_keep() failed with. request may be NULL before. */
typedef void begun_failed(const struct request *request, struct call *call, enum pk_status status);
begun_failed begun_fail;
/* Answers the call, at once or after begun_keep(). Takes the call and what begun owns. */
void begun_answer(struct daemon *daemon, struct call *call, struct begun *begun,
                  begun_failed *failed);
/* begun_add() and begun_answer(). */
void begun_publish(struct daemon *daemon, struct call *call, struct ceremony *ceremony);

/*
 * In the loop, of a ceremony that came out of the store: adds what this host's configuration says
 * of it. PK_CHALLENGE_UNKNOWN: its relying party is another one here; PK_NO_MEMORY.
 */
enum pk_status begun_complete(const struct config *config,
                              struct ceremony *ceremony) PK_WARN_UNUSED;

/* The passkey of an approved assertion, as it is after this use. NULL: no memory. */
json_t *used_passkey_json(const struct approval *approval) PK_WARN_UNUSED;

#endif
