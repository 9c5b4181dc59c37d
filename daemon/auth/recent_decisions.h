/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions about each account, for the page on which people look after their own
 * passkeys: those that are not in the store yet (decision_keeper.h), and how they join those that
 * are. For the loop alone.
 *
 * How many there are of an account says decision_records.h. Of too many names the one goes of which
 * nobody knows whether it is an account's and that has no approval, or else the one about which
 * nothing was decided for longest.
 */
#ifndef PASSKEYD_RECENT_DECISIONS_H
#define PASSKEYD_RECENT_DECISIONS_H

#include "daemon/auth/decision.h"

#include <jansson.h>

#define DECISIONS_SHOWN    20
#define DECISIONS_ACCOUNTS 512
#define DECISIONS_TEXT_MAX 200 /* bytes of each text of a context */

struct recent_decisions;

/*
 * last: the highest id in the store. shared: other hosts choose ids as well, so that they are made
 * of the time and of chance; last is 0 then. NULL: no memory.
 */
struct recent_decisions *recent_decisions_new(int64_t last, bool shared) PK_WARN_UNUSED;
void recent_decisions_free(struct recent_decisions *recent);

/* Without memory it is left out. now: seconds since the epoch. */
void recent_decisions_add(struct recent_decisions *recent, const struct decision *decision,
                          int64_t now);
/* How many names there are of which nobody has looked whether they are an account's. */
size_t recent_decisions_unknown(const struct recent_decisions *recent);

/*
 * A copy of all approvals and, where refusals is set, of all refusals, in the order of their ids,
 * for the store. They are shown as before until they are settled, which happens once before any are
 * taken again: with PK_OK as their fates say, with anything else they can be taken again.
 */
enum pk_status recent_decisions_take(struct recent_decisions *recent, bool refusals,
                                     struct kept_decision_list *ret) PK_WARN_UNUSED;
void recent_decisions_settle(struct recent_decisions *recent, const struct kept_decision_list *list,
                             enum pk_status status);

/* What an account's page shows. */
struct shown_decisions;

/*
 * Those of the account of that relying party, name and uid that are in memory at this moment: an
 * approval of the name with another uid is none of its. NULL: no memory.
 */
struct shown_decisions *shown_decisions_new(const struct recent_decisions *recent,
                                            const struct account *account) PK_WARN_UNUSED;
void shown_decisions_free(struct shown_decisions *shown);
/* Adds those that the store had after the others were taken; what is in both is there once. */
enum pk_status shown_decisions_join(struct shown_decisions *shown,
                                    const struct kept_decision_list *stored) PK_WARN_UNUSED;
/*
 * At most DECISIONS_SHOWN, the latest first. doc/protocol.md has the members. NULL: no memory.
 */
json_t *shown_decisions_json(const struct shown_decisions *shown) PK_WARN_UNUSED;
/* Where that passkey was last used, of what is known; borrowed; NULL: it is not. */
const json_t *shown_decisions_place(const struct shown_decisions *shown,
                                    struct pk_view credential_id);

#endif
