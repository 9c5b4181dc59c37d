/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/sk_enrollment.h"

#include "common/base/text.h"
#include "common/keys/messages.h"
#include "common/webauthn/credential_policy.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

/* Checks the requirements for a key that attests nothing and cannot be discoverable. */
static enum pk_status check_requirements(const struct pk_requirements *requirements,
                                         const struct pk_registration_result *result)
{
    return pk_requirements_check_credential(requirements, &(struct pk_credential_claims){
                                                              .algorithm = result->algorithm,
                                                              .trust = result->trust,
                                                              .never_discoverable = true,
                                                          });
}

/* Proof of possession: verified as for a sign-in, with this enrolment's user verification. */
static enum pk_status verify_possession(const struct ceremony *ceremony,
                                        const struct sk_enrollment *enrollment,
                                        struct pk_registration_result *result)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    const struct pk_requirements demand = {
        .ceremony = PK_AUTHENTICATION,
        .rp_id = (char *)(uintptr_t)enrollment->key->application,
        .user_identified_before = true,
        .user_verification = requirements->user_verification,
    };
    const struct pk_credential_record record = {
        .id = result->credential_id,
        .public_key = result->public_key,
    };
    struct pk_authentication_result proof = {0};
    PK_AUTO_BYTES struct pk_bytes data = {0};
    struct sk_question question;
    enum pk_status status =
        sk_question_make(PK_REGISTRATION, pk_view_of(&requirements->challenge), &question);

    if (status == PK_OK)
        status = sk_authenticator_data(demand.rp_id, enrollment->signature, &data);
    if (status == PK_OK)
        status =
            pk_authentication_verify(&demand, &record, question.hash,
                                     &(struct pk_assertion){
                                         .credential_id = pk_view_of(&record.id),
                                         .authenticator_data = pk_view_of(&data),
                                         .signature = pk_view_of(&enrollment->signature->signature),
                                     },
                                     &proof);
    if (status != PK_OK)
        return status;
    result->flags = proof.flags;
    result->sign_count = proof.sign_count;
    pk_authentication_result_clear(&proof);
    return PK_OK;
}

/*
 * Compares public keys, because credential ids are random: each account that has the key has
 * another id for it.
 */
enum pk_status sk_check_not_enrolled(struct store *store, const struct account *account,
                                     const char *application, struct pk_view public_key,
                                     char **ret_name)
{
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const struct credential *existing;
    enum pk_status status = store->verbs->list(store, &filter, &list);

    if (status != PK_OK)
        return status;
    existing = sk_find(application, public_key, &list);
    if (!existing)
        return PK_OK;
    status = pk_text_copy(existing->name, ret_name);
    return status == PK_OK ? PK_EXISTS : status;
}

enum pk_status sk_enrollment_verify(struct store *store, const struct ceremony *ceremony,
                                    const struct sk_enrollment *enrollment,
                                    struct pk_registration_result *ret, char **ret_name)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    enum pk_status status = sk_registration(enrollment->key, &result);

    if (status == PK_OK)
        status = check_requirements(&ceremony->requirements, &result);
    if (status == PK_OK && enrollment->signature)
        status = verify_possession(ceremony, enrollment, &result);
    if (status == PK_OK)
        status = sk_check_not_enrolled(store, &ceremony->account, enrollment->key->application,
                                       pk_view_of(&result.public_key), ret_name);
    if (status != PK_OK)
        return status;
    *ret = result;
    result = (struct pk_registration_result){0};
    return PK_OK;
}

static const struct {
    enum pk_status status;
    const char *text;
} texts[] = {
    {PK_RP_ID_MISMATCH, "Only keys whose application begins with \"ssh:\" can be enrolled."},
    {PK_ATTESTATION_UNTRUSTED,
     "Keys of a known make are wanted here; OpenSSH keys do not say what they are."},
    {PK_AAGUID_NOT_ALLOWED,
     "Only some makes of keys are allowed here; OpenSSH keys do not say theirs."},
    {PK_AAGUID_DENIED, "Keys that do not say what they are, are not allowed here."},
    {PK_RESIDENT_KEY_MISSING,
     "Passkeys that name the account are wanted here; OpenSSH keys cannot."},
    {PK_ALGORITHM_NOT_OFFERED, "Keys of this algorithm are not allowed here."},
    {PK_USER_NOT_VERIFIED, SK_MESSAGE_NOT_VERIFIED},
};

const char *sk_enrollment_message(enum pk_status why)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == why)
            return texts[i].text;
    return pk_message_outcome(why);
}
