/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Responses in: WebAuthn 7.1 and 7.2 as pure functions. No I/O, clock or globals; the time, the
 * challenge and the policy are in the requirements. Every function returns PK_OK only when all of
 * its checks passed and otherwise leaves its outputs alone.
 */
#ifndef PK_WEBAUTHN_VERIFY_H
#define PK_WEBAUTHN_VERIFY_H

#include "common/webauthn/checks.h"
#include "common/webauthn/requirements.h"
#include "common/webauthn/results.h"

/*
 * WebAuthn 7.1 from step 13 on: everything behind the client data. client_data_hash is SHA-256 of
 * the client data, or another method's own 32-byte preimage. attestation_object is the raw CBOR.
 */
/*@ predicate created_flags{L}(struct pk_requirements *requirements, integer flags) =
      ((flags & PK_FLAG_UP) != 0 || requirements->conditional) &&
      (requirements->user_verification == PK_REQUIRED ==> (flags & PK_FLAG_UV) != 0) &&
      ((flags & PK_FLAG_BS) != 0 ==> (flags & PK_FLAG_BE) != 0) && (flags & PK_FLAG_AT) != 0; */
/*@ requires demanded(requirements) && readable(attestation_object);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    requires \valid(ret) && \separated(ret, &heap) && \separated(ret, requirements);
    assigns *ret, rp_id_passed, algorithm_passed, attestation_passed, policy_passed, new_passed;
    assigns heap[..];
    ensures \result == PK_OK ==> \old(requirements->ceremony) == PK_REGISTRATION;
    ensures \result == PK_OK ==> rp_id_passed == \old(requirements->rp_id);
    ensures \result == PK_OK ==> algorithm_passed == requirements;
    ensures \result == PK_OK ==> attestation_passed == requirements;
    ensures \result == PK_OK ==> policy_passed == requirements && new_passed == requirements;
    ensures \result == PK_OK ==> offers{Pre}(requirements, ret->algorithm);
    ensures \result == PK_OK ==> held(ret->credential_id);
    ensures \result == PK_OK ==> 1 <= ret->credential_id.len <= PK_CREDENTIAL_ID_MAX;
    ensures \result != PK_OK ==> ret->credential_id == \old(ret->credential_id);
    ensures \result != PK_OK ==> ret->flags == \old(ret->flags); */
enum pk_status pk_registration_verify(const struct pk_requirements *requirements,
                                      const uint8_t client_data_hash[PK_HASH_SIZE],
                                      struct pk_view attestation_object,
                                      struct pk_registration_result *ret) PK_WARN_UNUSED;

/*
 * What an authenticator says of a credential that it has made, taken on its word: nothing is
 * verified. The id borrows from attestation_object. *ret_hidden: it shows the credential to a
 * verified user only (CTAP 2.1 section 12.1), or may do so: it does not say, and has verified the
 * user. PK_CBOR_*, PK_ATTESTATION_OBJECT_MALFORMED, PK_ATTESTED_DATA_MISSING,
 * PK_EXTENSIONS_MALFORMED and those of pk_auth_data_parse().
 */
/*@ requires readable(attestation_object) && \valid(ret_credential_id) && \valid(ret_hidden);
    requires \separated(ret_credential_id, ret_hidden);
    assigns *ret_credential_id, *ret_hidden;
    ensures \result == PK_OK ==> lent(*ret_credential_id, attestation_object);
    ensures \result == PK_OK ==> 1 <= ret_credential_id->len <= PK_CREDENTIAL_ID_MAX;
    ensures \result != PK_OK ==> *ret_credential_id == \old(*ret_credential_id);
    ensures \result != PK_OK ==> *ret_hidden == \old(*ret_hidden); */
enum pk_status pk_registration_read(struct pk_view attestation_object,
                                    struct pk_view *ret_credential_id,
                                    bool *ret_hidden) PK_WARN_UNUSED;

/*
 * WebAuthn 7.2 from step 15 on. credential_id and user_handle (empty: absent) are the response's;
 * record is the one the caller found for credential_id.
 */
struct pk_assertion {
    struct pk_view credential_id;
    struct pk_view authenticator_data;
    struct pk_view signature;
    struct pk_view user_handle;
    bool appid; /* the client says that the appid stood in for the RP id (WebAuthn 10.1.1) */
};

/*@ predicate answered(struct pk_assertion *assertion) =
      \valid_read(assertion) && readable(assertion->credential_id) &&
      readable(assertion->authenticator_data) && readable(assertion->signature) &&
      readable(assertion->user_handle);
    predicate flags_good{L}(struct pk_requirements *requirements,
                            struct pk_credential_record *record, integer flags) =
      (flags & PK_FLAG_UP) != 0 &&
      (requirements->user_verification == PK_REQUIRED || record->verification ==>
        (flags & PK_FLAG_UV) != 0) &&
      ((flags & PK_FLAG_BS) != 0 ==> (flags & PK_FLAG_BE) != 0) &&
      ((flags & PK_FLAG_BE) != 0 <==> record->backup_eligible);
    predicate counter_grew(integer recorded, integer now) =
      (recorded == 0 && now == 0) || now > recorded;
    predicate counter_good{L}(struct pk_requirements *requirements,
                              struct pk_credential_record *record, integer now) =
      requirements->counter_policy == PK_COUNTER_LOG || counter_grew(record->sign_count, now);
    predicate good{L}(struct pk_requirements *requirements, struct pk_credential_record *record,
                      struct pk_authentication_result result) =
      flags_good{L}(requirements, record, result.flags) &&
      counter_good{L}(requirements, record, result.sign_count); */

/*@ requires demanded(requirements) && recorded(record);
    requires \valid_read(assertion) && readable(assertion->credential_id) &&
      readable(assertion->authenticator_data) && readable(assertion->signature) &&
      readable(assertion->user_handle);
    requires \valid(ret) && \separated(ret, &heap);
    requires record->key == \null || key_of_record(record->key, record);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    assigns *ret, credential_passed, rp_id_passed, signature_passed, heap[..];
    ensures \result == PK_OK ==> \old(requirements->ceremony) == PK_AUTHENTICATION;
    ensures \result == PK_OK ==> credential_passed == record && signature_passed == record;
    ensures \result == PK_OK ==> rp_id_passed ==
      \old(assertion->appid && requirements->appid != \null ?
             requirements->appid : requirements->rp_id);
    ensures \result == PK_OK ==> good{Pre}(requirements, record, *ret);
    ensures \result != PK_OK ==> ret->flags == \old(ret->flags);
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_authentication_verify(const struct pk_requirements *requirements,
                                        const struct pk_credential_record *record,
                                        const uint8_t client_data_hash[PK_HASH_SIZE],
                                        const struct pk_assertion *assertion,
                                        struct pk_authentication_result *ret) PK_WARN_UNUSED;

/*
 * WebAuthn 7.1 steps 5 to 12 and 7.2 steps 9 to 14: type, challenge, origin, topOrigin,
 * crossOrigin. client_data is the JSON text's bytes. record may be NULL; its payment member decides
 * whether "payment.get" is allowed.
 */
/*@ requires demanded(requirements) && (record == \null || recorded(record));
    requires readable(client_data) && \valid(ret_hash + (0 .. PK_HASH_SIZE - 1));
    assigns ret_hash[0 .. PK_HASH_SIZE - 1], heap[..];
    assigns type_passed, challenge_passed, origin_passed;
    ensures \result == PK_OK ==> type_passed == requirements;
    ensures \result == PK_OK ==> challenge_passed == requirements;
    ensures \result == PK_OK ==> origin_passed == requirements; */
enum pk_status pk_client_data_verify(const struct pk_requirements *requirements,
                                     const struct pk_credential_record *record,
                                     struct pk_view client_data,
                                     uint8_t ret_hash[PK_HASH_SIZE]) PK_WARN_UNUSED;

/*
 * RegistrationResponseJSON (WebAuthn 5.1) taken apart and verified whole, client data and client
 * extension results included.
 */
enum pk_status pk_registration_response_verify(const struct pk_requirements *requirements,
                                               struct pk_view json,
                                               struct pk_registration_result *ret) PK_WARN_UNUSED;

/*
 * AuthenticationResponseJSON. First taken apart, so that the caller can look the record up by
 * credential id or user handle, then verified. The parsed response is the caller's to clear.
 */
struct pk_authentication_response {
    struct pk_bytes credential_id;
    struct pk_bytes client_data;
    struct pk_bytes authenticator_data;
    struct pk_bytes signature;
    struct pk_bytes user_handle;       /* empty: absent */
    struct pk_bytes extension_results; /* JSON text of clientExtensionResults; empty: absent */
};

/*@ predicate held_response(struct pk_authentication_response *response) =
      \valid_read(response) && held(response->credential_id) && held(response->client_data) &&
      held(response->authenticator_data) && held(response->signature) &&
      held(response->user_handle) && held(response->extension_results); */

enum pk_status
pk_authentication_response_parse(struct pk_view json,
                                 struct pk_authentication_response *ret) PK_WARN_UNUSED;
void pk_authentication_response_clear(struct pk_authentication_response *response);

/*@ requires demanded(requirements) && recorded(record) && held_response(response);
    requires \valid(ret) && \separated(ret, &heap);
    requires record->key == \null || key_of_record(record->key, record);
    assigns *ret, type_passed, challenge_passed, origin_passed, heap[..];
    assigns credential_passed, rp_id_passed, signature_passed;
    ensures \result == PK_OK ==> type_passed == requirements && challenge_passed == requirements;
    ensures \result == PK_OK ==> origin_passed == requirements;
    ensures \result == PK_OK ==> credential_passed == record && signature_passed == record;
    ensures \result == PK_OK ==> rp_id_passed == \old(requirements->rp_id) ||
      (rp_id_passed == \old(requirements->appid) && rp_id_passed != \null);
    ensures \result == PK_OK ==> good{Pre}(requirements, record, *ret);
    ensures \result != PK_OK ==> ret->credential_id == \old(ret->credential_id);
    ensures \result != PK_OK ==> ret->flags == \old(ret->flags); */
enum pk_status
pk_authentication_response_verify(const struct pk_requirements *requirements,
                                  const struct pk_credential_record *record,
                                  const struct pk_authentication_response *response,
                                  struct pk_authentication_result *ret) PK_WARN_UNUSED;

/* Whether this build and the OpenSSL at hand verify signatures of that COSE algorithm. */
bool pk_algorithm_supported(int32_t algorithm);

#endif
