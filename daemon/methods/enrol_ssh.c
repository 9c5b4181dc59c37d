/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/enrol_ssh.h"

#include "common/base/text.h"
#include "common/keys/messages.h"
#include "daemon/config/policy.h"
#include "daemon/methods/road_ssh.h"
#include "daemon/verify/creation.h"
#include "daemon/verify/verify_and_commit.h"

#include <string.h>

/* The answer does not say what the key is called; this tells it from those plugged in here. */
#define NAME "security key (ssh)"

struct ssh_enrolment {
    struct daemon *daemon;
    struct ssh_road *road;
    bool over; /* finished() was called */
    const struct ssh_enrolment_ops *ops;
    void *data;
};

enum pk_status ssh_enrolment_prepare(const struct rp_config *rp, const char *rhost,
                                     struct ceremony *ceremony)
{
    struct pk_strings *origins = &ceremony->requirements.origins;
    enum pk_status status;

    pk_strings_clear(origins);
    status = policy_ssh_origins(rp, rhost, origins);
    return status || origins->count > 0 ? status : PK_UNAVAILABLE;
}

/* --- the request ------------------------------------------------------------------------------ */

static enum pk_status compose(const struct ceremony *ceremony, unsigned timeout,
                              struct pk_forward_request *request)
{
    struct pk_creation *creation = &request->creation;
    enum pk_status status = creation_from_requirements(&ceremony->requirements, creation);

    request->kind = PK_FORWARD_CREATE;
    request->timeout = timeout > 0 ? timeout : 1;
    (void)memcpy(request->nonce, ceremony->nonce, sizeof(request->nonce));
    /* Where none is asked for, the client need not make a difference between keys. */
    if (creation->attestation == PK_ATTESTATION_UNSET)
        creation->attestation = PK_ATTESTATION_NONE;
    return status ? status : pk_text_copy(ceremony->context, &request->context);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void finish(struct ssh_enrolment *enrolment, const struct ceremony *ceremony,
                   enum pk_status status, struct credential *credential, const char *text)
{
    enrolment->over = true;
    enrolment->ops->finished(enrolment->data, ceremony, status, credential, text);
}

static const char *say(enum pk_status malformed, enum pk_status status)
{
    if (malformed)
        return "That is no answer to this request.";
    return pk_message_outcome(status);
}

static enum pk_status judge(void *data, enum pk_status malformed,
                            const struct pk_forward_answer *answer)
{
    struct ssh_enrolment *enrolment = data;
    PK_CLEANUP(ceremony_free) struct ceremony *ceremony = enrolment->ops->take(enrolment->data);
    struct credential credential = {0};
    enum pk_status status = PK_CHALLENGE_UNKNOWN;

    if (ceremony)
        status = finish_forwarded_registration(enrolment->daemon, ceremony, malformed, answer, NAME,
                                               &credential);
    finish(enrolment, ceremony, status, &credential, say(malformed, status));
    return status;
}

static void refused(void *data, enum pk_status status)
{
    struct ssh_enrolment *enrolment = data;

    if (!enrolment->over)
        finish(enrolment, NULL, status, NULL, pk_message_outcome(status));
}

static void declined(void *data)
{
    finish(data, NULL, PK_CANCELLED, NULL, "Cancelled: there was no answer. Nothing is enrolled.");
}

enum pk_status ssh_enrolment_new(struct daemon *daemon, struct conversation *conversation,
                                 const struct ceremony *ceremony, const char *purpose,
                                 const struct ssh_enrolment_ops *ops, void *data,
                                 struct ssh_enrolment **ret)
{
    static const struct ssh_road_ops road_ops = {judge, refused, declined};
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    struct ssh_enrolment *enrolment = calloc(1, sizeof(*enrolment));
    enum pk_status status;

    if (!enrolment)
        return PK_NO_MEMORY;
    *enrolment = (struct ssh_enrolment){.daemon = daemon, .ops = ops, .data = data};
    status = compose(ceremony, conversation_time_left(conversation), &request);
    while (!status) {
        status = ssh_road_new(conversation, &request, purpose, false, &road_ops, enrolment,
                              &enrolment->road);
        if (status != PK_TOO_LARGE || request.creation.exclude_count == 0)
            break;
        /* The list only spares the person the touch of a key that would be refused later. */
        pk_bytes_clear(&request.creation.exclude[--request.creation.exclude_count].id);
        status = PK_OK;
    }
    if (status)
        free(enrolment);
    else
        *ret = enrolment;
    return status;
}

void ssh_enrolment_answered(struct ssh_enrolment *enrolment, const struct pk_secret *answer)
{
    ssh_road_answered(enrolment->road, answer);
}

void ssh_enrolment_free(struct ssh_enrolment *enrolment)
{
    ssh_road_free(enrolment->road);
    free(enrolment);
}
