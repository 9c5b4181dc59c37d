/* SPDX-License-Identifier: BSD-2-Clause */
/* The subject of a call: the relying party and the account whose passkeys it is about. */
#ifndef PASSKEYD_SUBJECT_H
#define PASSKEYD_SUBJECT_H

#include "daemon/accounts/account.h"
#include "daemon/config/config.h"
#include "daemon/store/store.h"

struct subject {
    struct account account; /* user_handle empty until subject_load_handle() */
    char *full_name;        /* NULL: unknown; owned */
};
void subject_clear(struct subject *subject);
#define AUTO_SUBJECT __attribute__((cleanup(subject_clear)))

/* Borrowed. */
struct subject_request {
    uid_t caller;
    const char *rp;   /* NULL or empty: the default one */
    const char *name; /* empty: the caller itself */
    /*
     * The account that the name service has for that name, if it was asked already; otherwise NULL.
     */
    const struct system_account *found;
};

/*
 * Finds the subject; the caller must be root or the account itself. PK_NOT_FOUND: no such relying
 * party; PK_UNKNOWN_USER; PK_DENIED; PK_UNAVAILABLE: the name service failed; PK_NO_MEMORY.
 */
enum pk_status subject_resolve(const struct config *config, const struct subject_request *request,
                               struct subject *ret) PK_WARN_UNUSED;

/*
 * Sets account.listed: whether a row that is made for the account is of the password file. False
 * where that cannot be read.
 */
void subject_find_source(struct subject *subject);

/* Loads the stored user handle, or generates one for an account that has none yet. */
enum pk_status subject_load_handle(struct store *store, struct subject *subject) PK_WARN_UNUSED;

/* The account's credentials; rp_id: only those made for it, NULL: all. */
enum pk_status subject_credentials(struct store *store, const struct subject *subject,
                                   const char *rp_id, struct credential_list *ret) PK_WARN_UNUSED;

#endif
