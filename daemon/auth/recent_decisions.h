/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions about each account, for the page on which people look after their own
 * passkeys. They are in memory, since the daemon was started: the log has all of them. For the loop
 * alone.
 *
 * Of one account there are DECISIONS_APPROVED approvals and, apart from these, DECISIONS_REFUSED
 * refusals, so that no stranger's tries push out what the person did; refusals of the same kind
 * from the same place are one, counted. Of too many accounts the one goes that has no approval, or
 * else the one about which nothing was decided for longest.
 */
#ifndef PASSKEYD_RECENT_DECISIONS_H
#define PASSKEYD_RECENT_DECISIONS_H

#include "daemon/auth/decision.h"

#include <jansson.h>

#define DECISIONS_SHOWN    20
#define DECISIONS_APPROVED 20
#define DECISIONS_REFUSED  8
#define DECISIONS_ACCOUNTS 512
#define DECISIONS_TEXT_MAX 200 /* bytes of each text of a context */

struct recent_decisions;

struct recent_decisions *recent_decisions_new(void) PK_WARN_UNUSED;
void recent_decisions_free(struct recent_decisions *recent);

/* Without memory it is left out. now: seconds since the epoch. */
void recent_decisions_add(struct recent_decisions *recent, const struct decision *decision,
                          int64_t now);

/*
 * At most DECISIONS_SHOWN, the latest first, for the account of that relying party, name and uid:
 * an approval of the name with another uid is none of its. doc/protocol.md has the members. NULL:
 * no memory.
 */
json_t *recent_decisions_json(const struct recent_decisions *recent,
                              const struct account *account) PK_WARN_UNUSED;
/* Where that passkey was last used, of what is known; borrowed; NULL: it is not. */
const json_t *recent_decisions_place(const struct recent_decisions *recent,
                                     const struct account *account, struct pk_view credential_id);

#endif
