/* SPDX-License-Identifier: BSD-2-Clause */
/* Authenticator data, WebAuthn 6.1 and 6.5.1. */
#ifndef PK_WEBAUTHN_AUTHDATA_H
#define PK_WEBAUTHN_AUTHDATA_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"
#include "common/webauthn/results.h"

/* Every view borrows from the bytes that were parsed. */
struct pk_auth_data {
    struct pk_view bytes;      /* all of it, as it was signed */
    struct pk_view rp_id_hash; /* PK_HASH_SIZE bytes */
    uint8_t flags;             /* enum pk_flag of verify.h */
    uint32_t sign_count;
    /* Attested credential data; empty without the AT flag. */
    struct pk_view aaguid;        /* PK_AAGUID_SIZE bytes */
    struct pk_view credential_id; /* 1 to PK_CREDENTIAL_ID_MAX bytes */
    struct pk_view public_key;    /* one well-formed CBOR item, not yet looked into */
    /* One well-formed CBOR item; empty without the ED flag. */
    struct pk_view extensions;
};

/* What the flags announce is there, and nothing else. */
/*@ predicate borrowed(struct pk_auth_data data) =
      lent(data.rp_id_hash, data.bytes) && lent(data.aaguid, data.bytes) &&
      lent(data.credential_id, data.bytes) && lent(data.public_key, data.bytes) &&
      lent(data.extensions, data.bytes);
    predicate attested(struct pk_auth_data data) =
      (data.flags & PK_FLAG_AT) != 0 ?
        data.aaguid.len == PK_AAGUID_SIZE && 1 <= data.credential_id.len <= PK_CREDENTIAL_ID_MAX &&
        data.public_key.len > 0 :
        data.aaguid.len == 0 && data.credential_id.len == 0 && data.public_key.len == 0;
    predicate extended(struct pk_auth_data data) =
      (data.flags & PK_FLAG_ED) != 0 <==> data.extensions.len > 0; */

/*
 * Takes authenticator data apart; what its flags announce must be there and nothing may follow.
 * PK_AUTH_DATA_TRUNCATED, PK_AUTH_DATA_TRAILING_DATA, PK_AUTH_DATA_TOO_LARGE,
 * PK_CREDENTIAL_ID_LENGTH, or PK_CBOR_* for the public key and the extensions.
 */
/*@ requires readable(bytes) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> borrowed(*ret);
    ensures \result == PK_OK ==> ret->bytes.ptr == bytes.ptr && ret->bytes.len == bytes.len;
    ensures \result == PK_OK ==> ret->rp_id_hash.len == PK_HASH_SIZE && attested(*ret);
    ensures \result == PK_OK ==> extended(*ret);
    ensures \result == PK_OK ==> 0 < bytes.len <= PK_AUTH_DATA_MAX;
    ensures \result != PK_OK ==>
      ret->bytes == \old(ret->bytes) && ret->flags == \old(ret->flags); */
enum pk_status pk_auth_data_parse(struct pk_view bytes, struct pk_auth_data *ret) PK_WARN_UNUSED;

#endif
