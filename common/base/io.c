/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/io.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum pk_status pk_write_all(int fd, struct pk_view bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return PK_IO;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return PK_OK;
}

enum pk_status pk_read_all(int fd, void *buffer, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, (uint8_t *)buffer + len, size - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return PK_IO;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return PK_OK;
}

struct pk_host_name pk_host_name(void)
{
    char raw[PK_RP_ID_MAX + 1] = "";
    struct pk_host_name name = {""};
    PK_AUTO_FREE char *shown = NULL;

    if (gethostname(raw, sizeof(raw) - 1))
        raw[0] = '\0';
    /* The kernel takes any bytes: what is no text would be no string on the bus, nor in JSON. */
    shown = pk_text_printable(raw, PK_RP_ID_MAX);
    (void)snprintf(name.text, sizeof(name.text), "%s", shown ? shown : "");
    return name;
}
