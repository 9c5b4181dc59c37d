/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/reader.h"

#include <string.h>

static const uint8_t sample[] = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, 0,    0,    0,    2,    'h',  'i',  0,    0,    0,    3,    0xc3, 0xa9, '!',
};

static struct pk_reader over(const void *bytes, size_t len)
{
    return pk_reader_new((struct pk_view){bytes, len});
}

/* Reads everything the sample holds; the values only count when the reader finishes well. */
static enum pk_status read_sample(size_t len)
{
    struct pk_reader reader = over(sample, len);
    uint8_t first = pk_reader_u8(&reader);
    uint16_t second = pk_reader_u16(&reader);
    uint32_t third = pk_reader_u32(&reader);
    uint64_t fourth = pk_reader_u64(&reader);
    struct pk_view string = pk_reader_string(&reader, 2);
    PK_AUTO_FREE char *text = pk_reader_text(&reader, 3);
    enum pk_status status = pk_reader_finish(&reader);

    if (status != PK_OK)
        return status;
    assert_int_equal(first, 0x01);
    assert_int_equal(second, 0x0203);
    assert_int_equal(third, 0x04050607);
    assert_true(fourth == 0x08090a0b0c0d0e0fULL);
    assert_true(pk_view_equal(string, pk_view_string("hi")));
    assert_string_equal(text, "\xc3\xa9!");
    return status;
}

static void everything_is_read_in_order(void **state)
{
    (void)state;
    assert_int_equal(read_sample(sizeof(sample)), PK_OK);
}

static void every_prefix_is_truncated(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(sample); len++)
        assert_int_equal(read_sample(len), PK_TRUNCATED);
}

static void one_byte_too_many_is_trailing_data(void **state)
{
    struct pk_reader reader = over("abcd", 4);

    (void)state;
    assert_int_equal(pk_reader_take(&reader, 3).len, 3);
    assert_int_equal(pk_reader_finish(&reader), PK_TRAILING_DATA);
    assert_int_equal(pk_reader_u8(&reader), 'd');
    assert_int_equal(pk_reader_finish(&reader), PK_OK);
}

static void after_a_failure_everything_is_zero(void **state)
{
    struct pk_reader reader = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    struct pk_view view;

    (void)state;
    view = pk_reader_take(&reader, 10);
    assert_null(view.ptr);
    assert_int_equal(view.len, 0);
    assert_int_equal(pk_reader_u8(&reader), 0);
    assert_int_equal(pk_reader_u16(&reader), 0);
    assert_int_equal(pk_reader_u32(&reader), 0);
    assert_true(pk_reader_u64(&reader) == 0);
    assert_int_equal(pk_reader_take(&reader, 0).len, 0);
    assert_int_equal(pk_reader_string(&reader, 100).len, 0);
    assert_null(pk_reader_text(&reader, 100));
    assert_int_equal(pk_reader_finish(&reader), PK_TRUNCATED);
}

static void the_first_failure_stays(void **state)
{
    struct pk_reader reader = over("abc", 3);

    (void)state;
    pk_reader_fail(&reader, PK_INVALID_INPUT);
    pk_reader_fail(&reader, PK_PROTOCOL);
    (void)pk_reader_take(&reader, 100);
    assert_int_equal(pk_reader_finish(&reader), PK_INVALID_INPUT);
}

static void huge_lengths_do_not_wrap(void **state)
{
    struct pk_reader reader = over("abc", 3);

    (void)state;
    (void)pk_reader_u8(&reader);
    assert_null(pk_reader_take(&reader, SIZE_MAX).ptr);
    assert_int_equal(pk_reader_finish(&reader), PK_TRUNCATED);
    reader = over("\xff\xff\xff\xff", 4);
    assert_null(pk_reader_string(&reader, SIZE_MAX).ptr);
    assert_int_equal(pk_reader_finish(&reader), PK_TRUNCATED);
}

static void an_empty_input_is_well_formed(void **state)
{
    struct pk_reader reader = over(NULL, 0);

    (void)state;
    assert_int_equal(pk_reader_take(&reader, 0).len, 0);
    assert_int_equal(pk_reader_finish(&reader), PK_OK);
}

static void string_limits_are_exact(void **state)
{
    struct pk_reader reader = over("\0\0\0\3abc", 7);

    (void)state;
    assert_int_equal(pk_reader_string(&reader, 3).len, 3);
    assert_int_equal(pk_reader_finish(&reader), PK_OK);
    reader = over("\0\0\0\3abc", 7);
    assert_int_equal(pk_reader_string(&reader, 2).len, 0);
    assert_int_equal(pk_reader_finish(&reader), PK_TOO_LARGE);
    reader = over("\0\0\0\0", 4);
    assert_int_equal(pk_reader_string(&reader, 0).len, 0);
    assert_int_equal(pk_reader_finish(&reader), PK_OK);
}

static void text_is_utf8_without_nul(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum pk_status status;
    } cases[] = {
        {"\0\0\0\0", 4, PK_OK},
        {"\0\0\0\1a", 5, PK_OK},
        {"\0\0\0\1\xff", 5, PK_INVALID_INPUT},
        {"\0\0\0\1\xc3", 5, PK_INVALID_INPUT},
        {"\0\0\0\3a\0b", 7, PK_INVALID_INPUT},
        {"\0\0\0\1\0", 5, PK_INVALID_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct pk_reader reader = over(cases[i].bytes, cases[i].len);
        PK_AUTO_FREE char *text = pk_reader_text(&reader, 16);

        assert_int_equal(pk_reader_finish(&reader), cases[i].status);
        assert_int_equal(text != NULL, cases[i].status == PK_OK);
    }
}

static void the_size_of_a_message(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum pk_status status;
        size_t size;
    } cases[] = {
        {"", 0, PK_OK, 0},
        {"\0\0\0", 3, PK_OK, 0},
        {"\0\0\0\1", 4, PK_OK, 5},
        {"\0\0\0\7ab", 6, PK_OK, 11},
        {"\0\0\0\x8", 4, PK_TOO_LARGE, 99},
        {"\xff\xff\xff\xff", 4, PK_TOO_LARGE, 99},
        {"\0\0\0\0a", 5, PK_PROTOCOL, 99},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t size = 99;

        assert_int_equal(
            pk_message_size((struct pk_view){(const uint8_t *)cases[i].bytes, cases[i].len}, 7,
                            &size),
            cases[i].status);
        assert_int_equal(size, cases[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read_in_order),
        cmocka_unit_test(every_prefix_is_truncated),
        cmocka_unit_test(one_byte_too_many_is_trailing_data),
        cmocka_unit_test(after_a_failure_everything_is_zero),
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(huge_lengths_do_not_wrap),
        cmocka_unit_test(an_empty_input_is_well_formed),
        cmocka_unit_test(string_limits_are_exact),
        cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(the_size_of_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
