/* SPDX-License-Identifier: BSD-2-Clause */
/* The subject of a call: the relying party and the account whose passkeys it is about. */
#ifndef PASSKEYD_SUBJECT_H
#define PASSKEYD_SUBJECT_H

#include "daemon/accounts/account.h"
#include "daemon/config/config.h"
#include "store/store.h"

struct subject {
    struct account account; /* user_handle empty until subject_load_handle() */
    bool handle_is_id; /* the user handle of a new account is its name: struct rp_config's http */
    char *full_name;   /* NULL: unknown; owned */
};
void subject_clear(struct subject *subject);
#define AUTO_SUBJECT __attribute__((cleanup(subject_clear)))

/* Borrowed. */
struct subject_request {
    uid_t caller;
    const char *rp;       /* name of the relying party's section */
    bool system_accounts; /* its accounts are those of the host */
    bool handle_is_id;
    const char *name; /* empty: the caller itself */
    /*
     * The account that the name service has for that name, if it was asked already; otherwise NULL.
     */
    const struct system_account *found;
};

/*
 * What the configuration says of the relying party of that name (NULL or empty: the default one).
 * request->rp is a copy, which is *ret_rp too and the caller's to free. PK_NOT_FOUND: there is
 * none; PK_NO_MEMORY.
 */
enum pk_status subject_set_rp(const struct config *config, const char *name,
                              struct subject_request *request, char **ret_rp) PK_WARN_UNUSED;

/*
 * Finds the subject, for which the name service is asked; the caller must be root or the account
 * itself. PK_UNKNOWN_USER; PK_DENIED; PK_UNAVAILABLE: the name service failed; PK_NO_MEMORY.
 */
enum pk_status subject_find(const struct subject_request *request,
                            struct subject *ret) PK_WARN_UNUSED;

/* The relying parties whose accounts are not the host's. PK_NO_MEMORY. */
enum pk_status subject_foreign_rps(const struct config *config,
                                   struct pk_strings *ret) PK_WARN_UNUSED;
/*
 * Whether the host does not have that account any more, for which the name service is asked, but
 * not again for the account that was asked for last. foreign: as above; answer: of this request.
 */
bool subject_is_orphaned(const struct account *account, const struct pk_strings *foreign,
                         struct account_answer *answer);

/*
 * Sets account.listed: whether a row that is made for the account is of the password file. False
 * where that cannot be read.
 */
void subject_find_source(struct subject *subject);

/*
 * Loads the stored user handle, or generates one for an account that has none yet, which at a
 * relying party over HTTP is the user's id. PK_INVALID_ARGUMENT: that is too long for one.
 */
enum pk_status subject_load_handle(struct store *store, struct subject *subject) PK_WARN_UNUSED;

/* The account's credentials; rp_id: only those made for it, NULL: all. */
enum pk_status subject_credentials(struct store *store, const struct subject *subject,
                                   const char *rp_id, struct credential_list *ret) PK_WARN_UNUSED;

#endif
