/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any command line: what follows it does not take back that nobody types, and as a vector it says
 * the same.
 */
#include "pam/sudo_flags.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line, which ends in NUL, as sudo hands it to its plugins. */
static bool of_vector(char *line, size_t size)
{
    char **argv = calloc(size + 1, sizeof(*argv));
    size_t count = 0;
    bool found;

    if (!argv)
        abort();
    for (size_t at = 0; at < size; at += strlen(line + at) + 1)
        argv[count++] = line + at;
    found = sudo_flags_unattended_vector(argv);
    free(argv);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char more[] = "id\0-n";
    bool found = sudo_flags_unattended((struct pk_view){data, size});
    uint8_t *longer;

    if (size == 0 || data[size - 1] != 0)
        return 0;
    longer = malloc(size + sizeof(more));
    if (!longer)
        return 0;
    (void)memcpy(longer, data, size);
    (void)memcpy(longer + size, more, sizeof(more));
    if (found && !sudo_flags_unattended((struct pk_view){longer, size + sizeof(more)}))
        abort();
    if (found != of_vector((char *)longer, size))
        abort();
    free(longer);
    return 0;
}
