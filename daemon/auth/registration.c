/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/auth/registration.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/daemon.h"
#include "daemon/verify/credential.h"

/*
 * Checks the account's credentials against the limit and the new name, and makes the exclude list.
 */
static enum pk_status check_existing(struct store *store, const struct subject *subject,
                                     struct ceremony *ceremony)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = subject_credentials(store, subject, NULL, &list);

    if (status)
        return status;
    if (list.count >= ceremony->max_credentials)
        return PK_LIMIT_EXCEEDED;
    if (ceremony->credential_name && credential_name_is_taken(&list, ceremony->credential_name))
        return PK_NAME_TAKEN;
    return credential_list_require(&list, ceremony->requirements.rp_id, &ceremony->requirements);
}

static enum pk_status move_account(struct subject *subject, struct ceremony *ceremony)
{
    enum pk_status status = pk_bytes_copy(pk_view_of(&subject->account.user_handle),
                                          &ceremony->requirements.user_handle);

    if (!status) {
        ceremony->account = subject->account;
        subject->account = (struct account){.uid = PK_NO_UID};
    }
    return status;
}

static enum pk_status fill_ceremony(struct daemon *daemon, struct subject *subject,
                                    const struct registration_request *wish, struct pk_view ticket,
                                    struct ceremony *ceremony)
{
    enum pk_status status = pk_text_copy(wish->name, &ceremony->credential_name);

    ceremony->max_credentials = daemon->config->credentials_per_account;
    subject_find_source(subject);
    if (!status && ticket.len > 0)
        status = pk_bytes_copy(ticket, &ceremony->ticket);
    if (!status)
        status = check_existing(daemon->store, subject, ceremony);
    if (!status)
        status = subject_load_handle(daemon->store, subject);
    if (!status)
        status = move_account(subject, ceremony);
    if (!status)
        status = ceremony_bind_act(ceremony, "enroll", ceremony->account.name);
    return status;
}

struct ceremony *registration_begin(struct daemon *daemon, struct call *call,
                                    struct subject *subject, struct registration_request *wish,
                                    struct pk_view ticket)
{
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new(call->id, call->uid);
    const struct rp_config *rp = config_rp(daemon->config, subject->account.rp);
    const char *why = "";
    enum pk_status status = !ceremony ? PK_NO_MEMORY : !rp ? PK_NOT_FOUND : PK_OK;

    wish->account_name = subject->account.name;
    wish->account_full_name = subject->full_name;
    wish->now = pk_clock_now();
    if (!status)
        status = policy_registration(rp, wish, &ceremony->requirements, &why);
    if (!status) {
        ceremony->system_account = rp->system_accounts;
        status = fill_ceremony(daemon, subject, wish, ticket, ceremony);
    }
    if (status) {
        reply_registration_error(call, status, why);
        return NULL;
    }
    return pk_steal(ceremony);
}
