/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/signature.h"

#include "common/webauthn/verify.h"
#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

static struct pk_public_key *key_from(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes cose = unhex(hex);
    struct pk_public_key *key = NULL;

    assert_status(pk_public_key_parse(pk_view_of(&cose), &key), PK_OK);
    return key;
}

static enum pk_status verify(struct pk_public_key *key, const char *message, const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes signature = unhex(hex);

    return pk_signature_verify(key, pk_view_string(message), pk_view_of(&signature));
}

static void every_algorithm(void **state)
{
    static const struct {
        const char *key, *signature;
    } samples[] = {
        {sample_es256_key, sample_message_es256}, {sample_key_35, sample_message_35},
        {sample_key_36, sample_message_36},       {sample_key_47, sample_message_47},
        {sample_key_8, sample_message_8},         {sample_key_53, sample_message_53},
        {sample_key_257, sample_message_257},     {sample_key_37, sample_message_37},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        PK_AUTO_PUBLIC_KEY struct pk_public_key *key = key_from(samples[i].key);
        PK_AUTO_BYTES struct pk_bytes signature = unhex(samples[i].signature);
        struct pk_view message = pk_view_string("message");

        assert_true(pk_algorithm_supported(pk_public_key_algorithm(key)->number));
        assert_non_null(pk_public_key_evp(key));
        /* A key verifies more than one signature, and a wrong one in between changes nothing. */
        for (int k = 0; k < 2; k++) {
            assert_status(verify(key, "message", samples[i].signature), PK_OK);
            assert_status(verify(key, "massage", samples[i].signature), PK_SIGNATURE_INVALID);
        }
        signature.data[signature.len - 1] ^= 1;
        assert_status(pk_signature_verify(key, message, pk_view_of(&signature)),
                      PK_SIGNATURE_INVALID);
        for (size_t len = 0; len < signature.len; len++)
            assert_status(pk_signature_verify(key, message, (struct pk_view){signature.data, len}),
                          PK_SIGNATURE_MALFORMED);
        assert_status(
            pk_signature_verify(key, message, (struct pk_view){signature.data, signature.len + 1}),
            PK_SIGNATURE_MALFORMED);
    }
}

static void ecdsa_encodings(void **state)
{
    static const char *const malformed[] = {
        "",
        "30",
        "3000",
        "3003020101",
        "3006020101020100",   /* s = 0 */
        "3006020100020101",   /* r = 0 */
        "3006020181020101",   /* negative */
        "300702020001020101", /* a zero too many */
        "3007020101020101"
        "00", /* something left */
        "3006020101020101"
        "00",                 /* something behind */
        "308106020101020101", /* a long length that need not be */
        "3080020101020101"
        "0000", /* indefinite */
        "3005020002"
        "0101", /* empty */
        "3106020101020101",
        "3006030101020101",
        "3006020101040101",
        "3006020101820101",
    };
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = key_from(sample_es256_key);

    (void)state;
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (verify(key, "message", malformed[i]) != PK_SIGNATURE_MALFORMED)
            fail_msg("%s is not malformed", malformed[i]);
    assert_status(verify(key, "message", "3006020101020101"), PK_SIGNATURE_INVALID);
    assert_status(verify(key, "message",
                         "30080202"
                         "0081"
                         "0202"
                         "00ff"),
                  PK_SIGNATURE_INVALID);
    assert_status(verify(key, "message", sample_message_zero_r), PK_SIGNATURE_MALFORMED);
    assert_status(verify(key, "message", sample_message_zero_s), PK_SIGNATURE_MALFORMED);
}

static void pss_salt_is_as_long_as_the_hash(void **state)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = key_from(sample_key_37);

    (void)state;
    assert_status(verify(key, "message", sample_message_37_salt_20), PK_SIGNATURE_INVALID);
    assert_status(verify(key, "message", sample_message_257), PK_SIGNATURE_INVALID);
}

static void points(void **state)
{
    PK_AUTO_BYTES struct pk_bytes ec = unhex(sample_es256_key);
    PK_AUTO_BYTES struct pk_bytes ed = unhex(sample_key_8);
    struct pk_public_key *key = NULL;

    (void)state;
    ec.data[ec.len - 1] ^= 1;
    assert_status(pk_public_key_parse(pk_view_of(&ec), &key), PK_KEY_POINT_INVALID);
    /* Coordinates that are no numbers of the field. */
    memset(ec.data + 10, 0xff, 32);
    assert_status(pk_public_key_parse(pk_view_of(&ec), &key), PK_KEY_POINT_INVALID);
    memset(ed.data + ed.len - 32, 0, 32);
    assert_status(pk_public_key_parse(pk_view_of(&ed), &key), PK_KEY_POINT_INVALID);
    assert_status(pk_public_key_parse((struct pk_view){NULL, 0}, &key), PK_CBOR_TRUNCATED);
    assert_null(key);
    pk_public_key_free(NULL);
}

/* Which algorithm may use which key: that of a certificate says only its kind and curve. */
static void wrapping(void **state)
{
    static const char *const keys[] = {sample_es256_key, sample_key_35, sample_key_36,
                                       sample_key_47,    sample_key_8,  sample_key_53,
                                       sample_key_257};
    static const struct {
        int32_t number;
        const char *suits; /* a letter for each key */
    } rows[] = {
        {-7, "yyynnnn"},     {-35, "yyynnnn"}, {-36, "yyynnnn"},  {-9, "ynnnnnn"},
        {-51, "nynnnnn"},    {-52, "nnynnnn"}, {-47, "nnnynnn"},  {-8, "nnnnynn"},
        {-19, "nnnnynn"},    {-53, "nnnnnyn"}, {-257, "nnnnnny"}, {-39, "nnnnnny"},
        {-65535, "nnnnnny"}, {-48, "nnnnnnn"},
    };

    (void)state;
    for (size_t k = 0; k < COUNT(keys); k++) {
        PK_AUTO_PUBLIC_KEY struct pk_public_key *key = key_from(keys[k]);

        for (size_t i = 0; i < COUNT(rows); i++) {
            PK_AUTO_PUBLIC_KEY struct pk_public_key *wrapped = NULL;
            enum pk_status status = pk_public_key_wrap(pk_algorithm_find(rows[i].number),
                                                       pk_public_key_evp(key), &wrapped);

            if (status != (rows[i].suits[k] == 'y' ? PK_OK : PK_CERTIFICATE_KEY))
                fail_msg("algorithm %d and key %zu: %s", (int)rows[i].number, k,
                         pk_status_name(status));
        }
    }
}

/* One binary for OpenSSL with and without ML-DSA: a key gives one answer or the other. */
static void post_quantum(void **state)
{
    static uint8_t cose[10 + 1312] = {0xa3, 0x01, 0x07, 0x03, 0x38, 0x2f, 0x20, 0x59, 0x05, 0x20};
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    enum pk_status status = pk_public_key_parse((struct pk_view){cose, sizeof(cose)}, &key);

    (void)state;
    assert_status(status, pk_algorithm_supported(-48) ? PK_OK : PK_ALGORITHM_UNSUPPORTED);
    assert_false(pk_algorithm_supported(12345));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(ecdsa_encodings),
        cmocka_unit_test(pss_salt_is_as_long_as_the_hash),
        cmocka_unit_test(points),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(post_quantum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
