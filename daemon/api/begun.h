/* SPDX-License-Identifier: BSD-2-Clause */
/* What RelyingParty1 and Gateway1 answer alike. */
#ifndef PASSKEYD_API_BEGUN_H
#define PASSKEYD_API_BEGUN_H

#include "daemon/bus/call.h"
#include "daemon/daemon.h"
#include "daemon/verify/approval.h"
#include "daemon/verify/ceremony.h"

#include <jansson.h>

/* Takes the ceremony, adds it to the table and answers with its id, options and expiry time. */
void begun_publish(struct daemon *daemon, struct call *call, struct ceremony *ceremony);

/*
 * The halves of it, for who has something to do between them. begun_add() takes the ceremony and
 * makes the answer; on failure the ceremony is freed, and begun_fail() answers with the status:
 * PK_INVALID_INPUT and so on for options that contradict each other, PK_LIMIT_EXCEEDED.
 */
enum pk_status begun_add(struct daemon *daemon, const struct call *call, struct ceremony *ceremony,
                         struct value *ret_answer) PK_WARN_UNUSED;
void begun_fail(struct call *call, enum pk_status status);

/* The passkey of an approved assertion, as it is after this use. NULL: no memory. */
json_t *used_passkey_json(const struct approval *approval) PK_WARN_UNUSED;

#endif
