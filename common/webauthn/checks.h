/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the prover alone (doc/proofs.md): which checks of WebAuthn 7.1 and 7.2 were made of the
 * answer in hand and passed, each as what the answer was held to; NULL: not made, or not passed.
 * Only the functions below set one. They are no code: where a checking function names one of them,
 * it must be proven that it has found what is required here.
 */
#ifndef PK_WEBAUTHN_CHECKS_H
#define PK_WEBAUTHN_CHECKS_H

#include "common/webauthn/authdata.h"
#include "common/webauthn/credential_policy.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/requirements.h"
#include "common/webauthn/results.h"
#include "common/webauthn/signature.h"

/*@ ghost const struct pk_requirements *type_passed, *challenge_passed, *origin_passed;
    const struct pk_requirements *algorithm_passed, *attestation_passed, *policy_passed;
    const struct pk_requirements *new_passed;
    const struct pk_credential_record *credential_passed, *signature_passed;
    const char *rp_id_passed; */

/* What pk_base64url_encode() makes of bytes. */
/*@ axiomatic Encodings {
      predicate encodes{L}(char *text, struct pk_bytes bytes)
        reads bytes.data[0 .. bytes.len - 1];
    } */

/* Steps 5 and 6: it is on the list, if there is one, and its owner is who was asked. */
/*@ predicate same_bytes{L}(struct pk_bytes bytes, struct pk_view view) =
      bytes.len == view.len && equal_memory{L}(bytes.data, view.ptr, view.len);
    predicate allowed{L}(struct pk_requirements *requirements, struct pk_view id) =
      requirements->credential_count == 0 ||
      \exists integer i; 0 <= i < requirements->credential_count &&
        same_bytes(requirements->credentials[i].id, id); */
/*@ ghost
    /@ requires allowed(requirements, id) && same_bytes(record->id, id);
       requires requirements->user_handle.len == 0 ||
         (requirements->user_handle.len == record->user_handle.len &&
          equal_memory(requirements->user_handle.data, record->user_handle.data,
                       record->user_handle.len));
       requires user_handle.len == 0 ==> requirements->user_identified_before;
       requires user_handle.len == 0 || record->user_handle.len == 0 || record->foreign_handle ||
         same_bytes(record->user_handle, user_handle);
       assigns credential_passed;
       ensures credential_passed == record; @/
    void pass_credential(const struct pk_requirements *requirements,
                         const struct pk_credential_record *record, struct pk_view id,
                         struct pk_view user_handle); */

/* Step 15: the hash is that of the RP id, or of the appid in its place. */
/*@ ghost
    /@ requires name.ptr == (uint8_t *)rp_id && hash_of(expected.ptr, name);
       requires expected.len == PK_HASH_SIZE && same(expected, rp_id_hash);
       assigns rp_id_passed;
       ensures rp_id_passed == rp_id; @/
    void pass_rp_id(const char *rp_id, struct pk_view name, struct pk_view expected,
                    struct pk_view rp_id_hash); */

/* Step 21: it is of the record's key, with an algorithm that is good for this, over both. */
/*@ axiomatic Messages {
      predicate composed{L}(struct pk_bytes message, struct pk_view auth_data, uint8_t *hash)
        reads message.data[0 .. message.len - 1], auth_data.ptr[0 .. auth_data.len - 1],
          hash[0 .. PK_HASH_SIZE - 1];
    }
    predicate key_of_record(struct pk_public_key *key, struct pk_credential_record *record) =
      \exists struct pk_view cose; cose.ptr == record->public_key.data &&
        cose.len == record->public_key.len && key_of(key, cose); */
/*@ ghost
    /@ requires key_of_record(key, record);
       requires algorithm_of(key) != PK_ALGORITHM_RS1 || offers(requirements, PK_ALGORITHM_RS1);
       requires composed(message, auth_data, client_data_hash);
       requires \exists struct pk_view view; view.ptr == message.data && view.len == message.len &&
         signed_by(key, view, signature);
       assigns signature_passed;
       ensures signature_passed == record; @/
    void pass_signature(const struct pk_requirements *requirements,
                        const struct pk_credential_record *record, const struct pk_public_key *key,
                        struct pk_bytes message, struct pk_view auth_data,
                        const uint8_t *client_data_hash, struct pk_view signature); */

/* Registrations, 7.1 step 20: the new key's algorithm is one of those offered. */
/*@ ghost
    /@ requires key_of(key, cose) && algorithm_of(key) == algorithm;
       requires offers(requirements, algorithm);
       assigns algorithm_passed;
       ensures algorithm_passed == requirements; @/
    void pass_algorithm(const struct pk_requirements *requirements,
                        const struct pk_public_key *key, struct pk_view cose, int32_t algorithm); */

/* 7.1 steps 21 to 24: the statement, which is of the new key and over both. */
/*@ axiomatic Attestations {
      predicate attested_by(struct pk_public_key *key, struct pk_auth_data *data, uint8_t *hash,
                            struct pk_view message, struct pk_view format,
                            struct pk_view statement);
    } */
/*@ ghost
    /@ requires composed(message, data->bytes, client_data_hash);
       requires view.ptr == message.data && view.len == message.len;
       requires attested_by(key, data, client_data_hash, view, format, statement);
       assigns attestation_passed;
       ensures attestation_passed == requirements; @/
    void pass_attestation(const struct pk_requirements *requirements,
                          const struct pk_public_key *key, const struct pk_auth_data *data,
                          const uint8_t *client_data_hash, struct pk_bytes message,
                          struct pk_view view, struct pk_view format, struct pk_view statement);

    /@ requires permitted(requirements, algorithm, trust, aaguid, aaguid_attested);
       assigns policy_passed;
       ensures policy_passed == requirements; @/
    void pass_policy(const struct pk_requirements *requirements, int32_t algorithm,
                     enum pk_trust trust, struct pk_view aaguid, int aaguid_attested); */

/* 7.1 step 25: it is none of those that are registered. */
/*@ ghost
    /@ requires \forall integer i; 0 <= i < requirements->credential_count ==>
         !same_bytes(requirements->credentials[i].id, id);
       assigns new_passed;
       ensures new_passed == requirements; @/
    void pass_new(const struct pk_requirements *requirements, struct pk_view id); */

#endif
