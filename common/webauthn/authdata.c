/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/authdata.h"

#include "common/base/cbor.h"
#include "common/base/reader.h"
#include "common/webauthn/verify.h"

/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures \result.bytes == data.bytes && \result.rp_id_hash == data.rp_id_hash;
    ensures \result.flags == data.flags;
    ensures \result.extensions == data.extensions;
    ensures reader->status == PK_OK ==>
      readable(\result.aaguid) && \result.aaguid.len == PK_AAGUID_SIZE &&
      readable(\result.credential_id) && 1 <= \result.credential_id.len <= PK_CREDENTIAL_ID_MAX &&
      readable(\result.public_key) && \result.public_key.len > 0; */
static struct pk_auth_data with_attested(struct pk_reader *reader, struct pk_auth_data data)
{
    size_t len;

    data.aaguid = pk_reader_take(reader, PK_AAGUID_SIZE);
    len = pk_reader_u16(reader);
    if (reader->status == PK_OK && (len == 0 || len > PK_CREDENTIAL_ID_MAX))
        pk_reader_fail(reader, PK_CREDENTIAL_ID_LENGTH);
    data.credential_id = pk_reader_take(reader, len);
    if (reader->status == PK_OK)
        data.public_key = pk_cbor_item(reader);
    return data;
}

enum pk_status pk_auth_data_parse(struct pk_view bytes, struct pk_auth_data *ret)
{
    struct pk_reader reader = pk_reader_new(bytes);
    struct pk_auth_data data = {.bytes = bytes};
    enum pk_status status;

    if (bytes.len > PK_AUTH_DATA_MAX)
        return PK_AUTH_DATA_TOO_LARGE;
    data.rp_id_hash = pk_reader_take(&reader, PK_HASH_SIZE);
    data.flags = pk_reader_u8(&reader);
    data.sign_count = pk_reader_u32(&reader);
    if (data.flags & PK_FLAG_AT)
        data = with_attested(&reader, data);
    if (reader.status == PK_OK && (data.flags & PK_FLAG_ED))
        data.extensions = pk_cbor_item(&reader);
    status = pk_reader_finish(&reader);
    if (status == PK_TRUNCATED)
        return PK_AUTH_DATA_TRUNCATED;
    if (status == PK_TRAILING_DATA)
        return PK_AUTH_DATA_TRAILING_DATA;
    if (status != PK_OK)
        return status;
    /*@ assert borrowed(data) && data.bytes == bytes; */
    /*@ assert attested(data); */
    /*@ assert extended(data); */
    *ret = data;
    return PK_OK;
}
