/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials1.Import: keys that were made for ssh, and credentials of pam_u2f and sssd. */
#include "common/base/text.h"
#include "common/bus/names.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/bus/request.h"
#include "daemon/config/policy.h"
#include "daemon/verify/foreign_enrollment.h"
#include "daemon/verify/sk_enrollment.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     256

static const struct member import_members[] = {
    {"rp", "s", WORD_MAX},    {"name", "s", PK_CREDENTIAL_NAME_MAX},
    {"ticket", "h", 0},       {"rpId", "s", PK_RP_ID_MAX},
    {"verification", "b", 0}, {"dryRun", "b", 0},
};

/* What is imported. */
enum format {
    FORMAT_SSH,
    FORMAT_PAM_U2F,
    FORMAT_SSSD,
};
static const char *const formats[] = {
    [FORMAT_SSH] = "ssh",
    [FORMAT_PAM_U2F] = "pam-u2f",
    [FORMAT_SSSD] = "sssd",
};

struct import {
    struct request request;
    struct ceremony *ceremony;
    enum format format;
    bool dry_run;
    bool verification;    /* of ssh: of pam_u2f it is an option of the credential's own */
    struct pk_sk_key key; /* of ssh, as is the comment */
    char *comment;
    struct pk_foreign_key foreign; /* of the others, as is the RP id */
    char *rp_id;
    struct verdict verdict;
    char *by; /* who called, for the log */
};

static enum pk_status judge(struct job *job)
{
    struct import *import = (struct import *)job;
    struct store *store = import->request.daemon->store;

    if (import->format == FORMAT_SSH)
        import->verdict =
            verify_and_commit_sk(store, import->ceremony,
                                 &(struct sk_enrollment){
                                     .key = &import->key,
                                     .comment = import->comment ? import->comment : "",
                                     .dry_run = import->dry_run,
                                     .verification = import->verification,
                                 });
    else
        import->verdict = verify_and_commit_foreign(store, import->ceremony,
                                                    &(struct foreign_enrollment){
                                                        .key = &import->foreign,
                                                        .rp_id = import->rp_id,
                                                        .source = formats[import->format],
                                                        .dry_run = import->dry_run,
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

/* Of a dry run: the name that it would have. */
static void answer_dry_run(struct call *call, const struct import *import)
{
    PK_AUTO_FREE char *text = json_text(
        json_pack("{s:s, s:s, s:s, s:b}", "name", import->verdict.name, "user",
                  import->ceremony->account.name, "rp", import->ceremony->account.rp, "dryRun", 1));
    struct value result = value_body();

    if (!text) {
        call_fail(call, PK_BUS_ERROR_INTERNAL,
                  "passkeyd has no memory left; try again in a moment");
        return;
    }
    value_add_text(&result, 's', text);
    call_reply(call, &result);
}

static const char *explain(const struct import *import, enum pk_status status)
{
    return import->format == FORMAT_SSH ? sk_enrollment_message(status)
                                        : foreign_enrollment_message(status);
}

static void answer(struct request *request, struct call *call, enum pk_status status)
{
    const struct import *import = (struct import *)request;
    const struct verdict *verdict = &import->verdict;

    (void)status; /* the verdict's counts */
    if (verdict->status == PK_OK && import->dry_run) {
        answer_dry_run(call, import);
        return;
    }
    if (!import->dry_run)
        decision_log_verdict(import->ceremony, verdict, import->by);
    if (verdict->approval)
        answer_credential(call, approval_credential(verdict->approval));
    else if (verdict->name)
        call_fail(call, PK_BUS_ERROR_ALREADY_ENROLLED,
                  "this passkey is enrolled already, as \"%s\"", verdict->name);
    else if (verdict->status == PK_EXISTS && import->format != FORMAT_SSH)
        call_fail(call, PK_BUS_ERROR_VERIFICATION_FAILED, "%s", explain(import, PK_EXISTS));
    else
        reply_verdict_error(call, verdict->status, explain(import, verdict->status));
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
    pk_foreign_key_clear(&import->foreign);
    free(import->rp_id);
    free(import->by);
}

/* What the call brings. */
struct brought {
    enum format format;
    struct pk_sk_key key;
    char *comment;
    struct pk_foreign_key foreign;
};

static void brought_clear(struct brought *brought)
{
    free(brought->comment);
    pk_foreign_key_clear(&brought->foreign);
}
#define AUTO_BROUGHT __attribute__((cleanup(brought_clear)))

/* The key of a line. false: the call has been answered. */
static bool read_ssh(struct call *call, struct brought *brought)
{
    PK_AUTO_BYTES struct pk_bytes blob = {0};
    enum pk_status status = pk_sk_public_line_parse(pk_view_string(call->arguments.items[2].text),
                                                    &brought->key, &blob, &brought->comment);

    if (status)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  status == PK_UNSUPPORTED ? "only keys of security keys can be imported; "
                                             "\"ssh-keygen -t ed25519-sk\" makes one"
                                           : "this is not the public key of an OpenSSH key, which "
                                             "is in a file that ends in .pub");
    return status == PK_OK;
}

/*
 * A credential without proof that somebody has its key, for an account that sign-ins of this host
 * are for: on root's word alone.
 */
static bool read_foreign(struct call *call, struct brought *brought)
{
    const struct pk_view data = pk_view_string(call->arguments.items[2].text);
    const char *rp_id = value_find_text(&call->arguments.items[3], "rpId", NULL);
    const char *why = foreign_rp_id_problem(formats[brought->format], rp_id);
    enum pk_status status = why ? PK_INVALID_ARGUMENT : PK_OK;

    if (call->uid != 0) {
        call_fail(call, PK_BUS_ERROR_ACCESS_DENIED,
                  "only root may import credentials of pam_u2f and sssd: nothing proves that their "
                  "keys are there");
        return false;
    }
    if (!status)
        status = brought->format == FORMAT_SSSD
                     ? pk_passkey_mapping_parse(data, &brought->foreign, &why)
                     : pk_u2f_key_parse(data, &brought->foreign, &why);
    if (status)
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why);
    return status == PK_OK;
}

/* Whether the arguments are right as far as they say so; otherwise the call has been answered. */
static bool read_call(struct call *call, struct brought *ret)
{
    const struct value *options = &call->arguments.items[3];
    size_t format = 0;

    if (!call_check(call, options, import_members, COUNT(import_members)))
        return false;
    while (format < COUNT(formats) && strcmp(call->arguments.items[1].text, formats[format]) != 0)
        format++;
    if (format == COUNT(formats)) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "the format must be \"ssh\", \"pam-u2f\" or \"sssd\"");
        return false;
    }
    if (reply_name_error(call, value_find_text(options, "name", NULL)))
        return false;
    ret->format = (enum format)format;
    return ret->format == FORMAT_SSH ? read_ssh(call, ret) : read_foreign(call, ret);
}

static struct import *import_new(struct call *call, struct ceremony *ceremony,
                                 struct brought *brought)
{
    const struct value *options = &call->arguments.items[3];
    struct import *import = calloc(1, sizeof(*import));

    if (!import)
        return NULL;
    import->ceremony = ceremony;
    import->format = brought->format;
    import->verification = value_find_number(options, "verification") != 0;
    import->dry_run = value_find_number(options, "dryRun") != 0;
    import->key = brought->key;
    import->comment = pk_steal(brought->comment);
    import->foreign = brought->foreign;
    brought->foreign = (struct pk_foreign_key){0}; /* moved */
    import->by = decision_caller(call, NULL);
    import->verdict = verdict_refused(PK_INTERNAL);
    return import;
}

static void import_key(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    static const struct job_step steps[] = {{JOB_WORKER, judge}, {0}};
    static const struct request_plan plan = {steps, answer, import_clear};
    AUTO_BROUGHT struct brought brought = {0};
    struct import *import = NULL;

    if (!read_call(call, &brought)) {
        ceremony_free(ceremony);
        return;
    }
    if (!ceremony->system_account && brought.format != FORMAT_SSH) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "credentials of pam_u2f and sssd are for accounts of this host, which this "
                  "relying party has none of (system-accounts)");
        ceremony_free(ceremony);
        return;
    }
    import = import_new(call, ceremony, &brought);
    if (!import ||
        pk_text_copy(value_find_text(&call->arguments.items[3], "rpId", NULL), &import->rp_id)) {
        if (import)
            import_clear(&import->request);
        else
            ceremony_free(ceremony);
        free(import);
        import = NULL;
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

void credentials_check_import(struct daemon *daemon, struct call *call)
{
    AUTO_BROUGHT struct brought brought = {0};

    if (read_call(call, &brought)) {
        const struct registration_begin begin = import_wish(call, (struct pk_view){0});

        registration_check(daemon, call, &begin);
    }
}

void credentials_import(struct daemon *daemon, struct call *call)
{
    AUTO_BROUGHT struct brought brought = {0};

    if (read_call(call, &brought))
        ticket_read(daemon, call, &call->arguments.items[3], begin_import);
}
