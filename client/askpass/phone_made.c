/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/askpass/phone_made.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/webauthn/client.h"
#include "common/webauthn/providers.h"
#include "common/webauthn/verify.h"

#include <string.h>

void askpass_phone_made_clear(struct askpass_phone_made *made)
{
    pk_frame_clear(&made->credential);
    pk_credential_record_clear(&made->record);
    *made = (struct askpass_phone_made){0};
}

enum pk_status askpass_phone_make(const struct pk_forward_request *request,
                                  const uint8_t client_data_hash[PK_HASH_SIZE],
                                  struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_MAKE_CREDENTIAL};
    enum pk_status status = pk_creation_copy(&request->creation, &frame.make_credential.creation);

    if (!status)
        status = pk_creation_for_phone(&frame.make_credential.creation);
    if (status)
        return status;
    (void)memcpy(frame.make_credential.client_data_hash, client_data_hash, PK_HASH_SIZE);
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

/* --- what was made ---------------------------------------------------------------------------- */

/* Borrowed from the request, as far as these checks need it. */
static struct pk_requirements wanted(const struct pk_forward_request *request)
{
    const struct pk_creation *creation = &request->creation;
    struct pk_requirements requirements = {
        .ceremony = PK_REGISTRATION,
        .rp_id = creation->rp_id,
        .algorithm_count = creation->algorithm_count,
        .credentials = creation->exclude,
        .credential_count = creation->exclude_count,
        .user_verification = PK_REQUIRED,
        .attestation = creation->attestation,
        .cred_protect = creation->cred_protect,
        .time = pk_clock_now(),
    };

    (void)memcpy(requirements.algorithms, creation->algorithms, sizeof(requirements.algorithms));
    return requirements;
}

static enum pk_status fill(const struct pk_registration_result *result,
                           const struct pk_credential_answer *answer,
                           struct askpass_phone_made *ret)
{
    struct pk_credential_answer *kept = &ret->credential.credential;
    enum pk_status status = pk_bytes_copy(pk_view_of(&result->credential_id), &ret->record.id);

    if (!status)
        status = pk_bytes_copy(pk_view_of(&result->public_key), &ret->record.public_key);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&answer->attestation_object), &kept->attestation_object);
    ret->record.sign_count = result->sign_count;
    ret->record.backup_eligible = (result->flags & PK_FLAG_BE) != 0;
    ret->record.backup_state = (result->flags & PK_FLAG_BS) != 0;
    ret->provider = pk_provider_name(result->aaguid);
    ret->credential.type = PK_FRAME_CREDENTIAL;
    /* That it came this way is known here, whatever the helper says. */
    kept->transports = answer->transports | PK_TRANSPORT_HYBRID;
    kept->discoverable = answer->discoverable;
    return status;
}

enum pk_status askpass_phone_made_read(const struct pk_forward_request *request,
                                       const uint8_t client_data_hash[PK_HASH_SIZE],
                                       const struct pk_frame *answer,
                                       struct askpass_phone_made *ret)
{
    const struct pk_requirements requirements = wanted(request);
    struct askpass_phone_made made = {0};
    struct pk_registration_result result = {0};
    enum pk_status status =
        pk_registration_verify(&requirements, client_data_hash,
                               pk_view_of(&answer->credential.attestation_object), &result);

    if (!status)
        status = fill(&result, &answer->credential, &made);
    if (!status)
        status =
            pk_bytes_copy(pk_view_of(&request->creation.user_handle), &made.record.user_handle);
    pk_registration_result_clear(&result);
    if (status)
        askpass_phone_made_clear(&made);
    else
        *ret = made;
    return status;
}

/* --- the second code -------------------------------------------------------------------------- */

enum pk_status askpass_phone_made_try(struct askpass_phone_made *made,
                                      const struct pk_forward_request *request, const char *origin,
                                      struct pk_frame *ret)
{
    PK_AUTO_FRAME struct pk_frame frame = {.type = PK_FRAME_GET_ASSERTION};
    struct pk_assertion_request *asked = &frame.get_assertion;
    struct pk_descriptor only = {.id = made->record.id, .transports = PK_TRANSPORT_HYBRID};
    uint8_t challenge[PK_CHALLENGE_SIZE];
    enum pk_status status;

    pk_random(challenge, sizeof(challenge));
    status = pk_client_data_hash(PK_AUTHENTICATION, (struct pk_view){challenge, sizeof(challenge)},
                                 origin, made->trial_hash);
    if (!status)
        status = pk_text_copy(request->creation.rp_id, &asked->rp_id);
    if (!status)
        status = pk_descriptors_copy(&only, 1, &asked->allow, &asked->allow_count);
    if (status)
        return status;
    asked->user_verification = PK_REQUIRED;
    (void)memcpy(asked->client_data_hash, made->trial_hash, PK_HASH_SIZE);
    *ret = frame;
    frame = (struct pk_frame){0};
    return PK_OK;
}

enum pk_status askpass_phone_made_tried(const struct askpass_phone_made *made,
                                        const struct pk_forward_request *request,
                                        const struct pk_frame *answer)
{
    const struct pk_assertion_answer *item = &answer->assertion.items[0];
    struct pk_descriptor only = {.id = made->record.id};
    const struct pk_requirements requirements = {
        .ceremony = PK_AUTHENTICATION,
        .rp_id = request->creation.rp_id,
        .user_handle = made->record.user_handle,
        .user_identified_before = true,
        .credentials = &only,
        .credential_count = 1,
        .user_verification = PK_REQUIRED,
    };
    const struct pk_assertion assertion = {
        .credential_id = pk_view_of(&item->credential_id),
        .authenticator_data = pk_view_of(&item->authenticator_data),
        .signature = pk_view_of(&item->signature),
        .user_handle = pk_view_of(&item->user_handle),
    };
    struct pk_authentication_result result = {0};
    enum pk_status status = pk_authentication_verify(&requirements, &made->record, made->trial_hash,
                                                     &assertion, &result);

    pk_authentication_result_clear(&result);
    return status;
}
