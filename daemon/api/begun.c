/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/begun.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "common/webauthn/options.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/config/policy.h"
#include "daemon/verify/shared_ceremonies.h"

#include <string.h>

static enum pk_status options_json(const struct pk_requirements *requirements, char **ret)
{
    return requirements->ceremony == PK_REGISTRATION ? pk_creation_options_json(requirements, ret)
                                                     : pk_request_options_json(requirements, ret);
}

void begun_clear(struct begun *begun)
{
    value_clear(&begun->answer);
    kept_ceremony_clear(&begun->kept);
}

/* --- where it is kept ------------------------------------------------------------------------- */

enum pk_status begun_enter(struct daemon *daemon, struct ceremony *ceremony, unsigned lifetime,
                           struct begun *begun)
{
    enum pk_status status;

    if (ceremony->shared && shared_ceremonies(daemon->store)) {
        status = shared_ceremony_make(ceremony, pk_clock_now() + lifetime, &begun->kept);
        ceremony_free(ceremony);
        return status;
    }
    if (ceremonies_add(daemon->ceremonies, ceremony, pk_clock_monotonic(), lifetime,
                       daemon->config->challenges_per_user)) {
        ceremony_free(ceremony);
        return PK_LIMIT_EXCEEDED;
    }
    return PK_OK;
}

enum pk_status begun_add(struct daemon *daemon, const struct call *call, struct ceremony *ceremony,
                         struct begun *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    unsigned lifetime = ceremony->lifetime         ? ceremony->lifetime
                        : requirements->timeout_ms ? (requirements->timeout_ms + 999) / 1000
                                                   : PK_CHALLENGE_LIFETIME;
    PK_AUTO_FREE char *json = NULL;
    struct begun begun = {.answer = value_body()};
    enum pk_status status = options_json(requirements, &json);

    if (status) {
        ceremony_free(ceremony);
        return status;
    }
    value_add_text(&begun.answer, 's', ceremony->id);
    value_add_text(&begun.answer, 's', json);
    value_add_number(&begun.answer, 't', (uint64_t)pk_clock_now() + lifetime);
    pk_log(LOG_DEBUG, "[%s] ceremony for \"%s\" (%s) begun by uid %u", call->id,
           ceremony->account.name ? ceremony->account.name : "", ceremony->account.rp,
           (unsigned)call->uid);
    status = begun_enter(daemon, ceremony, lifetime, &begun);
    if (status)
        begun_clear(&begun);
    else
        *ret = begun;
    return status;
}

enum pk_status begun_keep(struct request *request, const struct begun *begun)
{
    return begun->kept.id
               ? request_stored(request, shared_ceremony_add(request->daemon->store, &begun->kept))
               : PK_OK;
}

void begun_take_back(struct request *request, const struct begun *begun)
{
    if (begun->kept.id)
        shared_ceremony_drop(request->daemon->store, &begun->kept);
}

/* --- the answer ------------------------------------------------------------------------------- */

void begun_fail(const struct request *request, struct call *call, enum pk_status status)
{
    switch (status) {
    case PK_LIMIT_EXCEEDED:
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many ceremonies at once; try again in a moment");
        return;
    case PK_STORAGE:
        pk_log(LOG_ERR, "[%s] store: %s", call->id, request->store_error);
        call_fail(call, PK_BUS_ERROR_STORAGE_FAILURE,
                  "the credential store failed; the system log of passkeyd says why");
        return;
    case PK_TOO_LARGE:
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS,
                  "all that the ceremony has to remember is over %d bytes; give it shorter texts",
                  PK_STORE_CEREMONY_MAX);
        return;
    default:
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "these options contradict each other: %s",
                  pk_message_outcome(status));
    }
}

struct keeping {
    struct request request;
    struct begun begun;
    begun_failed *failed;
};

static enum pk_status keep(struct job *job)
{
    struct keeping *keeping = (struct keeping *)job;

    return begun_keep(&keeping->request, &keeping->begun);
}

static void kept(struct request *request, struct call *call, enum pk_status status)
{
    struct keeping *keeping = (struct keeping *)request;

    if (status)
        keeping->failed(request, call, status);
    else
        call_reply(call, &keeping->begun.answer);
}

static void keeping_clear(struct request *request)
{
    begun_clear(&((struct keeping *)request)->begun);
}

void begun_answer(struct daemon *daemon, struct call *call, struct begun *begun,
                  begun_failed *failed)
{
    static const struct job_step steps[] = {{JOB_WORKER, keep}, {0}};
    static const struct request_plan plan = {steps, kept, keeping_clear};
    struct keeping *keeping;

    if (!begun->kept.id) {
        call_reply(call, &begun->answer);
        return;
    }
    keeping = calloc(1, sizeof(*keeping));
    if (keeping) {
        keeping->begun = *begun;
        keeping->failed = failed;
    } else {
        begun_clear(begun);
    }
    *begun = (struct begun){.answer = value_body()}; /* moved */
    request_start(daemon, call, (struct request *)keeping, &plan);
}

void begun_publish(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    struct begun begun;
    enum pk_status status = begun_add(daemon, call, ceremony, &begun);

    if (status)
        begun_fail(NULL, call, status);
    else
        begun_answer(daemon, call, &begun, begun_fail);
}

/* --- what another host has begun -------------------------------------------------------------- */

enum pk_status begun_complete(const struct config *config, struct ceremony *ceremony)
{
    const struct rp_config *rp = config_rp(config, ceremony->account.rp);
    struct pk_requirements *requirements = &ceremony->requirements;

    if (!rp || !rp->id || strcmp(rp->id, requirements->rp_id) != 0) {
        pk_log(LOG_WARNING,
               "[%s] a ceremony of %s was begun for the id %s on another host, and here the id is "
               "%s; make [rp %s] in passkeyd.conf the same on all hosts of the store",
               ceremony->correlation, ceremony->account.rp, requirements->rp_id,
               rp && rp->id ? rp->id : "none", ceremony->account.rp);
        return PK_CHALLENGE_UNKNOWN;
    }
    return requirements->ceremony == PK_REGISTRATION ? policy_trust(rp, requirements) : PK_OK;
}

/* --- passkeys --------------------------------------------------------------------------------- */

json_t *used_passkey_json(const struct approval *approval)
{
    const struct pk_authentication_result *result = approval_result(approval);
    json_t *object = passkey_json(approval_credential(approval), false);

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
    return object;
}
