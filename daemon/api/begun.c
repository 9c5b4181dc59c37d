/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/api/begun.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bus/names.h"
#include "common/keys/messages.h"
#include "common/webauthn/options.h"
#include "daemon/accounts/passkey_json.h"
#include "daemon/config/config.h"

static enum pk_status options_json(const struct pk_requirements *requirements, char **ret)
{
    return requirements->ceremony == PK_REGISTRATION ? pk_creation_options_json(requirements, ret)
                                                     : pk_request_options_json(requirements, ret);
}

enum pk_status begun_add(struct daemon *daemon, const struct call *call, struct ceremony *ceremony,
                         struct value *ret_answer)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    unsigned lifetime = ceremony->lifetime         ? ceremony->lifetime
                        : requirements->timeout_ms ? (requirements->timeout_ms + 999) / 1000
                                                   : PK_CHALLENGE_LIFETIME;
    PK_AUTO_FREE char *json = NULL;
    struct value answer = value_body();
    enum pk_status status = options_json(requirements, &json);

    if (status) {
        ceremony_free(ceremony);
        return status;
    }
    value_add_text(&answer, 's', ceremony->id);
    value_add_text(&answer, 's', json);
    value_add_number(&answer, 't', (uint64_t)pk_clock_now() + lifetime);
    pk_log(LOG_DEBUG, "[%s] ceremony for \"%s\" (%s) begun by uid %u", call->id,
           ceremony->account.name ? ceremony->account.name : "", ceremony->account.rp,
           (unsigned)call->uid);
    if (ceremonies_add(daemon->ceremonies, ceremony, pk_clock_monotonic(), lifetime,
                       daemon->config->challenges_per_user)) {
        ceremony_free(ceremony);
        value_clear(&answer);
        return PK_LIMIT_EXCEEDED;
    }
    *ret_answer = answer;
    return PK_OK;
}

void begun_fail(struct call *call, enum pk_status status)
{
    if (status == PK_LIMIT_EXCEEDED)
        call_fail(call, PK_BUS_ERROR_LIMIT_EXCEEDED,
                  "too many ceremonies at once; try again in a moment");
    else
        call_fail(call, PK_BUS_ERROR_INVALID_ARGUMENTS, "these options contradict each other: %s",
                  pk_message_outcome(status));
}

void begun_publish(struct daemon *daemon, struct call *call, struct ceremony *ceremony)
{
    struct value answer;
    enum pk_status status = begun_add(daemon, call, ceremony, &answer);

    if (status)
        begun_fail(call, status);
    else
        call_reply(call, &answer);
}

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
