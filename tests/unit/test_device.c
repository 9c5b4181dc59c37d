/* SPDX-License-Identifier: BSD-2-Clause */
/* What is no security key is not opened for one; tests/vm/hidraw.py has those that are. */
#include "authenticator/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

static enum pk_status opened(const char *path)
{
    static struct pk_channel channel;
    int pair[2], fd = -1;
    enum pk_status status;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    channel = (struct pk_channel){.in = pair[0], .out = pair[0]};
    status = device_open(path, &channel, &fd);
    assert_int_equal(fd, -1);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return status;
}

static void other_names_are_not_even_opened(void **state)
{
    (void)state;
    assert_int_equal(opened(""), PK_NO_DEVICE);
    assert_int_equal(opened("null"), PK_NO_DEVICE);
    assert_int_equal(opened("/etc/passwd"), PK_NO_DEVICE);
    assert_int_equal(opened("/dev/../etc/passwd"), PK_NO_DEVICE);
    assert_int_equal(opened("/dev"), PK_NO_DEVICE);
    assert_int_equal(opened("/devious"), PK_NO_DEVICE);
}

static void other_files_are_no_device(void **state)
{
    (void)state;
    assert_int_equal(opened("/dev/null"), PK_NO_DEVICE);
    assert_int_equal(opened("/dev/none"), PK_NO_DEVICE);
    assert_int_equal(opened("/dev/shm"), PK_DEVICE_ERROR); /* a folder cannot be written to */
}

/* A file that is locked would be waited for, were it a key. */
static void a_plain_file_is_neither_locked_nor_waited_for(void **state)
{
    char path[] = "/dev/shm/passkey-authenticator-test-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(opened(path), PK_NO_DEVICE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(opened(path), PK_DEVICE_ERROR);
    assert_int_equal(unlink(path), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_names_are_not_even_opened),
        cmocka_unit_test(other_files_are_no_device),
        cmocka_unit_test(a_plain_file_is_neither_locked_nor_waited_for),
    };

    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
