/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/cbor.h"

#include "common/base/limits.h"
#include "tests/unit/webauthn_support.h"

static enum pk_status check_hex(const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    return pk_cbor_check(pk_view_of(&bytes));
}

static void verdicts(void **state)
{
    static const struct {
        const char *hex;
        enum pk_status status;
    } cases[] = {
        {"00", PK_OK},
        {"17", PK_OK},
        {"1818", PK_OK},
        {"190100", PK_OK},
        {"1a00010000", PK_OK},
        {"1b0000000100000000", PK_OK},
        {"3bffffffffffffffff", PK_OK},
        {"40", PK_OK},
        {"4401020304", PK_OK},
        {"62c3bc", PK_OK},
        {"80", PK_OK},
        {"83010203", PK_OK},
        {"a0", PK_OK},
        {"a201020304", PK_OK},
        {"f4", PK_OK},
        {"f5", PK_OK},
        {"f6", PK_OK},
        {"f7", PK_OK},
        {"e0", PK_OK},
        {"f820", PK_OK},
        {"f93c00", PK_OK},
        {"fa47c35000", PK_OK},
        {"fb7e37e43c8800759c", PK_OK},
        /* The order of keys is not checked. */
        {"a203040102", PK_OK},
        {"a261620161610a", PK_OK},
        {"", PK_CBOR_TRUNCATED},
        {"18", PK_CBOR_TRUNCATED},
        {"1901", PK_CBOR_TRUNCATED},
        {"1a000100", PK_CBOR_TRUNCATED},
        {"1b00000001000000", PK_CBOR_TRUNCATED},
        {"42ff", PK_CBOR_TRUNCATED},
        {"5bffffffffffffffff00", PK_CBOR_TRUNCATED},
        {"8201", PK_CBOR_TRUNCATED},
        {"9bffffffffffffffff00", PK_CBOR_TRUNCATED},
        {"a1", PK_CBOR_TRUNCATED},
        {"a101", PK_CBOR_TRUNCATED},
        {"f8", PK_CBOR_TRUNCATED},
        {"0000", PK_CBOR_TRAILING_DATA},
        {"a000", PK_CBOR_TRAILING_DATA},
        {"1c", PK_CBOR_MALFORMED},
        {"1d", PK_CBOR_MALFORMED},
        {"1e", PK_CBOR_MALFORMED},
        {"1f", PK_CBOR_MALFORMED},
        {"3f", PK_CBOR_MALFORMED},
        {"ff", PK_CBOR_MALFORMED},
        {"f800", PK_CBOR_MALFORMED},
        {"f81f", PK_CBOR_MALFORMED},
        {"61ff", PK_CBOR_MALFORMED},
        {"62c080", PK_CBOR_MALFORMED},
        {"63eda080", PK_CBOR_MALFORMED},
        {"5f4101ff", PK_CBOR_INDEFINITE_LENGTH},
        {"7f6161ff", PK_CBOR_INDEFINITE_LENGTH},
        {"9f01ff", PK_CBOR_INDEFINITE_LENGTH},
        {"bf0102ff", PK_CBOR_INDEFINITE_LENGTH},
        {"1817", PK_CBOR_NOT_SHORTEST},
        {"1900ff", PK_CBOR_NOT_SHORTEST},
        {"1a0000ffff", PK_CBOR_NOT_SHORTEST},
        {"1b00000000ffffffff", PK_CBOR_NOT_SHORTEST},
        {"3800", PK_CBOR_NOT_SHORTEST},
        {"580101", PK_CBOR_NOT_SHORTEST},
        {"780161", PK_CBOR_NOT_SHORTEST},
        {"980100", PK_CBOR_NOT_SHORTEST},
        {"b8010000", PK_CBOR_NOT_SHORTEST},
        {"c001", PK_CBOR_TAG},
        {"d9d9f701", PK_CBOR_TAG},
        {"a201020103", PK_CBOR_DUPLICATE_KEY},
        {"a3010203040105", PK_CBOR_DUPLICATE_KEY},
        {"a2616101616102", PK_CBOR_DUPLICATE_KEY},
        {"a10181a201020103", PK_CBOR_DUPLICATE_KEY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum pk_status status = check_hex(cases[i].hex);

        if (status != cases[i].status)
            fail_msg("%s: %s, not %s", cases[i].hex, pk_status_name(status),
                     pk_status_name(cases[i].status));
    }
}

static void depth(void **state)
{
    uint8_t nested[PK_CBOR_DEPTH_MAX + 1];

    (void)state;
    memset(nested, 0x81, sizeof(nested));
    nested[PK_CBOR_DEPTH_MAX] = 0x00;
    assert_status(pk_cbor_check((struct pk_view){nested, sizeof(nested)}), PK_OK);
    nested[PK_CBOR_DEPTH_MAX] = 0x80;
    assert_status(pk_cbor_check((struct pk_view){nested, sizeof(nested)}), PK_CBOR_TOO_DEEP);
    nested[PK_CBOR_DEPTH_MAX] = 0xa0;
    assert_status(pk_cbor_check((struct pk_view){nested, sizeof(nested)}), PK_CBOR_TOO_DEEP);
}

static void size(void **state)
{
    static uint8_t array[3 + PK_CBOR_ITEMS_MAX];
    uint8_t map[2 + 3 * (PK_CBOR_PAIRS_MAX + 1)] = {0xb8};
    size_t len = 2;

    (void)state;
    array[0] = 0x99;
    array[1] = (PK_CBOR_ITEMS_MAX - 1) >> 8;
    array[2] = (PK_CBOR_ITEMS_MAX - 1) & 0xff;
    assert_status(pk_cbor_check((struct pk_view){array, 2 + PK_CBOR_ITEMS_MAX}), PK_OK);
    array[1] = PK_CBOR_ITEMS_MAX >> 8;
    array[2] = PK_CBOR_ITEMS_MAX & 0xff;
    assert_status(pk_cbor_check((struct pk_view){array, sizeof(array)}), PK_CBOR_TOO_LARGE);

    for (uint8_t key = 0; key <= PK_CBOR_PAIRS_MAX; key++) {
        if (key >= 24)
            map[len++] = 0x18;
        map[len++] = key;
        map[len++] = 0;
    }
    map[1] = PK_CBOR_PAIRS_MAX;
    assert_status(pk_cbor_check((struct pk_view){map, len - 3}), PK_OK);
    map[1] = PK_CBOR_PAIRS_MAX + 1;
    assert_status(pk_cbor_check((struct pk_view){map, len}), PK_CBOR_TOO_LARGE);
}

static void typed_reads(void **state)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex("8a0a293903e743010203656162636465f5f4a10102820102"
                                                "1b7fffffffffffffff3b7fffffffffffffff");
    struct pk_reader reader = pk_reader_new(pk_view_of(&bytes));
    struct pk_view view;

    (void)state;
    assert_int_equal(pk_cbor_peek(&reader), PK_CBOR_ARRAY);
    assert_int_equal(pk_cbor_array(&reader), 10);
    assert_int_equal(pk_cbor_unsigned(&reader), 10);
    assert_int_equal(pk_cbor_int(&reader), -10);
    assert_int_equal(pk_cbor_int(&reader), -1000);
    view = pk_cbor_bytes(&reader);
    assert_int_equal(view.len, 3);
    assert_true(pk_view_equal(pk_cbor_text(&reader), pk_view_string("abcde")));
    assert_true(pk_cbor_bool(&reader));
    assert_false(pk_cbor_bool(&reader));
    assert_int_equal(pk_cbor_map(&reader), 1);
    assert_int_equal(pk_cbor_int(&reader), 1);
    assert_int_equal(pk_cbor_int(&reader), 2);
    view = pk_cbor_item(&reader);
    assert_int_equal(view.len, 3);
    assert_true(pk_cbor_int(&reader) == INT64_MAX);
    assert_true(pk_cbor_int(&reader) == INT64_MIN);
    assert_int_equal(pk_cbor_peek(&reader), PK_CBOR_END);
    assert_status(pk_reader_finish(&reader), PK_OK);
}

/* Each typed read of another type fails, returns nothing, and the failure sticks. */
static void type_mismatch(void **state)
{
    static const char *const hex[] = {"f6", "f5", "00", "20", "40", "60", "80", "a0"};

    (void)state;
    for (size_t i = 0; i < COUNT(hex); i++) {
        PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex[i]);
        struct pk_reader reader;

        for (size_t read = 0; read < 7; read++) {
            static const size_t suits[] = {2, 2, 4, 5, 6, 7, 1};
            bool integer = read == 1 && (i == 2 || i == 3);

            reader = pk_reader_new(pk_view_of(&bytes));
            if (read == 0)
                assert_int_equal(pk_cbor_unsigned(&reader), 0);
            else if (read == 1)
                assert_in_range(pk_cbor_int(&reader) + 1, 0, 1);
            else if (read == 2)
                assert_int_equal(pk_cbor_bytes(&reader).len, 0);
            else if (read == 3)
                assert_int_equal(pk_cbor_text(&reader).len, 0);
            else if (read == 4)
                assert_int_equal(pk_cbor_array(&reader), 0);
            else if (read == 5)
                assert_int_equal(pk_cbor_map(&reader), 0);
            else
                assert_int_equal(pk_cbor_bool(&reader), i == 1);
            assert_status(reader.status,
                          i == suits[read] || integer ? PK_OK : PK_CBOR_TYPE_MISMATCH);
        }
    }
}

static void out_of_range(void **state)
{
    PK_AUTO_BYTES struct pk_bytes large = unhex("1b8000000000000000");
    PK_AUTO_BYTES struct pk_bytes small = unhex("3b8000000000000000");
    PK_AUTO_BYTES struct pk_bytes count = unhex("98ff00");
    struct pk_reader reader = pk_reader_new(pk_view_of(&large));

    (void)state;
    assert_int_equal(pk_cbor_int(&reader), 0);
    assert_status(reader.status, PK_CBOR_TYPE_MISMATCH);
    reader = pk_reader_new(pk_view_of(&small));
    assert_int_equal(pk_cbor_int(&reader), 0);
    assert_status(reader.status, PK_CBOR_TYPE_MISMATCH);
    reader = pk_reader_new(pk_view_of(&count));
    assert_int_equal(pk_cbor_array(&reader), 0);
    assert_status(reader.status, PK_CBOR_TRUNCATED);
}

static void prefixes(void **state)
{
    (void)state;
    check_prefixes(pk_cbor_check, "a401020326200121581f"
                                  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e");
    check_prefixes(pk_cbor_check,
                   "a363666d74646e6f6e656761747453746d74a068617574684461746143010203");
    check_prefixes(pk_cbor_check, "fb7e37e43c8800759c");
}

/* Each value once on either side of every width. */
static void written_heads(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-24, "37"},
        {-25, "3818"},
        {-256, "38ff"},
        {-257, "390100"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(16);
        PK_AUTO_BYTES struct pk_bytes expected = unhex(cases[i].hex);
        PK_AUTO_BYTES struct pk_bytes bytes = {0};
        struct pk_reader reader;

        pk_cbor_write_int(&writer, cases[i].value);
        assert_status(pk_writer_finish(&writer, &bytes), PK_OK);
        if (!pk_view_equal(pk_view_of(&bytes), pk_view_of(&expected)))
            fail_msg("%s came out otherwise", cases[i].hex);
        assert_status(pk_cbor_check(pk_view_of(&bytes)), PK_OK);
        reader = pk_reader_new(pk_view_of(&bytes));
        assert_true(pk_cbor_int(&reader) == cases[i].value);
    }
}

static void written_items(void **state)
{
    static const uint8_t thirty[30] = {0};
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(100);
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    PK_AUTO_BYTES struct pk_bytes expected =
        unhex("a301f502f40384401bffffffffffffffff581e"
              "00000000000000000000000000000000000000000000000000000000000062c3bc");

    (void)state;
    pk_cbor_write_map(&writer, 3);
    pk_cbor_write_unsigned(&writer, 1);
    pk_cbor_write_bool(&writer, true);
    pk_cbor_write_unsigned(&writer, 2);
    pk_cbor_write_bool(&writer, false);
    pk_cbor_write_unsigned(&writer, 3);
    pk_cbor_write_array(&writer, 4);
    pk_cbor_write_bytes(&writer, (struct pk_view){NULL, 0});
    pk_cbor_write_unsigned(&writer, UINT64_MAX);
    pk_cbor_write_bytes(&writer, (struct pk_view){thirty, sizeof(thirty)});
    pk_cbor_write_text(&writer, pk_view_string("\xc3\xbc"));
    assert_status(pk_writer_finish(&writer, &bytes), PK_OK);
    assert_true(pk_view_equal(pk_view_of(&bytes), pk_view_of(&expected)));
    assert_status(pk_cbor_check(pk_view_of(&bytes)), PK_OK);
}

static void written_wrongly(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(100);
    PK_AUTO_WRITER struct pk_writer small = pk_writer_new(3);
    struct pk_bytes bytes = {0};

    (void)state;
    pk_cbor_write_text(&writer, pk_view_string("\xff"));
    assert_status(pk_writer_finish(&writer, &bytes), PK_INVALID_ARGUMENT);
    pk_cbor_write_text(&small, pk_view_string("abc"));
    pk_cbor_write_text(&small, pk_view_string("\xff"));
    assert_status(pk_writer_finish(&small, &bytes), PK_TOO_LARGE);
    assert_null(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),      cmocka_unit_test(depth),
        cmocka_unit_test(size),          cmocka_unit_test(typed_reads),
        cmocka_unit_test(type_mismatch), cmocka_unit_test(out_of_range),
        cmocka_unit_test(prefixes),      cmocka_unit_test(written_heads),
        cmocka_unit_test(written_items), cmocka_unit_test(written_wrongly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
