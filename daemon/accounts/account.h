/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's accounts, as the name service switch knows them. Read only; nothing is cached here. */
#ifndef PASSKEYD_ACCOUNT_H
#define PASSKEYD_ACCOUNT_H

#include "common/base/status.h"

#include <stdbool.h>
#include <sys/types.h>

struct system_account {
    char *name;      /* canonical: as NSS spells it, which may differ from what was asked */
    char *full_name; /* first field of GECOS; NULL when empty or not UTF-8 */
    uid_t uid;
};
void system_account_clear(struct system_account *account);
#define AUTO_SYSTEM_ACCOUNT __attribute__((cleanup(system_account_clear)))

/*
 * Looks up by login name. PK_UNKNOWN_USER when no account has it or it cannot be a login name;
 * PK_UNAVAILABLE when the name service failed (then nothing is known about the account).
 */
enum pk_status system_account_by_name(const char *name, struct system_account *ret) PK_WARN_UNUSED;
enum pk_status system_account_by_uid(uid_t uid, struct system_account *ret) PK_WARN_UNUSED;

/*
 * Whether name still means uid: PK_OK, PK_ACCOUNT_CHANGED when it means another, PK_UNKNOWN_USER
 * when it means nothing any more, PK_UNAVAILABLE.
 */
enum pk_status system_account_check(const char *name, uid_t uid) PK_WARN_UNUSED;

#endif
