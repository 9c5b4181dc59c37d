/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/bus/sealed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALL (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static int memory(const char *text, size_t len, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void a_sealed_one_is_read(void **state)
{
    PK_AUTO_CLOSE int fd = memory("a\0b", 3, ALL);
    AUTO_SEALED struct pk_view content = {0};

    (void)state;
    assert_int_equal(sealed_map(fd, 3, &content), PK_OK);
    assert_int_equal(content.len, 3);
    assert_memory_equal(content.ptr, "a\0b", 3);
    sealed_unmap(&content);
    assert_null(content.ptr);
    assert_int_equal(sealed_map(fd, 2, &content), PK_TOO_LARGE);
}

/* What can change while it is read, or make the reader wait, is refused. */
static void anything_else_is_refused(void **state)
{
    static const int seals[] = {0, F_SEAL_WRITE, ALL & ~F_SEAL_WRITE, ALL & ~F_SEAL_GROW,
                                ALL & ~F_SEAL_SHRINK};
    AUTO_SEALED struct pk_view content = {0};
    PK_AUTO_CLOSE int empty = memory("", 0, ALL);
    char path[] = "/tmp/test_sealed-XXXXXX";
    PK_AUTO_CLOSE int file = mkstemp(path);
    int ends[2];

    (void)state;
    for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
        PK_AUTO_CLOSE int fd = memory("x", 1, seals[i]);

        assert_int_equal(sealed_map(fd, 10, &content), PK_INVALID_INPUT);
    }
    assert_int_equal(sealed_map(empty, 10, &content), PK_INVALID_INPUT);
    assert_int_equal(write(file, "x", 1), 1);
    assert_int_equal(sealed_map(file, 10, &content), PK_INVALID_INPUT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sealed_map(ends[0], 10, &content), PK_INVALID_INPUT);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(sealed_map(-1, 10, &content), PK_INVALID_INPUT);
    assert_null(content.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_one_is_read),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
