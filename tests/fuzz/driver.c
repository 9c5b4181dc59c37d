/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for libFuzzer: runs a fuzz target once over each file that is named. */
#include "common/base/cleanup.h"

#include <stdint.h>

/* Any seed is smaller. */
#define INPUT_MAX 1048576

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    PK_AUTO_FREE uint8_t *buffer = malloc(INPUT_MAX);

    if (!buffer)
        return 1;
    for (int i = 1; i < argc; i++) {
        PK_AUTO_FCLOSE FILE *file = fopen(argv[i], "rb");
        PK_AUTO_FREE uint8_t *input = NULL;
        size_t size;

        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size = fread(buffer, 1, INPUT_MAX, file);
        /* In memory of exactly its size, so that a sanitizer sees a read behind it. */
        input = malloc(size > 0 ? size : 1);
        if (!input)
            return 1;
        for (size_t at = 0; at < size; at++)
            input[at] = buffer[at];
        (void)LLVMFuzzerTestOneInput(input, size);
    }
    (void)printf("%d inputs\n", argc - 1);
    return 0;
}
