/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/reply_errors.h"

#include "common/bus/names.h"

void verdict_refuse(struct call *call, enum pk_status status, const char *otherwise)
{
    switch (status) {
    case PK_EXISTS:
    case PK_CREDENTIAL_REGISTERED:
        call_fail(call, PK_BUS_ERROR_ALREADY_ENROLLED, "this passkey is enrolled already");
        break;
    case PK_LIMIT_EXCEEDED:
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "the account has as many passkeys as it may");
        break;
    case PK_INVALID_ARGUMENT:
        call_fail(call, PK_BUS_ERROR_NAME_TAKEN, "the account has a passkey of that name");
        break;
    case PK_TICKET_INVALID:
        call_fail(call, PK_BUS_ERROR_TICKET_INVALID, "the enrolment ticket is used or expired");
        break;
    case PK_STORAGE:
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE, "the credential store failed");
        break;
    case PK_NO_MEMORY:
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        break;
    default:
        call_fail(call, PK_BUS_ERROR_VERIFICATION_FAILED, "%s", otherwise);
    }
}
