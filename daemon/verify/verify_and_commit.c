/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/verify_and_commit.h"

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/webauthn/providers.h"
#include "daemon/accounts/account.h"
#include "daemon/accounts/log_names.h"
#include "daemon/accounts/recovery_codes.h"
#include "daemon/verify/credential.h"
#include "daemon/verify/foreign_enrollment.h"
#include "daemon/verify/sk_enrollment.h"

#include <string.h>

/* --- approvals -------------------------------------------------------------------------------- */

enum evidence {
    EVIDENCE_ASSERTION,
    EVIDENCE_RECOVERY_CODE,
    EVIDENCE_NEW_CREDENTIAL,
};

/* Defined only here, so that no other file can create one or read its members. */
struct approval {
    enum evidence evidence;
    char correlation[PK_CORRELATION_SIZE];
    struct credential credential; /* for a recovery code, its account only */
    struct pk_bytes random_id;    /* in the store, where the id was not known; or empty */
    struct pk_authentication_result result;
    uint8_t flags;     /* flags of a new credential's authenticator data */
    bool by_ticket;    /* a new credential that a ticket allowed */
    size_t codes_left; /* unused recovery codes that remain */
};

enum pk_ceremony approval_ceremony(const struct approval *approval)
{
    return approval->evidence == EVIDENCE_NEW_CREDENTIAL ? PK_REGISTRATION : PK_AUTHENTICATION;
}

const char *approval_correlation(const struct approval *approval)
{
    return approval->correlation;
}

const struct account *approval_account(const struct approval *approval)
{
    return &approval->credential.account;
}

const struct credential *approval_credential(const struct approval *approval)
{
    return approval->evidence == EVIDENCE_RECOVERY_CODE ? NULL : &approval->credential;
}

const struct pk_authentication_result *approval_result(const struct approval *approval)
{
    return approval->evidence == EVIDENCE_ASSERTION ? &approval->result : NULL;
}

/* What the signature proved; an imported key has none. */
static const char *presence(uint8_t flags)
{
    if (flags & PK_FLAG_UV)
        return "user verified";
    return flags & PK_FLAG_UP ? "user present" : "imported";
}

char *approval_describe(const struct approval *approval)
{
    const struct account *account = &approval->credential.account;
    PK_AUTO_FREE char *user = log_name(account->name);
    PK_AUTO_FREE char *passkey = NULL;

    if (!user)
        return NULL;
    if (approval->evidence == EVIDENCE_RECOVERY_CODE)
        return pk_text_format("RECOVERY CODE of %s (%s) USED instead of a passkey; %zu left", user,
                              account->rp, approval->codes_left);
    passkey = log_credential(&approval->credential);
    if (!passkey)
        return NULL;
    if (approval->evidence == EVIDENCE_NEW_CREDENTIAL)
        return pk_text_format("passkey %s, %s%s", passkey, presence(approval->flags),
                              approval->by_ticket ? ", by ticket" : "");
    return pk_text_format("passkey %s, %s%s", passkey,
                          presence(approval->result.flags | PK_FLAG_UP),
                          approval->result.counter_regressed ? ", COUNTER WENT BACK" : "");
}

void approval_free(struct approval *approval)
{
    credential_clear(&approval->credential);
    pk_bytes_clear(&approval->random_id);
    pk_authentication_result_clear(&approval->result);
    free(approval);
}

static struct approval *approval_new(enum evidence evidence, const char *correlation)
{
    struct approval *approval = calloc(1, sizeof(*approval));

    if (!approval)
        return NULL;
    approval->evidence = evidence;
    (void)snprintf(approval->correlation, sizeof(approval->correlation), "%s", correlation);
    return approval;
}

/* --- verdicts --------------------------------------------------------------------------------- */

struct verdict verdict_refused(enum pk_status status)
{
    struct verdict verdict = {.status = status == PK_OK ? PK_INTERNAL : status,
                              .account = {.uid = PK_NO_UID}};

    if (status == PK_STORAGE)
        (void)snprintf(verdict.store_error, sizeof(verdict.store_error), "%s", store_error());
    return verdict;
}

/* The account is for the log only, so it is left out when memory is short. */
static struct verdict refused_of(enum pk_status status, const struct account *account)
{
    struct verdict verdict = verdict_refused(status);

    if (account->name && account_copy(account, &verdict.account))
        account_clear(&verdict.account);
    return verdict;
}

static struct verdict approved(struct approval *approval)
{
    return (struct verdict){.status = PK_OK, .approval = approval, .account = {.uid = PK_NO_UID}};
}

void verdict_clear(struct verdict *verdict)
{
    if (verdict->approval)
        approval_free(pk_steal(verdict->approval));
    account_clear(&verdict->account);
    free(pk_steal(verdict->name));
    pk_bytes_clear(&verdict->credential_id);
}

/* --- authentication --------------------------------------------------------------------------- */

static enum pk_status write_use(struct store *store, const struct approval *approval)
{
    const struct pk_bytes *id = &approval->credential.record.id;
    struct credential_use use = {
        .sign_count = approval->result.sign_count,
        .backup_state = (approval->result.flags & PK_FLAG_BS) != 0,
        .user_verified = (approval->result.flags & PK_FLAG_UV) != 0,
        .when = pk_clock_now(),
    };
    enum pk_status status;

    if (approval->random_id.len == 0)
        return store->verbs->use(store, pk_view_of(id), &use);
    use.found_id = pk_view_of(id);
    status = store->verbs->use(store, pk_view_of(&approval->random_id), &use);
    if (status != PK_EXISTS)
        return status;
    /* Another account has the credential as well, and its id: it is looked for the next time too.
     */
    use.found_id = (struct pk_view){0};
    return store->verbs->use(store, pk_view_of(&approval->random_id), &use);
}

/* One of the two forms of an answer; verified once the credential that it names has been found. */
struct answer {
    struct pk_view credential_id;
    const uint8_t *client_data_hash; /* with assertion */
    const struct pk_assertion *assertion;
    const struct pk_authentication_response *response;
};

static enum pk_status verify(const struct ceremony *ceremony, const struct answer *answer,
                             struct approval *approval)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    const struct pk_credential_record *record = &approval->credential.record;

    /* A credential of another RP id was not requested. */
    if (strcmp(approval->credential.rp_id, requirements->rp_id) != 0)
        return PK_RP_ID_MISMATCH;
    if (answer->response)
        return pk_authentication_response_verify(requirements, record, answer->response,
                                                 &approval->result);
    return pk_authentication_verify(requirements, record, answer->client_data_hash,
                                    answer->assertion, &approval->result);
}

/*
 * The answer to a ceremony that lists no credentials: the one whose key verifies it. It has the
 * id of the answer from then on.
 */
static enum pk_status verify_unlisted(struct store *store, const struct ceremony *ceremony,
                                      const struct answer *answer, struct approval *approval)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    enum pk_status status = PK_OK;

    if (ceremony->requirements.credential_count > 0 || !answer->assertion)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = credentials_of_unknown_id(store, ceremony, &list);
    if (status == PK_OK && list.count == 0)
        status = PK_CREDENTIAL_NOT_ALLOWED;
    for (size_t i = 0; i < list.count; i++) {
        credential_clear(&approval->credential);
        pk_bytes_clear(&approval->random_id);
        approval->credential = list.items[i];
        list.items[i] = (struct credential){.account.uid = PK_NO_UID}; /* moved */
        approval->random_id = approval->credential.record.id;
        approval->credential.record.id = (struct pk_bytes){0};
        status = pk_bytes_copy(answer->credential_id, &approval->credential.record.id);
        if (status == PK_OK)
            status = verify(ceremony, answer, approval);
        /* That the user is to be verified for one of them is asked before whose signature it is. */
        if (status != PK_SIGNATURE_INVALID && status != PK_SIGNATURE_MALFORMED &&
            status != PK_USER_NOT_VERIFIED)
            break;
    }
    return status;
}

static struct verdict judge(struct store *store, const struct ceremony *ceremony,
                            const struct answer *answer)
{
    PK_CLEANUP(approval_free)
    struct approval *approval = approval_new(EVIDENCE_ASSERTION, ceremony->correlation);
    enum pk_status status;

    if (!approval)
        return verdict_refused(PK_NO_MEMORY);
    status = credential_find(store, ceremony, answer->credential_id, &approval->credential);
    if (status == PK_OK)
        status = verify(ceremony, answer, approval);
    else if (status == PK_CREDENTIAL_NOT_ALLOWED)
        status = verify_unlisted(store, ceremony, answer, approval);
    if (status == PK_OK)
        status = write_use(store, approval);
    if (status != PK_OK)
        return refused_of(status, &approval->credential.account);
    return approved(pk_steal(approval));
}

struct verdict verify_and_commit_assertion(struct store *store, const struct ceremony *ceremony,
                                           const uint8_t client_data_hash[PK_HASH_SIZE],
                                           const struct pk_assertion *assertion)
{
    return judge(store, ceremony,
                 &(struct answer){
                     .credential_id = assertion->credential_id,
                     .client_data_hash = client_data_hash,
                     .assertion = assertion,
                 });
}

struct verdict verify_and_commit_response(struct store *store, const struct ceremony *ceremony,
                                          struct pk_view json)
{
    struct pk_authentication_response response = {0};
    enum pk_status status = pk_authentication_response_parse(json, &response);
    struct verdict verdict;

    if (status != PK_OK)
        return verdict_refused(status);
    verdict = judge(store, ceremony,
                    &(struct answer){
                        .credential_id = pk_view_of(&response.credential_id),
                        .response = &response,
                    });
    pk_authentication_response_clear(&response);
    return verdict;
}

struct verdict verify_and_commit_recovery_code(struct store *store, const char *correlation,
                                               const struct account *account,
                                               const struct pk_secret *typed)
{
    PK_CLEANUP(approval_free)
    struct approval *approval = approval_new(EVIDENCE_RECOVERY_CODE, correlation);
    struct verdict verdict;
    bool used;
    enum pk_status status;

    if (!approval)
        return verdict_refused(PK_NO_MEMORY);
    status = account_copy(account, &approval->credential.account);
    if (status == PK_OK)
        status = recovery_code_use(store, account, typed);
    used = status == PK_OK;
    if (status == PK_OK && account->uid != PK_NO_UID)
        status = system_account_check(account->name, account->uid);
    if (status != PK_OK) {
        verdict = refused_of(status, account);
        verdict.code_used = used;
        return verdict;
    }
    if (recovery_codes_left(store, account, &approval->codes_left) != PK_OK)
        approval->codes_left = 0;
    return approved(pk_steal(approval));
}

/* --- registration ----------------------------------------------------------------------------- */

/* What the credential is made of; its result must have been verified. Borrowed. */
struct made {
    const struct pk_registration_result *result;
    const char *rp_id; /* the one it was made for */
    const char *fallback_name;
    const char *imported; /* where from; NULL: it is none */
    bool verification;    /* as of struct pk_credential_record */
    bool id_unknown;
    bool dry_run; /* nothing is written: the verdict's name is what it would be called */
};

/* By the store itself, or in the account's own name. */
static enum pk_status insert(struct store *store, const struct ceremony *ceremony,
                             const struct credential *credential)
{
    struct pk_view ticket = pk_view_of(&ceremony->ticket);

    return ceremony->directory
               ? store->verbs->insert_as(store, credential, ceremony->max_credentials, ticket,
                                         &ceremony->password)
               : store->verbs->insert(store, credential, ceremony->max_credentials, ticket);
}

static struct verdict not_inserted(const struct ceremony *ceremony, enum pk_status status)
{
    struct verdict verdict = verdict_refused(status);

    if (ceremony->directory && (status == PK_DENIED || status == PK_PASSWORD_REFUSED))
        (void)snprintf(verdict.store_error, sizeof(verdict.store_error), "%s", store_error());
    return verdict;
}

/* Stores the credential, which must have been verified. Takes the approval. */
static struct verdict store_new(struct store *store, const struct ceremony *ceremony,
                                struct approval *approval, const struct made *made)
{
    struct credential *credential = &approval->credential;
    enum pk_status status =
        credential_choose_name(store, ceremony, made->fallback_name, &credential->name);

    if (status == PK_OK && made->dry_run) {
        struct verdict verdict = {.status = PK_OK, .account = {.uid = PK_NO_UID}};

        verdict.name = pk_steal(credential->name);
        approval_free(approval);
        return verdict;
    }
    if (status == PK_OK)
        status = insert(store, ceremony, credential);
    if (status != PK_OK) {
        approval_free(approval);
        return not_inserted(ceremony, status);
    }
    return approved(approval);
}

/* Makes and stores the credential. */
static struct verdict commit(struct store *store, const struct ceremony *ceremony,
                             const struct made *made)
{
    PK_CLEANUP(approval_free)
    struct approval *approval = approval_new(EVIDENCE_NEW_CREDENTIAL, ceremony->correlation);
    enum pk_status status = approval ? PK_OK : PK_NO_MEMORY;

    /* The account must be the same as when the ceremony began. */
    if (status == PK_OK && ceremony->system_account)
        status = system_account_check(ceremony->account.name, ceremony->account.uid);
    if (status == PK_OK)
        status = credential_new(ceremony, made->rp_id, made->result, &approval->credential);
    if (status == PK_OK)
        status = pk_text_copy(made->imported, &approval->credential.imported);
    if (status != PK_OK)
        return verdict_refused(status);
    approval->credential.record.verification = made->verification;
    approval->credential.id_unknown = made->id_unknown;
    approval->flags = made->result->flags;
    approval->by_ticket = ceremony->ticket.len > 0;
    return store_new(store, ceremony, pk_steal(approval), made);
}

static enum pk_status verify_attestation(const struct ceremony *ceremony,
                                         const struct attestation *attestation,
                                         struct pk_registration_result *result)
{
    enum pk_status status = pk_registration_verify(
        &ceremony->requirements, attestation->client_data_hash, attestation->object, result);

    if (status != PK_OK)
        return status;
    result->transports = attestation->transports;
    result->extensions.has_cred_props = true;
    result->extensions.resident_key = attestation->discoverable;
    if (attestation->hidden) /* whatever it said */
        result->extensions.cred_protect = PK_CRED_PROTECT_MAX;
    return PK_OK;
}

/* By the credential as it would be stored. */
static enum pk_status verify_trial(const struct ceremony *ceremony,
                                   const struct pk_registration_result *made,
                                   const struct trial *trial)
{
    AUTO_CREDENTIAL struct credential credential = {.account.uid = PK_NO_UID};
    struct pk_authentication_result result = {0};
    enum pk_status status =
        credential_new(ceremony, ceremony->requirements.rp_id, made, &credential);

    if (status == PK_OK)
        status = pk_authentication_verify(&trial->ceremony->requirements, &credential.record,
                                          trial->client_data_hash, trial->assertion, &result);
    pk_authentication_result_clear(&result);
    return status;
}

/* trial NULL: none is asked for. */
static struct verdict verify_and_commit(struct store *store, const struct ceremony *ceremony,
                                        const struct attestation *attestation,
                                        const struct trial *trial)
{
    struct pk_registration_result result = {0};
    struct verdict verdict;
    enum pk_status status = verify_attestation(ceremony, attestation, &result);

    if (status == PK_OK && trial)
        status = verify_trial(ceremony, &result, trial);
    if (status == PK_OK)
        verdict = commit(store, ceremony,
                         &(struct made){.result = &result,
                                        .rp_id = ceremony->requirements.rp_id,
                                        .fallback_name = attestation->name});
    else
        verdict = verdict_refused(status);
    pk_registration_result_clear(&result);
    return verdict;
}

struct verdict verify_and_commit_attestation(struct store *store, const struct ceremony *ceremony,
                                             const struct attestation *attestation)
{
    return verify_and_commit(store, ceremony, attestation, NULL);
}

struct verdict verify_and_commit_tried(struct store *store, const struct ceremony *ceremony,
                                       const struct attestation *attestation,
                                       const struct trial *trial)
{
    return verify_and_commit(store, ceremony, attestation, trial);
}

struct verdict verify_attestation_only(const struct ceremony *ceremony,
                                       const struct attestation *attestation)
{
    struct pk_registration_result result = {0};
    struct verdict verdict = {.account = {.uid = PK_NO_UID}};

    verdict.status = verify_attestation(ceremony, attestation, &result);
    if (verdict.status == PK_OK)
        verdict.status = pk_text_copy(pk_provider_name(result.aaguid), &verdict.name);
    if (verdict.status == PK_OK)
        verdict.status = pk_bytes_copy(pk_view_of(&result.credential_id), &verdict.credential_id);
    pk_registration_result_clear(&result);
    return verdict;
}

struct verdict verify_registration_only(const struct ceremony *ceremony, struct pk_view json)
{
    struct pk_registration_result result = {0};
    struct verdict verdict = {.account = {.uid = PK_NO_UID}};

    verdict.status = pk_registration_response_verify(&ceremony->requirements, json, &result);
    if (verdict.status == PK_OK)
        verdict.status = pk_text_copy(pk_provider_name(result.aaguid), &verdict.name);
    pk_registration_result_clear(&result);
    return verdict;
}

struct verdict verify_and_commit_registration(struct store *store, const struct ceremony *ceremony,
                                              struct pk_view json, const char *name)
{
    struct pk_registration_result result = {0};
    struct verdict verdict;
    enum pk_status status = pk_registration_response_verify(&ceremony->requirements, json, &result);

    if (status != PK_OK)
        return verdict_refused(status);
    verdict = commit(store, ceremony,
                     &(struct made){.result = &result,
                                    .rp_id = ceremony->requirements.rp_id,
                                    .fallback_name = name});
    pk_registration_result_clear(&result);
    return verdict;
}

struct verdict verify_and_commit_sk(struct store *store, const struct ceremony *ceremony,
                                    const struct sk_enrollment *enrollment)
{
    const char *name = enrollment->comment[0] ? enrollment->comment : "ssh key";
    struct pk_registration_result result = {0};
    struct verdict verdict;
    char *existing = NULL;
    enum pk_status status = sk_enrollment_verify(store, ceremony, enrollment, &result, &existing);

    if (status != PK_OK) {
        verdict = verdict_refused(status);
        verdict.name = existing;
        return verdict;
    }
    verdict = commit(store, ceremony,
                     &(struct made){.result = &result,
                                    .rp_id = enrollment->key->application,
                                    .fallback_name = name,
                                    .imported = enrollment->signature ? NULL : "ssh",
                                    .verification = enrollment->verification,
                                    .dry_run = enrollment->dry_run});
    pk_registration_result_clear(&result);
    return verdict;
}

struct verdict verify_and_commit_foreign(struct store *store, const struct ceremony *ceremony,
                                         const struct foreign_enrollment *enrollment)
{
    struct pk_registration_result result = {0};
    struct verdict verdict;
    char *existing = NULL;
    enum pk_status status =
        foreign_enrollment_verify(store, ceremony, enrollment, &result, &existing);

    if (status != PK_OK) {
        verdict = verdict_refused(status);
        verdict.name = existing;
        return verdict;
    }
    verdict = commit(store, ceremony,
                     &(struct made){.result = &result,
                                    .rp_id = enrollment->rp_id,
                                    .fallback_name = enrollment->source,
                                    .imported = enrollment->source,
                                    .verification = enrollment->key->verification,
                                    .id_unknown = enrollment->key->id.len == 0,
                                    .dry_run = enrollment->dry_run});
    pk_registration_result_clear(&result);
    return verdict;
}
