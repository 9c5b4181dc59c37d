/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void reads_until_the_end(void **state)
{
    PK_AUTO_CLOSE int from = -1;
    int ends[2];
    char buffer[8];
    size_t len = 0;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    from = ends[0];
    assert_int_equal(pk_write_all(ends[1], pk_view_string("abc")), PK_OK);
    assert_int_equal(pk_write_all(ends[1], pk_view_string("de")), PK_OK);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(pk_read_all(from, buffer, sizeof(buffer), &len), PK_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(buffer, "abcde", 5);
    assert_int_equal(pk_read_all(from, buffer, sizeof(buffer), &len), PK_OK);
    assert_int_equal(len, 0);
}

/* The other end stays open: nothing waits for more than fits. */
static void reads_no_more_than_fits(void **state)
{
    PK_AUTO_CLOSE int from = -1, to = -1;
    int ends[2];
    char buffer[4];
    size_t len = 0;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    from = ends[0];
    to = ends[1];
    assert_int_equal(pk_write_all(to, pk_view_string("abcdef")), PK_OK);
    assert_int_equal(pk_read_all(from, buffer, sizeof(buffer), &len), PK_OK);
    assert_int_equal(len, sizeof(buffer));
    assert_memory_equal(buffer, "abcd", 4);
}

static void errors_leave_the_length_alone(void **state)
{
    char buffer[4];
    size_t len = 99;

    (void)state;
    assert_int_equal(pk_read_all(-1, buffer, sizeof(buffer), &len), PK_IO);
    assert_int_equal(len, 99);
    assert_int_equal(pk_write_all(-1, pk_view_string("a")), PK_IO);
    assert_int_equal(pk_write_all(-1, pk_view_string("")), PK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_until_the_end),
        cmocka_unit_test(reads_no_more_than_fits),
        cmocka_unit_test(errors_leave_the_length_alone),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
