/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/subject.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/accounts/password_file.h"

#include <string.h>

void subject_clear(struct subject *subject)
{
    account_clear(&subject->account);
    free(subject->full_name);
    *subject = (struct subject){0};
}

static enum pk_status look_up(const struct subject_request *request, struct system_account *ret)
{
    if (request->name[0] == '\0')
        return system_account_by_uid(request->caller, ret);
    if (request->found)
        return system_account_copy(request->found, ret);
    return system_account_by_name(request->name, ret);
}

/* An account of the host: it must exist in the name service, whose spelling of the name is kept. */
static enum pk_status resolve_system(const struct subject_request *request, struct subject *subject)
{
    AUTO_SYSTEM_ACCOUNT struct system_account found = {0};
    enum pk_status status = look_up(request, &found);

    if (status)
        return status;
    if (request->caller != 0 && request->caller != found.uid)
        return PK_DENIED;
    subject->account.uid = found.uid;
    subject->account.name = pk_steal(found.name);
    subject->full_name = pk_steal(found.full_name);
    return PK_OK;
}

/*
 * An account of a program, which the host does not have. An unprivileged caller may only be the
 * account of its own login name.
 */
static enum pk_status resolve_foreign(const struct subject_request *request,
                                      struct subject *subject)
{
    AUTO_SYSTEM_ACCOUNT struct system_account caller = {0};
    const char *name = request->name;

    if (request->caller != 0 || name[0] == '\0') {
        enum pk_status status = system_account_by_uid(request->caller, &caller);

        if (status)
            return status;
        if (name[0] == '\0')
            name = caller.name;
        else if (strcmp(name, caller.name) != 0)
            return PK_DENIED;
    }
    subject->account.uid = PK_NO_UID;
    return pk_text_copy(name, &subject->account.name);
}

enum pk_status subject_set_rp(const struct config *config, const char *name,
                              struct subject_request *request, char **ret_rp)
{
    const struct rp_config *rp = config_rp(config, name);
    enum pk_status status = rp ? pk_text_copy(rp->name, ret_rp) : PK_NOT_FOUND;

    if (status)
        return status;
    request->rp = *ret_rp;
    request->system_accounts = rp->system_accounts;
    request->handle_is_id = rp->http != PK_HTTP_NONE;
    return PK_OK;
}

enum pk_status subject_find(const struct subject_request *request, struct subject *ret)
{
    AUTO_SUBJECT struct subject subject = {0};
    enum pk_status status = request->system_accounts ? resolve_system(request, &subject)
                                                     : resolve_foreign(request, &subject);

    subject.handle_is_id = request->handle_is_id;
    if (!status)
        status = pk_text_copy(request->rp, &subject.account.rp);
    if (status)
        return status;
    *ret = subject;
    subject = (struct subject){0};
    return PK_OK;
}

enum pk_status subject_foreign_rps(const struct config *config, struct pk_strings *ret)
{
    enum pk_status status = PK_OK;

    for (size_t i = 0; i < config->rp_count && !status; i++)
        if (!config->rps[i].system_accounts)
            status = pk_strings_add(ret, config->rps[i].name);
    return status;
}

bool subject_is_orphaned(const struct account *account, const struct pk_strings *foreign,
                         struct account_answer *answer)
{
    if (account->orphaned)
        return true;
    if (account->uid == PK_NO_UID || pk_strings_include(foreign, account->rp))
        return false;
    return system_account_check_once(answer, account->name, account->uid) != PK_OK;
}

void subject_find_source(struct subject *subject)
{
    AUTO_PASSWORD_FILE struct password_file file = {0};

    subject->account.listed = subject->account.uid != PK_NO_UID &&
                              password_file_read(PASSWORD_FILE, &file) == PK_OK &&
                              password_file_has(&file, subject->account.name, subject->account.uid);
}

enum pk_status subject_load_handle(struct store *store, struct subject *subject)
{
    struct account *account = &subject->account;
    struct account stored = {0};
    uint8_t fresh[PK_USER_HANDLE_SIZE];
    enum pk_status status = store->verbs->account(store, account->rp, account->name, account->uid,
                                                  ACCOUNT_FIND, &stored);

    if (status == PK_OK) {
        account->user_handle = stored.user_handle;
        stored.user_handle = (struct pk_bytes){0};
        account_clear(&stored);
        return PK_OK;
    }
    if (status != PK_NOT_FOUND)
        return status;
    if (subject->handle_is_id)
        return strlen(account->name) > PK_USER_HANDLE_MAX
                   ? PK_INVALID_ARGUMENT
                   : pk_bytes_copy(pk_view_string(account->name), &account->user_handle);
    pk_random(fresh, sizeof(fresh));
    return pk_bytes_copy((struct pk_view){fresh, sizeof(fresh)}, &account->user_handle);
}

enum pk_status subject_credentials(struct store *store, const struct subject *subject,
                                   const char *rp_id, struct credential_list *ret)
{
    const struct credential_filter filter = {.rp = subject->account.rp,
                                             .account_name = subject->account.name,
                                             .uid = &subject->account.uid,
                                             .living = true};
    struct credential_list list = {0};
    size_t kept = 0;
    enum pk_status status = store->verbs->list(store, &filter, &list);

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
