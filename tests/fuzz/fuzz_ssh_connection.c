/* SPDX-License-Identifier: BSD-2-Clause */
/* Any SSH_CONNECTION: refused, or its first word, which is short and fit for a log line. */
#include "common/base/ssh_connection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *connection = strndup((const char *)data, size);
    char address[PK_SSH_ADDRESS_MAX + 1] = "";
    size_t len;

    if (!connection)
        abort();
    if (pk_ssh_client_address(connection, address) == 0) {
        len = strlen(address);
        if (len == 0 || strncmp(connection, address, len) != 0 ||
            (connection[len] != ' ' && connection[len] != '\0'))
            abort();
        for (size_t i = 0; i < len; i++)
            if (address[i] <= ' ' || address[i] >= 0x7f)
                abort();
    } else if (address[0] != '\0') {
        abort();
    }
    free(connection);
    return 0;
}
