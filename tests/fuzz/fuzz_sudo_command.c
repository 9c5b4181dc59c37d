/* SPDX-License-Identifier: BSD-2-Clause */
/* Any command line: refused, or told in words that are printable and short. */
#include "pam/command.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
    char *again;

    if (!text)
        return;
    again = pk_text_printable(text, COMMAND_TEXT_MAX);
    if (!again || strcmp(again, text) != 0)
        abort();
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_COMMAND struct command command = {0};

    if (command_from_sudo((struct pk_view){data, size}, &command) != PK_OK)
        return 0;
    check(command.text);
    check(command.target);
    return 0;
}
