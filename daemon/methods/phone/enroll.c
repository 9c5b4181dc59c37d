/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrolling a passkey that a phone makes. Whoever sees the code can be the phone: so the person
 * has to say that it was theirs, and it has to answer a second code, before anything is stored.
 */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/keys/phone_messages.h"
#include "common/keys/phone_words.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/config/config.h"
#include "daemon/config/policy.h"
#include "daemon/daemon.h"
#include "daemon/methods/phone/phone.h"
#include "daemon/verify/creation.h"

#include <string.h>

#define TYPED_MAX 32

struct phone_enrollment {
    struct phone phone; /* must be first */
    const struct enrollment *enrollment;
    struct ceremony *ceremony;        /* of what was made; NULL: nothing has been */
    struct pk_credential_answer made; /* it was verified */
    struct pk_bytes id;
    char *provider; /* who keeps it; NULL: not known */
    bool confirmed; /* by the person */
    struct ceremony
        *trial; /* of the second code; in no table, because its answer is no sign-in's */
};

static void free_state(struct phone *own)
{
    struct phone_enrollment *state = (struct phone_enrollment *)own;

    if (state->ceremony) /* perhaps a stranger's, who has seen the code */
        pk_log(LOG_WARNING, "[%s] a passkey that a phone made is not enrolled: %s",
               state->ceremony->correlation,
               state->confirmed ? "it did not answer the second code"
                                : "the person did not say that it was theirs");
    phone_clear(own);
    if (state->ceremony)
        ceremony_free(state->ceremony);
    if (state->trial)
        ceremony_free(state->trial);
    pk_bytes_clear(&state->made.attestation_object);
    pk_bytes_clear(&state->id);
    free(state->provider);
    free(state);
}

static void state_free(struct phone_enrollment *state)
{
    free_state(&state->phone);
}
PK_DEFINE_CLEANUP(struct phone_enrollment *, state_free);

/* made: the person has a passkey on their phone by now. */
static void explain(struct attempt *attempt, enum pk_status why, bool made)
{
    PK_AUTO_FREE char *text =
        made ? pk_text_format("%s " PK_PHONE_LEFT, pk_message_phone(why)) : NULL;

    attempt_set_text(attempt, text ? text : pk_message_phone(why));
}

static void refuse(const struct phone *own, enum pk_status why)
{
    explain(own->attempt, why, ((const struct phone_enrollment *)own)->confirmed);
    attempt_refused(own->attempt, why);
}

static void failed(void *data, enum pk_status why)
{
    refuse(data, why);
}

/* --- what was made ---------------------------------------------------------------------------- */

struct made_check {
    struct verification verification;
    struct phone_enrollment *state; /* for the loop */
    struct pk_credential_answer made;
    char *name;
    /* Of the second code; trial NULL: nothing is stored yet. */
    struct ceremony *trial;
    struct pk_assertion_answer answer;
};

static struct attestation attestation_of(const struct made_check *check,
                                         const uint8_t hash[PK_HASH_SIZE])
{
    return (struct attestation){
        .client_data_hash = hash,
        .object = pk_view_of(&check->made.attestation_object),
        /* That it came this way is known here, whatever the helper says. */
        .transports = check->made.transports | PK_TRANSPORT_HYBRID,
        .discoverable = check->made.discoverable,
        .name = check->name,
    };
}

static struct verdict judge_made(const struct verification *verification)
{
    const struct made_check *check = (const struct made_check *)verification;
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = phone_client_data_hash(verification->ceremony, hash);
    const struct attestation attestation = attestation_of(check, hash);

    return status ? verdict_refused(status)
                  : verify_attestation_only(verification->ceremony, &attestation);
}

static struct verdict judge_tried(const struct verification *verification)
{
    const struct made_check *check = (const struct made_check *)verification;
    const struct pk_assertion assertion = {
        .credential_id = pk_view_of(&check->answer.credential_id),
        .authenticator_data = pk_view_of(&check->answer.authenticator_data),
        .signature = pk_view_of(&check->answer.signature),
        .user_handle = pk_view_of(&check->answer.user_handle),
    };
    uint8_t hash[PK_HASH_SIZE], trial_hash[PK_HASH_SIZE];
    const struct attestation attestation = attestation_of(check, hash);
    enum pk_status status = phone_client_data_hash(verification->ceremony, hash);

    if (!status)
        status = phone_client_data_hash(check->trial, trial_hash);
    if (status)
        return verdict_refused(status);
    return verify_and_commit_tried(verification->store, verification->ceremony, &attestation,
                                   &(struct trial){check->trial, trial_hash, &assertion});
}

static void check_clear(struct verification *verification)
{
    struct made_check *check = (struct made_check *)verification;

    pk_bytes_clear(&check->made.attestation_object);
    pk_assertion_answer_clear(&check->answer);
    free(check->name);
    if (check->trial)
        ceremony_free(check->trial);
}

/* --- the second code -------------------------------------------------------------------------- */

static void judged_tried(struct verification *verification, struct verdict *verdict)
{
    const struct made_check *check = (const struct made_check *)verification;
    struct attempt *attempt = verification->attempt;

    if (verdict->status)
        explain(attempt, verdict->status, check->trial != NULL);
    attempt_decided(attempt, verdict);
}

static void tried(void *data, const struct pk_frame *frame)
{
    static const struct verification_plan plan = {judge_tried, judged_tried, check_clear, false};
    struct phone_enrollment *state = data;
    struct made_check *check = calloc(1, sizeof(*check));
    enum pk_status status = PK_NO_MEMORY;

    if (check) {
        check->made = state->made;
        state->made = (struct pk_credential_answer){0}; /* moved */
        check->trial = pk_steal(state->trial);
        status = pk_text_copy(state->provider ? state->provider : "phone", &check->name);
        if (!status)
            status = pk_assertion_answer_copy(&frame->assertion.items[0], &check->answer);
    }
    attempt_verify(state->phone.attempt, (struct verification *)check, pk_steal(state->ceremony),
                   status, &plan);
}

/* The same phone is asked to sign, as at a sign-in here that demands all that a phone can do. */
static enum pk_status make_trial(const struct phone_enrollment *state, struct ceremony **ret)
{
    const struct attempt *attempt = state->phone.attempt;
    const struct rp_config *rp = config_rp(attempt->daemon->config, state->enrollment->rp);
    const struct ceremony *made = state->ceremony;
    const struct authentication_request request = {.user_given = true, .now = pk_clock_now()};
    PK_CLEANUP(ceremony_free)
    struct ceremony *trial = ceremony_new(made->correlation, made->owner);
    const char *why;
    enum pk_status status;

    if (!trial)
        return PK_NO_MEMORY;
    status =
        rp ? policy_authentication(rp, NULL, &request, &trial->requirements, &why) : PK_UNAVAILABLE;
    if (status)
        return status;
    trial->requirements.user_verification = PK_REQUIRED;
    free(pk_steal(trial->requirements.rp_id));
    status = pk_text_copy(made->requirements.rp_id, &trial->requirements.rp_id);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&made->requirements.user_handle),
                               &trial->requirements.user_handle);
    if (!status)
        status = pk_requirements_add_credential(&trial->requirements, pk_view_of(&state->id),
                                                PK_TRANSPORT_HYBRID);
    if (!status)
        status = ceremony_bind_act(trial, "enroll", state->enrollment->user);
    if (!status)
        *ret = pk_steal(trial);
    return status;
}

static enum pk_status show_second(struct phone_enrollment *state)
{
    static const struct pk_phone_ceremony_ops ops = {phone_connects, tried, failed};
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *request = &frame.get_assertion;
    enum pk_status status = make_trial(state, &state->trial);

    if (!status)
        status = phone_client_data_hash(state->trial, request->client_data_hash);
    request->user_verification = PK_REQUIRED;
    if (!status)
        status = pk_text_copy(state->trial->requirements.rp_id, &request->rp_id);
    if (!status)
        status = pk_descriptors_copy(state->trial->requirements.credentials,
                                     state->trial->requirements.credential_count, &request->allow,
                                     &request->allow_count);
    if (status)
        return status;
    conversation_info(state->phone.attempt->conversation, "phone-trial", PK_PHONE_TRIAL);
    return phone_show(&state->phone, &frame, &ops);
}

/* --- the person's word ------------------------------------------------------------------------ */

static enum pk_status ask_whose(const struct phone_enrollment *state)
{
    struct pk_host_name host = pk_host_name();
    PK_AUTO_FREE char *text = pk_phone_whose(state->provider, state->enrollment->user, host.text);

    if (!text)
        return PK_NO_MEMORY;
    conversation_ask(state->phone.attempt->conversation, QUESTION_ECHOED, "phone-confirm", text,
                     0xff);
    return PK_OK;
}

static void typed(struct phone *own, struct pk_secret *answer)
{
    struct phone_enrollment *state = (struct phone_enrollment *)own;
    char text[TYPED_MAX] = "";
    enum pk_status status;

    if (!state->ceremony || state->confirmed)
        return;
    if (answer->len > 0 && answer->len < sizeof(text))
        (void)memcpy(text, answer->data, answer->len);
    if (!pk_phone_is_yes(text)) {
        attempt_set_text(own->attempt, PK_PHONE_NOT_THEIRS);
        attempt_refused(own->attempt, PK_CANCELLED);
        return;
    }
    state->confirmed = true;
    status = show_second(state);
    if (status)
        refuse(own, status);
}

static void judged_made(struct verification *verification, struct verdict *verdict)
{
    struct made_check *check = (struct made_check *)verification;
    struct phone_enrollment *state = check->state;
    enum pk_status status;

    if (verdict->status) {
        judged_tried(verification, verdict);
        return;
    }
    state->ceremony = pk_steal(verification->ceremony);
    state->made = check->made;
    check->made = (struct pk_credential_answer){0}; /* moved */
    state->provider = pk_steal(verdict->name);
    state->id = verdict->credential_id;
    verdict->credential_id = (struct pk_bytes){0}; /* moved */
    status = ask_whose(state);
    if (status)
        refuse(&state->phone, status);
}

static void made(void *data, const struct pk_frame *frame)
{
    static const struct verification_plan plan = {judge_made, judged_made, check_clear, false};
    struct phone *own = data;
    struct ceremony *ceremony = attempt_take_ceremony(own->attempt, 0);
    struct made_check *check = calloc(1, sizeof(*check));
    enum pk_status status = PK_NO_MEMORY;

    if (check) {
        check->state = (struct phone_enrollment *)own;
        check->made = frame->credential;
        check->made.attestation_object = (struct pk_bytes){0};
        status = pk_bytes_copy(pk_view_of(&frame->credential.attestation_object),
                               &check->made.attestation_object);
    }
    attempt_verify(own->attempt, (struct verification *)check, ceremony, status, &plan);
}

/* --- the start -------------------------------------------------------------------------------- */

static enum pk_status show_first(struct phone_enrollment *state)
{
    static const struct pk_phone_ceremony_ops ops = {phone_connects, made, failed};
    const struct ceremony *ceremony = attempt_peek_ceremony(state->phone.attempt, 0);
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_MAKE_CREDENTIAL};
    struct pk_credential_request *request = &frame.make_credential;
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    if (ceremony)
        status = phone_client_data_hash(ceremony, request->client_data_hash);
    if (!status)
        status = creation_from_requirements(&ceremony->requirements, &request->creation);
    if (!status)
        status = pk_creation_for_phone(&request->creation);
    return status ? status : phone_show(&state->phone, &frame, &ops);
}

/* Why no code is to be shown at all; NULL: one may be. */
static const char *obstacle(const struct enrollment *enrollment, const struct rp_config *rp)
{
    if (!enrollment->attempt.daemon->config->phone.enabled)
        return "Phones are not used on this computer. The administrator can change that: enabled "
               "= yes under [phone] in passkeyd.conf.";
    if (enrollment->remote)
        return "A phone has to be at the computer that shows its code, and you are at another one. "
               "\"passkey-ssh --enroll HOST\", run there, offers the phone, too.";
    if (!enrollment->pictures)
        return "A QR code cannot be shown here: that takes a terminal with UTF-8 and room for 24 "
               "lines of 60 characters.";
    if (rp->require_trusted_attestation)
        return "Only security keys whose maker is trusted may be enrolled here "
               "(require-trusted-attestation), and a phone's passkey does not prove one. Use a "
               "security key.";
    return NULL;
}

static void warn(const struct enrollment *enrollment, const struct rp_config *rp)
{
    struct conversation *conversation = enrollment->attempt.conversation;
    const char *dislikes = rp->id ? pk_phone_dislikes(rp->id) : NULL;
    PK_AUTO_FREE char *text =
        dislikes ? pk_text_format("The name \"%s\", which the passkey is for, %s: some phones "
                                  "refuse that. Its administrator can choose another (id in "
                                  "passkeyd.conf).",
                                  rp->id, dislikes)
                 : NULL;

    conversation_info(conversation, "phone-tells",
                      "Each use tells Google or Apple, whose servers connect the phone,\n"
                      "this computer's address and the time.");
    if (text)
        conversation_info(conversation, "phone-name", text);
}

enum pk_status phone_enroll(struct enrollment *enrollment, void **ret_state)
{
    struct attempt *attempt = &enrollment->attempt;
    const struct rp_config *rp = config_rp(attempt->daemon->config, enrollment->rp);
    PK_CLEANUP(state_free) struct phone_enrollment *state = NULL;
    const char *why = rp ? obstacle(enrollment, rp) : NULL;
    enum pk_status status;

    /* Nobody who did not ask for a phone gets to one. */
    if (!rp || !pk_methods_include(&attempt->methods, PK_METHOD_PHONE) ||
        attempt->methods.count != 1)
        return PK_UNAVAILABLE;
    if (why) {
        attempt_set_text(attempt, why);
        attempt_refused(attempt, PK_UNSUPPORTED);
        return PK_OK;
    }
    state = calloc(1, sizeof(*state));
    if (!state)
        return PK_NO_MEMORY;
    state->phone = (struct phone){.attempt = attempt,
                                  .account = enrollment->user,
                                  .own_timeout = enrollment->own_timeout,
                                  .typed = typed,
                                  .free = free_state};
    state->enrollment = enrollment;
    warn(enrollment, rp);
    status = show_first(state);
    if (status) {
        refuse(&state->phone, status);
        return PK_OK;
    }
    *ret_state = pk_steal(state);
    return PK_OK;
}
