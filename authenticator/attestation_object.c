/* SPDX-License-Identifier: BSD-2-Clause */
#include "authenticator/attestation_object.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"

#include <cbor.h>
#include <string.h>

/* Where the AAGUID stands in authenticator data (WebAuthn 6.1, 6.5.1). */
#define AT_FLAGS         32
#define AT_AAGUID        37
#define FLAG_ATTESTED_AT 0x40

static void drop_item(cbor_item_t *item)
{
    cbor_decref(&item);
}
PK_DEFINE_CLEANUP(cbor_item_t *, drop_item);

/* One whole item, nothing left over; NULL otherwise. */
static cbor_item_t *parse(struct pk_view cbor)
{
    struct cbor_load_result result;
    cbor_item_t *item;

    if (cbor.len == 0)
        return NULL;
    item = cbor_load(cbor.ptr, cbor.len, &result);
    if (item && result.read != cbor.len)
        cbor_decref(&item); /* leaves NULL behind */
    return item;
}

static cbor_item_t *byte_string(struct pk_view bytes)
{
    return cbor_build_bytestring(bytes.ptr, bytes.len);
}

/* Puts value under name; value is taken over, whatever the result, and may be NULL: false. */
static bool put(cbor_item_t *map, const char *name, cbor_item_t *value)
{
    PK_CLEANUP(drop_item) cbor_item_t *owned = value;
    PK_CLEANUP(drop_item) cbor_item_t *key = cbor_build_string(name);

    return map && key && owned && cbor_map_add(map, (struct cbor_pair){key, owned});
}

/* WebAuthn 8.6: {"sig", "x5c": [certificate]}. libfido2's own statement has an "alg" too many. */
static cbor_item_t *u2f_statement(const struct attestation_parts *parts)
{
    PK_CLEANUP(drop_item) cbor_item_t *map = cbor_new_definite_map(2);
    PK_CLEANUP(drop_item) cbor_item_t *chain = cbor_new_definite_array(1);
    PK_CLEANUP(drop_item) cbor_item_t *certificate = byte_string(parts->certificate);

    if (!map || !chain || !certificate || !cbor_array_push(chain, certificate) ||
        !put(map, "sig", byte_string(parts->signature)) || !put(map, "x5c", cbor_incref(chain)))
        return NULL;
    return pk_steal(map);
}

static bool has_member(cbor_item_t *map, const char *name)
{
    const struct cbor_pair *pairs = cbor_map_handle(map);

    for (size_t i = 0; i < cbor_map_size(map); i++) {
        const cbor_item_t *key = pairs[i].key;

        if (cbor_isa_string(key) && cbor_string_length(key) == strlen(name) &&
            memcmp(cbor_string_handle(key), name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static bool aaguid_is_zero(struct pk_view auth_data)
{
    static const uint8_t zero[PK_AAGUID_SIZE];

    return auth_data.len >= AT_AAGUID + PK_AAGUID_SIZE &&
           (auth_data.ptr[AT_FLAGS] & FLAG_ATTESTED_AT) &&
           memcmp(auth_data.ptr + AT_AAGUID, zero, PK_AAGUID_SIZE) == 0;
}

static cbor_item_t *statement_of(const struct attestation_parts *parts)
{
    cbor_item_t *statement;

    if (strcmp(parts->format, "fido-u2f") == 0)
        return parts->certificate.len > 0 && parts->signature.len > 0 ? u2f_statement(parts) : NULL;
    statement = parse(parts->statement);
    if (statement && !cbor_isa_map(statement))
        cbor_decref(&statement);
    return statement;
}

enum pk_status attestation_object_build(const struct attestation_parts *parts, struct pk_bytes *ret)
{
    PK_CLEANUP(drop_item) cbor_item_t *object = cbor_new_definite_map(3);
    PK_CLEANUP(drop_item) cbor_item_t *statement = NULL;
    const char *format = parts->format;
    unsigned char *data = NULL;
    size_t allocated;
    size_t len;

    if (!format || parts->auth_data.len == 0)
        return PK_DEVICE_ERROR;
    statement = statement_of(parts);
    if (!statement)
        return PK_DEVICE_ERROR;
    if (parts->drop_statement && (strcmp(format, "packed") != 0 || has_member(statement, "x5c") ||
                                  !aaguid_is_zero(parts->auth_data))) {
        cbor_decref(&statement);
        statement = cbor_new_definite_map(0);
        format = "none";
    }
    if (!put(object, "fmt", cbor_build_string(format)) ||
        !put(object, "attStmt", pk_steal(statement)) ||
        !put(object, "authData", byte_string(parts->auth_data)))
        return PK_NO_MEMORY;
    len = cbor_serialize_alloc(object, &data, &allocated);
    if (len == 0)
        return PK_NO_MEMORY;
    *ret = (struct pk_bytes){data, len};
    return PK_OK;
}

enum pk_status byte_string_unwrap(struct pk_view cbor, size_t max, struct pk_bytes *ret)
{
    PK_CLEANUP(drop_item) cbor_item_t *item = parse(cbor);

    if (!item || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item) ||
        cbor_bytestring_length(item) == 0 || cbor_bytestring_length(item) > max)
        return PK_DEVICE_ERROR;
    return pk_bytes_copy(
        (struct pk_view){cbor_bytestring_handle(item), cbor_bytestring_length(item)}, ret);
}
