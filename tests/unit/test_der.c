/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/der.h"

#include "tests/unit/webauthn_support.h"

static enum pk_status read_one(struct pk_view bytes)
{
    struct pk_reader reader = pk_reader_new(bytes);

    (void)pk_der_read(&reader);
    return pk_reader_finish(&reader);
}

static void elements(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {"0500", PK_OK},
        {"0401aa", PK_OK},
        {"bf8458020500", PK_OK},
        {"1f1f00", PK_OK},
        {"", PK_TRUNCATED},
        {"04", PK_TRUNCATED},
        {"0402aa", PK_TRUNCATED},
        {"0481", PK_TRUNCATED},
        {"0482aa", PK_TRUNCATED},
        {"1f", PK_TRUNCATED},
        {"1f84", PK_TRUNCATED},
        {"050000", PK_TRAILING_DATA},
        {"0480", PK_INVALID_INPUT},
        {"04810100", PK_INVALID_INPUT},
        {"0482007f", PK_INVALID_INPUT},
        {"048500000000ff", PK_INVALID_INPUT},
        {"1f1e00", PK_INVALID_INPUT},
        {"1f802000", PK_INVALID_INPUT},
        {"1fffffffffff7f00", PK_INVALID_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        enum pk_status status = read_one(pk_view_of(&bytes));

        if (status != cases[i].status)
            fail_msg("%s: %s, not %s", cases[i].hex, pk_status_name(status),
                     pk_status_name(cases[i].status));
    }
}

static void fields(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex("bf845803020105");
    struct pk_reader reader = pk_reader_new(pk_view_of(&bytes)), inner;
    struct pk_der element = pk_der_read(&reader);

    (void)state;
    assert_int_equal(element.tag_class, PK_DER_CONTEXT);
    assert_true(element.constructed);
    assert_int_equal(element.tag, 600);
    inner = pk_reader_new(element.value);
    assert_int_equal(pk_der_uint32(&inner), 5);
    assert_status(pk_reader_finish(&inner), PK_OK);
}

static void long_lengths(void **state)
{
    uint8_t bytes[4 + 256] = {0x04, 0x82, 0x01, 0x00};
    struct pk_reader reader = pk_reader_new((struct pk_view){bytes, sizeof(bytes)});

    (void)state;
    assert_int_equal(pk_der_expect(&reader, PK_DER_OCTET_STRING).len, 256);
    assert_status(pk_reader_finish(&reader), PK_OK);
}

static void expectations(void **state)
{
    static const struct {
        const char *hex;
        uint32_t tag;
        bool right;
    } cases[] = {
        {"0400", PK_DER_OCTET_STRING, true},  {"3000", PK_DER_SEQUENCE, true},
        {"3100", PK_DER_SET, true},           {"2400", PK_DER_OCTET_STRING, false},
        {"1000", PK_DER_SEQUENCE, false},     {"a400", PK_DER_OCTET_STRING, false},
        {"0500", PK_DER_OCTET_STRING, false}, {"04", PK_DER_OCTET_STRING, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        struct pk_reader reader = pk_reader_new(pk_view_of(&bytes));

        (void)pk_der_expect(&reader, cases[i].tag);
        assert_int_equal(pk_reader_finish(&reader) == PK_OK, cases[i].right);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *hex;
        uint32_t value;
        bool right;
    } cases[] = {
        {"020100", 0, true},
        {"02017f", 127, true},
        {"02020080", 128, true},
        {"0203010001", 65537, true},
        {"020500ffffffff", UINT32_MAX, true},
        {"0200", 0, false},
        {"0201ff", 0, false},
        {"02020001", 0, false},
        {"02050100000000", 0, false},
        {"0206000100000000", 0, false},
        {"0a0101", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        struct pk_reader reader = pk_reader_new(pk_view_of(&bytes));

        assert_int_equal(pk_der_uint32(&reader), cases[i].value);
        assert_int_equal(pk_reader_finish(&reader) == PK_OK, cases[i].right);
    }
}

static void nested(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {"0500", PK_OK},
        {"3000", PK_OK},
        {"30053003020101", PK_OK},
        {"30800000", PK_INVALID_INPUT},
        {"300430800000", PK_INVALID_INPUT},
        {"30053003020201", PK_TRUNCATED},
        {"30063003020101", PK_TRUNCATED},
        {"3005300302010100", PK_TRAILING_DATA},
        {"3004028101ff", PK_INVALID_INPUT},
        {"", PK_TRUNCATED},
    };
    uint8_t deep[2 * (PK_DER_DEPTH_MAX + 2)];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(cases[i].hex);
        enum pk_status status = pk_der_check(pk_view_of(&bytes));

        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].hex, pk_status_name(status));
    }
    for (size_t i = 0; i < sizeof(deep); i += 2) {
        deep[i] = 0x30;
        deep[i + 1] = (uint8_t)(sizeof(deep) - i - 2);
    }
    assert_status(pk_der_check((struct pk_view){deep, sizeof(deep)}), PK_INVALID_INPUT);
    assert_status(pk_der_check((struct pk_view){deep + 4, sizeof(deep) - 4}), PK_OK);
}

static void prefixes(void **state)
{
    (void)state;
    check_prefixes(read_one, "bf845808300602010104010a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),     cmocka_unit_test(fields),  cmocka_unit_test(long_lengths),
        cmocka_unit_test(expectations), cmocka_unit_test(numbers), cmocka_unit_test(prefixes),
        cmocka_unit_test(nested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
