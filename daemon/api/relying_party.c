/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * org.passkeyd.RelyingParty1: registration and authentication for programs that have their own
 * browser or authenticator.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/bus/names.h"
#include "common/webauthn/options.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/api/tickets.h"
#include "daemon/auth/decision.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORD_MAX     1024 /* bytes; policy.c has the exact limits, in characters */

static enum pk_status read_strings(const struct value *dict, const char *key,
                                   struct pk_strings *ret)
{
    const struct value *found = value_find(dict, key);
    enum pk_status status = PK_OK;

    for (size_t i = 0; found && i < found->count && !status; i++)
        status = pk_strings_add(ret, found->items[i].text);
    return status;
}

/* Takes the ceremony, adds it to the table and answers with its id, options and expiry time. */
static void publish(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    unsigned lifetime =
        requirements->timeout_ms ? (requirements->timeout_ms + 999) / 1000 : PK_CHALLENGE_LIFETIME;
    PK_AUTO_FREE char *json = NULL;
    struct value result = value_body();
    enum pk_status status = requirements->ceremony == PK_REGISTRATION
                                ? pk_creation_options_json(requirements, &json)
                                : pk_request_options_json(requirements, &json);

    if (status) {
        ceremony_free(ceremony);
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "these options contradict each other: %s",
                  pk_status_name(status));
        return;
    }
    value_add_text(&result, 's', ceremony->id);
    value_add_text(&result, 's', json);
    value_add_number(&result, 't', (uint64_t)pk_clock_now() + lifetime);
    pk_log(LOG_DEBUG, "[%s] ceremony for \"%s\" (%s) begun by uid %u", call->id,
           ceremony->account.name ? ceremony->account.name : "", ceremony->account.rp,
           (unsigned)call->uid);
    if (ceremonies_add(daemon->ceremonies, ceremony, pk_clock_monotonic(), lifetime,
                       daemon->config->challenges_per_user)) {
        ceremony_free(ceremony);
        value_clear(&result);
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED, "too many ceremonies at once");
        return;
    }
    call_reply(call, &result);
}

/* --- registration ----------------------------------------------------------------------------- */

static const struct member registration_members[] = {
    {"rp", "s", WORD_MAX},
    {"userId", "s", WORD_MAX},
    {"userName", "s", WORD_MAX},
    {"displayName", "s", WORD_MAX},
    {"icon", "s", PK_ICON_MAX},
    {"attestation", "s", WORD_MAX},
    {"authenticatorAttachment", "s", WORD_MAX},
    {"residentKey", "s", WORD_MAX},
    {"requireResidentKey", "b", 0},
    {"userVerification", "s", WORD_MAX},
    {"timeout", "u", 0},
    {"hints", "as", WORD_MAX},
    {"appid", "s", PK_ORIGIN_MAX},
    {"appidExclude", "s", PK_ORIGIN_MAX},
    {"credProps", "b", 0},
    {"minPinLength", "b", 0},
    {"credProtect", "u", 0},
    {"securePaymentConfirmation", "b", 0},
    {"instrumentDisplayName", "s", WORD_MAX},
    {"mediation", "s", WORD_MAX},
    {"ticket", "h", 0},
    {"name", "s", PK_CREDENTIAL_NAME_MAX},
};

static struct registration_request registration_wish(const struct value *options,
                                                     const struct pk_strings *hints)
{
    return (struct registration_request){
        .user_id = value_find_text(options, "userId", NULL),
        .user_name = value_find_text(options, "userName", NULL),
        .display_name = value_find_text(options, "displayName", NULL),
        .icon = value_find_text(options, "icon", NULL),
        .name = value_find_text(options, "name", NULL),
        .attestation = value_find_text(options, "attestation", NULL),
        .authenticator_attachment = value_find_text(options, "authenticatorAttachment", NULL),
        .resident_key = value_find_text(options, "residentKey", NULL),
        .user_verification = value_find_text(options, "userVerification", NULL),
        .appid = value_find_text(options, "appid", NULL),
        .appid_exclude = value_find_text(options, "appidExclude", NULL),
        .mediation = value_find_text(options, "mediation", NULL),
        .instrument_display_name = value_find_text(options, "instrumentDisplayName", NULL),
        .hints = hints,
        .timeout_ms = value_find_number(options, "timeout"),
        .cred_protect = value_find_number(options, "credProtect"),
        .require_resident_key = value_find_number(options, "requireResidentKey") != 0,
        .cred_props = value_find_number(options, "credProps") != 0,
        .min_pin_length = value_find_number(options, "minPinLength") != 0,
        .secure_payment_confirmation = value_find_number(options, "securePaymentConfirmation") != 0,
    };
}

/*
 * If accounts are the program's own, "userId" names the account, and the user argument the caller.
 */
static enum pk_status resolve_subject(struct daemon *daemon, const struct call *call,
                                      const struct value *options, struct subject *ret)
{
    const char *rp_name = value_find_text(options, "rp", NULL);
    const struct rp_config *rp = config_rp(daemon->config, rp_name);
    const char *user_id = value_find_text(options, "userId", NULL);
    struct subject_request request = methods_subject(call, rp_name);

    if (rp && !rp->system_accounts && user_id && user_id[0]) {
        request.name = user_id;
        request.found = NULL;
    }
    return subject_resolve(daemon->config, &request, ret);
}

static void begin_registration(struct daemon *daemon, struct call *call, struct subject *subject,
                               struct pk_view ticket)
{
    const struct value *options = &call->arguments.items[1];
    struct pk_strings hints = {0};
    enum pk_status status = read_strings(options, "hints", &hints);

    if (status) {
        reply_subject_error(call, status);
    } else {
        struct registration_request wish = registration_wish(options, &hints);
        struct ceremony *ceremony = registration_begin(daemon, call, subject, &wish, ticket);

        if (ceremony)
            publish(daemon, call, ceremony);
    }
    pk_strings_clear(&hints);
}

void relying_party_begin_registration(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    AUTO_SUBJECT struct subject subject = {0};
    enum pk_status status;

    if (!call_check(call, options, registration_members, COUNT(registration_members)))
        return;
    if (reply_name_error(call, value_find_text(options, "name", NULL)))
        return;
    status = resolve_subject(daemon, call, options, &subject);
    if (status)
        reply_subject_error(call, status);
    else
        ticket_redeem(daemon, call, options, &subject, begin_registration);
}

static struct ceremony *take_ceremony(struct daemon *daemon, struct call *call,
                                      enum pk_ceremony kind)
{
    struct ceremony *ceremony = ceremonies_take(daemon->ceremonies, call->arguments.items[0].text,
                                                call->uid, kind, pk_clock_monotonic());

    if (!ceremony)
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE,
                  "no such ceremony: it never was, has expired, or was answered already");
    return ceremony;
}

typedef struct verdict verify_function(struct store *store, const struct ceremony *ceremony,
                                       struct pk_view json);

/* Verifies the call's response and logs the decision. false: refused, and the call was answered. */
static bool judge(const struct daemon *daemon, struct call *call, const struct ceremony *ceremony,
                  verify_function *verify, struct verdict *verdict)
{
    PK_AUTO_FREE char *by = decision_caller(call, NULL);

    *verdict = verify(daemon->store, ceremony, pk_view_string(call->arguments.items[1].text));
    decision_log_verdict(ceremony, verdict, daemon->store->error, by);
    if (!verdict->approval)
        reply_verdict_error(call, verdict->status, pk_status_name(verdict->status));
    return verdict->approval != NULL;
}

void relying_party_finish_registration(struct daemon *daemon, struct call *call)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = take_ceremony(daemon, call, PK_REGISTRATION);
    AUTO_VERDICT struct verdict verdict = verdict_refused(PK_INTERNAL);
    struct value result = value_body();
    PK_AUTO_FREE char *json = NULL;

    if (!ceremony)
        return;
    if (!judge(daemon, call, ceremony, verify_and_commit_registration, &verdict))
        return;
    json = json_text(passkey_json(approval_credential(verdict.approval), ceremony->system_account));
    value_add_text(&result, 's', json ? json : "{}");
    call_reply(call, &result);
}

/* --- authentication --------------------------------------------------------------------------- */

static const struct member authentication_members[] = {
    {"rp", "s", WORD_MAX},         {"userVerification", "s", WORD_MAX}, {"timeout", "u", 0},
    {"appid", "s", PK_ORIGIN_MAX}, {"hints", "as", WORD_MAX},
};

static enum pk_status add_credentials(struct store *store, const struct subject *subject,
                                      struct pk_requirements *requirements)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = subject_credentials(store, subject, requirements->rp_id, &list);

    if (!status && list.count == 0)
        status = PK_NO_CREDENTIALS;
    if (!status)
        status = pk_bytes_copy(pk_view_of(&list.items[0].record.user_handle),
                               &requirements->user_handle);
    return status ? status : credential_list_require(&list, requirements->rp_id, requirements);
}

/* Sets the account; an empty user means that a discoverable credential names it. */
static enum pk_status add_subject(struct daemon *daemon, const struct call *call,
                                  const struct rp_config *rp, struct ceremony *ceremony)
{
    AUTO_SUBJECT struct subject subject = {0};
    const struct subject_request request = methods_subject(call, rp->name);
    enum pk_status status = pk_text_copy(rp->name, &ceremony->account.rp);

    ceremony->system_account = rp->system_accounts;
    if (status || request.name[0] == '\0')
        return status;
    status = subject_resolve(daemon->config, &request, &subject);
    if (!status)
        status = add_credentials(daemon->store, &subject, &ceremony->requirements);
    if (!status) {
        ceremony->account.uid = subject.account.uid;
        ceremony->account.name = pk_steal(subject.account.name);
    }
    return status;
}

static void begin_authentication(struct daemon *daemon, struct call *call,
                                 const struct pk_strings *hints)
{
    const struct value *options = &call->arguments.items[1];
    const struct rp_config *rp = config_rp(daemon->config, value_find_text(options, "rp", NULL));
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = ceremony_new(call->id, call->uid);
    const struct authentication_request wish = {
        .user_given = call->arguments.items[0].text[0] != '\0',
        .user_verification = value_find_text(options, "userVerification", NULL),
        .appid = value_find_text(options, "appid", NULL),
        .hints = hints,
        .timeout_ms = value_find_number(options, "timeout"),
        .now = pk_clock_now(),
    };
    const char *why = "";
    enum pk_status status = !ceremony ? PK_NO_MEMORY : !rp ? PK_NOT_FOUND : PK_OK;

    if (!status)
        status = policy_authentication(rp, NULL, &wish, &ceremony->requirements, &why);
    if (status == PK_INVALID_ARGUMENT || status == PK_UNSUPPORTED) {
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "%s", why);
        return;
    }
    if (!status)
        status = add_subject(daemon, call, rp, ceremony);
    if (!status)
        status = ceremony_bind_act(ceremony, "authenticate",
                                   ceremony->account.name ? ceremony->account.name : "");
    if (status == PK_NO_CREDENTIALS)
        call_fail(call, PK_BUS_ERROR_NO_CREDENTIALS, "the account has no passkey here");
    else if (status)
        reply_subject_error(call, status);
    else
        publish(daemon, call, pk_steal(ceremony));
}

void relying_party_begin_authentication(struct daemon *daemon, struct call *call)
{
    const struct value *options = &call->arguments.items[1];
    struct pk_strings hints = {0};

    if (!call_check(call, options, authentication_members, COUNT(authentication_members)))
        return;
    if (read_strings(options, "hints", &hints))
        call_fail(call, PK_BUS_ERROR_INTERNAL, "out of memory");
    else
        begin_authentication(daemon, call, &hints);
    pk_strings_clear(&hints);
}

static char *result_json(const struct approval *approval, const struct ceremony *ceremony)
{
    const struct pk_authentication_result *result = approval_result(approval);
    json_t *object = passkey_json(approval_credential(approval), ceremony->system_account);

    if (!object)
        return NULL;
    /* The approval has the row as it was before; these are the changes of this use. */
    (void)json_object_set_new(object, "signCount", json_integer(result->sign_count));
    (void)json_object_set_new(object, "lastUsed", json_integer((json_int_t)pk_clock_now()));
    (void)json_object_set_new(object, "backupState",
                              json_boolean((result->flags & PK_FLAG_BS) != 0));
    (void)json_object_set_new(object, "userVerified",
                              json_boolean((result->flags & PK_FLAG_UV) != 0));
    (void)json_object_set_new(object, "counterRegressed", json_boolean(result->counter_regressed));
    return json_text(object);
}

void relying_party_finish_authentication(struct daemon *daemon, struct call *call)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony = take_ceremony(daemon, call, PK_AUTHENTICATION);
    AUTO_VERDICT struct verdict verdict = verdict_refused(PK_INTERNAL);
    struct value answer = value_body();
    PK_AUTO_FREE char *json = NULL;

    if (!ceremony)
        return;
    if (!judge(daemon, call, ceremony, verify_and_commit_response, &verdict))
        return;
    json = result_json(verdict.approval, ceremony);
    value_add_text(&answer, 's', approval_account(verdict.approval)->name);
    value_add_text(&answer, 's', json ? json : "{}");
    call_reply(call, &answer);
}

void relying_party_cancel(struct daemon *daemon, struct call *call)
{
    const char *id = call->arguments.items[0].text;
    const int64_t now = pk_clock_monotonic();
    struct ceremony *ceremony =
        ceremonies_take(daemon->ceremonies, id, call->uid, PK_REGISTRATION, now);
    struct value empty = value_body();

    if (!ceremony)
        ceremony = ceremonies_take(daemon->ceremonies, id, call->uid, PK_AUTHENTICATION, now);
    if (!ceremony) {
        call_fail(call, PK_BUS_ERROR_UNKNOWN_CHALLENGE, "no such ceremony");
        return;
    }
    ceremony_free(ceremony);
    call_reply(call, &empty);
}
