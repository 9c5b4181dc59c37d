/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/verify.h"

#include "common/base/cbor.h"
#include "common/base/writer.h"
#include "common/webauthn/attestation.h"
#include "common/webauthn/authdata.h"
#include "common/webauthn/checks.h"
#include "common/webauthn/credential_policy.h"
#include "common/webauthn/extensions.h"
#include "common/webauthn/signature.h"

#include <string.h>

void pk_credential_record_clear(struct pk_credential_record *record)
{
    pk_bytes_clear(&record->id);
    pk_bytes_clear(&record->public_key);
    pk_bytes_clear(&record->user_handle);
    *record = (struct pk_credential_record){0};
}

void pk_registration_result_clear(struct pk_registration_result *result)
{
    pk_bytes_clear(&result->credential_id);
    pk_bytes_clear(&result->public_key);
    *result = (struct pk_registration_result){0};
}

void pk_authentication_result_clear(struct pk_authentication_result *result)
{
    pk_bytes_clear(&result->credential_id);
    pk_bytes_clear(&result->user_handle);
    *result = (struct pk_authentication_result){0};
}

/*@ requires is_string(rp_id) && readable(rp_id_hash);
    assigns rp_id_passed;
    ensures \result == PK_OK ==> rp_id_passed == rp_id; */
static enum pk_status check_rp_id(const char *rp_id, struct pk_view rp_id_hash)
{
    uint8_t hash[PK_HASH_SIZE];
    struct pk_view name = pk_view_string(rp_id), expected = {hash, sizeof(hash)};

    pk_sha256(name, hash);
    if (!pk_view_equal(expected, rp_id_hash))
        return PK_RP_ID_MISMATCH;
    /*@ ghost pass_rp_id(rp_id, name, expected, rp_id_hash); */
    return PK_OK;
}

/* UP, UV, and BS only with BE: WebAuthn 7.1 steps 15 to 17, 7.2 steps 16 to 18. */
/*@ requires \valid_read(requirements);
    assigns \nothing;
    ensures \result == PK_OK ==> (flags & PK_FLAG_UP) != 0 ||
      (requirements->ceremony == PK_REGISTRATION && requirements->conditional);
    ensures \result == PK_OK ==> requirements->user_verification == PK_REQUIRED ==>
      (flags & PK_FLAG_UV) != 0;
    ensures \result == PK_OK ==> (flags & PK_FLAG_BS) != 0 ==> (flags & PK_FLAG_BE) != 0; */
static enum pk_status check_flags(const struct pk_requirements *requirements, uint8_t flags)
{
    bool conditional = requirements->ceremony == PK_REGISTRATION && requirements->conditional;

    if (!(flags & PK_FLAG_UP) && !conditional)
        return PK_USER_NOT_PRESENT;
    if (!(flags & PK_FLAG_UV) && requirements->user_verification == PK_REQUIRED)
        return PK_USER_NOT_VERIFIED;
    if ((flags & PK_FLAG_BS) && !(flags & PK_FLAG_BE))
        return PK_BACKUP_STATE_INVALID;
    return PK_OK;
}

/* What attestations and assertions sign: authenticator data, then the hash of the client data. */
/*@ requires readable(auth_data) && auth_data.len <= PTRDIFF_MAX && \valid(ret);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> held(*ret) && composed(*ret, auth_data, client_data_hash);
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status compose_signed(struct pk_view auth_data,
                                     const uint8_t client_data_hash[PK_HASH_SIZE],
                                     struct pk_bytes *ret)
{
    uint8_t *data = malloc(auth_data.len + PK_HASH_SIZE);

    if (!data)
        return PK_NO_MEMORY;
    if (auth_data.len > 0)
        memcpy(data, auth_data.ptr, auth_data.len);
    memcpy(data + auth_data.len, client_data_hash, PK_HASH_SIZE);
    *ret = (struct pk_bytes){data, auth_data.len + PK_HASH_SIZE};
    return PK_OK;
}

struct attestation_object {
    struct pk_view format, statement, auth_data;
};

/* Its members, WebAuthn 6.5.4. */
static const char format_member[] = "fmt";
static const char statement_member[] = "attStmt";
static const char auth_data_member[] = "authData";

/*@ predicate piece_of(struct pk_view view, uint8_t *input) =
      readable(view) && (view.len > 0 ==> \base_addr(view.ptr) == \base_addr(input)); */
/*@ requires sound(reader) && piece_of(object.format, reader->ptr);
    requires piece_of(object.statement, reader->ptr) && piece_of(object.auth_data, reader->ptr);
    assigns *reader;
    ensures sound(reader) && \base_addr(reader->ptr) == \base_addr(\old(reader->ptr));
    ensures piece_of(\result.format, reader->ptr);
    ensures piece_of(\result.statement, reader->ptr);
    ensures piece_of(\result.auth_data, reader->ptr); */
static struct attestation_object with_member(struct pk_reader *reader,
                                             struct attestation_object object)
{
    struct pk_view name = pk_cbor_text(reader);

    /*@ assert \base_addr(reader->ptr) == \base_addr(\at(reader->ptr, Pre)); */
    if (pk_view_equal(name, pk_view_string(format_member)))
        object.format = pk_cbor_text(reader);
    else if (pk_view_equal(name, pk_view_string(statement_member)))
        object.statement = pk_cbor_item(reader);
    else if (pk_view_equal(name, pk_view_string(auth_data_member)))
        object.auth_data = pk_cbor_bytes(reader);
    else
        pk_reader_fail(reader, PK_ATTESTATION_OBJECT_MALFORMED);
    /*@ assert \base_addr(reader->ptr) == \base_addr(\at(reader->ptr, Pre)); */
    /*@ assert readable(object.auth_data); */
    return object;
}

/* The three members, each once (duplicates are no CBOR here), no others. */
/*@ requires readable(bytes) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> piece_of(ret->format, bytes.ptr);
    ensures \result == PK_OK ==> piece_of(ret->statement, bytes.ptr);
    ensures \result == PK_OK ==> piece_of(ret->auth_data, bytes.ptr);
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status parse_attestation_object(struct pk_view bytes, struct attestation_object *ret)
{
    struct pk_reader reader = pk_reader_new(bytes);
    struct attestation_object object = {0};
    enum pk_status status = pk_cbor_check(bytes);
    size_t pairs;

    if (status != PK_OK)
        return status;
    pairs = pk_cbor_map(&reader);
    /*@ loop invariant 0 <= i <= pairs;
        loop invariant sound(&reader);
        loop invariant \base_addr(reader.ptr) == \base_addr(bytes.ptr);
        loop invariant piece_of(object.format, bytes.ptr);
        loop invariant piece_of(object.statement, bytes.ptr);
        loop invariant piece_of(object.auth_data, bytes.ptr);
        loop assigns i, reader, object;
        loop variant pairs - i; */
    for (size_t i = 0; i < pairs && reader.status == PK_OK; i++)
        object = with_member(&reader, object);
    if (pk_reader_finish(&reader) != PK_OK || pairs != 3)
        return PK_ATTESTATION_OBJECT_MALFORMED;
    *ret = object;
    return PK_OK;
}

enum pk_status pk_registration_read(struct pk_view attestation_object,
                                    struct pk_view *ret_credential_id, bool *ret_hidden)
{
    static const struct pk_requirements nothing = {.ceremony = PK_REGISTRATION};
    struct pk_extension_results extensions = {0};
    struct attestation_object object;
    struct pk_auth_data data;
    enum pk_status status = parse_attestation_object(attestation_object, &object);

    if (status == PK_OK)
        status = pk_auth_data_parse(object.auth_data, &data);
    /*@ assert status == PK_OK ==> lent(data.credential_id, attestation_object); */
    if (status == PK_OK && !(data.flags & PK_FLAG_AT))
        status = PK_ATTESTED_DATA_MISSING;
    if (status == PK_OK)
        status = pk_extensions_read(&nothing, data.extensions, &extensions);
    if (status != PK_OK)
        return status;
    *ret_credential_id = data.credential_id;
    *ret_hidden = extensions.cred_protect == PK_CRED_PROTECT_MAX ||
                  (extensions.cred_protect == 0 && (data.flags & PK_FLAG_UV) != 0);
    return PK_OK;
}

/* WebAuthn 7.1 step 25, of what is known before the account is. */
/*@ requires demanded(requirements) && readable(id);
    assigns new_passed;
    ensures \result == PK_OK ==> new_passed == requirements; */
static enum pk_status check_not_registered(const struct pk_requirements *requirements,
                                           struct pk_view id)
{
    /*@ loop invariant 0 <= i <= requirements->credential_count;
        loop invariant \forall integer j; 0 <= j < i ==>
          !same_bytes(requirements->credentials[j].id, id);
        loop assigns i;
        loop variant requirements->credential_count - i; */
    for (size_t i = 0; i < requirements->credential_count; i++)
        if (pk_view_equal(pk_view_of(&requirements->credentials[i].id), id))
            return PK_CREDENTIAL_REGISTERED;
    /*@ ghost pass_new(requirements, id); */
    return PK_OK;
}

/* WebAuthn 7.1 steps 13 to 21. */
/*@ requires demanded(requirements) && requirements->ceremony == PK_REGISTRATION;
    requires \valid_read(data) && readable(data->rp_id_hash) && readable(data->extensions);
    requires \valid(extensions) && \separated(extensions, data, requirements);
    assigns *extensions, rp_id_passed;
    ensures \result == PK_OK ==> rp_id_passed == requirements->rp_id;
    ensures \result == PK_OK ==> created_flags(requirements, data->flags); */
static enum pk_status check_auth_data(const struct pk_requirements *requirements,
                                      const struct pk_auth_data *data,
                                      struct pk_extension_results *extensions)
{
    enum pk_status status = check_rp_id(requirements->rp_id, data->rp_id_hash);

    if (status == PK_OK)
        status = check_flags(requirements, data->flags);
    if (status == PK_OK && !(data->flags & PK_FLAG_AT))
        status = PK_ATTESTED_DATA_MISSING;
    /*@ assert status == PK_OK ==> created_flags(requirements, data->flags); */
    if (status == PK_OK)
        status = pk_extensions_read(requirements, data->extensions, extensions);
    return status;
}

/* The statement, over authenticator data and client data hash: WebAuthn 7.1 steps 21 to 24. */
/*@ requires demanded(requirements) && key != \null;
    requires \valid_read(object) && readable(object->format) && readable(object->statement);
    requires \valid_read(data) && readable(data->bytes) && data->bytes.len <= PK_AUTH_DATA_MAX;
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    requires \valid(ret) && \separated(ret, object, data, requirements);
    assigns *ret, attestation_passed, heap[..];
    ensures \result == PK_OK ==> attestation_passed == requirements; */
static enum pk_status attest(const struct pk_requirements *requirements,
                             const struct attestation_object *object,
                             const struct pk_auth_data *data, struct pk_public_key *key,
                             const uint8_t client_data_hash[PK_HASH_SIZE],
                             struct pk_attestation_result *ret)
{
    PK_AUTO_BYTES struct pk_bytes signed_data = {0};
    struct pk_attestation_subject subject = {
        .auth_data = data,
        .client_data_hash = {client_data_hash, PK_HASH_SIZE},
        .key = key,
        .time = requirements->time,
        .rs1_asked_for = pk_requirements_offer(requirements, PK_ALGORITHM_RS1),
    };
    enum pk_status status = compose_signed(data->bytes, client_data_hash, &signed_data);

    if (status != PK_OK)
        return status;
    subject.signed_data = pk_view_of(&signed_data);
    status = pk_attestation_verify(requirements, &subject, object->format, object->statement, ret);
    /*@ ghost
        if (status == PK_OK)
            pass_attestation(requirements, key, data, client_data_hash, signed_data,
                             subject.signed_data, object->format, object->statement); */
    return status;
}

/* The policy, which takes what is attested at its worth. */
/*@ requires demanded(requirements) && \valid_read(attestation) && readable(aaguid);
    requires offers(requirements, algorithm);
    assigns policy_passed;
    ensures \result == PK_OK ==> policy_passed == requirements;
    ensures \result == PK_OK ==> requirements->require_trusted_attestation ==>
      attestation->trust == PK_TRUST_YES; */
static enum pk_status check_policy(const struct pk_requirements *requirements, int32_t algorithm,
                                   struct pk_view aaguid,
                                   const struct pk_attestation_result *attestation)
{
    struct pk_credential_claims claims = {
        .algorithm = algorithm,
        .trust = attestation->trust,
        .aaguid = aaguid,
        .aaguid_attested = attestation->aaguid_attested,
    };
    enum pk_status status = pk_requirements_check_credential(requirements, &claims);

    /*@ ghost
        if (status == PK_OK)
            pass_policy(requirements, algorithm, attestation->trust, aaguid,
                        attestation->aaguid_attested); */
    return status;
}

/* What was made, what vouches for it, and that it is new: WebAuthn 7.1 steps 13 to 25. */
/*@ requires demanded(requirements) && requirements->ceremony == PK_REGISTRATION;
    requires \valid_read(object) && readable(object->format) && readable(object->statement);
    requires \valid_read(data) && borrowed(*data) && attested(*data);
    requires readable(data->bytes) && data->bytes.len <= PK_AUTH_DATA_MAX;
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    requires \valid(result) && \separated(result, object, data, requirements);
    requires \separated(data, &heap);
    assigns result->extensions, result->algorithm, result->attestation_type, result->trust;
    assigns rp_id_passed, algorithm_passed, attestation_passed, policy_passed, new_passed, heap[..];
    ensures \result == PK_OK ==> rp_id_passed == \old(requirements->rp_id);
    ensures \result == PK_OK ==> algorithm_passed == requirements;
    ensures \result == PK_OK ==> attestation_passed == requirements;
    ensures \result == PK_OK ==> policy_passed == requirements && new_passed == requirements;
    ensures \result == PK_OK ==> created_flags{Pre}(requirements, \old(data->flags));
    ensures \result == PK_OK ==> offers(requirements, result->algorithm);
    ensures \result == PK_OK ==> \old(requirements->require_trusted_attestation) ==>
      result->trust == PK_TRUST_YES; */
static enum pk_status check_created(const struct pk_requirements *requirements,
                                    const uint8_t client_data_hash[PK_HASH_SIZE],
                                    const struct attestation_object *object,
                                    const struct pk_auth_data *data,
                                    struct pk_registration_result *result)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    struct pk_attestation_result attestation;
    enum pk_status status = check_auth_data(requirements, data, &result->extensions);
    int32_t algorithm;

    if (status == PK_OK)
        status = pk_public_key_parse(data->public_key, &key);
    if (status != PK_OK)
        return status;
    /* WebAuthn 7.1 step 20, before the attestation is looked at. */
    algorithm = pk_public_key_algorithm(key)->number;
    if (!pk_requirements_offer(requirements, algorithm))
        return PK_ALGORITHM_NOT_OFFERED;
    /*@ ghost pass_algorithm(requirements, key, data->public_key, algorithm); */
    status = attest(requirements, object, data, key, client_data_hash, &attestation);
    if (status == PK_OK)
        status = check_policy(requirements, algorithm, data->aaguid, &attestation);
    if (status == PK_OK)
        status = check_not_registered(requirements, data->credential_id);
    if (status != PK_OK)
        return status;
    result->algorithm = algorithm;
    result->attestation_type = attestation.type;
    result->trust = attestation.trust;
    return PK_OK;
}

/*@ requires \valid_read(object) && readable(object->format);
    requires \valid_read(data) && readable(data->credential_id) && readable(data->public_key);
    requires readable(data->aaguid) && data->aaguid.len == PK_AAGUID_SIZE;
    requires \valid(result) && \separated(result, object, data) && \separated(data, &heap);
    requires \separated(result, &heap);
    assigns result->credential_id, result->public_key, result->aaguid[0 .. PK_AAGUID_SIZE - 1];
    assigns result->format[0 .. 32], result->sign_count, result->flags, heap[..];
    ensures \result == PK_OK ==> held(result->credential_id);
    ensures \result == PK_OK ==> result->credential_id.len == \old(data->credential_id.len);
    ensures \result == PK_OK ==> result->flags == \old(data->flags); */
static enum pk_status fill_result(const struct attestation_object *object,
                                  const struct pk_auth_data *data,
                                  struct pk_registration_result *result)
{
    enum pk_status status = pk_bytes_copy(data->credential_id, &result->credential_id);

    if (status == PK_OK)
        status = pk_bytes_copy(data->public_key, &result->public_key);
    /* Every format in the table fits. */
    if (status == PK_OK && object->format.len >= sizeof(result->format))
        status = PK_ATTESTATION_FORMAT_UNKNOWN;
    if (status != PK_OK)
        return status;
    /* No attested data, or a format without a name, was refused before: the pointers are set. */
    /* NOLINTBEGIN(clang-analyzer-core.NonNullParamChecker) */
    memcpy(result->aaguid, data->aaguid.ptr, PK_AAGUID_SIZE);
    memcpy(result->format, object->format.ptr, object->format.len);
    /* NOLINTEND(clang-analyzer-core.NonNullParamChecker) */
    result->sign_count = data->sign_count;
    result->flags = data->flags;
    return PK_OK;
}

enum pk_status pk_registration_verify(const struct pk_requirements *requirements,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      struct pk_view attestation_object,
                                      struct pk_registration_result *ret)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    struct attestation_object object;
    struct pk_auth_data data;
    enum pk_status status;

    /*@ ghost algorithm_passed = attestation_passed = policy_passed = new_passed = NULL;
        rp_id_passed = NULL; */
    if (requirements->ceremony != PK_REGISTRATION)
        return PK_INVALID_ARGUMENT;
    status = parse_attestation_object(attestation_object, &object);
    if (status == PK_OK)
        status = pk_auth_data_parse(object.auth_data, &data);
    if (status == PK_OK)
        status = check_created(requirements, client_data_hash, &object, &data, &result);
    if (status == PK_OK)
        status = fill_result(&object, &data, &result);
    if (status != PK_OK)
        return status;
    /*@ assert created_flags{Pre}(requirements, result.flags); */
    /*@ assert \at(requirements->require_trusted_attestation, Pre) ==>
          result.trust == PK_TRUST_YES; */
    /*@ assert offers{Pre}(requirements, result.algorithm); */
    /*@ assert held(result.credential_id); */
    /*@ assert 1 <= result.credential_id.len <= PK_CREDENTIAL_ID_MAX; */
    *ret = result;
    /*@ admit ret->algorithm == result.algorithm; */
    /*@ admit ret->credential_id == result.credential_id; */
    /*@ admit ret->credential_id.len == result.credential_id.len; */
    result = (struct pk_registration_result){0};
    return PK_OK;
}

/* WebAuthn 7.2 steps 5 and 6. */
/*@ requires demanded(requirements) && recorded(record) && answered(assertion);
    assigns credential_passed;
    ensures \result == PK_OK ==> credential_passed == record; */
static enum pk_status check_credential(const struct pk_requirements *requirements,
                                       const struct pk_credential_record *record,
                                       const struct pk_assertion *assertion)
{
    bool allowed = requirements->credential_count == 0;

    /*@ loop invariant 0 <= i <= requirements->credential_count;
        loop invariant allowed ==> allowed(requirements, assertion->credential_id);
        loop assigns i, allowed;
        loop variant requirements->credential_count - i; */
    for (size_t i = 0; i < requirements->credential_count && !allowed; i++)
        allowed =
            pk_view_equal(pk_view_of(&requirements->credentials[i].id), assertion->credential_id);
    if (!allowed)
        return PK_CREDENTIAL_NOT_ALLOWED;
    if (!pk_view_equal(pk_view_of(&record->id), assertion->credential_id))
        return PK_CREDENTIAL_ID_MISMATCH;
    /* Whom the challenge was made for, where that is known, must be the credential's owner. */
    if (requirements->user_handle.len > 0 &&
        !pk_view_equal(pk_view_of(&requirements->user_handle), pk_view_of(&record->user_handle)))
        return PK_USER_HANDLE_MISMATCH;
    if (assertion->user_handle.len == 0 && !requirements->user_identified_before)
        return PK_USER_HANDLE_MISSING;
    if (assertion->user_handle.len > 0 && record->user_handle.len > 0 && !record->foreign_handle &&
        !pk_view_equal(pk_view_of(&record->user_handle), assertion->user_handle))
        return PK_USER_HANDLE_MISMATCH;
    /*@ ghost pass_credential(requirements, record, assertion->credential_id,
                              assertion->user_handle); */
    return PK_OK;
}

/*
 * WebAuthn 7.2 steps 15 to 19. Attested credential data, which some authenticators repeat here, was
 * well formed and says nothing more: no step looks at it.
 */
/*@ requires demanded(requirements) && recorded(record);
    requires appid ==> requirements->appid != \null;
    requires \valid_read(data) && readable(data->rp_id_hash);
    assigns rp_id_passed;
    ensures \result == PK_OK ==>
      rp_id_passed == (appid ? requirements->appid : requirements->rp_id);
    ensures \result == PK_OK ==> requirements->ceremony == PK_AUTHENTICATION ==>
      flags_good(requirements, record, data->flags); */
static enum pk_status check_asserted(const struct pk_requirements *requirements,
                                     const struct pk_credential_record *record,
                                     const struct pk_auth_data *data, bool appid)
{
    /* WebAuthn 10.1.1: the output says which of the two was hashed; the other is not tried. */
    enum pk_status status =
        check_rp_id(appid ? requirements->appid : requirements->rp_id, data->rp_id_hash);

    if (status == PK_OK)
        status = check_flags(requirements, data->flags);
    if (status == PK_OK && record->verification && !(data->flags & PK_FLAG_UV))
        status = PK_USER_NOT_VERIFIED;
    if (status == PK_OK && !!(data->flags & PK_FLAG_BE) != record->backup_eligible)
        status = PK_BACKUP_ELIGIBILITY_CHANGED;
    return status;
}

/* WebAuthn 7.2 step 21, over authenticator data and client data hash. */
/*@ requires demanded(requirements) && recorded(record) && answered(assertion);
    requires assertion->authenticator_data.len <= PTRDIFF_MAX;
    requires record->key == \null || key_of_record(record->key, record);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    assigns signature_passed, heap[..];
    ensures \result == PK_OK ==> signature_passed == record; */
static enum pk_status check_signature(const struct pk_requirements *requirements,
                                      const struct pk_credential_record *record,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      const struct pk_assertion *assertion)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *parsed = NULL;
    PK_AUTO_BYTES struct pk_bytes signed_data = {0};
    struct pk_public_key *key = record->key;
    enum pk_status status =
        compose_signed(assertion->authenticator_data, client_data_hash, &signed_data);

    if (status == PK_OK && !key) {
        status = pk_public_key_parse(pk_view_of(&record->public_key), &parsed);
        key = parsed;
    }
    /* RS1 is for TPMs alone unless it was asked for by name. */
    if (status == PK_OK && pk_public_key_algorithm(key)->number == PK_ALGORITHM_RS1 &&
        !pk_requirements_offer(requirements, PK_ALGORITHM_RS1))
        status = PK_ALGORITHM_NOT_OFFERED;
    if (status == PK_OK)
        status = pk_signature_verify(key, pk_view_of(&signed_data), assertion->signature);
    /*@ ghost
        if (status == PK_OK)
            pass_signature(requirements, record, key, signed_data, assertion->authenticator_data,
                           client_data_hash, assertion->signature); */
    return status;
}

/* WebAuthn 7.2 step 22: both zero means that the authenticator keeps no counter. */
/*@ requires \valid_read(requirements) && \valid(ret_regressed);
    assigns *ret_regressed;
    ensures *ret_regressed <==> !counter_grew(recorded, now);
    ensures \result == PK_OK ==>
      requirements->counter_policy == PK_COUNTER_LOG || counter_grew(recorded, now); */
static enum pk_status check_counter(const struct pk_requirements *requirements, uint32_t recorded,
                                    uint32_t now, bool *ret_regressed)
{
    *ret_regressed = (recorded != 0 || now != 0) && now <= recorded;
    if (*ret_regressed && requirements->counter_policy != PK_COUNTER_LOG)
        return PK_COUNTER_REGRESSED;
    return PK_OK;
}

/* WebAuthn 7.2 steps 5 and 6, and 15 to 22. */
/*@ predicate data_good{L}(struct pk_requirements *requirements,
                           struct pk_credential_record *record, struct pk_auth_data data) =
      flags_good{L}(requirements, record, data.flags) &&
      counter_good{L}(requirements, record, data.sign_count); */
/*@ requires demanded(requirements) && recorded(record) && answered(assertion);
    requires record->key == \null || key_of_record(record->key, record);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    requires appid ==> requirements->appid != \null;
    requires \valid(ret_data) && \valid(ret_regressed);
    requires \separated(ret_data, ret_regressed, &heap);
    requires requirements->ceremony == PK_AUTHENTICATION;
    assigns *ret_data, *ret_regressed, credential_passed, rp_id_passed, signature_passed, heap[..];
    ensures \result == PK_OK ==> borrowed(*ret_data);
    ensures \result == PK_OK ==> credential_passed == record && signature_passed == record;
    ensures \result == PK_OK ==>
      rp_id_passed == \old(appid ? requirements->appid : requirements->rp_id);
    ensures \result == PK_OK ==> data_good{Pre}(requirements, record, *ret_data); */
static enum pk_status check_assertion(const struct pk_requirements *requirements,
                                      const struct pk_credential_record *record,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      const struct pk_assertion *assertion, bool appid,
                                      struct pk_auth_data *ret_data, bool *ret_regressed)
{
    struct pk_auth_data data;
    enum pk_status status = check_credential(requirements, record, assertion);

    if (status == PK_OK)
        status = pk_auth_data_parse(assertion->authenticator_data, &data);
    if (status == PK_OK)
        status = check_asserted(requirements, record, &data, appid);
    if (status == PK_OK)
        status = check_signature(requirements, record, client_data_hash, assertion);
    if (status == PK_OK)
        status = check_counter(requirements, record->sign_count, data.sign_count, ret_regressed);
    if (status == PK_OK)
        *ret_data = data;
    return status;
}

enum pk_status pk_authentication_verify(const struct pk_requirements *requirements,
                                        const struct pk_credential_record *record,
                                        const uint8_t client_data_hash[PK_HASH_SIZE],
                                        const struct pk_assertion *assertion,
                                        struct pk_authentication_result *ret)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    bool appid = assertion->appid && requirements->appid;
    struct pk_auth_data data;
    enum pk_status status;

    /*@ ghost credential_passed = signature_passed = NULL;
        rp_id_passed = NULL; */
    if (requirements->ceremony != PK_AUTHENTICATION)
        return PK_INVALID_ARGUMENT;
    status = check_assertion(requirements, record, client_data_hash, assertion, appid, &data,
                             &result.counter_regressed);
    if (status == PK_OK)
        status = pk_extensions_read(requirements, data.extensions, &result.extensions);
    if (status == PK_OK)
        status = pk_bytes_copy(assertion->credential_id, &result.credential_id);
    if (status == PK_OK)
        status = pk_bytes_copy(assertion->user_handle, &result.user_handle);
    if (status != PK_OK)
        return status;
    result.sign_count = data.sign_count;
    result.flags = data.flags;
    result.extensions.appid = appid;
    /*@ assert good{Pre}(requirements, record, result); */
    *ret = result;
    result = (struct pk_authentication_result){0};
    return PK_OK;
}
