/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/foreign_enrollment.h"

#include "common/base/io.h"
#include "common/keys/messages.h"
#include "common/webauthn/credential_policy.h"
#include "daemon/config/domain.h"
#include "daemon/verify/sk_credential.h"
#include "daemon/verify/sk_enrollment.h"

#include <string.h>

#define RANDOM_ID_SIZE 32

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

const char *foreign_rp_id_problem(const char *source, const char *rp_id)
{
    enum domain_kind kind;

    if (!rp_id || strlen(rp_id) > PK_RP_ID_MAX || !is_printable(rp_id))
        return "the RP id that it was made for is needed, at most 253 printable characters of "
               "ASCII";
    if (strcmp(source, "pam-u2f") == 0)
        return sk_is_ssh(rp_id) || (strncmp(rp_id, FOREIGN_PAM_PREFIX, 6) == 0 && rp_id[6])
                   ? NULL
                   : "the RP id of pam_u2f's credentials begins with \"pam://\": it is the "
                     "module's "
                     "option origin= or, without one, pam:// and the host's name";
    kind = domain_examine(rp_id);
    return kind == DOMAIN_USABLE || kind == DOMAIN_GENERATED
               ? NULL
               : "the RP id of sssd's credentials is the name of its domain, such as "
                 "ipa.example.org";
}

/* The result of a registration that attested nothing. */
static enum pk_status make_result(const struct pk_foreign_key *key,
                                  struct pk_registration_result *ret)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        .format = "none",
        .attestation_type = PK_ATTESTATION_TYPE_NONE,
        .trust = PK_TRUST_UNKNOWN,
        .algorithm = key->algorithm,
        .extensions = {.has_cred_props = true, .resident_key = key->id.len == 0},
    };
    uint8_t random[RANDOM_ID_SIZE];
    struct pk_view id = pk_view_of(&key->id);
    enum pk_status status;

    if (id.len == 0) {
        pk_random(random, sizeof(random));
        id = (struct pk_view){random, sizeof(random)};
    }
    status = pk_bytes_copy(id, &result.credential_id);
    if (status == PK_OK)
        status = pk_bytes_copy(pk_view_of(&key->public_key), &result.public_key);
    if (status != PK_OK)
        return status;
    *ret = result;
    result = (struct pk_registration_result){0};
    return PK_OK;
}

/* One id is of one account: to sign in, it alone says whose the credential is. */
static enum pk_status check_id_is_free(struct store *store, struct pk_view id)
{
    const struct credential_filter filter = {.credential_id = id};
    size_t count = 0;
    enum pk_status status = store->verbs->count(store, &filter, &count);

    return status == PK_OK && count > 0 ? PK_EXISTS : status;
}

enum pk_status foreign_enrollment_verify(struct store *store, const struct ceremony *ceremony,
                                         const struct foreign_enrollment *enrollment,
                                         struct pk_registration_result *ret, char **ret_name)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    enum pk_status status = make_result(enrollment->key, &result);

    if (status == PK_OK)
        status = pk_requirements_check_credential(
            &ceremony->requirements, &(struct pk_credential_claims){
                                         .algorithm = result.algorithm,
                                         .trust = result.trust,
                                         .never_discoverable = enrollment->key->id.len > 0,
                                     });
    if (status == PK_OK)
        status = sk_check_not_enrolled(store, &ceremony->account, enrollment->rp_id,
                                       pk_view_of(&result.public_key), ret_name);
    if (status == PK_OK)
        status = check_id_is_free(store, pk_view_of(&result.credential_id));
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
    {PK_ATTESTATION_UNTRUSTED,
     "Keys of a known make are wanted here; imported credentials do not say what they are."},
    {PK_AAGUID_NOT_ALLOWED,
     "Only some makes of keys are allowed here; imported credentials do not say theirs."},
    {PK_AAGUID_DENIED, "Keys that do not say what they are, are not allowed here."},
    {PK_RESIDENT_KEY_MISSING,
     "Passkeys that name the account are wanted here; this one is not known to."},
    {PK_ALGORITHM_NOT_OFFERED, "Keys of this algorithm are not allowed here."},
    {PK_EXISTS, "Another account has this credential already, and one credential signs in to one "
                "account; enrol the key for this account."},
};

const char *foreign_enrollment_message(enum pk_status why)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == why)
            return texts[i].text;
    return pk_message_outcome(why);
}
