/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/credential_search.h"

#include "daemon/auth/attempt.h"
#include "daemon/daemon.h"

#include <stdlib.h>

struct credential_search {
    struct job job;
    struct store *store;
    struct account account; /* name NULL: any */
    struct pk_bytes credential_id;
    struct credential_list list;
    credentials_found *found;
    void *data;
};

static enum pk_status list_credentials(struct job *job)
{
    struct credential_search *search = (struct credential_search *)job;
    const struct account *account = &search->account;
    const struct credential_filter filter = {
        .rp = account->rp,
        .account_name = account->name,
        .uid = account->name ? &account->uid : NULL,
        .credential_id = pk_view_of(&search->credential_id),
    };

    return search->store->verbs->list(search->store, &filter, &search->list);
}

static void on_done(struct job *job, enum pk_status status)
{
    struct credential_search *search = (struct credential_search *)job;

    search->found(search->data, status, &search->list);
}

static void on_release(struct job *job)
{
    struct credential_search *search = (struct credential_search *)job;

    account_clear(&search->account);
    pk_bytes_clear(&search->credential_id);
    credential_list_clear(&search->list);
    free(search);
}

enum pk_status credential_search_new(struct attempt *attempt, const struct account *account,
                                     struct pk_view credential_id, credentials_found *found,
                                     void *data, struct credential_search **ret)
{
    static const struct job_step steps[] = {{JOB_WORKER, list_credentials}, {0}};
    static const struct job_plan plan = {steps, on_done, on_release};
    struct credential_search *search = calloc(1, sizeof(*search));
    enum pk_status status = search ? PK_OK : PK_NO_MEMORY;

    if (!status && account)
        status = account_copy(account, &search->account);
    if (!status)
        status = pk_bytes_copy(credential_id, &search->credential_id);
    if (status) {
        if (search)
            on_release(&search->job);
        return status;
    }
    search->store = attempt->daemon->store;
    search->found = found;
    search->data = data;
    *ret = search;
    job_start(attempt->daemon->jobs, &search->job, &plan, attempt->job_owner);
    return PK_OK;
}

void credential_search_cancel(struct credential_search *search)
{
    job_cancel(&search->job);
}
