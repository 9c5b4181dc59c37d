/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/reply_errors.h"

#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/config/policy.h"

#include <string.h>

struct row {
    enum pk_status status;
    const char *error;
    const char *text; /* NULL: the text that the caller of the function gave */
};

/* Statuses that any call may return. */
static const struct row common_rows[] = {
    {PK_LIMIT_EXCEEDED, PK_BUS_ERROR_LIMIT_EXCEEDED,
     "the account has as many passkeys as it may (credentials-per-account in passkeyd.conf)"},
    {PK_NAME_TAKEN, PK_BUS_ERROR_NAME_TAKEN,
     "the account has a passkey of that name already; choose another name"},
    {PK_STORAGE, PK_BUS_ERROR_STORAGE_FAILURE,
     "the credential store failed; the system log of passkeyd says why"},
    {PK_NO_MEMORY, PK_BUS_ERROR_INTERNAL, "passkeyd has no memory left; try again in a moment"},
};

static const struct row subject_rows[] = {
    {PK_NOT_FOUND, PK_BUS_ERROR_UNKNOWN_RP,
     "no such relying party; \"passkeyctl status\" lists them"},
    {PK_UNKNOWN_USER, PK_BUS_ERROR_UNKNOWN_USER,
     "no such account on this computer; \"getent passwd\" lists them"},
    {PK_DENIED, PK_BUS_ERROR_ACCESS_DENIED, "only root may do this for another account"},
    {PK_UNAVAILABLE, PK_BUS_ERROR_UNAVAILABLE,
     "the name service did not answer; try again in a moment"},
};

static const struct row verdict_rows[] = {
    {PK_EXISTS, PK_BUS_ERROR_ALREADY_ENROLLED,
     "this passkey is enrolled already; \"passkeyctl list\" shows them"},
    {PK_CREDENTIAL_REGISTERED, PK_BUS_ERROR_ALREADY_ENROLLED,
     "this passkey is enrolled already; \"passkeyctl list\" shows them"},
    {PK_TICKET_INVALID, PK_BUS_ERROR_TICKET_INVALID,
     "the enrolment ticket is used or expired; the administrator can make another"},
    {PK_INVALID_ARGUMENT, PK_BUS_ERROR_INVALID_ARGUMENTS, NULL},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/*
 * Answers the call if one of the rows is about status. false: none is, and the call is untouched.
 */
static bool reply_by_row(struct call *call, enum pk_status status, const struct row *rows,
                         size_t count, const char *fallback_text)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].status != status)
            continue;
        call_fail(call, rows[i].error, "%s", rows[i].text ? rows[i].text : fallback_text);
        return true;
    }
    return false;
}

bool reply_name_error(struct call *call, const char *name)
{
    if (!name || policy_credential_name_valid(name))
        return false;
    if (*name && strlen(name) <= PK_CREDENTIAL_NAME_MAX)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "this name has characters that cannot be printed; a name is 1 to %d bytes of "
                  "printable text",
                  PK_CREDENTIAL_NAME_MAX);
    else
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "this name has %zu bytes; a name is 1 to %d bytes of printable text",
                  strlen(name), PK_CREDENTIAL_NAME_MAX);
    return true;
}

void reply_subject_error(struct call *call, enum pk_status status)
{
    if (!reply_by_row(call, status, subject_rows, COUNT(subject_rows), NULL) &&
        !reply_by_row(call, status, common_rows, COUNT(common_rows), NULL))
        call_fail(call, PK_BUS_ERROR_INTERNAL, "%s", pk_message_outcome(status));
}

void reply_ticket_error(struct call *call)
{
    call_fail(call, PK_BUS_ERROR_TICKET_INVALID,
              "this enrolment ticket is unknown, used, expired or for another account; the "
              "administrator can make another: passkeyctl ticket --user USER");
}

void reply_registration_error(struct call *call, enum pk_status status, const char *why)
{
    if (status == PK_INVALID_ARGUMENT || status == PK_UNSUPPORTED)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why);
    else if (why && status == PK_NAME_TAKEN)
        call_fail(call, PK_BUS_ERROR_NAME_TAKEN, "%s", why);
    else if (why && status == PK_LIMIT_EXCEEDED)
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "%s", why);
    else if (status == PK_TICKET_INVALID)
        reply_ticket_error(call);
    else
        reply_subject_error(call, status);
}

void reply_verdict_error(struct call *call, enum pk_status status, const char *otherwise)
{
    if (!reply_by_row(call, status, verdict_rows, COUNT(verdict_rows), otherwise) &&
        !reply_by_row(call, status, common_rows, COUNT(common_rows), NULL))
        call_fail(call, PK_BUS_ERROR_VERIFICATION_FAILED, "%s", otherwise);
}
