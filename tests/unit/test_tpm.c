/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/tpm.h"

#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

/* RSA, SHA-256, attributes, no policy, symmetric null, RSASSA with SHA-256, 2048 bits, default e.
 */
#define RSA_HEAD                                                                                   \
    "0001000b00060472"                                                                             \
    "0000"                                                                                         \
    "0010"                                                                                         \
    "0014000b"                                                                                     \
    "0800"                                                                                         \
    "00000000"
#define CLOCK                                                                                      \
    "0000000000000001000000020000000301"                                                           \
    "0000000000000004"

static enum pk_status parse_public(struct pk_view bytes)
{
    struct pk_tpm_public tpm;

    return pk_tpm_public_parse(bytes, &tpm);
}

static enum pk_status parse_attest(struct pk_view bytes)
{
    struct pk_tpm_attest attest;

    return pk_tpm_attest_parse(bytes, &attest);
}

static void public_areas(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {RSA_HEAD "0003aabbcc", PK_OK},
        {"0001000b00060472"
         "0000"
         "0006008000430010"
         "0800"
         "00010001"
         "0001aa",
         PK_OK},
        {"000100040006047200021122"
         "0010"
         "0010"
         "0800"
         "00000000"
         "0000",
         PK_OK},
        {"0001000c000604720000"
         "0010"
         "0015"
         "0800"
         "00000000"
         "0000",
         PK_OK},
        {"0023000d000604720000"
         "0010"
         "0010"
         "0003"
         "0010"
         "0001aa0001bb",
         PK_OK},
        {"0023000b000604720000"
         "0010"
         "0018000b"
         "0003"
         "0020000b"
         "0001aa0001bb",
         PK_OK},
        {"0023000b000604720000"
         "0010"
         "001a000b0001"
         "0003"
         "0010"
         "0001aa0001bb",
         PK_OK},
        /* a keyed hash, an unknown hash */
        {"0008000b00060472"
         "0000"
         "0010"
         "0000",
         PK_TPM_PUB_AREA_MALFORMED},
        {"0023000a000604720000"
         "0010"
         "0010"
         "0003"
         "0010"
         "0001aa0001bb",
         PK_TPM_PUB_AREA_MALFORMED},
        {"", PK_TPM_PUB_AREA_MALFORMED},
        {RSA_HEAD "0004aabbcc", PK_TPM_PUB_AREA_MALFORMED},
        {RSA_HEAD "0002aabbcc", PK_TPM_PUB_AREA_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        enum pk_status status = parse_public(pk_view_of(&bytes));

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].hex, pk_status_name(status));
    }
}

static void rsa_fields(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(RSA_HEAD "0003aabbcc");
    struct pk_tpm_public tpm;

    (void)state;
    assert_status(pk_tpm_public_parse(pk_view_of(&bytes), &tpm), PK_OK);
    assert_true(tpm.rsa);
    assert_int_equal(tpm.name_hash, PK_HASH_SHA256);
    assert_int_equal(tpm.rsa_bits, 2048);
    assert_int_equal(tpm.rsa_exponent, 65537);
    assert_int_equal(tpm.modulus.len, 3);
}

/* The same key in both forms, then with one difference each. */
static void same_ec_key(void **state)
{
    static const struct {
        const char *key;
        uint16_t curve;
    } keys[] = {{sample_es256_key, 3}, {sample_key_35, 4}, {sample_key_36, 5}};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        PK_AUTO_BYTES struct pk_bytes cose = unhex(keys[i].key);
        struct pk_cose_key key;
        struct pk_tpm_public tpm = {.ecc_curve = keys[i].curve};

        assert_status(pk_cose_key_parse(pk_view_of(&cose), &key), PK_OK);
        tpm.x = key.x;
        tpm.y = key.y;
        assert_true(pk_tpm_public_is(&tpm, &key));
        tpm.ecc_curve = 0x0010;
        assert_false(pk_tpm_public_is(&tpm, &key));
        tpm.ecc_curve = keys[i].curve;
        tpm.x = key.y;
        assert_false(pk_tpm_public_is(&tpm, &key));
        tpm.x = key.x;
        tpm.y = key.x;
        assert_false(pk_tpm_public_is(&tpm, &key));
        tpm.y = (struct pk_view){key.y.ptr - 1, key.y.len + 1};
        assert_false(pk_tpm_public_is(&tpm, &key));
        tpm.y = key.y;
        tpm.rsa = true;
        assert_false(pk_tpm_public_is(&tpm, &key));
    }
}

static void short_coordinates(void **state)
{
    PK_AUTO_BYTES struct pk_bytes cose = unhex(sample_es256_key);
    struct pk_cose_key key;
    struct pk_tpm_public tpm = {.ecc_curve = 3};

    (void)state;
    cose.data[10] = 0; /* the first byte of x */
    assert_status(pk_cose_key_parse(pk_view_of(&cose), &key), PK_OK);
    tpm.y = key.y;
    tpm.x = (struct pk_view){key.x.ptr + 1, key.x.len - 1};
    assert_true(pk_tpm_public_is(&tpm, &key));
}

static void same_rsa_key(void **state)
{
    PK_AUTO_BYTES struct pk_bytes cose = unhex(sample_key_257);
    struct pk_cose_key key;
    struct pk_tpm_public tpm = {.rsa = true, .rsa_bits = 2048, .rsa_exponent = 65537};

    (void)state;
    assert_status(pk_cose_key_parse(pk_view_of(&cose), &key), PK_OK);
    tpm.modulus = key.modulus;
    assert_true(pk_tpm_public_is(&tpm, &key));
    tpm.rsa_bits = 1024;
    assert_false(pk_tpm_public_is(&tpm, &key));
    tpm.rsa_bits = 2048;
    tpm.rsa_exponent = 65539;
    assert_false(pk_tpm_public_is(&tpm, &key));
    tpm.rsa_exponent = 65537;
    tpm.modulus.len--;
    assert_false(pk_tpm_public_is(&tpm, &key));
    tpm.modulus = key.modulus;
    tpm.rsa = false;
    assert_false(pk_tpm_public_is(&tpm, &key));
}

static void attestations(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex("ff5443478017"
                                                "0002aabb"
                                                "0003010203" CLOCK "0004000b1122"
                                                "0000");
    struct pk_tpm_attest attest;

    (void)state;
    assert_status(pk_tpm_attest_parse(pk_view_of(&bytes), &attest), PK_OK);
    assert_int_equal(attest.extra_data.len, 3);
    assert_int_equal(attest.name.len, 4);
    bytes.data[5] = 0x18;
    assert_status(parse_attest(pk_view_of(&bytes)), PK_TPM_ATTEST_TYPE);
    bytes.data[0] = 0;
    assert_status(parse_attest(pk_view_of(&bytes)), PK_TPM_MAGIC);
    assert_status(parse_attest((struct pk_view){bytes.data, 5}), PK_TPM_CERT_INFO_MALFORMED);
}

static void prefixes(void **state)
{
    (void)state;
    check_prefixes(parse_public, RSA_HEAD "0003aabbcc");
    check_prefixes(parse_public, "0023000b000604720000"
                                 "0010"
                                 "001a000b0001"
                                 "0003"
                                 "0010"
                                 "0001aa0001bb");
    check_prefixes(parse_attest, "ff5443478017"
                                 "0002aabb"
                                 "0003010203" CLOCK "0004000b1122"
                                 "0001aa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_areas), cmocka_unit_test(rsa_fields),
        cmocka_unit_test(same_ec_key),  cmocka_unit_test(short_coordinates),
        cmocka_unit_test(same_rsa_key), cmocka_unit_test(attestations),
        cmocka_unit_test(prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
