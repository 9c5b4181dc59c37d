/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/subject.h"

#include "common/bus/names.h"
#include "daemon/accounts/account.h"

#include <string.h>

void subject_clear(struct subject *subject)
{
    account_clear(&subject->account);
    free(subject->full_name);
    *subject = (struct subject){0};
}

/* Accounts of the host: the name service knows them, and its spelling is the one that counts. */
static enum pk_status resolve_system(const struct call *call, const char *name,
                                     struct subject *subject)
{
    AUTO_SYSTEM_ACCOUNT struct system_account found = {0};
    enum pk_status status =
        name[0] ? system_account_by_name(name, &found) : system_account_by_uid(call->uid, &found);

    if (status)
        return status;
    if (call->uid != 0 && call->uid != found.uid)
        return PK_DENIED;
    subject->account.uid = found.uid;
    subject->account.name = pk_steal(found.name);
    subject->full_name = pk_steal(found.full_name);
    return PK_OK;
}

/* Accounts that only the program knows. Its user may be one of them, under its login name. */
static enum pk_status resolve_foreign(const struct call *call, const char *name,
                                      struct subject *subject)
{
    AUTO_SYSTEM_ACCOUNT struct system_account caller = {0};

    if (call->uid != 0 || name[0] == '\0') {
        enum pk_status status = system_account_by_uid(call->uid, &caller);

        if (status)
            return status;
        if (name[0] == '\0')
            name = caller.name;
        else if (strcmp(name, caller.name) != 0)
            return PK_DENIED;
    }
    subject->account.uid = PK_NO_UID;
    subject->account.name = strdup(name);
    return subject->account.name ? PK_OK : PK_NO_MEMORY;
}

enum pk_status subject_resolve(struct daemon *daemon, const struct call *call, const char *rp_name,
                               const char *name, struct subject *ret)
{
    struct subject subject = {.rp = config_rp(daemon->config, rp_name)};
    enum pk_status status;

    if (!subject.rp)
        return PK_NOT_FOUND;
    status = subject.rp->system_accounts ? resolve_system(call, name, &subject)
                                         : resolve_foreign(call, name, &subject);
    if (!status) {
        subject.account.rp = strdup(subject.rp->name);
        status = subject.account.rp ? PK_OK : PK_NO_MEMORY;
    }
    if (status)
        subject_clear(&subject);
    else
        *ret = subject;
    return status;
}

enum pk_status subject_load_handle(struct daemon *daemon, struct subject *subject)
{
    struct account *account = &subject->account;
    struct account stored = {0};
    uint8_t fresh[PK_USER_HANDLE_SIZE];
    enum pk_status status = daemon->store->verbs->account(daemon->store, account->rp, account->name,
                                                          account->uid, false, &stored);

    if (status == PK_OK) {
        account->user_handle = stored.user_handle;
        stored.user_handle = (struct pk_bytes){0};
        account_clear(&stored);
        return PK_OK;
    }
    if (status != PK_NOT_FOUND)
        return status;
    pk_random(fresh, sizeof(fresh));
    return pk_bytes_copy((struct pk_view){fresh, sizeof(fresh)}, &account->user_handle);
}

enum pk_status subject_credentials(struct daemon *daemon, const struct subject *subject,
                                   const char *rp_id, struct credential_list *ret)
{
    const struct credential_filter filter = {.rp = subject->account.rp,
                                             .account_name = subject->account.name,
                                             .uid = &subject->account.uid};
    struct credential_list list = {0};
    size_t kept = 0;
    enum pk_status status = daemon->store->verbs->list(daemon->store, &filter, &list);

    if (status)
        return status;
    for (size_t i = 0; i < list.count; i++) {
        if (rp_id && strcmp(list.items[i].rp_id, rp_id) != 0)
            credential_clear(&list.items[i]);
        else
            list.items[kept++] = list.items[i];
    }
    list.count = kept;
    *ret = list;
    return PK_OK;
}

void subject_refuse(struct call *call, enum pk_status status)
{
    switch (status) {
    case PK_NOT_FOUND:
        call_fail(call, PK_BUS_ERROR_UNKNOWN_RP, "no such relying party");
        break;
    case PK_UNKNOWN_USER:
        call_fail(call, PK_BUS_ERROR_UNKNOWN_USER, "no such account");
        break;
    case PK_DENIED:
        call_fail(call, PK_BUS_ERROR_ACCESS_DENIED, "not permitted to this caller");
        break;
    case PK_STORAGE:
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE, "the credential store failed");
        break;
    case PK_UNAVAILABLE:
        call_fail(call, PK_BUS_ERROR_UNAVAILABLE, "the account database did not answer");
        break;
    default:
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_status_name(status));
    }
}
