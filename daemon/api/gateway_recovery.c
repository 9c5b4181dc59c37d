/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gateway1.UseRecoveryCode: an application asks whether what a user typed is one of the recovery
 * codes that FinishRegistration made, and it is used up. That is no approval, and no token is made
 * of it: who then is signed in is the application's business.
 *
 * Tries are not counted: a code has 80 random bits, and only who has an API key may try.
 */
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/bus/reply_errors.h"

#define CODE_TEXT_MAX 64 /* as somebody types one */

struct recovery {
    struct gateway_request gateway;
    size_t left;
};

static enum pk_status check_authority(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    switch (authority_kind(gateway->authority)) {
    case AUTHORITY_API_KEY:
        return PK_OK;
    case AUTHORITY_BEARER:
        return PK_DENIED;
    case AUTHORITY_NONE:
        break;
    }
    return PK_NOT_SIGNED_IN;
}

static enum pk_status use_code(struct job *job)
{
    struct recovery *recovery = (struct recovery *)job;
    struct gateway_request *gateway = &recovery->gateway;
    struct store *store = gateway->request.daemon->store;
    PK_AUTO_SECRET struct pk_secret code = {0};
    enum pk_status status;

    if (!gateway->named || !gateway_text(gateway, "code"))
        return PK_INVALID_ARGUMENT;
    if (!gateway->known)
        return PK_UNKNOWN_USER;
    status = pk_secret_copy(pk_view_string(gateway_text(gateway, "code")), &code);
    if (!status)
        status = request_stored(&gateway->request, recovery_code_use(store, &gateway->user, &code));
    if (!status)
        status = request_stored(&gateway->request,
                                recovery_codes_left(store, &gateway->user, &recovery->left));
    return status;
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    const struct recovery *recovery = (struct recovery *)request;
    const struct gateway_request *gateway = &recovery->gateway;
    PK_AUTO_FREE char *user = NULL;

    if (status == PK_OK || status == PK_RECOVERY_CODE_INVALID) {
        user = log_name(gateway->user.name);
        pk_log(LOG_WARNING, "[%s] %s of %s (%s), through the gateway", call->id,
               status ? "a recovery code was refused, it is none" : "RECOVERY CODE USED",
               user ? user : "?", gateway->party.rp);
    }
    if (status == PK_OK)
        gateway_reply(call, json_pack("{s:s, s:I}", "userId", gateway->user.name, "left",
                                      (json_int_t)recovery->left));
    else if (status == PK_RECOVERY_CODE_INVALID)
        reply_verdict_error(call, status, pk_status_name(status));
    else
        gateway_fail(gateway, call, status, "userId and code: both are needed");
}

void gateway_use_recovery_code(struct daemon *daemon, struct call *call)
{
    static const struct member members[] = {
        GATEWAY_OPTIONS,
        {"userId", "s", OPTION_TEXT_MAX},
        {"code", "s", CODE_TEXT_MAX},
    };
    static const struct gateway_members table = {members, sizeof(members) / sizeof(members[0])};
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, check_authority},
        {JOB_WORKER, gateway_find_user},
        {JOB_WORKER, use_code},
        {0},
    };
    static const struct request_plan plan = {steps, answer, gateway_request_clear};
    struct recovery *recovery =
        (struct recovery *)gateway_request_new(daemon, call, sizeof(*recovery), &table);

    if (recovery)
        request_start(daemon, call, &recovery->gateway.request, &plan);
}
