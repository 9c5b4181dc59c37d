/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/reader.h"
#include "common/base/writer.h"

#include <string.h>

static void integers_are_big_endian(void **state)
{
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(15);
    PK_AUTO_BYTES struct pk_bytes written = {0};

    (void)state;
    pk_writer_u8(&writer, 0x01);
    pk_writer_u16(&writer, 0x0203);
    pk_writer_u32(&writer, 0x04050607);
    pk_writer_u64(&writer, 0x08090a0b0c0d0e0fULL);
    assert_int_equal(pk_writer_finish(&writer, &written), PK_OK);
    assert_int_equal(written.len, sizeof(expected));
    assert_memory_equal(written.data, expected, sizeof(expected));
}

static void strings_carry_their_length(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(100);
    PK_AUTO_BYTES struct pk_bytes written = {0};

    (void)state;
    pk_writer_text(&writer, "hi");
    pk_writer_string(&writer, (struct pk_view){NULL, 0});
    pk_writer_put(&writer, pk_view_string("!"));
    assert_int_equal(pk_writer_finish(&writer, &written), PK_OK);
    assert_int_equal(written.len, 11);
    assert_memory_equal(written.data, "\0\0\0\2hi\0\0\0\0!", 11);
}

static void the_limit_is_exact(void **state)
{
    for (size_t max = 0; max < 8; max++) {
        PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(max);
        PK_AUTO_BYTES struct pk_bytes written = {0};

        pk_writer_put(&writer, pk_view_string("abcd"));
        assert_int_equal(pk_writer_finish(&writer, &written), max < 4 ? PK_TOO_LARGE : PK_OK);
        assert_int_equal(written.len, max < 4 ? 0 : 4);
    }
    (void)state;
}

static void the_first_failure_stays(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(4);
    PK_AUTO_BYTES struct pk_bytes written = {0};

    (void)state;
    pk_writer_put(&writer, pk_view_string("abc"));
    pk_writer_put(&writer, pk_view_string("de"));
    /* There is room for this one, but something before it is missing. */
    pk_writer_put(&writer, pk_view_string("f"));
    assert_int_equal(writer.status, PK_TOO_LARGE);
    assert_int_equal(pk_writer_finish(&writer, &written), PK_TOO_LARGE);
    assert_null(written.data);
}

static void finishing_empties(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(4);
    PK_AUTO_BYTES struct pk_bytes first = {0};
    PK_AUTO_BYTES struct pk_bytes second = {0};

    (void)state;
    pk_writer_put(&writer, pk_view_string("abcd"));
    assert_int_equal(pk_writer_finish(&writer, &first), PK_OK);
    pk_writer_put(&writer, pk_view_string("efgh"));
    assert_int_equal(pk_writer_finish(&writer, &second), PK_OK);
    assert_memory_equal(first.data, "abcd", 4);
    assert_memory_equal(second.data, "efgh", 4);
}

static void clearing_forgets_a_failure(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(1);
    PK_AUTO_BYTES struct pk_bytes written = {0};

    (void)state;
    pk_writer_u16(&writer, 1);
    assert_int_equal(writer.status, PK_TOO_LARGE);
    pk_writer_clear(&writer);
    pk_writer_u8(&writer, 1);
    assert_int_equal(pk_writer_finish(&writer, &written), PK_OK);
    assert_int_equal(written.len, 1);
}

static void it_grows_as_far_as_needed(void **state)
{
    enum { ROUNDS = 5000 };
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new((size_t)ROUNDS * 4);
    PK_AUTO_BYTES struct pk_bytes written = {0};
    struct pk_reader reader;

    (void)state;
    for (uint32_t i = 0; i < ROUNDS; i++)
        pk_writer_u32(&writer, i);
    assert_int_equal(pk_writer_finish(&writer, &written), PK_OK);
    reader = pk_reader_new(pk_view_of(&written));
    for (uint32_t i = 0; i < ROUNDS; i++)
        assert_int_equal(pk_reader_u32(&reader), i);
    assert_int_equal(pk_reader_finish(&reader), PK_OK);
}

static void nothing_written_is_empty(void **state)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(0);
    PK_AUTO_BYTES struct pk_bytes written = {0};

    (void)state;
    pk_writer_put(&writer, (struct pk_view){NULL, 0});
    assert_int_equal(pk_writer_finish(&writer, &written), PK_OK);
    assert_int_equal(written.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),   cmocka_unit_test(strings_carry_their_length),
        cmocka_unit_test(the_limit_is_exact),        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(finishing_empties),         cmocka_unit_test(clearing_forgets_a_failure),
        cmocka_unit_test(it_grows_as_far_as_needed), cmocka_unit_test(nothing_written_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
