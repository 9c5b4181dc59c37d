/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/verify/verify_and_commit.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/webauthn/crypto.h"
#include "daemon/accounts/account.h"
#include "daemon/verify/forwarded.h"

#include <string.h>

#define NAMES_TRIED 100 /* "blue", "blue 2", … */

void verified_clear(struct verified *verified)
{
    credential_clear(&verified->credential);
    pk_authentication_result_clear(&verified->result);
}

/* --- authentication --------------------------------------------------------------------------- */

/* The account that holds the credential must be the one the ceremony is about, and still be it. */
static enum pk_status judge_account(const struct ceremony *ceremony, const struct account *account)
{
    if (ceremony->account.name) {
        if (strcmp(account->name, ceremony->account.name) != 0 ||
            account->uid != ceremony->account.uid)
            return PK_CREDENTIAL_NOT_ALLOWED;
    } else if (ceremony->owner != 0 && account->uid != ceremony->owner) {
        return PK_CREDENTIAL_NOT_ALLOWED; /* an unprivileged caller may only end as itself */
    }
    return ceremony->system_account ? system_account_check(account->name, account->uid) : PK_OK;
}

enum pk_status finish_find(struct daemon *daemon, const struct ceremony *ceremony,
                           struct pk_view credential_id, struct credential *ret)
{
    const struct credential_filter filter = {.rp = ceremony->account.rp,
                                             .credential_id = credential_id};
    AUTO_CREDENTIAL_LIST struct credential_list found = {0};
    enum pk_status status;

    if (credential_id.len == 0)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = daemon->store->verbs->list(daemon->store, &filter, &found);
    if (status)
        return status;
    if (found.count != 1)
        return PK_CREDENTIAL_NOT_ALLOWED;
    status = judge_account(ceremony, &found.items[0].account);
    if (status)
        return status;
    *ret = found.items[0];
    found.count = 0; /* moved */
    return PK_OK;
}

static enum pk_status write_use(struct daemon *daemon, const struct verified *verified)
{
    const struct credential_use use = {
        .sign_count = verified->result.sign_count,
        .backup_state = (verified->result.flags & PK_FLAG_BS) != 0,
        .user_verified = (verified->result.flags & PK_FLAG_UV) != 0,
        .when = daemon_now(),
    };

    return daemon->store->verbs->use(daemon->store, pk_view_of(&verified->credential.record.id),
                                     &use);
}

static void log_sign_in(const struct daemon *daemon, const struct ceremony *ceremony,
                        const struct verified *verified, enum pk_status status)
{
    const struct credential *credential = &verified->credential;
    const char *user = credential->account.name ? credential->account.name
                       : ceremony->account.name ? ceremony->account.name
                                                : "?";

    if (status == PK_OK)
        pk_log(LOG_NOTICE, "[%s] sign-in of %s (%s): ok, passkey \"%s\", %s%s, %s",
               ceremony->correlation, user, ceremony->account.rp, credential->name,
               verified->result.flags & PK_FLAG_UV ? "user verified" : "user present",
               verified->result.counter_regressed ? ", COUNTER WENT BACK" : "", ceremony->context);
    else
        pk_log(LOG_WARNING, "[%s] sign-in of %s (%s): refused, %s (%s)%s%s, %s",
               ceremony->correlation, user, ceremony->account.rp, pk_status_name(status),
               pk_status_clause(status), status == PK_STORAGE ? ": " : "",
               status == PK_STORAGE ? daemon->store->error : "", ceremony->context);
}

/* What an answer is verified by, once the credential it names is known. */
struct answer {
    const struct pk_assertion_answer *local;
    const uint8_t *client_data_hash; /* with local; NULL: of the local road's client data */
    const struct pk_authentication_response *response;
};

/* The helper falls back to the appid by itself; the authenticator data say which it was. */
static bool made_for_appid(const struct pk_requirements *requirements,
                           const struct pk_assertion_answer *answer)
{
    uint8_t hash[PK_HASH_SIZE];

    if (!requirements->appid || answer->authenticator_data.len < PK_HASH_SIZE)
        return false;
    pk_sha256(pk_view_string(requirements->appid), hash);
    return memcmp(hash, answer->authenticator_data.data, PK_HASH_SIZE) == 0;
}

static enum pk_status verify(const struct ceremony *ceremony, const struct answer *answer,
                             struct verified *verified)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    const struct pk_credential_record *record = &verified->credential.record;
    uint8_t local_hash[PK_HASH_SIZE];
    const uint8_t *hash = answer->client_data_hash;
    enum pk_status status = PK_OK;

    if (answer->response)
        return pk_authentication_response_verify(requirements, record, answer->response,
                                                 &verified->result);
    if (!hash) {
        hash = local_hash;
        status =
            context_local_client_data_hash(PK_AUTHENTICATION, pk_view_of(&requirements->challenge),
                                           requirements->rp_id, local_hash);
    }
    if (status)
        return status;
    return pk_authentication_verify(requirements, record, hash,
                                    &(struct pk_assertion){
                                        pk_view_of(&answer->local->credential_id),
                                        pk_view_of(&answer->local->authenticator_data),
                                        pk_view_of(&answer->local->signature),
                                        pk_view_of(&answer->local->user_handle),
                                        made_for_appid(requirements, answer->local),
                                    },
                                    &verified->result);
}

static enum pk_status finish_assertion(struct daemon *daemon, const struct ceremony *ceremony,
                                       struct pk_view credential_id, const struct answer *answer,
                                       struct verified *ret)
{
    AUTO_VERIFIED struct verified verified = {0};
    enum pk_status status = finish_find(daemon, ceremony, credential_id, &verified.credential);

    /* A credential made for another RP id is not what was asked for. */
    if (!status && strcmp(verified.credential.rp_id, ceremony->requirements.rp_id) != 0)
        status = PK_RP_ID_MISMATCH;
    if (!status)
        status = verify(ceremony, answer, &verified);
    if (!status)
        status = write_use(daemon, &verified);
    log_sign_in(daemon, ceremony, &verified, status);
    if (status)
        return status;
    *ret = verified;
    verified = (struct verified){0};
    return PK_OK;
}

enum pk_status finish_local_assertion(struct daemon *daemon, const struct ceremony *ceremony,
                                      const struct pk_assertion_answer *answer,
                                      struct verified *ret)
{
    return finish_assertion(daemon, ceremony, pk_view_of(&answer->credential_id),
                            &(struct answer){.local = answer}, ret);
}

enum pk_status finish_assertion_with(struct daemon *daemon, const struct ceremony *ceremony,
                                     const struct pk_assertion_answer *answer,
                                     const uint8_t client_data_hash[PK_HASH_SIZE],
                                     struct verified *ret)
{
    const struct answer given = {.local = answer, .client_data_hash = client_data_hash};

    return finish_assertion(daemon, ceremony, pk_view_of(&answer->credential_id), &given, ret);
}

enum pk_status finish_assertion_json(struct daemon *daemon, const struct ceremony *ceremony,
                                     struct pk_view json, struct verified *ret)
{
    struct pk_authentication_response response = {0};
    enum pk_status status = pk_authentication_response_parse(json, &response);

    if (status) {
        log_sign_in(daemon, ceremony, &(struct verified){0}, status);
        return status;
    }
    status = finish_assertion(daemon, ceremony, pk_view_of(&response.credential_id),
                              &(struct answer){.response = &response}, ret);
    pk_authentication_response_clear(&response);
    return status;
}

/* --- authentication over ssh ------------------------------------------------------------------ */

/* The RP id hash, which both sides know, and what the answer has behind it (WebAuthn 6.1). */
static enum pk_status compose_auth_data(const struct ceremony *ceremony,
                                        const struct pk_forward_answer *answer,
                                        struct pk_bytes *ret)
{
    struct pk_bytes data = {malloc(PK_HASH_SIZE + answer->auth_data.len),
                            PK_HASH_SIZE + answer->auth_data.len};

    if (!data.data)
        return PK_NO_MEMORY;
    pk_sha256(pk_view_string(ceremony->requirements.rp_id), data.data);
    if (answer->auth_data.len > 0)
        (void)memcpy(data.data + PK_HASH_SIZE, answer->auth_data.data, answer->auth_data.len);
    *ret = data;
    return PK_OK;
}

static enum pk_status verify_forwarded(const struct ceremony *ceremony,
                                       const struct pk_credential_record *record,
                                       const struct pk_forward_answer *answer,
                                       struct pk_authentication_result *ret)
{
    PK_AUTO_BYTES struct pk_bytes auth_data = {0};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = forwarded_client_data_hash(ceremony, answer, hash);

    if (!status)
        status = compose_auth_data(ceremony, answer, &auth_data);
    if (status)
        return status;
    return pk_authentication_verify(&ceremony->requirements, record, hash,
                                    &(struct pk_assertion){
                                        .credential_id = pk_view_of(&record->id),
                                        .authenticator_data = pk_view_of(&auth_data),
                                        .signature = pk_view_of(&answer->signature),
                                    },
                                    ret);
}

static void log_forwarded(const struct ceremony *ceremony,
                          const struct forwarded_assertion *forwarded, enum pk_status status)
{
    enum pk_status truth = forwarded->decoys ? forwarded->why_decoys : status;

    pk_log(LOG_WARNING, "[%s] sign-in of %s (%s): refused, %s (%s)%s%s, over ssh, %s",
           ceremony->correlation, ceremony->account.name, ceremony->account.rp,
           pk_status_name(truth), pk_status_clause(truth), truth != status ? "; the answer: " : "",
           truth != status ? pk_status_name(status) : "", ceremony->context);
}

/*
 * Everything that is done for a passkey is done for a decoy: it is looked for in the store, where
 * it is not, and its account among the system's.
 */
static enum pk_status refuse_decoy(struct daemon *daemon, const struct ceremony *ceremony,
                                   const struct credential *decoy,
                                   const struct pk_forward_answer *answer)
{
    AUTO_VERIFIED struct verified verified = {0};
    enum pk_status status =
        finish_find(daemon, ceremony, pk_view_of(&decoy->record.id), &verified.credential);

    if (status != PK_CREDENTIAL_NOT_ALLOWED)
        return status ? status : PK_INTERNAL;
    if (ceremony->system_account &&
        system_account_check(ceremony->account.name, ceremony->account.uid) == PK_UNAVAILABLE)
        return PK_UNAVAILABLE;
    status = verify_forwarded(ceremony, &decoy->record, answer, &verified.result);
    return status ? status : PK_INTERNAL; /* a signature by a key that nobody has */
}

static enum pk_status judge_forwarded(struct daemon *daemon, const struct ceremony *ceremony,
                                      const struct forwarded_assertion *forwarded,
                                      struct verified *verified)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    const struct pk_forward_answer *answer = forwarded->answer;
    enum pk_status status;

    if (!answer)
        return forwarded->malformed ? forwarded->malformed : PK_INTERNAL;
    if (answer->credential >= requirements->credential_count)
        return PK_CREDENTIAL_NOT_ALLOWED;
    if (forwarded->decoys)
        return refuse_decoy(daemon, ceremony, &forwarded->decoys->items[answer->credential],
                            answer);
    status =
        finish_find(daemon, ceremony, pk_view_of(&requirements->credentials[answer->credential].id),
                    &verified->credential);
    if (!status && strcmp(verified->credential.rp_id, requirements->rp_id) != 0)
        status = PK_RP_ID_MISMATCH;
    if (!status)
        status =
            verify_forwarded(ceremony, &verified->credential.record, answer, &verified->result);
    return status ? status : write_use(daemon, verified);
}

enum pk_status finish_forwarded_assertion(struct daemon *daemon, const struct ceremony *ceremony,
                                          const struct forwarded_assertion *forwarded,
                                          struct verified *ret)
{
    AUTO_VERIFIED struct verified verified = {0};
    enum pk_status status = judge_forwarded(daemon, ceremony, forwarded, &verified);

    if (!status && forwarded->decoys)
        status = PK_INTERNAL;
    if (status == PK_OK || status == PK_STORAGE)
        log_sign_in(daemon, ceremony, &verified, status);
    else
        log_forwarded(ceremony, forwarded, status);
    if (status)
        return status;
    *ret = verified;
    verified = (struct verified){0};
    return PK_OK;
}

/* --- registration ----------------------------------------------------------------------------- */

static enum pk_status copy_text(const char *text, char **ret)
{
    *ret = strdup(text);
    return *ret ? PK_OK : PK_NO_MEMORY;
}

static enum pk_status copy_account(const struct account *account, struct account *ret)
{
    enum pk_status status = copy_text(account->rp, &ret->rp);

    ret->uid = account->uid;
    if (!status)
        status = copy_text(account->name, &ret->name);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&account->user_handle), &ret->user_handle);
    return status;
}

/* The new row, all but its name. */
static enum pk_status make_credential(const struct ceremony *ceremony,
                                      const struct pk_registration_result *result,
                                      struct credential *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    enum pk_status status = copy_account(&ceremony->account, &ret->account);

    ret->record.sign_count = result->sign_count;
    ret->record.backup_eligible = (result->flags & PK_FLAG_BE) != 0;
    ret->record.backup_state = (result->flags & PK_FLAG_BS) != 0;
    ret->record.payment = requirements->payment;
    ret->algorithm = result->algorithm;
    ret->transports = result->transports;
    ret->discoverable = result->extensions.has_cred_props
                            ? result->extensions.resident_key
                            : requirements->resident_key == PK_REQUIRED;
    ret->user_verified = (result->flags & PK_FLAG_UV) != 0;
    ret->created = daemon_now();
    (void)memcpy(ret->aaguid, result->aaguid, PK_AAGUID_SIZE);
    if (!status)
        status = copy_text(requirements->rp_id, &ret->rp_id);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&result->credential_id), &ret->record.id);
    if (!status)
        status = pk_bytes_copy(pk_view_of(&result->public_key), &ret->record.public_key);
    if (!status)
        status =
            pk_bytes_copy(pk_view_of(&ceremony->account.user_handle), &ret->record.user_handle);
    if (!status)
        status = copy_text(result->format, &ret->format);
    if (!status)
        status =
            copy_text(pk_attestation_type_name(result->attestation_type), &ret->attestation_type);
    if (!status)
        status = copy_text(pk_trust_name(result->trust), &ret->trust);
    if (!status && requirements->instrument_display_name)
        status = copy_text(requirements->instrument_display_name, &ret->instrument_display_name);
    return status;
}

static bool name_taken(const struct credential_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    return false;
}

/* The name that was asked for as it is; one that was not, with a number if need be. */
static enum pk_status choose_name(struct daemon *daemon, const struct ceremony *ceremony,
                                  const char *fallback, char **ret)
{
    const struct account *account = &ceremony->account;
    const struct credential_filter filter = {
        .rp = account->rp, .account_name = account->name, .uid = &account->uid};
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    PK_AUTO_FREE char *base = NULL;
    enum pk_status status;

    if (ceremony->credential_name)
        return copy_text(ceremony->credential_name, ret);
    base = pk_text_printable(fallback, PK_CREDENTIAL_NAME_MAX - 4);
    status = base ? daemon->store->verbs->list(daemon->store, &filter, &list) : PK_NO_MEMORY;
    if (status)
        return status;
    for (unsigned i = 1; i <= NAMES_TRIED; i++) {
        char *name = i == 1 ? strdup(base) : pk_text_format("%s %u", base, i);

        if (!name)
            return PK_NO_MEMORY;
        if (!name_taken(&list, name)) {
            *ret = name;
            return PK_OK;
        }
        free(name);
    }
    return PK_LIMIT_EXCEEDED;
}

/* What the signature that came with it was evidence of; one that is imported brings none. */
static const char *presence(uint8_t flags)
{
    if (flags & PK_FLAG_UV)
        return "user verified";
    return flags & PK_FLAG_UP ? "user present" : "imported";
}

static void log_registration(const struct daemon *daemon, const struct ceremony *ceremony,
                             const struct credential *credential, uint8_t flags,
                             enum pk_status status)
{
    if (status == PK_OK)
        pk_log(LOG_NOTICE, "[%s] enrolment for %s (%s): ok, passkey \"%s\", %s%s, %s",
               ceremony->correlation, ceremony->account.name, ceremony->account.rp,
               credential->name, presence(flags), ceremony->ticket.len ? ", by ticket" : "",
               ceremony->context);
    else
        pk_log(LOG_WARNING, "[%s] enrolment for %s (%s): refused, %s (%s)%s%s, %s",
               ceremony->correlation, ceremony->account.name, ceremony->account.rp,
               pk_status_name(status), pk_status_clause(status), status == PK_STORAGE ? ": " : "",
               status == PK_STORAGE ? daemon->store->error : "", ceremony->context);
}

/* The row is written only if verification said PK_OK. */
enum pk_status finish_verified_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                            enum pk_status verified,
                                            struct pk_registration_result *result, const char *name,
                                            struct credential *ret)
{
    struct credential credential = {0};
    enum pk_status status = verified;

    /* The account must still be what it was when the ceremony began. */
    if (!status && ceremony->system_account)
        status = system_account_check(ceremony->account.name, ceremony->account.uid);
    if (!status)
        status = make_credential(ceremony, result, &credential);
    if (!status)
        status = choose_name(daemon, ceremony, name, &credential.name);
    if (!status)
        status = daemon->store->verbs->insert(daemon->store, &credential, ceremony->max_credentials,
                                              pk_view_of(&ceremony->ticket));
    log_registration(daemon, ceremony, &credential, result->flags, status);
    pk_registration_result_clear(result);
    if (status)
        credential_clear(&credential);
    else
        *ret = credential;
    return status;
}

/* What only the client knows: the helper or passkey-askpass, as a browser elsewhere. */
static void take_clients_word(unsigned transports, bool discoverable,
                              struct pk_registration_result *result)
{
    result->transports = transports;
    result->extensions.has_cred_props = true;
    result->extensions.resident_key = discoverable;
}

enum pk_status finish_local_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                         const struct pk_credential_answer *answer,
                                         const char *name, struct credential *ret)
{
    const struct pk_requirements *requirements = &ceremony->requirements;
    struct pk_registration_result result = {0};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = context_local_client_data_hash(
        PK_REGISTRATION, pk_view_of(&requirements->challenge), requirements->rp_id, hash);

    if (!status)
        status = pk_registration_verify(requirements, hash, pk_view_of(&answer->attestation_object),
                                        &result);
    if (!status)
        take_clients_word(answer->transports, answer->discoverable, &result);
    return finish_verified_registration(daemon, ceremony, status, &result, name, ret);
}

enum pk_status finish_forwarded_registration(struct daemon *daemon, const struct ceremony *ceremony,
                                             enum pk_status malformed,
                                             const struct pk_forward_answer *answer,
                                             const char *name, struct credential *ret)
{
    struct pk_registration_result result = {0};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = malformed;

    if (!status)
        status = forwarded_client_data_hash(ceremony, answer, hash);
    if (!status)
        status = pk_registration_verify(&ceremony->requirements, hash,
                                        pk_view_of(&answer->attestation_object), &result);
    if (!status)
        take_clients_word(answer->transports, answer->discoverable, &result);
    return finish_verified_registration(daemon, ceremony, status, &result, name, ret);
}

enum pk_status finish_registration_json(struct daemon *daemon, const struct ceremony *ceremony,
                                        struct pk_view json, struct credential *ret)
{
    struct pk_registration_result result = {0};
    enum pk_status status = pk_registration_response_verify(&ceremony->requirements, json, &result);

    return finish_verified_registration(daemon, ceremony, status, &result, "passkey", ret);
}
