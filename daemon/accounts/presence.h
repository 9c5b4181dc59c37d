/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which accounts of the store are still the ones that they were. A name and a uid are given again
 * as soon as they are free, so that whoever comes next would inherit the passkeys of whoever left.
 *
 * An account that was seen in the password file is gone when it is not there any more, or when
 * userdel says that it removed it, whatever the file has now. One of another name service is gone
 * after WEEK_LOOKS looks in a row, a day apart, that found nobody: a service that is away may
 * answer, by way of its cache or of nsswitch.conf, that there is no such account. For that reason a
 * look counts only if it found at least as many such accounts as it missed.
 *
 * Pure functions.
 */
#ifndef PASSKEYD_PRESENCE_H
#define PASSKEYD_PRESENCE_H

#include "daemon/accounts/account.h"
#include "daemon/accounts/password_file.h"
#include "store/store.h"

#define LOOK_SECONDS 86400
#define WEEK_LOOKS   8 /* the first, and one after each of seven days */

/* What was found out; borrowed. */
struct presence {
    const struct password_file *file; /* NULL: it could not be read, and nothing follows from it */
    const struct pk_strings *removed; /* by userdel, since the last look */
    const enum name_answer *answers;  /* of the name service, one for each state; NULL: not asked */
    int64_t now;                      /* seconds since the epoch */
};

/* Whether the password file, or userdel, says that the account is gone. */
bool presence_is_gone(const struct presence *presence,
                      const struct account *account) PK_WARN_UNUSED;
/* Whether the name service must be asked about it. */
bool presence_is_elsewhere(const struct presence *presence,
                           const struct account *account) PK_WARN_UNUSED;

/* An array of at most states->count changes, the caller's to free. PK_NO_MEMORY. */
enum pk_status presence_judge(const struct account_states *states, const struct presence *presence,
                              struct account_change **ret_changes,
                              size_t *ret_count) PK_WARN_UNUSED;

#endif
