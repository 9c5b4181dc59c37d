/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/registration.h"

#include "common/bus/names.h"

#include <string.h>

static bool name_taken(const struct credential_list *list, const char *name)
{
    for (size_t i = 0; name && i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    return false;
}

/* What the account has already: the exclude list, and whether there is room for one more. */
static enum pk_status consider_existing(struct daemon *daemon, const struct subject *subject,
                                        struct ceremony *ceremony, const char *name)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = subject_credentials(daemon, subject, NULL, &list);

    if (!status && list.count >= ceremony->max_credentials)
        status = PK_LIMIT_EXCEEDED;
    if (!status && name_taken(&list, name))
        status = PK_EXISTS;
    for (size_t i = 0; i < list.count && !status; i++)
        if (strcmp(list.items[i].rp_id, ceremony->requirements.rp_id) == 0)
            status = pk_requirements_add_credential(&ceremony->requirements,
                                                    pk_view_of(&list.items[i].record.id),
                                                    list.items[i].transports);
    return status;
}

static enum pk_status take_account(struct subject *subject, struct ceremony *ceremony)
{
    enum pk_status status = pk_bytes_copy(pk_view_of(&subject->account.user_handle),
                                          &ceremony->requirements.user_handle);

    if (!status) {
        ceremony->account = subject->account;
        subject->account = (struct account){0};
    }
    return status;
}

static enum pk_status fill(struct daemon *daemon, struct subject *subject,
                           const struct registration_request *wish, struct pk_view ticket,
                           struct ceremony *ceremony)
{
    enum pk_status status = PK_OK;

    ceremony->system_account = subject->rp->system_accounts;
    ceremony->max_credentials = daemon->config->credentials_per_account;
    if (wish->name) {
        ceremony->credential_name = strdup(wish->name);
        status = ceremony->credential_name ? PK_OK : PK_NO_MEMORY;
    }
    if (!status && ticket.len > 0)
        status = pk_bytes_copy(ticket, &ceremony->ticket);
    if (!status)
        status = consider_existing(daemon, subject, ceremony, wish->name);
    if (!status)
        status = subject_load_handle(daemon, subject);
    if (!status)
        status = take_account(subject, ceremony);
    if (!status)
        status = ceremony_bind_act(ceremony, "enroll", ceremony->account.name);
    return status;
}

static void refuse(struct call *call, enum pk_status status)
{
    if (status == PK_LIMIT_EXCEEDED)
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "the account has as many passkeys as it may");
    else if (status == PK_EXISTS)
        call_fail(call, PK_BUS_ERROR_NAME_TAKEN, "the account has a passkey of that name");
    else
        subject_refuse(call, status);
}

struct ceremony *registration_begin(struct daemon *daemon, struct call *call,
                                    struct subject *subject, struct registration_request *wish,
                                    struct pk_view ticket)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new(call->id, call->uid);
    const char *why = "";
    enum pk_status status;

    if (!ceremony) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        return NULL;
    }
    wish->account_name = subject->account.name;
    wish->account_full_name = subject->full_name;
    wish->now = daemon_now();
    status = policy_registration(subject->rp, wish, &ceremony->requirements, &why);
    if (status == PK_INVALID_ARGUMENT || status == PK_UNSUPPORTED) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why);
        return NULL;
    }
    if (!status)
        status = fill(daemon, subject, wish, ticket, ceremony);
    if (status) {
        refuse(call, status);
        return NULL;
    }
    return pk_steal(ceremony);
}
