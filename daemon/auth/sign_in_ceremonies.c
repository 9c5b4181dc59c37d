/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the ceremonies of a sign-in: the requirements that an authenticator's answer must meet. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/accounts/decoy.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/config/config.h"
#include "daemon/config/policy.h"
#include "daemon/daemon.h"
#include "daemon/verify/credential.h"

#include <stdio.h>
#include <string.h>

static enum pk_status set_account(const struct sign_in *sign_in, const char *rp_id,
                                  struct ceremony *ceremony)
{
    const struct account *account = &sign_in->subject.account;
    enum pk_status status;

    free(pk_steal(ceremony->requirements.rp_id));
    status = pk_text_copy(rp_id, &ceremony->requirements.rp_id);
    ceremony->account.uid = account->uid;
    if (!status)
        status = pk_text_copy(sign_in->rp, &ceremony->account.rp);
    return status ? status : pk_text_copy(account->name, &ceremony->account.name);
}

/* Adds the credentials of that RP id, and their user handle. */
static enum pk_status add_credentials(const struct credential_list *credentials, const char *rp_id,
                                      enum answer_place place, struct pk_requirements *requirements)
{
    bool unlisted = place == ANSWERED_UNLISTED;
    enum pk_status status = PK_OK;

    if (unlisted)
        credential_list_raise(credentials, rp_id, true, requirements);
    else
        status = credential_list_require(credentials, rp_id, requirements);
    return status ? status
                  : pk_bytes_copy(credential_list_handle(credentials, rp_id, unlisted),
                                  &requirements->user_handle);
}

static enum pk_status set_origins(const struct sign_in *sign_in, const struct rp_config *rp,
                                  enum answer_place place, struct pk_strings *origins)
{
    if (place == ANSWERED_HERE || place == ANSWERED_UNLISTED)
        return PK_OK;
    pk_strings_clear(origins);
    if (place == ANSWERED_OVER_SSH)
        return policy_ssh_origins(rp, sign_in->rhost, origins);
    return rp->browser_origin ? pk_strings_add(origins, rp->browser_origin) : PK_UNAVAILABLE;
}

/* Sets the requirements by policy, with the credentials' own RP id. */
static enum pk_status set_requirements(const struct sign_in *sign_in, const char *rp_id,
                                       enum answer_place place, struct ceremony *ceremony)
{
    const struct config *config = sign_in->attempt.daemon->config;
    const struct rp_config *rp = config_rp(config, sign_in->rp);
    const struct authentication_request request = {
        .user_given = sign_in->subject.account.name != NULL,
        .user_verification = sign_in->user_verification,
        .now = pk_clock_now(),
        .service_claimed = sign_in->attempt.owner != 0,
    };
    const char *why = "";
    enum pk_status status;

    if (!rp) /* removed by a reload */
        return PK_UNAVAILABLE;
    status = policy_authentication(rp, config_service(config, sign_in->section), &request,
                                   &ceremony->requirements, &why);
    if (!status)
        status = set_origins(sign_in, rp, place, &ceremony->requirements.origins);
    if (status)
        return status;
    if (sign_in->verify)
        ceremony->requirements.user_verification = PK_REQUIRED;
    ceremony->system_account = rp->system_accounts;
    return set_account(sign_in, rp_id, ceremony);
}

bool sign_in_names_another(const struct sign_in *sign_in)
{
    const char *person = sign_in->on_behalf_of;
    const char *account = sign_in->subject.account.name;

    return person && person[0] && strcmp(person, sign_in->asked) != 0 &&
           (!account || strcmp(person, account) != 0);
}

/*
 * Not every program that runs as root for a user says so (vlock, which takes root's password as
 * well). At a remote sign-in who started it says nothing: a service lets people in.
 */
static bool is_started_by_another(const struct sign_in *sign_in)
{
    const struct context context = {.rhost = sign_in->rhost};
    const struct account *account = &sign_in->subject.account;
    uid_t user = sign_in->caller.reported ? caller_user(&sign_in->caller) : 0;

    return user != 0 && account->name && account->uid != PK_NO_UID && account->uid != user &&
           !context_is_remote(&context);
}

bool sign_in_for_another(const struct sign_in *sign_in)
{
    return sign_in_names_another(sign_in) || is_started_by_another(sign_in);
}

const char *sign_in_person(const struct sign_in *sign_in, char room[SIGN_IN_PERSON_SIZE])
{
    const char *person = sign_in->on_behalf_of;

    if (sign_in_for_another(sign_in) && !sign_in_names_another(sign_in)) {
        (void)snprintf(room, SIGN_IN_PERSON_SIZE, "uid %u",
                       (unsigned)caller_user(&sign_in->caller));
        return room;
    }
    return person && person[0] ? person : sign_in_context(sign_in).user;
}

enum pk_status sign_in_begin(struct sign_in *sign_in, const struct credential_list *credentials,
                             const char *rp_id, enum answer_place place)
{
    PK_CLEANUP(ceremony_free)
    struct ceremony *ceremony =
        ceremony_new(conversation_id(sign_in->attempt.conversation), sign_in->attempt.owner);
    const struct context context = sign_in_context(sign_in);
    enum pk_status status;

    if (!ceremony)
        return PK_NO_MEMORY;
    status = set_requirements(sign_in, rp_id, place, ceremony);
    /* Decoys can verify as well: what is asked of them does not show that they are none. */
    if (credentials != &sign_in->credentials && sign_in_for_another(sign_in))
        ceremony->requirements.user_verification = PK_REQUIRED;
    if (!status)
        status = add_credentials(credentials, rp_id, place, &ceremony->requirements);
    if (!status)
        status = ceremony_bind(ceremony, &context);
    return status ? status : attempt_add_ceremony(&sign_in->attempt, pk_steal(ceremony));
}

static bool has_rp_id(const struct credential_list *list, const char *rp_id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].rp_id, rp_id) == 0)
            return true;
    return false;
}

enum pk_status sign_in_appears_to_have(struct sign_in *sign_in, const char *rp_id,
                                       struct credential_list *ret_decoys,
                                       const struct credential_list **ret)
{
    const struct daemon *daemon = sign_in->attempt.daemon;
    const struct rp_config *rp = config_rp(daemon->config, sign_in->rp);
    const struct account concealed = {.rp = sign_in->rp, .name = sign_in->asked};
    bool others = (rp && rp->browser_origin) || daemon->config->phone.enabled;
    enum pk_status status;

    if (!sign_in->why_no_method && has_rp_id(&sign_in->credentials, rp_id)) {
        *ret = &sign_in->credentials;
        return PK_OK;
    }
    if (!sign_in->attempt.conceal)
        return PK_UNAVAILABLE;
    status = decoy_credentials(daemon->decoy_key, &concealed, rp_id, others, ret_decoys);
    if (status)
        return status;
    sign_in->attempt.truth = PK_NO_CREDENTIALS;
    *ret = ret_decoys;
    return PK_OK;
}
