/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials1.Import: public keys of security keys that were made for ssh. */
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
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

static void answer_credential(struct call *call, const struct credential *credential,
                              bool system_account)
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
    PK_AUTO_FREE char *by = decision_caller(call, NULL);
    AUTO_VERDICT struct verdict verdict = verdict_refused(PK_INTERNAL);
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
    verdict = verify_and_commit_sk(daemon->store, ceremony,
                                   &(struct sk_enrollment){
                                       .key = &key,
                                       .comment = comment ? comment : "",
                                   });
    decision_log_verdict(ceremony, &verdict, daemon->store->error, by);
    if (verdict.approval)
        answer_credential(call, approval_credential(verdict.approval), ceremony->system_account);
    else
        reply_verdict_error(call, verdict.status, sk_enrollment_message(verdict.status));
}

static void import_for_subject(struct daemon *daemon, struct call *call, struct subject *subject,
                               struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[3];
    struct registration_request wish = {.name = value_find_text(options, "name", NULL)};
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = registration_begin(daemon, call, subject, &wish, ticket);

    if (ceremony)
        import_key(daemon, call, ceremony);
}

void credentials_import(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[3];
    AUTO_SUBJECT struct subject subject = {0};
    struct subject_request request;
    enum pk_status status;

    if (!call_check(call, options, import_members, COUNT(import_members)))
        return;
    if (strcmp(call->arguments.items[1].text, "ssh") != 0) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the format must be \"ssh\"");
        return;
    }
    if (reply_name_error(call, value_find_text(options, "name", NULL)))
        return;
    request = methods_subject(call, value_find_text(options, "rp", NULL));
    status = subject_resolve(daemon->config, &request, &subject);
    if (status)
        reply_subject_error(call, status);
    else
        ticket_redeem(daemon, call, options, &subject, import_for_subject);
}
