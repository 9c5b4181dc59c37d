/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/bus/sealed.h"

#include "common/base/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum pk_status sealed_map(int fd, size_t max, struct pk_view *ret)
{
    const int wanted = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    int seals = fcntl(fd, F_GET_SEALS); /* fails for whatever is no memfd */
    struct stat about;
    void *content;

    if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &about) < 0 || about.st_size <= 0)
        return PK_INVALID_INPUT;
    if ((uintmax_t)about.st_size > max)
        return PK_TOO_LARGE;
    content = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (content == MAP_FAILED)
        return PK_NO_MEMORY;
    *ret = (struct pk_view){content, (size_t)about.st_size};
    return PK_OK;
}

void sealed_unmap(struct pk_view *content)
{
    if (content->ptr)
        (void)munmap((void *)(uintptr_t)content->ptr, content->len);
    *content = (struct pk_view){0};
}

int sealed_new(struct pk_view content)
{
    int fd = memfd_create("passkeyd", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -1;
    if (pk_write_all(fd, content) == PK_OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return fd;
    (void)close(fd);
    return -1;
}
