/* SPDX-License-Identifier: BSD-2-Clause */
#include "pam/command.h"

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 4096

static enum pk_status seal(int fd)
{
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

    return fcntl(fd, F_ADD_SEALS, seals) == 0 ? PK_OK : PK_IO;
}

static int open_memory(void)
{
    return memfd_create("passkey command", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

enum pk_status command_seal(struct pk_view bytes, int *ret_fd)
{
    PK_AUTO_CLOSE int fd = open_memory();
    enum pk_status status = fd >= 0 ? pk_write_all(fd, bytes) : PK_IO;

    if (status == PK_OK)
        status = seal(fd);
    if (status == PK_OK)
        *ret_fd = pk_steal_fd(&fd);
    return status;
}

/* *ret_len: of all that was copied. */
static enum pk_status copy(int from, int to, size_t *ret_len)
{
    uint8_t piece[PIECE];
    size_t len = 0, got = 0;

    do {
        enum pk_status status = pk_read_all(from, piece, sizeof(piece), &got);

        if (status == PK_OK)
            status = pk_write_all(to, (struct pk_view){piece, got});
        if (status != PK_OK)
            return status;
        len += got;
        if (len > COMMAND_LINE_MAX)
            return PK_TOO_LARGE;
    } while (got == sizeof(piece));
    *ret_len = len;
    return PK_OK;
}

enum pk_status command_line_seal(const char *path, int *ret_fd)
{
    PK_AUTO_CLOSE int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    PK_AUTO_CLOSE int fd = from >= 0 ? open_memory() : -1;
    size_t len = 0;
    enum pk_status status = fd >= 0 ? copy(from, fd, &len) : PK_IO;

    if (status == PK_OK && len == 0)
        status = PK_NOT_FOUND;
    if (status == PK_OK)
        status = seal(fd);
    if (status == PK_OK)
        *ret_fd = pk_steal_fd(&fd);
    return status;
}
