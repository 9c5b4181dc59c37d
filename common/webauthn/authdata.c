/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/authdata.h"

#include "common/base/cbor.h"
#include "common/base/reader.h"
#include "common/webauthn/verify.h"

/*@ predicate reading(struct pk_reader *reader, struct pk_auth_data data) =
      sound(reader) && \base_addr(reader->ptr) == \base_addr(data.bytes.ptr);
    predicate cleared(struct pk_auth_data data) =
      data.aaguid.len == 0 && data.credential_id.len == 0 && data.public_key.len == 0 &&
      data.extensions.len == 0; */

/*@ requires reading(reader, data) && cleared(data);
    assigns *reader;
    ensures reading(reader, data) && went_on{Pre, Post}(reader);
    ensures \result.bytes == data.bytes && \result.rp_id_hash == data.rp_id_hash;
    ensures \result.flags == data.flags && \result.extensions == data.extensions;
    ensures lent(\result.aaguid, data.bytes);
    ensures lent(\result.credential_id, data.bytes);
    ensures lent(\result.public_key, data.bytes);
    ensures reader->status == PK_OK ==> \result.aaguid.len == PK_AAGUID_SIZE;
    ensures reader->status == PK_OK ==> 1 <= \result.credential_id.len <= PK_CREDENTIAL_ID_MAX;
    ensures reader->status == PK_OK ==> \result.public_key.len > 0; */
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

/*@ requires reading(reader, data) && cleared(data);
    assigns *reader;
    ensures reading(reader, data);
    ensures went_on{Pre, Post}(reader);
    ensures \result.bytes == data.bytes;
    ensures lent(\result.rp_id_hash, data.bytes);
    ensures lent(\result.aaguid, data.bytes);
    ensures lent(\result.credential_id, data.bytes);
    ensures lent(\result.public_key, data.bytes);
    ensures lent(\result.extensions, data.bytes);
    ensures reader->status == PK_OK ==> \old(reader->remaining) > 0;
    ensures reader->status == PK_OK ==> \result.rp_id_hash.len == PK_HASH_SIZE;
    ensures reader->status == PK_OK ==> attested(\result);
    ensures reader->status == PK_OK ==> extended(\result); */
static struct pk_auth_data read_fields(struct pk_reader *reader, struct pk_auth_data data)
{
    data.rp_id_hash = pk_reader_take(reader, PK_HASH_SIZE);
    /*@ assert reader->status == PK_OK ==> \at(reader->remaining, Pre) > 0; */
    data.flags = pk_reader_u8(reader);
    data.sign_count = pk_reader_u32(reader);
    /*@ assert reading(reader, data) && went_on{Pre, Here}(reader); */
    /*@ assert reader->status == PK_OK ==> data.rp_id_hash.len == PK_HASH_SIZE; */
    if (data.flags & PK_FLAG_AT)
        data = with_attested(reader, data);
    /*@ assert reading(reader, data); */
    /*@ assert lent(data.aaguid, data.bytes) && lent(data.credential_id, data.bytes); */
    /*@ assert lent(data.public_key, data.bytes); */
    /*@ assert reader->status == PK_OK ==>
          data.rp_id_hash.len == PK_HASH_SIZE && attested(data); */
    if (reader->status == PK_OK && (data.flags & PK_FLAG_ED))
        data.extensions = pk_cbor_item(reader);
    return data;
}

enum pk_status pk_auth_data_parse(struct pk_view bytes, struct pk_auth_data *ret)
{
    struct pk_reader reader = pk_reader_new(bytes);
    struct pk_auth_data data = {.bytes = bytes};
    enum pk_status status;

    if (bytes.len > PK_AUTH_DATA_MAX)
        return PK_AUTH_DATA_TOO_LARGE;
    data = read_fields(&reader, data);
    status = pk_reader_finish(&reader);
    if (status == PK_TRUNCATED)
        return PK_AUTH_DATA_TRUNCATED;
    if (status == PK_TRAILING_DATA)
        return PK_AUTH_DATA_TRAILING_DATA;
    if (status != PK_OK)
        return status;
    *ret = data;
    return PK_OK;
}
