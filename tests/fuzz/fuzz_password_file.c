/* SPDX-License-Identifier: BSD-2-Clause */
/* Any password file: refused, or a sorted list of accounts, each of which is found in it. */
#include "daemon/accounts/password_file.h"

#include "common/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_PASSWORD_FILE struct password_file file = {0};
    PK_AUTO_BYTES struct pk_bytes text = {0};

    if (pk_bytes_copy((struct pk_view){data, size}, &text) != PK_OK ||
        password_file_parse(&text, &file) != PK_OK)
        return 0;
    if (file.count == 0)
        abort();
    for (size_t i = 0; i < file.count; i++) {
        const struct pk_view *found = &file.entries[i].name;
        PK_AUTO_FREE char *name = strndup((const char *)found->ptr, found->len);

        if (!name || found->len == 0 || memchr(found->ptr, ':', found->len) ||
            memchr(found->ptr, '\n', found->len))
            abort();
        if (strlen(name) == found->len && !password_file_has(&file, name, file.entries[i].uid))
            abort();
    }
    return 0;
}
