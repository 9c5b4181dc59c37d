/* SPDX-License-Identifier: BSD-2-Clause */
/* Gateway1.BeginRegistration: for the user whom an API key names or whose token was presented. */
#include "daemon/api/begun.h"
#include "daemon/api/gateway.h"
#include "daemon/api/options.h"
#include "daemon/auth/registration.h"
#include "daemon/bus/reply_errors.h"
#include "daemon/config/config_values.h"

#include <string.h>

static const struct member members[] = {
    GATEWAY_OPTIONS,
    REGISTRATION_OPTIONS,
    {"name", "s", OPTION_TEXT_MAX},
    {"mfa", "b", 0},
    {"exclude", "b", 0},
    {"byChallenge", "b", 0},
    {"sole", "b", 0},
    {"algorithms", "as", PK_PURPOSE_MAX},
    {"passwordAnswer", "s", PK_TOKEN_MAX},
};

/*
 * Leaves of the relying party's algorithms those that are wished for, in the order of the wishes.
 * PK_INVALID_ARGUMENT: none is left, or one is not known.
 */
static enum pk_status choose_algorithms(const struct value *wishes,
                                        struct pk_requirements *requirements)
{
    struct pk_requirements chosen = *requirements;

    if (!wishes)
        return PK_OK;
    chosen.algorithm_count = 0;
    for (size_t i = 0; i < wishes->count; i++) {
        int32_t number[PK_ALGORITHMS_MAX];
        size_t count = 0;

        if (value_algorithms(wishes->items[i].text, number, &count) || count != 1)
            return PK_INVALID_ARGUMENT;
        for (size_t j = 0; j < requirements->algorithm_count; j++)
            if (requirements->algorithms[j] == number[0] &&
                chosen.algorithm_count < requirements->algorithm_count)
                chosen.algorithms[chosen.algorithm_count++] = number[0];
    }
    if (chosen.algorithm_count == 0)
        return PK_INVALID_ARGUMENT;
    *requirements = chosen;
    return PK_OK;
}

/* How its answer names it. */
static enum pk_status name_ceremony(struct ceremony *ceremony, const struct value *options)
{
    ceremony->sole = value_find_number(options, "sole") != 0;
    if (ceremony->sole)
        return ceremony_sole_id(ceremony->account.rp, ceremony->account.name, ceremony->purpose,
                                ceremony->id);
    return value_find_number(options, "byChallenge") ? ceremony_name_by_challenge(ceremony) : PK_OK;
}

/* What the ceremony is beyond registration_begin(), from the call's options. */
static enum pk_status make_gateways(const struct config *config, struct ceremony *ceremony,
                                    const struct value *options)
{
    const struct rp_config *rp = config_rp(config, ceremony->account.rp);
    const char *purpose = value_find_text(options, "purpose", "");
    enum pk_status status = rp ? PK_OK : PK_NOT_FOUND; /* removed by a reload */

    if (!status)
        status = choose_algorithms(value_find(options, "algorithms"), &ceremony->requirements);
    if (status)
        return status;
    ceremony->gateway = ceremony->shared = true;
    ceremony->lifetime = gateway_lifetime(rp);
    ceremony->mfa = value_find_number(options, "mfa") != 0;
    ceremony->bearer = value_find(options, "bearer") != NULL;
    (void)snprintf(ceremony->purpose, sizeof(ceremony->purpose), "%s", purpose);
    return name_ceremony(ceremony, options);
}

static void begun(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    enum pk_status status = make_gateways(daemon->config, ceremony, &call->arguments.items[1]);

    if (status) {
        ceremony_free(ceremony);
        reply_subject_error(call, status);
        return;
    }
    begun_publish(daemon, call, ceremony);
}

/* Nobody registers a passkey for a user without the application's word or the user's own. */
static enum pk_status check_authority(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    return authority_kind(gateway->authority) == AUTHORITY_NONE ? PK_NOT_SIGNED_IN : PK_OK;
}

/* Who has a passkey adds another one with what the application allowed for that, or with it. */
static enum pk_status check_scope(struct job *job)
{
    const struct gateway_request *gateway = (struct gateway_request *)job;

    return authority_may_change(gateway->authority, gateway->party.http, AUTHORITY_ADD,
                                gateway->passkeys > 0);
}

/* The application's e-mail of the user takes the place of the name that the store has. */
static void take_email(struct gateway_request *gateway)
{
    if (!gateway->password.email)
        return;
    free(gateway->user.user_name);
    gateway->user.user_name = pk_steal(gateway->password.email);
}

static void found(struct request *request, struct call *call, enum pk_status status)
{
    struct gateway_request *gateway = (struct gateway_request *)request;
    const struct value *exclude = value_find(gateway->options, "exclude");
    const char *why = "userId: 1 to 64 bytes of printable UTF-8";
    struct registration_begin begin;

    /* A user handle has at most 64 bytes (WebAuthn 5.4.3), and is the id. */
    if (!status && (!gateway->user.name || !policy_user_id_valid(gateway->user.name)))
        status = PK_INVALID_ARGUMENT;
    if (status) {
        gateway_fail(gateway, call, status, why);
        return;
    }
    take_email(gateway);
    begin = (struct registration_begin){
        .wish = options_registration(gateway->options),
        .hints = value_find(gateway->options, "hints"),
        .user = &gateway->user,
        .keeps_names = gateway_has_bearer(gateway),
        .own_label = gateway_has_bearer(gateway) && gateway->party.http == PK_HTTP_AUTIONAL,
        .no_exclude_list = exclude && !exclude->number,
    };
    registration_begin(request->daemon, call, &begin, begun);
}

void gateway_begin_registration(struct daemon *daemon, struct call *call)
{
    static const struct job_step steps[] = {
        {JOB_WORKER, gateway_judge},
        {JOB_WORKER, check_authority},
        {JOB_WORKER, gateway_read_password},
        {JOB_LOOP, gateway_take_password},
        {JOB_WORKER, gateway_find_user},
        {JOB_WORKER, check_scope},
        {0},
    };
    static const struct request_plan plan = {steps, found, gateway_request_clear};
    static const struct gateway_members table = {members, sizeof(members) / sizeof(members[0])};
    struct gateway_request *gateway = gateway_request_new(daemon, call, sizeof(*gateway), &table);

    if (!gateway)
        return;
    /* By itself a passkey for a second factor signs nobody in. */
    gateway->without_password = value_find_number(gateway->options, "mfa") != 0;
    request_start(daemon, call, &gateway->request, &plan);
}
