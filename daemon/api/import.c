/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials1.Import: public keys of security keys that were made for ssh. */
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
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

struct import {
    struct request request;
    struct ceremony *ceremony;
    struct pk_sk_key key;
    char *comment;
    struct verdict verdict;
    char *by; /* who called, for the log */
};

static enum pk_status judge(struct job *job)
{
    struct import *import = (struct import *)job;

    import->verdict = verify_and_commit_sk(import->request.daemon->store, import->ceremony,
                                           &(struct sk_enrollment){
                                               .key = &import->key,
                                               .comment = import->comment ? import->comment : "",
                                           });
    return PK_OK;
}

static void answer_credential(struct call *call, const struct credential *credential)
{
    PK_AUTO_FREE char *text = json_text(passkey_json(credential, false));
    struct value result = value_body();

    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    const struct import *import = (struct import *)request;
    const struct verdict *verdict = &import->verdict;

    (void)status; /* the verdict's counts */
    decision_log_verdict(import->ceremony, verdict, import->by);
    if (verdict->approval)
        answer_credential(call, approval_credential(verdict->approval));
    else if (verdict->name)
        call_fail(call, PK_BUS_ERROR_ALREADY_ENROLLED,
                  "this passkey is enrolled already, as \"%s\"", verdict->name);
    else
        reply_verdict_error(call, verdict->status, sk_enrollment_message(verdict->status));
}

/* A caller that left the bus meanwhile has enrolled the key all the same. */
static void import_clear(struct request *request)
{
    struct import *import = (struct import *)request;

    if (request_call(request) && import->verdict.approval)
        decision_log_verdict(import->ceremony, &import->verdict, import->by);
    verdict_clear(&import->verdict);
    ceremony_free(import->ceremony);
    free(import->comment);
    free(import->by);
}

/* The key of the line that the call brings. false: the call has been answered. */
static bool read_key(struct call *call, struct pk_sk_key *key, struct pk_bytes *blob,
                     char **comment)
{
    enum pk_status status =
        pk_sk_public_line_parse(pk_view_string(call->arguments.items[2].text), key, blob, comment);

    if (status)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  status == PK_UNSUPPORTED ? "only keys of security keys can be imported; "
                                             "\"ssh-keygen -t ed25519-sk\" makes one"
                                           : "this is not the public key of an OpenSSH key, which "
                                             "is in a file that ends in .pub");
    return status == PK_OK;
}

static void import_key(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    static const struct job_step steps[] = {{JOB_WORKER, judge}, {0}};
    static const struct request_plan plan = {steps, answer, import_clear};
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    struct pk_sk_key key;
    struct import *import = NULL;

    if (!read_key(call, &key, &blob, &comment)) {
        ceremony_free(ceremony);
        return;
    }
    import = calloc(1, sizeof(*import));
    if (import) {
        import->ceremony = ceremony;
        import->key = key;
        import->comment = pk_steal(comment);
        import->by = decision_caller(call, NULL);
        import->verdict = verdict_refused(PK_INTERNAL);
    } else {
        ceremony_free(ceremony);
    }
    request_start(daemon, call, (struct request *)import, &plan);
}

static struct registration_begin import_wish(const struct call *call, struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[3];

    return (struct registration_begin){
        .rp = value_find_text(options, "rp", NULL),
        .wish = {.name = value_find_text(options, "name", NULL)},
        .ticket = ticket,
    };
}

static void begin_import(struct daemon *daemon, struct call *call, struct pk_view ticket)
{
    const struct registration_begin begin = import_wish(call, ticket);

    registration_begin(daemon, call, &begin, import_key);
}

/* Whether the arguments are right as far as they say so; otherwise the call has been answered. */
static bool check_arguments(struct call *call)
{
    const struct value *options = &call->arguments.items[3];

    if (!call_check(call, options, import_members, COUNT(import_members)))
        return false;
    if (strcmp(call->arguments.items[1].text, "ssh") != 0) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "the format must be \"ssh\"");
        return false;
    }
    return !reply_name_error(call, value_find_text(options, "name", NULL));
}

void credentials_check_import(struct daemon *daemon, struct call *call)
{
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    PK_AUTO_FREE char *comment = NULL;
    struct pk_sk_key key;

    if (check_arguments(call) && read_key(call, &key, &blob, &comment)) {
        const struct registration_begin begin = import_wish(call, (struct pk_view){0});

        registration_check(daemon, call, &begin);
    }
}

void credentials_import(struct daemon *daemon, struct call *call)
{
    if (check_arguments(call))
        ticket_read(daemon, call, &call->arguments.items[3], begin_import);
}
