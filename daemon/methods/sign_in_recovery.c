/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing in with a recovery code. */
#include "daemon/accounts/account.h"
#include "daemon/auth/sign_in_roads.h"
#include "daemon/methods/road_recovery.h"

static void finished(void *data, enum pk_status status)
{
    struct sign_in *sign_in = data;
    const struct account *account = &sign_in->subject.account;

    if (status == PK_OK && sign_in->known)
        status = PK_INTERNAL; /* a decoy's code is never right */
    if (status == PK_OK && account->uid != PK_NO_UID)
        status = system_account_check(account->name, account->uid);
    if (status == PK_OK)
        sign_in_succeed(sign_in, account->name);
    else
        sign_in_refuse(sign_in, status == PK_CANCELLED ? sign_in->failure : status);
}

static enum pk_status start(struct sign_in *sign_in)
{
    if (!sign_in->subject.account.name)
        return PK_UNAVAILABLE;
    return recovery_road_new(sign_in->daemon, sign_in->conversation,
                             &(struct recovery_subject){
                                 .account = &sign_in->subject.account,
                                 .hidden = sign_in->hidden,
                                 .decoy = sign_in->known != PK_OK,
                             },
                             sign_in->failure, finished, sign_in, &sign_in->recovery);
}

static void answered(struct sign_in *sign_in, struct pk_secret *answer)
{
    recovery_road_answered(sign_in->recovery, answer);
}

const struct sign_in_road sign_in_recovery = {start, answered};
