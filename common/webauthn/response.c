/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn 5.1.8). Read are id, rawId,
 * type, clientExtensionResults and, of the response, what is signed or attested. publicKey,
 * publicKeyAlgorithm and authenticatorData of a registration repeat what the attestation object
 * says, so they are not looked at; authenticatorAttachment and unknown members are tolerated.
 */
#include "common/webauthn/response.h"

#include "common/webauthn/cbor.h"
#include "common/webauthn/extensions.h"
#include "common/webauthn/options.h"

/* rawId, which id must repeat, and the type. */
static enum pk_status read_identity(const json_t *credential, struct pk_bytes *ret_id)
{
    PK_AUTO_BYTES struct pk_bytes id = {0};
    struct pk_view type, name, raw;
    enum pk_status status;

    if (!pk_json_string(json_object_get(credential, "type"), &type) ||
        !pk_json_string(json_object_get(credential, "id"), &name) ||
        !pk_json_string(json_object_get(credential, "rawId"), &raw))
        return PK_RESPONSE_MALFORMED;
    if (!pk_view_equal(type, pk_view_string("public-key")))
        return PK_CREDENTIAL_TYPE_UNKNOWN;
    status = pk_json_bytes(json_object_get(credential, "rawId"), PK_CREDENTIAL_ID_MAX, &id);
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

static enum pk_status read_transports(const json_t *response, unsigned *ret)
{
    const json_t *list = json_object_get(response, "transports");
    unsigned transports = 0;

    if (list && !json_is_array(list))
        return PK_RESPONSE_MALFORMED;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        enum pk_transport transport;

        if (!json_is_string(item))
            return PK_RESPONSE_MALFORMED;
        /* Unknown transports are tolerated (WebAuthn 5.8.4). */
        if (pk_transport_parse(json_string_value(item), &transport) == PK_OK)
            transports |= transport;
    }
    *ret = transports;
    return PK_OK;
}

static enum pk_status too_large_is(enum pk_status status, enum pk_status instead)
{
    return status == PK_TOO_LARGE ? instead : status;
}

/* clientExtensionResults last: the client data says first whether any of it is for us. */
static enum pk_status verify_registration(const struct pk_requirements *requirements,
                                          const json_t *credential, struct pk_view id,
                                          struct pk_registration_result *result)
{
    PK_AUTO_BYTES struct pk_bytes client_data = {0}, object = {0};
    const json_t *response = json_object_get(credential, "response");
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status;

    if (!json_is_object(response))
        return PK_RESPONSE_MALFORMED;
    status = too_large_is(pk_json_bytes(json_object_get(response, "clientDataJSON"),
                                        PK_CLIENT_DATA_MAX, &client_data),
                          PK_CLIENT_DATA_MALFORMED);
    if (status == PK_OK)
        status = too_large_is(pk_json_bytes(json_object_get(response, "attestationObject"),
                                            PK_ATTESTATION_OBJECT_MAX, &object),
                              PK_CBOR_TOO_LARGE);
    if (status == PK_OK)
        status = pk_client_data_verify(requirements, NULL, pk_view_of(&client_data), hash);
    if (status == PK_OK)
        status = pk_registration_verify(requirements, hash, pk_view_of(&object), result);
    if (status == PK_OK && !pk_view_equal(pk_view_of(&result->credential_id), id))
        status = PK_CREDENTIAL_ID_MISMATCH;
    if (status == PK_OK)
        status = read_transports(response, &result->transports);
    if (status == PK_OK)
        status = pk_client_extensions_read(requirements,
                                           json_object_get(credential, "clientExtensionResults"),
                                           &result->extensions);
    return status;
}

enum pk_status pk_registration_json_verify(const struct pk_requirements *requirements,
                                           const json_t *credential,
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

static enum pk_status load(struct pk_view json, json_t **ret)
{
    bool duplicate;

    if (json.len > PK_JSON_MAX)
        return PK_TOO_LARGE;
    *ret = pk_json_load_object(json, &duplicate);
    return *ret ? PK_OK : PK_RESPONSE_MALFORMED;
}

enum pk_status pk_registration_response_verify(const struct pk_requirements *requirements,
                                               struct pk_view json,
                                               struct pk_registration_result *ret)
{
    PK_AUTO_JSON json_t *credential = NULL;
    enum pk_status status = load(json, &credential);

    return status == PK_OK ? pk_registration_json_verify(requirements, credential, ret) : status;
}

void pk_authentication_response_clear(struct pk_authentication_response *response)
{
    pk_bytes_clear(&response->credential_id);
    pk_bytes_clear(&response->client_data);
    pk_bytes_clear(&response->authenticator_data);
    pk_bytes_clear(&response->signature);
    pk_bytes_clear(&response->user_handle);
    json_decref(response->extension_results);
    *response = (struct pk_authentication_response){0};
}

/* WebAuthn 5.2.2: null or absent, or 1 to 64 bytes (5.4.3). */
static enum pk_status read_user_handle(const json_t *value, struct pk_bytes *ret)
{
    enum pk_status status;

    if (!value || json_is_null(value))
        return PK_OK;
    status = too_large_is(pk_json_bytes(value, PK_USER_HANDLE_MAX, ret), PK_RESPONSE_MALFORMED);
    return status == PK_OK && ret->len == 0 ? PK_RESPONSE_MALFORMED : status;
}

static enum pk_status read_assertion(const json_t *response,
                                     struct pk_authentication_response *result)
{
    enum pk_status status;

    if (!json_is_object(response))
        return PK_RESPONSE_MALFORMED;
    status = too_large_is(pk_json_bytes(json_object_get(response, "clientDataJSON"),
                                        PK_CLIENT_DATA_MAX, &result->client_data),
                          PK_CLIENT_DATA_MALFORMED);
    if (status == PK_OK)
        status = too_large_is(pk_json_bytes(json_object_get(response, "authenticatorData"),
                                            PK_AUTH_DATA_MAX, &result->authenticator_data),
                              PK_AUTH_DATA_TOO_LARGE);
    if (status == PK_OK)
        status = too_large_is(pk_json_bytes(json_object_get(response, "signature"),
                                            PK_SIGNATURE_MAX, &result->signature),
                              PK_SIGNATURE_MALFORMED);
    if (status == PK_OK)
        status = read_user_handle(json_object_get(response, "userHandle"), &result->user_handle);
    return status;
}

enum pk_status pk_authentication_json_parse(const json_t *credential,
                                            struct pk_authentication_response *ret)
{
    __attribute__((
        cleanup(pk_authentication_response_clear))) struct pk_authentication_response result = {0};
    json_t *outputs = json_object_get(credential, "clientExtensionResults");
    enum pk_status status = read_identity(credential, &result.credential_id);

    if (status == PK_OK)
        status = read_assertion(json_object_get(credential, "response"), &result);
    if (status == PK_OK && outputs && !json_is_object(outputs))
        status = PK_RESPONSE_MALFORMED;
    if (status != PK_OK)
        return status;
    result.extension_results = json_incref(outputs);
    *ret = result;
    result = (struct pk_authentication_response){0};
    return PK_OK;
}

enum pk_status pk_authentication_response_parse(struct pk_view json,
                                                struct pk_authentication_response *ret)
{
    PK_AUTO_JSON json_t *credential = NULL;
    enum pk_status status = load(json, &credential);

    return status == PK_OK ? pk_authentication_json_parse(credential, ret) : status;
}

enum pk_status pk_authentication_response_verify(const struct pk_requirements *requirements,
                                                 const struct pk_credential_record *record,
                                                 const struct pk_authentication_response *response,
                                                 struct pk_authentication_result *ret)
{
    __attribute__((
        cleanup(pk_authentication_result_clear))) struct pk_authentication_result result = {0};
    struct pk_extension_results extensions = {0};
    struct pk_assertion assertion = {
        .credential_id = pk_view_of(&response->credential_id),
        .authenticator_data = pk_view_of(&response->authenticator_data),
        .signature = pk_view_of(&response->signature),
        .user_handle = pk_view_of(&response->user_handle),
    };
    uint8_t hash[PK_HASH_SIZE];
    enum pk_status status =
        pk_client_data_verify(requirements, record, pk_view_of(&response->client_data), hash);

    if (status == PK_OK)
        status = pk_client_extensions_read(requirements, response->extension_results, &extensions);
    assertion.appid = extensions.appid;
    if (status == PK_OK)
        status = pk_authentication_verify(requirements, record, hash, &assertion, &result);
    if (status != PK_OK)
        return status;
    result.extensions.payment = extensions.payment;
    *ret = result;
    result = (struct pk_authentication_result){0};
    return PK_OK;
}
