/* SPDX-License-Identifier: BSD-2-Clause */
/* Any command line: what follows it does not take back that a program answers. */
#include "pam/attended.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char more[] = "id\0-n";
    bool found = attended_by_sudo_flags((struct pk_view){data, size});
    uint8_t *longer;

    if (size == 0 || data[size - 1] != 0)
        return 0;
    longer = malloc(size + sizeof(more));
    if (!longer)
        return 0;
    (void)memcpy(longer, data, size);
    (void)memcpy(longer + size, more, sizeof(more));
    if (found && !attended_by_sudo_flags((struct pk_view){longer, size + sizeof(more)}))
        abort();
    free(longer);
    return 0;
}
