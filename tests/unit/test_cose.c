/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/cose.h"

#include "common/base/text.h"
#include "tests/unit/webauthn_samples.h"
#include "tests/unit/webauthn_support.h"

static enum pk_status parse(struct pk_view bytes)
{
    struct pk_cose_key key;

    return pk_cose_key_parse(bytes, &key);
}

static enum pk_status parse_hex(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    return parse(pk_view_of(&bytes));
}

static void samples(void **state)
{
    static const char *const keys[] = {sample_es256_key, sample_key_35, sample_key_36,
                                       sample_key_47,    sample_key_8,  sample_key_53,
                                       sample_key_257,   sample_key_37};
    static const int32_t numbers[] = {-7, -35, -36, -47, -8, -53, -257, -37};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(keys[i]);
        struct pk_cose_key key;

        assert_status(pk_cose_key_parse(pk_view_of(&bytes), &key), PK_OK);
        assert_int_equal(key.algorithm->number, numbers[i]);
        check_prefixes(parse, keys[i]);
    }
}

/* A key from its parameters: x and y are "XX" and "YY" for 32 bytes each. */
static enum pk_status parse_with(const char *format)
{
    PK_AUTO_FREE char *hex = NULL;
    char x[65], y[65];

    for (size_t i = 0; i < 64; i++) {
        x[i] = '1';
        y[i] = '2';
    }
    x[64] = y[64] = 0;
    hex = calloc(1, strlen(format) * 64 + 1);
    assert_non_null(hex);
    for (const char *at = format; *at; at++) {
        if (*at == 'X' || *at == 'Y')
            strcat(hex, *at == 'X' ? x : y);
        else
            strncat(hex, at, 1);
    }
    return parse_hex(hex);
}

static void verdicts(void **state)
{
    static const struct {
        const char *key;
        enum pk_status status;
    } cases[] = {
        {"a5010203262001215820X225820Y", PK_OK},
        /* other orders */
        {"a5225820Y215820X200103260102", PK_OK},
        {"a5032601022001215820X225820Y", PK_OK},
        /* ESP256 */
        {"a5010203282001215820X225820Y", PK_OK},
        {"a401010327200621"
         "5820X",
         PK_OK},
        {"a401010332200621"
         "5820X",
         PK_OK},
        {"80", PK_KEY_MALFORMED},
        {"a0", PK_KEY_MALFORMED},
        {"a10102", PK_KEY_MALFORMED},
        {"a10326", PK_KEY_MALFORMED},
        {"a2010203f6", PK_KEY_MALFORMED},
        {"a2016345433203"
         "26",
         PK_KEY_MALFORMED},
        {"a401020326200121"
         "5820X",
         PK_KEY_MALFORMED},
        {"a4010203262001225820Y", PK_KEY_MALFORMED},
        {"a401020326215820X225820Y", PK_KEY_MALFORMED},
        {"a5010203262040215820X225820Y", PK_KEY_MALFORMED},
        {"a5010203262001217820X225820Y", PK_KEY_MALFORMED},
        {"a50102032620012105225820Y", PK_KEY_MALFORMED},
        {"a50102032620012158"
         "20X2205",
         PK_KEY_MALFORMED},
        {"a601020326200121"
         "5820X22"
         "5820Y0241aa",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a601020326200121"
         "5820X22"
         "5820Y048102",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a601020326200121"
         "5820X22"
         "5820Y23"
         "5820X",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a601020326200121"
         "5820X22"
         "5820Y616100",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a601020326200121"
         "5820X22"
         "5820Y1b800000000000000000",
         PK_KEY_MALFORMED},
        {"a501010327200621"
         "5820X22"
         "5820Y",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a5010203382e2001215820X225820Y", PK_KEY_CURVE_MISMATCH},
        {"a5010203262002215820X225820Y", PK_KEY_CURVE_MISMATCH},
        {"a401010327200721"
         "5820X",
         PK_KEY_CURVE_MISMATCH},
        {"a5010103262001215820X225820Y", PK_KEY_TYPE_MISMATCH},
        {"a401020327200621"
         "5820X",
         PK_KEY_TYPE_MISMATCH},
        {"a5010203392001"
         "2001215820X225820Y",
         PK_ALGORITHM_UNSUPPORTED},
        {"a5010203002001215820X225820Y", PK_ALGORITHM_UNSUPPORTED},
        {"a50102032620012141aa225820Y", PK_KEY_LENGTH_INVALID},
        {"a501020326200121582100X225820Y", PK_KEY_LENGTH_INVALID},
        {"a501020326200121"
         "5820X22582100Y",
         PK_KEY_LENGTH_INVALID},
        {"a501020326200121"
         "5820X22f5",
         PK_KEY_LENGTH_INVALID},
        {"a501020326200121"
         "5820X22f4",
         PK_KEY_LENGTH_INVALID},
        {"a40101032720062140", PK_KEY_LENGTH_INVALID},
        {"a4010103272006215840XX", PK_KEY_LENGTH_INVALID},
        /* ML-DSA */
        {"a3010703382f2041aa", PK_KEY_LENGTH_INVALID},
        {"a3010703382f2001", PK_KEY_MALFORMED},
        {"a4010703382f2041aa2101", PK_KEY_PARAMETER_UNKNOWN},
        {"a4010703382f2041aa2201", PK_KEY_PARAMETER_UNKNOWN},
        {"a3010203382f2041aa", PK_KEY_TYPE_MISMATCH},
        /* RSA */
        {"a40103033901002041aa2143010001", PK_KEY_RSA_MODULUS},
        {"a4010303390100204021"
         "43010001",
         PK_KEY_RSA_MODULUS},
        {"a501030339010020"
         "41aa21430100012200",
         PK_KEY_PARAMETER_UNKNOWN},
        {"a401030339010020"
         "0121"
         "43010001",
         PK_KEY_MALFORMED},
        {"a401030339010020"
         "41aa2101",
         PK_KEY_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum pk_status status = parse_with(cases[i].key);

        if (status != cases[i].status)
            fail_msg("%s: %s, not %s", cases[i].key, pk_status_name(status),
                     pk_status_name(cases[i].status));
    }
}

/* {1: 3, 3: -257, -1: n, -2: e} */
static enum pk_status parse_rsa(size_t size, uint8_t first, uint8_t last, const char *exponent)
{
    PK_AUTO_BYTES struct pk_bytes e = unhex(exponent);
    uint8_t key[1400] = {0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59};
    size_t len = 11;

    key[9] = (uint8_t)(size >> 8);
    key[10] = (uint8_t)size;
    memset(key + len, 0x55, size);
    key[len] = first;
    key[len + size - 1] = last;
    len += size;
    key[len++] = 0x21;
    key[len++] = (uint8_t)(0x40 | e.len);
    memcpy(key + len, e.data, e.len);
    return parse((struct pk_view){key, len + e.len});
}

static void rsa_bounds(void **state)
{
    (void)state;
    assert_status(parse_rsa(256, 0x80, 1, "010001"), PK_OK);
    assert_status(parse_rsa(256, 0xff, 1, "010001"), PK_OK);
    assert_status(parse_rsa(256, 0x7f, 1, "010001"), PK_KEY_RSA_MODULUS);
    assert_status(parse_rsa(257, 0x00, 1, "010001"), PK_KEY_RSA_MODULUS);
    assert_status(parse_rsa(257, 0x01, 1, "010001"), PK_OK);
    assert_status(parse_rsa(256, 0x80, 2, "010001"), PK_KEY_RSA_MODULUS);
    assert_status(parse_rsa(1024, 0x80, 1, "010001"), PK_OK);
    assert_status(parse_rsa(1025, 0x01, 1, "010001"), PK_KEY_RSA_MODULUS);
    assert_status(parse_rsa(256, 0x80, 1, ""), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "01"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "03"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "ffff"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "010002"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "00010001"), PK_OK);
    assert_status(parse_rsa(256, 0x80, 1, "0000000000000000000000010001"), PK_OK);
    assert_status(parse_rsa(256, 0x80, 1, "00000000"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "00000003"), PK_KEY_RSA_EXPONENT);
    assert_status(parse_rsa(256, 0x80, 1, "010003"), PK_OK);
    assert_status(parse_rsa(256, 0x80, 1, "ffffffffffffffff"), PK_OK);
    assert_status(parse_rsa(256, 0x80, 1, "010000000000000001"), PK_KEY_RSA_EXPONENT);
}

static void not_cbor(void **state)
{
    (void)state;
    assert_status(parse_hex("a2010203260000"), PK_CBOR_TRAILING_DATA);
    assert_status(parse_hex("a201020102"), PK_CBOR_DUPLICATE_KEY);
}

static void table(void **state)
{
    (void)state;
    assert_null(pk_algorithm_find(0));
    assert_null(pk_algorithm_find(INT64_MIN));
    assert_non_null(pk_algorithm_find(PK_ALGORITHM_RS1));
    assert_null(pk_algorithm_at(1000));
    for (size_t i = 0; pk_algorithm_at(i); i++)
        assert_ptr_equal(pk_algorithm_find(pk_algorithm_at(i)->number), pk_algorithm_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples),  cmocka_unit_test(verdicts), cmocka_unit_test(rsa_bounds),
        cmocka_unit_test(not_cbor), cmocka_unit_test(table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
