/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any command line, and any record of sudo's plugin: refused, or told in text that hides nothing
 * and is within its limit.
 */
#include "common/base/hidden.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "daemon/verify/command.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
    struct pk_view left = text ? pk_view_string(text) : (struct pk_view){0};

    if (left.len > PK_COMMAND_TEXT_MAX)
        abort();
    while (left.len > 0) {
        uint32_t code = 0;
        size_t len = pk_utf8_take(left, &code);

        if (len == 0 || pk_is_hidden(code))
            abort();
        left = (struct pk_view){left.ptr + len, left.len - len};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_view bytes = {data, size};
    AUTO_COMMAND struct command typed = {0}, resolved = {0};

    if (command_typed(bytes, &typed) != (size > 0 ? PK_OK : PK_INVALID_INPUT))
        abort();
    check(typed.line);
    if (!typed.digest != (size <= COMMAND_WHOLE_MAX))
        abort();
    if (command_resolved(bytes, &resolved) != PK_OK)
        return 0;
    check(resolved.line);
    check(resolved.target);
    check(resolved.group);
    check(resolved.folder);
    check(resolved.root);
    check(resolved.environment);
    check(resolved.files);
    if (!resolved.line == !resolved.files || !resolved.target || !resolved.group ||
        !resolved.folder)
        abort();
    return 0;
}
