/* SPDX-License-Identifier: BSD-2-Clause */
/* The local method: a security key in this machine. */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/keys/local_ceremony.h"
#include "common/webauthn/crypto.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/daemon.h"
#include "daemon/dialogue/account_choice.h"
#include "daemon/dialogue/messages.h"
#include "daemon/methods/local/key_naming.h"
#include "daemon/methods/local/local_request.h"
#include "daemon/verify/creation.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

struct local {
    struct attempt *attempt;
    struct pk_local_ceremony *ceremony;
    struct account_choice *choice; /* for a sign-in without a user's name; NULL: none */
    char *confirm; /* why a touch alone is not enough, where a key cannot verify; NULL: it is */
    struct key_naming *naming; /* for an enrolment of a key that is enrolled already; NULL: none */
};

static enum pk_status local_new(struct attempt *attempt, const struct pk_local_request *request,
                                const struct pk_local_ceremony_ops *ops, struct local **ret)
{
    const struct pk_dialogue person = conversation_dialogue(attempt->conversation);
    struct local *local = calloc(1, sizeof(*local));
    enum pk_status status;

    if (!local)
        return PK_NO_MEMORY;
    local->attempt = attempt;
    status = pk_local_ceremony_new(attempt->daemon->keys, &person, request, ops, local,
                                   &local->ceremony);
    if (status) {
        free(local);
        return status;
    }
    *ret = local;
    return PK_OK;
}

static enum pk_status client_data_hash(const struct ceremony *ceremony, uint8_t ret[PK_HASH_SIZE])
{
    const struct pk_requirements *requirements = &ceremony->requirements;

    return context_local_client_data_hash(
        requirements->ceremony, pk_view_of(&requirements->challenge), requirements->rp_id, ret);
}

/* --- sign-in ---------------------------------------------------------------------------------- */

static enum pk_status fill_assertion(const struct ceremony *ceremony,
                                     struct pk_assertion_request *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = client_data_hash(ceremony, ret->client_data_hash);

    ret->user_verification = requirements->user_verification;
    if (!status)
        status = pk_text_copy(requirements->rp_id, &ret->rp_id);
    if (!status)
        status = pk_text_copy(requirements->appid, &ret->appid);
    return status ? status
                  : pk_descriptors_copy(requirements->credentials, requirements->credential_count,
                                        &ret->allow, &ret->allow_count);
}

static enum pk_status request_assertion(void *data, size_t group, struct pk_frame *ret)
{
    const struct local *local = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(local->attempt, group);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    enum pk_status status = PK_TIMEOUT; /* the ceremony has expired */

    if (ceremony)
        status = fill_assertion(ceremony, &frame.get_assertion);
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* The helper tries the appid by itself; the authenticator data show which of the two was used. */
static bool used_appid(const struct pk_requirements *requirements,
                       const struct pk_assertion_answer *answer)
{
    uint8_t hash[PK_HASH_SIZE];

    if (!requirements->appid || answer->authenticator_data.len < PK_HASH_SIZE)
        return false;
    pk_sha256(pk_view_string(requirements->appid), hash);
    return memcmp(hash, answer->authenticator_data.data, PK_HASH_SIZE) == 0;
}

/*
 * Of one key: several only to a ceremony that lists no credentials, as the key does not say which
 * of them is the account's.
 */
struct assertion_check {
    struct verification verification;
    struct pk_assertion_answer *answers;
    size_t count;
};

static struct verdict judge_answer(const struct verification *verification,
                                   const struct pk_assertion_answer *answer)
{
    const struct ceremony *ceremony = verification->ceremony;
    const struct pk_assertion assertion = {
        .credential_id = pk_view_of(&answer->credential_id),
        .authenticator_data = pk_view_of(&answer->authenticator_data),
        .signature = pk_view_of(&answer->signature),
        .user_handle = pk_view_of(&answer->user_handle),
        .appid = used_appid(&ceremony->requirements, answer),
    };
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = client_data_hash(ceremony, hash);

    return status ? verdict_refused(status)
                  : verify_and_commit_assertion(verification->store, ceremony, hash, &assertion);
}

static struct verdict judge(const struct verification *verification)
{
    const struct assertion_check *check = (const struct assertion_check *)verification;
    struct verdict verdict = judge_answer(verification, &check->answers[0]);

    for (size_t i = 1; i < check->count && !verdict.approval; i++) {
        verdict_clear(&verdict);
        verdict = judge_answer(verification, &check->answers[i]);
    }
    return verdict;
}

static void assertion_check_clear(struct verification *verification)
{
    struct assertion_check *check = (struct assertion_check *)verification;

    for (size_t i = 0; i < check->count; i++)
        pk_assertion_answer_clear(&check->answers[i]);
    free(check->answers);
}

static enum pk_status copy_answers(const struct pk_assertion_answer *answers, size_t count,
                                   struct assertion_check *check)
{
    enum pk_status status = PK_OK;

    check->answers = calloc(count, sizeof(*check->answers));
    if (!check->answers)
        return PK_NO_MEMORY;
    for (; check->count < count && status == PK_OK; check->count++)
        status = pk_assertion_answer_copy(&answers[check->count], &check->answers[check->count]);
    return status;
}

/* Takes the ceremony first, whatever the outcome: a challenge is used once. */
static void decide(struct local *local, size_t group, const struct pk_assertion_answer *answers,
                   size_t count)
{
    static const struct verification_plan plan = {.judge = judge, .clear = assertion_check_clear};
    struct ceremony *ceremony = attempt_take_ceremony(local->attempt, group);
    struct assertion_check *check = calloc(1, sizeof(*check));
    enum pk_status status = check ? copy_answers(answers, count, check) : PK_NO_MEMORY;

    attempt_verify(local->attempt, (struct verification *)check, ceremony, status, &plan);
}

static bool lists_credentials(const struct local *local, size_t group)
{
    const struct ceremony *ceremony = attempt_peek_ceremony(local->attempt, group);

    return !ceremony || ceremony->requirements.credential_count > 0;
}

static void choice_made(void *data, enum pk_status status, const struct pk_assertion_answer *answer)
{
    struct local *local = data;

    if (answer)
        decide(local, 0, answer, 1);
    else
        attempt_refused(local->attempt, status);
}

static void assertion_made(void *data, size_t group, const char *name, const struct pk_frame *frame)
{
    struct local *local = data;
    const struct sign_in *sign_in = (const struct sign_in *)local->attempt;
    enum pk_status status;

    (void)name;
    if (frame->type != PK_FRAME_ASSERTION || frame->assertion.count == 0) {
        attempt_refused(local->attempt, PK_DEVICE_ERROR);
        return;
    }
    if (frame->assertion.count == 1 || sign_in->subject.account.name) {
        decide(local, group, frame->assertion.items,
               lists_credentials(local, group) ? 1 : frame->assertion.count);
        return;
    }
    /* The key holds several accounts: offer those that may sign in. */
    status =
        account_choice_new(local->attempt->daemon, local->attempt->conversation,
                           local->attempt->job_owner, attempt_peek_ceremony(local->attempt, group),
                           &frame->assertion, choice_made, local, &local->choice);
    if (status)
        attempt_refused(local->attempt, status);
}

static void sign_in_failed(void *data, enum pk_status why)
{
    const struct local *local = data;

    attempt_next(local->attempt, why);
}

/*
 * Somebody who acts for another account has to be verified by the key. A key that cannot is asked
 * in a second ceremony, which the person has to confirm.
 */
static enum pk_status begin_for(struct sign_in *sign_in, const char *rp_id, enum answer_place place)
{
    bool verify = sign_in->verify;
    enum pk_status status;

    if (!sign_in_for_another(sign_in))
        return sign_in_begin(sign_in, &sign_in->credentials, rp_id, place);
    sign_in->verify = true;
    status = sign_in_begin(sign_in, &sign_in->credentials, rp_id, place);
    sign_in->verify = false;
    if (!status)
        status = sign_in_begin(sign_in, &sign_in->credentials, rp_id, place);
    sign_in->verify = verify;
    return status;
}

static const char *confirm(void *data, size_t group)
{
    const struct local *local = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(local->attempt, group);
    bool verified = ceremony && ceremony->requirements.user_verification == PK_REQUIRED;

    return verified ? NULL : local->confirm;
}

/*
 * OpenSSH keys are used by the agent method, because the agent has the key handle. What only a
 * phone has no key is waited for, where the phone is asked for next or it is said why not.
 */
static bool is_for_keys(const struct sign_in *sign_in, const struct credential *credential)
{
    return !sk_needs_agent(credential) && !((sign_in->phone_in_play || sign_in->phone_unseen) &&
                                            credential_is_on_phone_alone(credential));
}

/* Whether an earlier one has had the ceremony begun that this credential is for. */
static bool is_begun(const struct sign_in *sign_in, size_t index)
{
    const struct credential_list *credentials = &sign_in->credentials;
    const struct credential *this = &credentials->items[index];

    for (size_t i = 0; i < index; i++)
        if (is_for_keys(sign_in, &credentials->items[i]) &&
            credentials->items[i].id_unknown == this->id_unknown &&
            strcmp(credentials->items[i].rp_id, this->rp_id) == 0)
            return true;
    return false;
}

/*
 * One ceremony for each RP id, and one more for those of it whose id is not known; without a user's
 * name, one for the relying party's own.
 */
static enum pk_status begin_ceremonies(struct sign_in *sign_in)
{
    const struct rp_config *rp = config_rp(sign_in->attempt.daemon->config, sign_in->rp);
    const struct credential_list *credentials = &sign_in->credentials;
    enum pk_status status = PK_OK;

    if (!sign_in->subject.account.name)
        return rp && rp->id ? sign_in_begin(sign_in, credentials, rp->id, ANSWERED_HERE)
                            : PK_UNAVAILABLE;
    for (size_t i = 0; i < credentials->count && !status; i++) {
        const struct credential *item = &credentials->items[i];

        if (is_for_keys(sign_in, item) && !is_begun(sign_in, i))
            status = begin_for(sign_in, item->rp_id,
                               item->id_unknown ? ANSWERED_UNLISTED : ANSWERED_HERE);
    }
    return status || sign_in->attempt.ceremony_count > 0 ? status : PK_UNAVAILABLE;
}

static enum pk_status start(struct sign_in *sign_in, void **ret_state)
{
    static const struct pk_local_ceremony_ops ops = {request_assertion, assertion_made,
                                                     sign_in_failed, confirm};
    const struct context context = sign_in_context(sign_in);
    PK_AUTO_FREE char *why = NULL;
    char person[SIGN_IN_PERSON_SIZE];
    struct local_request request;
    struct local *local;
    enum pk_status status;

    if (context_is_remote(&context) || sign_in->why_no_method)
        return PK_UNAVAILABLE; /* a remote session must not use a local key */
    if (sign_in_for_another(sign_in) &&
        !(why = message_for_another(&context, sign_in_person(sign_in, person))))
        return PK_NO_MEMORY;
    status = begin_ceremonies(sign_in);
    if (status)
        return status;
    local_request_sign_in(sign_in, &request);
    status = local_new(&sign_in->attempt, &request.request, &ops, &local);
    if (status)
        return status;
    local->confirm = pk_steal(why);
    *ret_state = local;
    return PK_OK;
}

/* --- enrolment -------------------------------------------------------------------------------- */

static enum pk_status request_credential(void *data, size_t group, struct pk_frame *ret)
{
    const struct local *local = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(local->attempt, group);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_MAKE_CREDENTIAL};
    struct pk_credential_request *request = &frame.make_credential;
    enum pk_status status = PK_TIMEOUT; /* the ceremony has expired */

    if (ceremony)
        status = client_data_hash(ceremony, request->client_data_hash);
    if (!status)
        status = creation_from_requirements(&ceremony->requirements, &request->creation);
    if (status)
        return status;
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

struct credential_check {
    struct verification verification;
    struct pk_credential_answer answer;
    char *name; /* of the key */
};

static struct verdict judge_credential(const struct verification *verification)
{
    const struct credential_check *check = (const struct credential_check *)verification;
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = client_data_hash(verification->ceremony, hash);

    if (status)
        return verdict_refused(status);
    return verify_and_commit_attestation(
        verification->store, verification->ceremony,
        &(struct attestation){
            .client_data_hash = hash,
            .object = pk_view_of(&check->answer.attestation_object),
            .transports = check->answer.transports,
            .discoverable = check->answer.discoverable,
            .hidden = check->answer.hidden,
            .name = check->name,
        });
}

static void credential_check_clear(struct verification *verification)
{
    struct credential_check *check = (struct credential_check *)verification;

    pk_bytes_clear(&check->answer.attestation_object);
    free(check->name);
}

static void credential_made(void *data, size_t group, const char *name,
                            const struct pk_frame *frame)
{
    static const struct verification_plan plan = {.judge = judge_credential,
                                                  .clear = credential_check_clear};
    const struct local *local = data;
    struct ceremony *ceremony = attempt_take_ceremony(local->attempt, group);
    struct credential_check *check = calloc(1, sizeof(*check));
    enum pk_status status = check ? pk_text_copy(name, &check->name) : PK_NO_MEMORY;

    if (frame->type != PK_FRAME_CREDENTIAL)
        status = PK_DEVICE_ERROR;
    if (!status) {
        check->answer = frame->credential;
        check->answer.attestation_object = (struct pk_bytes){0};
        status = pk_bytes_copy(pk_view_of(&frame->credential.attestation_object),
                               &check->answer.attestation_object);
    }
    attempt_verify(local->attempt, (struct verification *)check, ceremony, status, &plan);
}

static void key_named(void *data, const char *name)
{
    const struct local *local = data;
    PK_AUTO_FREE char *text =
        name ? pk_text_format("This security key is enrolled already, as \"%s\".", name) : NULL;

    if (text)
        attempt_set_text(local->attempt, text);
    attempt_refused(local->attempt, PK_CREDENTIAL_EXCLUDED);
}

static void enrollment_failed(void *data, enum pk_status why)
{
    struct local *local = data;
    const struct ceremony *ceremony = attempt_peek_ceremony(local->attempt, 0);
    const char *path = pk_local_ceremony_failed_path(local->ceremony);

    /* Find out which passkey the key holds, to name it. */
    if (why == PK_CREDENTIAL_EXCLUDED && ceremony && path &&
        key_naming_new(local->attempt, ceremony, path, key_named, local, &local->naming) == PK_OK)
        return;
    attempt_refused(local->attempt, why);
}

static enum pk_status enroll(struct enrollment *enrollment, void **ret_state)
{
    static const struct pk_local_ceremony_ops ops = {request_credential, credential_made,
                                                     enrollment_failed, NULL};
    struct local_request request;
    struct local *local;
    enum pk_status status;

    if (enrollment->remote)
        return PK_UNAVAILABLE;
    local_request_enrollment(enrollment, &request);
    status = local_new(&enrollment->attempt, &request.request, &ops, &local);
    if (!status)
        *ret_state = local;
    return status;
}

/* --- both ------------------------------------------------------------------------------------- */

static void answered(void *state, struct pk_secret *answer)
{
    struct local *local = state;

    if (local->choice)
        account_choice_answered(local->choice, answer);
    else
        pk_local_ceremony_answered(local->ceremony, answer);
}

static void skip(void *state)
{
    const struct local *local = state;

    pk_local_ceremony_give_up(local->ceremony);
}

static void stop(void *state)
{
    struct local *local = state;

    pk_local_ceremony_free(local->ceremony);
    if (local->choice)
        account_choice_free(local->choice);
    if (local->naming)
        key_naming_free(local->naming);
    free(local->confirm);
    free(local);
}

const struct authmethod authmethod_local = {
    .start = start,
    .enroll = enroll,
    .answered = answered,
    .skip = skip,
    .stop = stop,
};
