/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets the person choose between several accounts on one security key. */
#ifndef PASSKEYD_ACCOUNT_CHOICE_H
#define PASSKEYD_ACCOUNT_CHOICE_H

#include "daemon/dialogue/conversation.h"
#include "daemon/verify/ceremony.h"

#include "common/wire/frames.h"

struct account_choice;

/* answer: the chosen one, valid during the call; NULL: none was chosen. */
typedef void account_chosen(void *data, const struct pk_assertion_answer *answer);

/*
 * Offers the accounts of the answers that may complete this ceremony, by number; a single one is
 * chosen without asking. chosen is called from account_choice_answered(), or at once. PK_NO_MATCH:
 * no account is left. No answer is verified here.
 */
enum pk_status account_choice_new(struct store *store, struct conversation *conversation,
                                  const struct ceremony *ceremony,
                                  const struct pk_assertion_answers *answers,
                                  account_chosen *chosen, void *data,
                                  struct account_choice **ret) PK_WARN_UNUSED;
void account_choice_answered(struct account_choice *choice, const struct pk_secret *answer);
void account_choice_free(struct account_choice *choice);

#endif
