/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ssh method: an authenticator at the other end of an ssh connection. Where the account must be
 * concealed, one without passkeys offers decoys, and everything that follows is done for decoys as
 * for passkeys.
 */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "daemon/auth/enrollment_attempt.h"
#include "daemon/auth/line_exchange.h"
#include "daemon/auth/sign_in_attempt.h"
#include "daemon/daemon.h"
#include "daemon/jobs/jobs.h"
#include "daemon/methods/ssh/host_keys.h"
#include "daemon/verify/decoy_answer.h"
#include "daemon/verify/forwarded.h"

#include <string.h>

/* The default name, as the answer does not name the key; local keys have other names. */
#define KEY_NAME   "security key (ssh)"
#define PHONE_NAME "phone (ssh)"

struct ssh {
    struct attempt *attempt;
    struct credential_list decoys;  /* offered when there are no passkeys */
    struct reading *reading;        /* of the host keys, in progress; NULL: none */
    struct line_exchange *exchange; /* NULL: nothing was asked yet */
};

/* Files, any of which may be on a disk that does not answer. */
struct reading {
    struct job job;
    struct ssh *ssh; /* for the loop */
    struct pk_strings configured, keys;
    enum pk_status (*put)(struct ssh *ssh); /* the question, once the keys are bound into it */
};

static struct ssh *ssh_new(struct attempt *attempt)
{
    struct ssh *ssh = calloc(1, sizeof(*ssh));

    if (ssh)
        ssh->attempt = attempt;
    return ssh;
}

static void ssh_free(struct ssh *ssh)
{
    if (ssh->reading)
        job_cancel(&ssh->reading->job);
    if (ssh->exchange)
        line_exchange_free(ssh->exchange);
    credential_list_clear(&ssh->decoys);
    free(ssh);
}
PK_DEFINE_CLEANUP(struct ssh *, ssh_free);

static unsigned time_left(const struct attempt *attempt)
{
    unsigned left = conversation_time_left(attempt->conversation);

    return left > 0 ? left : 1;
}

/* --- this server's host keys ------------------------------------------------------------------ */

/*
 * Binds the host keys into the one ceremony of the attempt, so that the client can tell whether it
 * talks to this server. Where there are none, or none can be read, the request is as it would be
 * without: what is lost is told in the log only.
 */
static enum pk_status bind_host_keys(const struct attempt *attempt, const struct pk_strings *keys)
{
    if (keys->count == 0)
        pk_log(LOG_WARNING,
               "[%s] no ssh host key of this host is known (ssh-host-keys in passkeyd.conf): the "
               "answer is not bound to one",
               conversation_id(attempt->conversation));
    return attempt_bind_host_keys(attempt, 0, keys);
}

static enum pk_status read_keys(struct job *job)
{
    struct reading *reading = (struct reading *)job;

    return host_keys_read(&reading->configured, &reading->keys);
}

static void keys_read(struct job *job, enum pk_status status)
{
    const struct reading *reading = (const struct reading *)job;
    struct ssh *ssh = reading->ssh;
    struct attempt *attempt = ssh->attempt;

    ssh->reading = NULL;
    if (!status)
        status = bind_host_keys(attempt, &reading->keys);
    if (!status)
        status = reading->put(ssh);
    if (status == PK_UNAVAILABLE) /* as if it had not run: what failed before it counts */
        attempt_next(attempt, attempt->failure);
    else if (status)
        attempt_refused(attempt, status);
}

static void reading_release(struct job *job)
{
    struct reading *reading = (struct reading *)job;

    pk_strings_clear(&reading->configured);
    pk_strings_clear(&reading->keys);
    free(reading);
}

/* Goes on with put() when the relying party's host keys have been read and bound. */
static enum pk_status read_host_keys(struct ssh *ssh, const char *rp_name,
                                     enum pk_status (*put)(struct ssh *ssh))
{
    static const struct job_step steps[] = {{JOB_WORKER, read_keys}, {0}};
    static const struct job_plan plan = {steps, keys_read, reading_release};
    const struct rp_config *rp = config_rp(ssh->attempt->daemon->config, rp_name);
    struct reading *reading = rp ? calloc(1, sizeof(*reading)) : NULL;
    enum pk_status status = PK_OK;

    if (!reading)
        return rp ? PK_NO_MEMORY : PK_UNAVAILABLE;
    /* Copied, as a reload frees the configuration. */
    for (size_t i = 0; i < rp->ssh_host_keys.count && !status; i++)
        status = pk_strings_add(&reading->configured, rp->ssh_host_keys.items[i]);
    if (status) {
        reading_release(&reading->job);
        return status;
    }
    reading->ssh = ssh;
    reading->put = put;
    ssh->reading = reading;
    job_start(ssh->attempt->daemon->jobs, &reading->job, &plan, ssh->attempt->job_owner);
    return PK_OK;
}

/* --- verifying an answer ---------------------------------------------------------------------- */

struct forwarded_check {
    struct verification verification;
    struct ssh *ssh; /* for the loop */
    enum pk_status malformed;
    struct pk_forward_answer answer;
    struct credential_list decoys;
};

static void judged(struct verification *verification, struct verdict *verdict)
{
    const struct forwarded_check *check = (const struct forwarded_check *)verification;

    line_exchange_judged(check->ssh->exchange, verdict);
}

static void check_clear(struct verification *verification)
{
    struct forwarded_check *check = (struct forwarded_check *)verification;

    pk_forward_answer_clear(&check->answer);
    credential_list_clear(&check->decoys);
}

/*
 * Takes the answer, the decoys and the ceremony first, whatever the outcome: a challenge is used
 * once. A malformed answer goes the same way, so that its time shows nothing.
 */
static void start_check(struct ssh *ssh, enum pk_status malformed, struct pk_forward_answer *answer,
                        const struct verification_plan *plan)
{
    struct ceremony *ceremony = attempt_take_ceremony(ssh->attempt, 0);
    struct forwarded_check *check = calloc(1, sizeof(*check));

    if (check) {
        check->ssh = ssh;
        check->malformed = malformed;
        check->answer = *answer;
        check->decoys = ssh->decoys;
        *answer = (struct pk_forward_answer){0}; /* both moved */
        ssh->decoys = (struct credential_list){0};
    }
    attempt_verify(ssh->attempt, (struct verification *)check, ceremony, PK_OK, plan);
}

/* --- sign-in ---------------------------------------------------------------------------------- */

/* PK_CHALLENGE_UNKNOWN: the ceremony has expired. */
static enum pk_status compose(const struct attempt *attempt, struct pk_forward_request *ret)
{
    const struct ceremony *ceremony = attempt_peek_ceremony(attempt, 0);

    return ceremony ? forwarded_request(ceremony, time_left(attempt), ret) : PK_CHALLENGE_UNKNOWN;
}

static struct verdict judge_assertion(const struct verification *verification)
{
    const struct forwarded_check *check = (const struct forwarded_check *)verification;
    struct store *store = verification->store;
    AUTO_FORWARDED struct forwarded forwarded = {0};
    enum pk_status status =
        check->malformed ? check->malformed
                         : forwarded_assertion(verification->ceremony, &check->answer, &forwarded);

    if (status)
        return verdict_refused(status);
    if (check->decoys.count > 0)
        return verdict_refused(decoy_refuse_assertion(
            store, verification->ceremony, &check->decoys.items[check->answer.credential],
            forwarded.client_data_hash, &forwarded.assertion));
    return verify_and_commit_assertion(store, verification->ceremony, forwarded.client_data_hash,
                                       &forwarded.assertion);
}

static void judge_sign_in(void *data, enum pk_status malformed, struct pk_forward_answer *answer)
{
    static const struct verification_plan plan = {judge_assertion, judged, check_clear, false};

    start_check(data, malformed, answer, &plan);
}

static void sign_in_done(void *data, struct verdict *verdict)
{
    const struct ssh *ssh = data;

    if (!verdict)
        attempt_next(ssh->attempt, PK_CANCELLED);
    else
        attempt_decided(ssh->attempt, verdict);
}

static enum pk_status ask_to_sign_in(struct ssh *ssh)
{
    static const struct line_exchange_ops ops = {judge_sign_in, sign_in_done};
    const struct attempt *attempt = ssh->attempt;
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    enum pk_status status = compose(attempt, &request);

    if (!status)
        status = line_exchange_new(
            attempt->conversation, &request,
            &(struct line_question){.purpose = attempt->purpose, .fixed_rounds = attempt->conceal},
            &ops, ssh, &ssh->exchange);
    if (status != PK_TOO_LARGE && status != PK_INVALID_ARGUMENT)
        return status;
    pk_log(LOG_WARNING, "[%s] the request does not fit the ssh form: %s",
           conversation_id(attempt->conversation), pk_status_name(status));
    return PK_UNAVAILABLE;
}

static enum pk_status start(struct sign_in *sign_in, void **ret_state)
{
    const struct rp_config *rp = config_rp(sign_in->attempt.daemon->config, sign_in->rp);
    const struct credential_list *credentials;
    PK_CLEANUP(ssh_free) struct ssh *ssh = NULL;
    enum pk_status status;

    if (!sign_in->ssh_in_play || !sign_in->subject.account.name || !rp || !rp->id)
        return PK_UNAVAILABLE;
    ssh = ssh_new(&sign_in->attempt);
    status =
        ssh ? sign_in_appears_to_have(sign_in, rp->id, &ssh->decoys, &credentials) : PK_NO_MEMORY;
    if (!status)
        status = sign_in_begin(sign_in, credentials, rp->id, ANSWERED_OVER_SSH);
    if (!status)
        status = read_host_keys(ssh, sign_in->rp, ask_to_sign_in);
    if (!status)
        *ret_state = pk_steal(ssh);
    return status;
}

/* --- enrolment -------------------------------------------------------------------------------- */

static struct verdict judge_attestation(const struct verification *verification)
{
    const struct forwarded_check *check = (const struct forwarded_check *)verification;
    const struct ceremony *ceremony = verification->ceremony;
    const struct pk_forward_answer *answer = &check->answer;
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status =
        check->malformed ? check->malformed : forwarded_client_data_hash(ceremony, answer, hash);

    if (status)
        return verdict_refused(status);
    return verify_and_commit_attestation(
        verification->store, ceremony,
        &(struct attestation){
            .client_data_hash = hash,
            .object = pk_view_of(&answer->attestation_object),
            .transports = answer->transports,
            .discoverable = answer->discoverable,
            .name = answer->transports & PK_TRANSPORT_HYBRID ? PHONE_NAME : KEY_NAME,
        });
}

static void judge_enrollment(void *data, enum pk_status malformed, struct pk_forward_answer *answer)
{
    static const struct verification_plan plan = {judge_attestation, judged, check_clear, false};
    struct ssh *ssh = data;

    if (malformed)
        attempt_set_text(ssh->attempt, "That is no answer to this request.");
    start_check(ssh, malformed, answer, &plan);
}

static void enrollment_done(void *data, struct verdict *verdict)
{
    const struct ssh *ssh = data;

    if (verdict) {
        attempt_decided(ssh->attempt, verdict);
        return;
    }
    attempt_set_text(ssh->attempt, "Cancelled: there was no answer. Nothing is enrolled.");
    attempt_refused(ssh->attempt, PK_CANCELLED);
}

/* Copying lines by hand takes time, so the timeout is the relying party's own. */
static void extend_time(const struct enrollment *enrollment, const struct ceremony *ceremony)
{
    unsigned seconds = (ceremony->requirements.timeout_ms + 999) / 1000;

    if (!enrollment->own_timeout && seconds > 0)
        conversation_set_timeout(enrollment->attempt.conversation,
                                 seconds < ATTEMPT_TIMEOUT_MAX ? seconds : ATTEMPT_TIMEOUT_MAX);
}

static enum pk_status ask_to_enroll(struct ssh *ssh)
{
    static const struct line_exchange_ops ops = {judge_enrollment, enrollment_done};
    const struct attempt *attempt = ssh->attempt;
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    enum pk_status status = compose(attempt, &request);

    return status ? status
                  : line_exchange_new(attempt->conversation, &request,
                                      &(struct line_question){.purpose = attempt->purpose}, &ops,
                                      ssh, &ssh->exchange);
}

static enum pk_status enroll(struct enrollment *enrollment, void **ret_state)
{
    struct attempt *attempt = &enrollment->attempt;
    const struct ceremony *ceremony = attempt_peek_ceremony(attempt, 0);
    PK_CLEANUP(ssh_free) struct ssh *ssh = NULL;
    enum pk_status status;

    if (!ceremony)
        return PK_CHALLENGE_UNKNOWN;
    if (ceremony->requirements.origins.count == 0)
        return PK_UNAVAILABLE;
    extend_time(enrollment, ceremony);
    ssh = ssh_new(attempt);
    status = ssh ? read_host_keys(ssh, enrollment->rp, ask_to_enroll) : PK_NO_MEMORY;
    if (!status)
        *ret_state = pk_steal(ssh);
    return status;
}

/* --- both ------------------------------------------------------------------------------------- */

static void answered(void *state, struct pk_secret *answer)
{
    const struct ssh *ssh = state;

    if (ssh->exchange)
        line_exchange_answered(ssh->exchange, answer);
}

static void stop(void *state)
{
    ssh_free(state);
}

const struct authmethod authmethod_ssh = {
    .start = start,
    .enroll = enroll,
    .answered = answered,
    .stop = stop,
    .conceals_reason = true,
    .over = "ssh",
};
