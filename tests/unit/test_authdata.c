/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/authdata.h"

#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

static enum pk_status parse(struct pk_view bytes)
{
    struct pk_auth_data data;

    return pk_auth_data_parse(bytes, &data);
}

static void fields(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(sample_attested_data);
    PK_AUTO_BYTES struct pk_bytes id = unhex(sample_credential_id);
    PK_AUTO_BYTES struct pk_bytes key = unhex(sample_es256_key);
    struct pk_auth_data data;

    (void)state;
    assert_status(pk_auth_data_parse(pk_view_of(&bytes), &data), PK_OK);
    assert_int_equal(data.flags, 0x45);
    assert_int_equal(data.sign_count, 0);
    assert_int_equal(data.rp_id_hash.len, PK_HASH_SIZE);
    assert_int_equal(data.aaguid.len, PK_AAGUID_SIZE);
    assert_int_equal(data.aaguid.ptr[0], 0xa0);
    assert_true(pk_view_equal(data.credential_id, pk_view_of(&id)));
    assert_true(pk_view_equal(data.public_key, pk_view_of(&key)));
    assert_int_equal(data.extensions.len, 0);
    assert_true(pk_view_equal(data.bytes, pk_view_of(&bytes)));
}

static void extensions(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(sample_extended_data);
    struct pk_auth_data data;

    (void)state;
    assert_status(pk_auth_data_parse(pk_view_of(&bytes), &data), PK_OK);
    assert_int_equal(data.sign_count, 5);
    assert_int_equal(data.extensions.len, 4);
    assert_int_equal(data.public_key.len, 0);
    bytes.data[37] = 0xbf; /* an indefinite map */
    assert_status(pk_auth_data_parse(pk_view_of(&bytes), &data), PK_CBOR_INDEFINITE_LENGTH);
}

static void prefixes(void **state)
{
    (void)state;
    check_prefixes(parse, sample_attested_data);
    check_prefixes(parse, sample_assertion_data);
    check_prefixes(parse, sample_extended_data);
}

static void refusals(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(sample_attested_data);
    static uint8_t large[PK_AUTH_DATA_MAX + 1];

    (void)state;
    assert_status(parse((struct pk_view){NULL, 0}), PK_AUTH_DATA_TRUNCATED);
    assert_status(parse((struct pk_view){bytes.data, 36}), PK_AUTH_DATA_TRUNCATED);
    assert_status(parse((struct pk_view){bytes.data, 37}), PK_AUTH_DATA_TRUNCATED);
    assert_status(parse((struct pk_view){bytes.data, bytes.len - 1}), PK_CBOR_TRUNCATED);
    assert_status(parse((struct pk_view){bytes.data, bytes.len + 1}), PK_AUTH_DATA_TRAILING_DATA);
    assert_status(parse((struct pk_view){large, sizeof(large)}), PK_AUTH_DATA_TOO_LARGE);
    /* Attested data without the flag. */
    bytes.data[32] = 0x05;
    assert_status(parse(pk_view_of(&bytes)), PK_AUTH_DATA_TRAILING_DATA);
    /* The flag for extensions without any. */
    bytes.data[32] = 0xc5;
    assert_status(parse(pk_view_of(&bytes)), PK_CBOR_TRUNCATED);
}

static void credential_id_length(void **state)
{
    PK_AUTO_BYTES struct pk_bytes sample = unhex(sample_attested_data);
    PK_AUTO_BYTES struct pk_bytes key = unhex(sample_es256_key);
    uint8_t bytes[55 + PK_CREDENTIAL_ID_MAX + 1 + 100] = {0};

    (void)state;
    memcpy(bytes, sample.data, 53);
    bytes[53] = PK_CREDENTIAL_ID_MAX >> 8;
    bytes[54] = PK_CREDENTIAL_ID_MAX & 0xff;
    memcpy(bytes + 55 + PK_CREDENTIAL_ID_MAX, key.data, key.len);
    assert_status(parse((struct pk_view){bytes, 55 + PK_CREDENTIAL_ID_MAX + key.len}), PK_OK);
    bytes[53] = (PK_CREDENTIAL_ID_MAX + 1) >> 8;
    bytes[54] = (PK_CREDENTIAL_ID_MAX + 1) & 0xff;
    memcpy(bytes + 55 + PK_CREDENTIAL_ID_MAX + 1, key.data, key.len);
    assert_status(parse((struct pk_view){bytes, 56 + PK_CREDENTIAL_ID_MAX + key.len}),
                  PK_CREDENTIAL_ID_LENGTH);
    bytes[53] = bytes[54] = 0;
    memcpy(bytes + 55, key.data, key.len);
    assert_status(parse((struct pk_view){bytes, 55 + key.len}), PK_CREDENTIAL_ID_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(extensions),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(credential_id_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
