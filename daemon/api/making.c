/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/making.h"

#include "daemon/bus/methods.h"
#include "daemon/daemon.h"

#include <stdlib.h>

enum pk_status making_set(struct making *making, struct daemon *daemon, struct call *call,
                          const char *rp, int64_t expires)
{
    making->who = methods_subject(call);
    making->expires = expires;
    return subject_set_rp(daemon->config, rp, &making->who, &making->rp);
}

enum pk_status making_find_subject(struct job *job)
{
    struct making *making = (struct making *)job;

    return subject_find(&making->who, &making->subject);
}

/* What is given out is void when the account is gone. */
enum pk_status making_make_account(struct job *job)
{
    struct making *making = (struct making *)job;
    const struct account *account = &making->subject.account;
    struct store *store = making->request.daemon->store;

    subject_find_source(&making->subject);
    return request_stored(
        &making->request,
        store->verbs->account(store, account->rp, account->name, account->uid,
                              account->listed ? ACCOUNT_CREATE_LISTED : ACCOUNT_CREATE,
                              &making->account));
}

void making_clear(struct request *request)
{
    struct making *making = (struct making *)request;

    free(making->rp);
    subject_clear(&making->subject);
    account_clear(&making->account);
    pk_secret_clear(&making->ticket);
}
