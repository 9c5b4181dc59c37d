/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's accounts, read through the name service switch. Nothing is changed, and nothing is
 * kept from one request to the next.
 */
#ifndef PASSKEYD_ACCOUNT_H
#define PASSKEYD_ACCOUNT_H

#include "common/base/status.h"

#include <stdbool.h>
#include <sys/types.h>

struct system_account {
    char *name; /* as NSS spells it, which may differ from the name that was looked up; owned */
    char *full_name; /* first field of GECOS; NULL when empty or not UTF-8; owned */
    uid_t uid;
};
void system_account_clear(struct system_account *account);
#define AUTO_SYSTEM_ACCOUNT __attribute__((cleanup(system_account_clear)))

/* PK_NO_MEMORY. */
enum pk_status system_account_copy(const struct system_account *from,
                                   struct system_account *ret) PK_WARN_UNUSED;

/*
 * Looks an account up by its login name. PK_UNKNOWN_USER when no account has it or it cannot be a
 * login name; PK_UNAVAILABLE when the name service failed, so that nothing is known of the account.
 */
enum pk_status system_account_by_name(const char *name, struct system_account *ret) PK_WARN_UNUSED;
enum pk_status system_account_by_uid(uid_t uid, struct system_account *ret) PK_WARN_UNUSED;

/*
 * Whether name still has that uid: PK_OK; PK_ACCOUNT_CHANGED when it has another one;
 * PK_UNKNOWN_USER when the account does not exist any more; PK_UNAVAILABLE.
 */
enum pk_status system_account_check(const char *name, uid_t uid) PK_WARN_UNUSED;

/*
 * The last answer of system_account_check() for one request, which reads the passkeys of an account
 * one after another. All zero before; it must not be kept for longer than the request.
 */
struct account_answer {
    char *name; /* NULL: nothing was asked; owned */
    uid_t uid;
    enum pk_status status;
};
void account_answer_clear(struct account_answer *answer);
/* As system_account_check(), but does not ask again what was asked last. */
enum pk_status system_account_check_once(struct account_answer *answer, const char *name,
                                         uid_t uid) PK_WARN_UNUSED;

/* What the name service says of an account, for what follows if nobody has it. */
enum name_answer {
    NAME_UNKNOWN,   /* nothing: it was not asked, or failed */
    NAME_FOUND,     /* the name has that uid */
    NAME_NOT_FOUND, /* there is no such name, or it has another uid; a service that failed behind
                       another one that did not looks the same, says nsswitch.conf(5) */
};
enum name_answer system_account_ask(const char *name, uid_t uid) PK_WARN_UNUSED;

#endif
