/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials of the store, listed on a worker for a method that is in progress. */
#ifndef PASSKEYD_CREDENTIAL_SEARCH_H
#define PASSKEYD_CREDENTIAL_SEARCH_H

#include "daemon/jobs/jobs.h"
#include "store/store.h"

struct attempt;
struct credential_search;

/* list is cleared after the call, unless its members were taken. PK_BUSY, PK_STORAGE. */
typedef void credentials_found(void *data, enum pk_status status, struct credential_list *list);

/*
 * Lists the account's credentials (NULL: any account's) that have that id (empty: all). found is
 * called once, later, unless the search is cancelled first; then the search has ended.
 */
enum pk_status credential_search_new(struct attempt *attempt, const struct account *account,
                                     struct pk_view credential_id, credentials_found *found,
                                     void *data, struct credential_search **ret) PK_WARN_UNUSED;
void credential_search_cancel(struct credential_search *search);

#endif
