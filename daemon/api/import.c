/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials1.Import: credentials that were made elsewhere, for something else. */
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/policy.h"
#include "daemon/verify/sk_enrollment.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256

static const struct member import_members[] = {
    {"rp", "s", WORD_MAX},
    {"name", "s", PK_CREDENTIAL_NAME_MAX},
    {"ticket", "h", 0},
};

static void answer(struct call *call, const struct credential *credential, bool system_account)
{
    PK_AUTO_FREE char *text = json_text(passkey_json(credential, system_account));
    struct value result = value_body();

    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static void import_key(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    struct credential credential = {0};
    struct pk_sk_key key;
    enum pk_status status = pk_sk_public_line_parse(pk_view_string(call->arguments.items[2].text),
                                                    &key, &blob, &comment);

    if (status) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  status == PK_UNSUPPORTED
                      ? "only keys of security keys can be imported (ed25519-sk and ecdsa-sk)"
                      : "this is not the public key of an OpenSSH key");
        return;
    }
    status = sk_enrol(daemon, ceremony,
                      &(struct sk_enrolment){
                          .key = &key,
                          .comment = comment ? comment : "",
                      },
                      &credential);
    if (status)
        verdict_refuse(call, status, sk_enrolment_message(status));
    else
        answer(call, &credential, ceremony->system_account);
    credential_clear(&credential);
}

static void import(struct daemon *daemon, struct call *call, struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[3];
    struct registration_request wish = {.name = value_find_text(options, "name", NULL)};
    AUTO_SUBJECT struct subject subject = {0};
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = NULL;
    enum pk_status status = subject_resolve(daemon, call, value_find_text(options, "rp", NULL),
                                            call->arguments.items[0].text, &subject);

    if (status) {
        subject_refuse(call, status);
        return;
    }
    ceremony = registration_begin(daemon, call, &subject, &wish, ticket);
    if (ceremony)
        import_key(daemon, call, ceremony);
}

void credentials_import(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[3];
    AUTO_SUBJECT struct subject subject = {0};
    PK_AUTO_FREE char *why = NULL;
    const char *name;
    enum pk_status status;

    if (value_check(options, import_members, COUNT(import_members), &why)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why ? why : "out of memory");
        return;
    }
    if (strcmp(call->arguments.items[1].text, "ssh") != 0) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the format must be \"ssh\"");
        return;
    }
    name = value_find_text(options, "name", NULL);
    if (name && !policy_credential_name_valid(name)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "\"name\" must be 1 to 64 bytes of printable text");
        return;
    }
    status = subject_resolve(daemon, call, value_find_text(options, "rp", NULL),
                             call->arguments.items[0].text, &subject);
    if (status)
        subject_refuse(call, status);
    else
        ticket_redeem(daemon, call, options, &subject, import);
}
