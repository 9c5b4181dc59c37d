/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a page in a browser. */
#include "daemon/verify/forwarded.h"

#include "common/base/cbor.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/authdata.h"
#include "common/webauthn/crypto.h"
#include "common/webauthn/options.h"

#include <jansson.h>
#include <string.h>

static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool set_bytes(json_t *object, const char *name, struct pk_view bytes)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(bytes);

    return text && set(object, name, json_string(text));
}

/* Takes the members; NULL: no memory. */
static char *written(struct pk_view id, json_t *response, json_t *extensions, bool good)
{
    json_t *json = json_object();
    char *text = NULL;

    good &= set(json, "response", response);
    good &= set(json, "clientExtensionResults", extensions);
    good &= set(json, "type", json_string("public-key"));
    good &= set_bytes(json, "id", id) && set_bytes(json, "rawId", id);
    if (good)
        text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* --- assertions ------------------------------------------------------------------------------- */

/* With the RP id hash in front, which is not transmitted (WebAuthn 6.1). */
static bool set_auth_data(json_t *response, const struct pk_requirements *requirements,
                          const struct pk_forward_answer *answer)
{
    uint8_t data[PK_AUTH_DATA_MAX];

    if (answer->auth_data.len > sizeof(data) - PK_HASH_SIZE)
        return false;
    pk_sha256(pk_view_string(requirements->rp_id), data);
    if (answer->auth_data.len > 0)
        (void)memcpy(data + PK_HASH_SIZE, answer->auth_data.data, answer->auth_data.len);
    return set_bytes(response, "authenticatorData",
                     (struct pk_view){data, PK_HASH_SIZE + answer->auth_data.len});
}

static enum pk_status write_assertion(const struct pk_requirements *requirements,
                                      const struct pk_forward_answer *answer, char **ret_json)
{
    json_t *response;
    bool good;

    if (answer->credential >= requirements->credential_count)
        return PK_CREDENTIAL_NOT_ALLOWED;
    response = json_object();
    good = set_bytes(response, "clientDataJSON", pk_view_of(&answer->client_data)) &&
           set_auth_data(response, requirements, answer) &&
           set_bytes(response, "signature", pk_view_of(&answer->signature));
    *ret_json = written(pk_view_of(&requirements->credentials[answer->credential].id), response,
                        json_object(), good);
    return *ret_json ? PK_OK : PK_NO_MEMORY;
}

/* --- new passkeys ----------------------------------------------------------------------------- */

/* WebAuthn 6.5.4; what else is in the object is for its verification. */
static enum pk_status find_id(struct pk_view object, struct pk_view *ret_id)
{
    struct pk_reader reader = pk_reader_new(object);
    struct pk_auth_data data = {0};
    struct pk_view bytes = {0};
    enum pk_status status = pk_cbor_check(object);
    size_t pairs;

    if (status)
        return status;
    pairs = pk_cbor_map(&reader);
    for (size_t i = 0; i < pairs && reader.status == PK_OK; i++) {
        if (pk_view_equal(pk_cbor_text(&reader), pk_view_string("authData")))
            bytes = pk_cbor_bytes(&reader);
        else
            (void)pk_cbor_item(&reader);
    }
    status = reader.status ? reader.status : pk_auth_data_parse(bytes, &data);
    if (!status)
        *ret_id = data.credential_id;
    return status;
}

static json_t *transports_json(unsigned transports)
{
    json_t *list = json_array();

    for (unsigned bit = 1; bit <= PK_TRANSPORTS_ALL; bit <<= 1)
        if (transports & bit)
            (void)json_array_append_new(list,
                                        json_string(pk_transport_name((enum pk_transport)bit)));
    return list;
}

static enum pk_status write_registration(const struct pk_forward_answer *answer, char **ret_json)
{
    struct pk_view id = {0};
    enum pk_status status = find_id(pk_view_of(&answer->attestation_object), &id);
    json_t *response;
    bool good;

    if (status)
        return status;
    response = json_object();
    good = set_bytes(response, "clientDataJSON", pk_view_of(&answer->client_data)) &&
           set_bytes(response, "attestationObject", pk_view_of(&answer->attestation_object)) &&
           set(response, "transports", transports_json(answer->transports));
    *ret_json = written(id, response,
                        json_pack("{s:{s:b}}", "credProps", "rk", answer->discoverable), good);
    return *ret_json ? PK_OK : PK_NO_MEMORY;
}

enum pk_status forwarded_page_json(const struct pk_requirements *requirements,
                                   const struct pk_forward_answer *answer, char **ret_json)
{
    return answer->kind == PK_FORWARD_PAGE_CREATE ? write_registration(answer, ret_json)
                                                  : write_assertion(requirements, answer, ret_json);
}
