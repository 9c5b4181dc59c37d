/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets the person choose between several accounts on one security key. */
#ifndef PASSKEYD_ACCOUNT_CHOICE_H
#define PASSKEYD_ACCOUNT_CHOICE_H

#include "daemon/dialogue/conversation.h"
#include "daemon/verify/ceremony.h"

#include "common/wire/frames.h"

struct account_choice;
struct daemon;

/*
 * answer: the chosen one, valid during the call. NULL: status says why there is none: PK_CANCELLED,
 * PK_NO_MATCH when no account is left, PK_STORAGE, PK_BUSY, PK_NO_MEMORY.
 */
typedef void account_chosen(void *data, enum pk_status status,
                            const struct pk_assertion_answer *answer);

/*
 * Offers the accounts of the answers that may complete this ceremony, by number; a single one is
 * chosen without asking. They are looked up on a worker, on account of job_owner. chosen is called
 * once, later, unless the choice is freed first. No answer is verified here.
 */
enum pk_status account_choice_new(struct daemon *daemon, struct conversation *conversation,
                                  uid_t job_owner, const struct ceremony *ceremony,
                                  const struct pk_assertion_answers *answers,
                                  account_chosen *chosen, void *data,
                                  struct account_choice **ret) PK_WARN_UNUSED;
/* Anything but an answer to its question is ignored. */
void account_choice_answered(struct account_choice *choice, const struct pk_secret *answer);
void account_choice_free(struct account_choice *choice);

#endif
