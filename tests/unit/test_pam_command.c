/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "pam/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_sealed(int fd)
{
    const int wanted = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

    assert_int_equal(fcntl(fd, F_GET_SEALS), wanted);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
}

static void assert_holds(int fd, struct pk_view bytes)
{
    PK_AUTO_FREE uint8_t *got = malloc(bytes.len + 1);
    ssize_t len;

    assert_non_null(got);
    len = pread(fd, got, bytes.len + 1, 0);
    assert_int_equal(len, (ssize_t)bytes.len);
    assert_memory_equal(got, bytes.ptr, bytes.len);
}

static void bytes_are_sealed(void **state)
{
    static const struct pk_view bytes = {(const uint8_t *)"a\0\xff", 4};
    PK_AUTO_CLOSE int fd = -1;

    (void)state;
    assert_int_equal(command_seal(bytes, &fd), PK_OK);
    assert_sealed(fd);
    assert_holds(fd, bytes);
}

/* A file of that many bytes, removed with its folder by the test that made it. */
static void write_file(const char *path, size_t len)
{
    PK_AUTO_FREE uint8_t *bytes = calloc(len + 1, 1);
    PK_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 4096);
    assert_true(fd >= 0);
    assert_int_equal(pk_write_all(fd, (struct pk_view){bytes, len}), PK_OK);
}

static void assert_copied(const char *path, size_t len)
{
    PK_AUTO_FREE uint8_t *bytes = malloc(len + 1);
    PK_AUTO_CLOSE int file = -1;
    PK_AUTO_CLOSE int fd = -1;

    write_file(path, len);
    assert_non_null(bytes);
    file = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(file, bytes, len + 1), (ssize_t)len);
    assert_int_equal(command_line_seal(path, &fd), PK_OK);
    assert_sealed(fd);
    assert_holds(fd, (struct pk_view){bytes, len});
}

static void a_line_of_any_length_is_copied(void **state)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 8192, 100000};
    char folder[] = "/tmp/test_pam_command-XXXXXX";
    PK_AUTO_FREE char *path = NULL;
    PK_AUTO_CLOSE int fd = -1;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(asprintf(&path, "%s/line", folder) > 0);
    assert_int_equal(command_line_seal(path, &fd), PK_IO);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_copied(path, sizes[i]);
    write_file(path, 0);
    assert_int_equal(command_line_seal(path, &fd), PK_NOT_FOUND);
    write_file(path, COMMAND_LINE_MAX + 1);
    assert_int_equal(command_line_seal(path, &fd), PK_TOO_LARGE);
    assert_int_equal(fd, -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void this_process_is_read(void **state)
{
    PK_AUTO_CLOSE int fd = -1;

    (void)state;
    assert_int_equal(command_line_seal("/proc/self/cmdline", &fd), PK_OK);
    assert_sealed(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_sealed),
        cmocka_unit_test(a_line_of_any_length_is_copied),
        cmocka_unit_test(this_process_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
