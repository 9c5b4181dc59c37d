/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn 5.1.8). Read are id, rawId,
 * type, clientExtensionResults and, of the response, what is signed or attested. publicKey,
 * publicKeyAlgorithm and authenticatorData of a registration repeat what the attestation object
 * says, so they are not looked at; authenticatorAttachment and unknown members are tolerated.
 */
#include "common/webauthn/response.h"

#include "common/base/cbor.h"
#include "common/webauthn/extensions.h"
#include "common/webauthn/options.h"

#include <string.h>

/* rawId, which id must repeat, and the type. */
static enum pk_status read_identity(const struct pk_json_value *credential, struct pk_bytes *ret_id)
{
    PK_AUTO_BYTES struct pk_bytes id = {0};
    struct pk_view type, name, raw;
    enum pk_status status;

    if (!pk_json_string(pk_json_get(credential, "type"), &type) ||
        !pk_json_string(pk_json_get(credential, "id"), &name) ||
        !pk_json_string(pk_json_get(credential, "rawId"), &raw))
        return PK_RESPONSE_MALFORMED;
    if (!pk_view_equal(type, pk_view_string("public-key")))
        return PK_CREDENTIAL_TYPE_UNKNOWN;
    status = pk_json_bytes(pk_json_get(credential, "rawId"), PK_CREDENTIAL_ID_MAX, &id);
    if (status == PK_TOO_LARGE || (status == PK_OK && id.len == 0))
        return PK_CREDENTIAL_ID_LENGTH;
    if (status != PK_OK)
        return status;
    /* Strict base64url has one spelling for the same bytes. */
    if (!pk_view_equal(name, raw))
        return PK_CREDENTIAL_ID_MISMATCH;
    *ret_id = id;
    id = (struct pk_bytes){0};
    return PK_OK;
}

/* Unknown transports are tolerated (WebAuthn 5.8.4). */
static enum pk_status read_transports(const struct pk_json_value *response, unsigned *ret)
{
    const struct pk_json_value *list = pk_json_optional(response, "transports");
    unsigned transports = 0;

    if (list && list->type != PK_JSON_ARRAY)
        return PK_RESPONSE_MALFORMED;
    for (const struct pk_json_value *item = list ? list->first : NULL; item; item = item->next) {
        char name[16];
        enum pk_transport transport;

        if (item->type != PK_JSON_STRING)
            return PK_RESPONSE_MALFORMED;
        if (item->text.len >= sizeof(name))
            continue;
        memcpy(name, item->text.ptr, item->text.len);
        name[item->text.len] = 0;
        if (pk_transport_parse(name, &transport) == PK_OK)
            transports |= transport;
    }
    *ret = transports;
    return PK_OK;
}

static enum pk_status too_large_is(enum pk_status status, enum pk_status instead)
{
    return status == PK_TOO_LARGE ? instead : status;
}

/* What was signed or attested, and that it is of the credential that the response names. */
/*@ requires demanded(requirements);
    requires readable(client_data) && readable(object) && readable(id);
    requires \valid(result) && \separated(result, &heap) && \separated(result, requirements);
    assigns *result, type_passed, challenge_passed, origin_passed, rp_id_passed, heap[..];
    assigns algorithm_passed, attestation_passed, policy_passed, new_passed;
    ensures \result == PK_OK ==> type_passed == requirements && challenge_passed == requirements;
    ensures \result == PK_OK ==> origin_passed == requirements;
    ensures \result == PK_OK ==> rp_id_passed == \old(requirements->rp_id);
    ensures \result == PK_OK ==> algorithm_passed == requirements;
    ensures \result == PK_OK ==> attestation_passed == requirements;
    ensures \result == PK_OK ==> policy_passed == requirements && new_passed == requirements; */
static enum pk_status verify_created(const struct pk_requirements *requirements,
                                     struct pk_view client_data, struct pk_view object,
                                     struct pk_view id, struct pk_registration_result *result)
{
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = pk_client_data_verify(requirements, NULL, client_data, hash);

    if (status == PK_OK)
        status = pk_registration_verify(requirements, hash, object, result);
    if (status == PK_OK && !pk_view_equal(pk_view_of(&result->credential_id), id))
        status = PK_CREDENTIAL_ID_MISMATCH;
    return status;
}

/* clientExtensionResults last, which only count once the client data was verified. */
static enum pk_status verify_registration(const struct pk_requirements *requirements,
                                          const struct pk_json_value *credential, struct pk_view id,
                                          struct pk_registration_result *result)
{
    PK_AUTO_BYTES struct pk_bytes client_data = {0}, object = {0};
    const struct pk_json_value *response = pk_json_get(credential, "response");
    enum pk_status status;

    if (!pk_json_is(response, PK_JSON_OBJECT))
        return PK_RESPONSE_MALFORMED;
    status = too_large_is(
        pk_json_bytes(pk_json_get(response, "clientDataJSON"), PK_CLIENT_DATA_MAX, &client_data),
        PK_CLIENT_DATA_MALFORMED);
    if (status == PK_OK)
        status = too_large_is(pk_json_bytes(pk_json_get(response, "attestationObject"),
                                            PK_ATTESTATION_OBJECT_MAX, &object),
                              PK_CBOR_TOO_LARGE);
    if (status == PK_OK)
        status =
            verify_created(requirements, pk_view_of(&client_data), pk_view_of(&object), id, result);
    if (status == PK_OK)
        status = read_transports(response, &result->transports);
    if (status == PK_OK)
        status = pk_client_extensions_read(requirements,
                                           pk_json_optional(credential, "clientExtensionResults"),
                                           &result->extensions);
    return status;
}

enum pk_status pk_registration_json_verify(const struct pk_requirements *requirements,
                                           const struct pk_json_value *credential,
                                           struct pk_registration_result *ret)
{
    __attribute__((cleanup(pk_registration_result_clear))) struct pk_registration_result result = {
        0};
    PK_AUTO_BYTES struct pk_bytes id = {0};
    enum pk_status status = read_identity(credential, &id);

    if (status == PK_OK)
        status = verify_registration(requirements, credential, pk_view_of(&id), &result);
    if (status != PK_OK)
        return status;
    *ret = result;
    result = (struct pk_registration_result){0};
    return PK_OK;
}

/*@ requires readable(text) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> *ret != \null;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status load(struct pk_view text, struct pk_json **ret)
{
    enum pk_status status = text.len > PK_JSON_MAX ? PK_TOO_LARGE : pk_json_parse(text, ret);

    return status == PK_INVALID_INPUT || status == PK_EXISTS ? PK_RESPONSE_MALFORMED : status;
}

enum pk_status pk_registration_response_verify(const struct pk_requirements *requirements,
                                               struct pk_view json,
                                               struct pk_registration_result *ret)
{
    PK_AUTO_JSON struct pk_json *parsed = NULL;
    enum pk_status status = load(json, &parsed);

    return status == PK_OK ? pk_registration_json_verify(requirements, pk_json_root(parsed), ret)
                           : status;
}

void pk_authentication_response_clear(struct pk_authentication_response *response)
{
    pk_bytes_clear(&response->credential_id);
    pk_bytes_clear(&response->client_data);
    pk_bytes_clear(&response->authenticator_data);
    pk_bytes_clear(&response->signature);
    pk_bytes_clear(&response->user_handle);
    pk_bytes_clear(&response->extension_results);
    *response = (struct pk_authentication_response){0};
}

/*
 * WebAuthn 5.2.2: null or absent, or 1 to 64 bytes (5.4.3). An empty one, which Safari sends for
 * credentials that are not discoverable, names nobody: it is absent.
 */
static enum pk_status read_user_handle(const struct pk_json_value *value, struct pk_bytes *ret)
{
    if (!value)
        return PK_OK;
    return too_large_is(pk_json_bytes(value, PK_USER_HANDLE_MAX, ret), PK_RESPONSE_MALFORMED);
}

static enum pk_status read_assertion(const struct pk_json_value *response,
                                     struct pk_authentication_response *result)
{
    enum pk_status status;

    if (!pk_json_is(response, PK_JSON_OBJECT))
        return PK_RESPONSE_MALFORMED;
    status = too_large_is(pk_json_bytes(pk_json_get(response, "clientDataJSON"), PK_CLIENT_DATA_MAX,
                                        &result->client_data),
                          PK_CLIENT_DATA_MALFORMED);
    if (status == PK_OK)
        status = too_large_is(pk_json_bytes(pk_json_get(response, "authenticatorData"),
                                            PK_AUTH_DATA_MAX, &result->authenticator_data),
                              PK_AUTH_DATA_TOO_LARGE);
    if (status == PK_OK)
        status = too_large_is(
            pk_json_bytes(pk_json_get(response, "signature"), PK_SIGNATURE_MAX, &result->signature),
            PK_SIGNATURE_MALFORMED);
    if (status == PK_OK)
        status = read_user_handle(pk_json_optional(response, "userHandle"), &result->user_handle);
    return status;
}

enum pk_status pk_authentication_json_parse(const struct pk_json_value *credential,
                                            struct pk_authentication_response *ret)
{
    __attribute__((
        cleanup(pk_authentication_response_clear))) struct pk_authentication_response result = {0};
    const struct pk_json_value *outputs = pk_json_optional(credential, "clientExtensionResults");
    enum pk_status status = read_identity(credential, &result.credential_id);

    if (status == PK_OK)
        status = read_assertion(pk_json_get(credential, "response"), &result);
    if (status == PK_OK && outputs && outputs->type != PK_JSON_OBJECT)
        status = PK_EXTENSIONS_MALFORMED;
    if (status == PK_OK && outputs)
        status = pk_bytes_copy(outputs->raw, &result.extension_results);
    if (status != PK_OK)
        return status;
    *ret = result;
    result = (struct pk_authentication_response){0};
    return PK_OK;
}

enum pk_status pk_authentication_response_parse(struct pk_view json,
                                                struct pk_authentication_response *ret)
{
    PK_AUTO_JSON struct pk_json *parsed = NULL;
    enum pk_status status = load(json, &parsed);

    return status == PK_OK ? pk_authentication_json_parse(pk_json_root(parsed), ret) : status;
}

/* They were well formed before and are read again, for only now is it known what was asked. */
/*@ requires demanded(requirements) && readable(text) && \valid(results);
    assigns *results, heap[..]; */
static enum pk_status read_extension_results(const struct pk_requirements *requirements,
                                             struct pk_view text,
                                             struct pk_extension_results *results)
{
    PK_AUTO_JSON struct pk_json *json = NULL;
    enum pk_status status = text.len > 0 ? load(text, &json) : PK_OK;

    if (!json)
        return status;
    return pk_client_extensions_read(requirements, pk_json_root(json), results);
}

/* What the client says: its data, and what came of extensions. */
/*@ requires demanded(requirements) && recorded(record) && held_response(response);
    requires \valid(ret_hash + (0 .. PK_HASH_SIZE - 1)) && \valid(results);
    assigns ret_hash[0 .. PK_HASH_SIZE - 1], *results, heap[..];
    assigns type_passed, challenge_passed, origin_passed;
    ensures \result == PK_OK ==> type_passed == requirements && challenge_passed == requirements;
    ensures \result == PK_OK ==> origin_passed == requirements; */
static enum pk_status verify_client(const struct pk_requirements *requirements,
                                    const struct pk_credential_record *record,
                                    const struct pk_authentication_response *response,
                                    uint8_t ret_hash[PK_HASH_SIZE],
                                    struct pk_extension_results *results)
{
    enum pk_status status =
        pk_client_data_verify(requirements, record, pk_view_of(&response->client_data), ret_hash);

    if (status != PK_OK)
        return status;
    return read_extension_results(requirements, pk_view_of(&response->extension_results), results);
}

/* What the authenticator says. */
/*@ requires demanded(requirements) && recorded(record) && held_response(response);
    requires record->key == \null || key_of_record(record->key, record);
    requires \valid_read(client_data_hash + (0 .. PK_HASH_SIZE - 1));
    requires \valid(ret) && \separated(ret, &heap);
    assigns *ret, credential_passed, rp_id_passed, signature_passed, heap[..];
    ensures \result == PK_OK ==> credential_passed == record && signature_passed == record;
    ensures \result == PK_OK ==> rp_id_passed == \old(requirements->rp_id) ||
      (rp_id_passed == \old(requirements->appid) && rp_id_passed != \null);
    ensures \result == PK_OK ==> good{Pre}(requirements, record, *ret);
    ensures \result != PK_OK ==> ret->credential_id == \old(ret->credential_id);
    ensures \result != PK_OK ==> ret->flags == \old(ret->flags); */
static enum pk_status verify_assertion(const struct pk_requirements *requirements,
                                       const struct pk_credential_record *record,
                                       const struct pk_authentication_response *response,
                                       const uint8_t client_data_hash[PK_HASH_SIZE], bool appid,
                                       struct pk_authentication_result *ret)
{
    struct pk_assertion assertion = {
        .credential_id = pk_view_of(&response->credential_id),
        .authenticator_data = pk_view_of(&response->authenticator_data),
        .signature = pk_view_of(&response->signature),
        .user_handle = pk_view_of(&response->user_handle),
        .appid = appid,
    };

    return pk_authentication_verify(requirements, record, client_data_hash, &assertion, ret);
}

enum pk_status pk_authentication_response_verify(const struct pk_requirements *requirements,
                                                 const struct pk_credential_record *record,
                                                 const struct pk_authentication_response *response,
                                                 struct pk_authentication_result *ret)
{
    struct pk_extension_results extensions = {0};
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status = verify_client(requirements, record, response, hash, &extensions);

    /*@ assert ret->flags == \at(ret->flags, Pre); */
    if (status == PK_OK)
        status = verify_assertion(requirements, record, response, hash, extensions.appid, ret);
    if (status == PK_OK)
        ret->extensions.payment = extensions.payment;
    return status;
}
