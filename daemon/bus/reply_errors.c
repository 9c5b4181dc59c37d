/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/reply_errors.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "daemon/config/passkey_name.h"

#include <string.h>

#define SHOWN_MAX 64 /* bytes of a value that an error repeats */

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
    if (!name || passkey_name_valid(name))
        return false;
    if (*name && strspn(name, " ") == strlen(name))
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "this name is blank; a name is 1 to %d bytes of printable text",
                  PK_CREDENTIAL_NAME_MAX);
    else if (*name && strlen(name) <= PK_CREDENTIAL_NAME_MAX)
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

bool reply_nobody_error(struct call *call)
{
    if (call->arguments.items[0].text[0])
        return false;
    call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "user: it is empty; say whose account it is");
    return true;
}

/* The member "rp" of the call's a{sv}, wherever that stands among the arguments; "": none. */
static const char *named_rp(const struct call *call)
{
    const char *name = "";

    for (size_t i = 0; i < call->arguments.count; i++)
        if (call->arguments.items[i].type == 'a')
            name = value_find_text(&call->arguments.items[i], "rp", name);
    return name;
}

/* The name in the call's first argument; "": the caller's own account is meant. */
static const char *named_user(const struct call *call)
{
    const struct value *first = &call->arguments.items[0];

    return call->arguments.count > 0 && first->type == 's' ? first->text : "";
}

void reply_unknown_rp_error(struct call *call, const char *rp)
{
    PK_AUTO_FREE char *name = pk_text_printable(rp, SHOWN_MAX);

    if (name && name[0])
        call_fail(call, PK_BUS_ERROR_UNKNOWN_RP,
                  "no such relying party: \"%s\"; \"passkeyctl status\" lists them", name);
    else
        call_fail(call, PK_BUS_ERROR_UNKNOWN_RP,
                  "the relying party of this service is not configured; \"passkeyctl status\" "
                  "lists those that are");
}

static void fail_unknown_user(struct call *call)
{
    PK_AUTO_FREE char *name = pk_text_printable(named_user(call), SHOWN_MAX);

    if (name && name[0])
        call_fail(call, PK_BUS_ERROR_UNKNOWN_USER,
                  "no such account on this computer: \"%s\"; \"getent passwd\" lists them", name);
    else
        call_fail(call, PK_BUS_ERROR_UNKNOWN_USER,
                  "no account on this computer has the uid %u; \"getent passwd\" lists them",
                  (unsigned)call->uid);
}

void reply_subject_error(struct call *call, enum pk_status status)
{
    if (status == PK_NOT_FOUND)
        reply_unknown_rp_error(call, named_rp(call));
    else if (status == PK_UNKNOWN_USER)
        fail_unknown_user(call);
    else if (!reply_by_row(call, status, subject_rows, COUNT(subject_rows), NULL) &&
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
