/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/bytes.h"

#include "common/base/io.h"
#include "common/base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

struct pk_view pk_view_string(const char *string)
{
    return (struct pk_view){(const uint8_t *)string, strlen(string)};
}

bool pk_view_equal(struct pk_view a, struct pk_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool pk_view_equal_secret(struct pk_view a, struct pk_view b)
{
    volatile uint8_t difference = 0;

    if (a.len != b.len)
        return false;
    /*@ loop invariant 0 <= i <= a.len;
        loop assigns i, difference;
        loop variant a.len - i; */
    for (size_t i = 0; i < a.len; i++)
        difference |= (uint8_t)(a.ptr[i] ^ b.ptr[i]);
    return difference == 0;
}

enum pk_status pk_bytes_copy(struct pk_view from, struct pk_bytes *ret)
{
    uint8_t *data = NULL;

    if (from.len > 0) {
        data = malloc(from.len);
        if (!data)
            return PK_NO_MEMORY;
        memcpy(data, from.ptr, from.len);
    }
    *ret = (struct pk_bytes){data, from.len};
    return PK_OK;
}

void pk_bytes_clear(struct pk_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct pk_bytes){0};
}

enum pk_status pk_secret_new(size_t len, struct pk_secret *ret)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t allocated;
    void *data;

    if (len > PK_SECRET_MEMORY_MAX)
        return PK_TOO_LARGE;
    /* Whole pages, so that locking and wiping affect no other allocation. */
    allocated = (len + 1 + (size_t)page - 1) / (size_t)page * (size_t)page;
    data = mmap(NULL, allocated, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return PK_NO_MEMORY;
    /* Best effort: an unprivileged screen locker may have used up RLIMIT_MEMLOCK. */
    (void)mlock(data, allocated);
    (void)madvise(data, allocated, MADV_DONTDUMP);
    *ret = (struct pk_secret){data, len, allocated};
    return PK_OK;
}

enum pk_status pk_secret_copy(struct pk_view from, struct pk_secret *ret)
{
    enum pk_status status = pk_secret_new(from.len, ret);

    if (status == PK_OK && from.len > 0)
        memcpy(ret->data, from.ptr, from.len);
    return status;
}

void pk_secret_clear(struct pk_secret *secret)
{
    if (secret->data) {
        explicit_bzero(secret->data, secret->allocated);
        (void)munmap(secret->data, secret->allocated);
    }
    *secret = (struct pk_secret){0};
}

enum pk_status pk_secret_read_fd(int fd, struct pk_secret *ret)
{
    return pk_secret_read_long(fd, PK_SECRET_MAX, ret);
}

enum pk_status pk_secret_read_long(int fd, size_t max, struct pk_secret *ret)
{
    PK_AUTO_SECRET struct pk_secret buffer = {0};
    size_t used = 0;
    enum pk_status status =
        max < PK_SECRET_MEMORY_MAX ? pk_secret_new(max + 1, &buffer) : PK_TOO_LARGE;

    /* With a newline and one byte more, in place of the NUL, so that a longer secret is refused,
     * not cut. */
    if (status == PK_OK)
        status = pk_read_all(fd, buffer.data, max + 2, &used);
    if (status != PK_OK)
        return status;
    if (used > max + 1)
        return PK_TOO_LARGE;
    if (used > 0 && buffer.data[used - 1] == '\n')
        used--;
    if (used > max)
        return PK_TOO_LARGE;
    return pk_secret_copy((struct pk_view){buffer.data, used}, ret);
}

void pk_random(void *buffer, size_t len)
{
    uint8_t *at = buffer;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}
