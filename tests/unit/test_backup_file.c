/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of a backup: what was written is read, and nothing else is: no part, no change. */
#include "client/ctl/backup_file.h"

#include "tests/unit/wire_support.h"

#include <sys/mman.h>
#include <unistd.h>

#define PASSPHRASE "correct horse"
#define LONG       200000 /* several chunks */

static struct pk_bytes written(size_t size, const char *passphrase)
{
    struct pk_bytes image = {malloc(size), size};
    struct pk_bytes file;
    int fd = memfd_create("backup", MFD_CLOEXEC);
    off_t len;

    assert_true(fd >= 0);
    assert_non_null(image.data);
    for (size_t i = 0; i < size; i++)
        image.data[i] = (uint8_t)(i * 31 + i / 256);
    assert_status(backup_write(fd, pk_view_string("{\"passkeys\":1}"), pk_view_of(&image),
                               pk_view_string(passphrase)),
                  PK_OK);
    len = lseek(fd, 0, SEEK_END);
    file = (struct pk_bytes){malloc((size_t)len + 1), (size_t)len};
    assert_non_null(file.data);
    assert_int_equal(pread(fd, file.data, file.len, 0), len);
    file.data[file.len] = 0;
    (void)close(fd);
    pk_bytes_clear(&image);
    return file;
}

/* The passphrase is stretched once: its key is given to all that is read here. */
static enum pk_status reads(struct pk_view file, const uint8_t *key, size_t *ret_size)
{
    PK_AUTO_BYTES struct pk_bytes copy = {0}, image = {0};
    struct backup_head head;
    enum pk_status status;

    /* In a block of its own size, so that a sanitizer sees a read behind the end. */
    assert_status(pk_bytes_copy(file, &copy), PK_OK);
    status = backup_head_read(pk_view_of(&copy), &head);
    if (status == PK_OK && head.sealed != (key != NULL))
        return PK_PROTOCOL;
    if (status == PK_OK)
        status = backup_image_read(&head, key, &image);
    if (status != PK_OK) {
        assert_null(image.data);
        return status;
    }
    for (size_t i = 0; i < image.len; i++)
        assert_int_equal(image.data[i], (uint8_t)(i * 31 + i / 256));
    *ret_size = image.len;
    return PK_OK;
}

static void get_key(const struct pk_bytes *file, uint8_t key[PK_SEAL_KEY_SIZE])
{
    struct backup_head head;

    assert_status(backup_head_read(pk_view_of(file), &head), PK_OK);
    assert_true(head.sealed);
    assert_status(backup_key(&head, pk_view_string(PASSPHRASE), key), PK_OK);
    assert_status(backup_key(&head, pk_view_string("Correct horse"), key), PK_DENIED);
}

static void check_all(size_t image_size, const char *passphrase, size_t every)
{
    PK_AUTO_BYTES struct pk_bytes file = written(image_size, passphrase);
    uint8_t key[PK_SEAL_KEY_SIZE];
    const uint8_t *given = *passphrase ? key : NULL;
    size_t size = 0;

    if (given)
        get_key(&file, key);
    assert_status(reads(pk_view_of(&file), given, &size), PK_OK);
    assert_int_equal(size, image_size);
    for (size_t len = 0; len < file.len; len += every)
        if (reads((struct pk_view){file.data, len}, given, &size) == PK_OK)
            fail_msg("the first %zu bytes were taken for all", len);
    if (reads((struct pk_view){file.data, file.len + 1}, given, &size) == PK_OK)
        fail_msg("one byte more was taken");
    for (size_t at = 0; at < file.len; at += every) {
        file.data[at] ^= 1;
        if (reads(pk_view_of(&file), given, &size) == PK_OK)
            fail_msg("the byte %zu is another", at);
        file.data[at] ^= 1;
    }
}

static void plain(void **state)
{
    (void)state;
    check_all(300, "", 1);
    check_all(LONG, "", 997);
}

/* The check behind the salt is the passphrase's: with the key given, it is not looked at. */
static void sealed(void **state)
{
    (void)state;
    check_all(300, PASSPHRASE, 1);
    check_all(LONG, PASSPHRASE, 997);
    check_all(65536, PASSPHRASE, 4099);
    check_all(2 * 65536, PASSPHRASE, 4099);
}

/* Whole chunks in another order, or without the last one. */
static void chunks_stay_where_they_are(void **state)
{
    PK_AUTO_BYTES struct pk_bytes file = written(LONG, PASSPHRASE);
    PK_AUTO_BYTES struct pk_bytes other = {0};
    const size_t chunk = 65536 + PK_SEAL_TAG_SIZE;
    uint8_t key[PK_SEAL_KEY_SIZE];
    struct backup_head head;
    size_t size, start;

    (void)state;
    get_key(&file, key);
    assert_status(backup_head_read(pk_view_of(&file), &head), PK_OK);
    start = head.whole.len;
    assert_status(pk_bytes_copy(pk_view_of(&file), &other), PK_OK);
    memcpy(other.data + start, file.data + start + chunk, chunk);
    memcpy(other.data + start + chunk, file.data + start, chunk);
    assert_status(reads(pk_view_of(&other), key, &size), PK_SIGNATURE_INVALID);
    assert_status(reads((struct pk_view){file.data, start + 2 * chunk}, key, &size),
                  PK_SIGNATURE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(sealed),
        cmocka_unit_test(chunks_stay_where_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
