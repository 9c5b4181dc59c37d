/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ssh/watch.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

enum pk_status ssh_watch_new(struct ssh_watch *ret)
{
    struct ssh_watch watch = {.line.data = malloc(PK_FORWARD_REQUEST_MAX)};

    if (!watch.line.data)
        return PK_NO_MEMORY;
    watch.line.len = PK_FORWARD_REQUEST_MAX;
    *ret = watch;
    return PK_OK;
}

void ssh_watch_clear(struct ssh_watch *watch)
{
    pk_bytes_clear(&watch->line);
    pk_strings_clear(&watch->lines);
    *watch = (struct ssh_watch){0};
}

enum pk_status ssh_watch_byte(struct ssh_watch *watch, uint8_t byte, struct pk_forward_request *ret)
{
    struct pk_view text = {watch->line.data, watch->len}, line;
    bool too_long = watch->too_long;

    if (byte != '\n') {
        if (watch->len < watch->line.len)
            watch->line.data[watch->len++] = byte;
        else
            watch->too_long = true;
        return PK_NOT_FOUND;
    }
    watch->len = 0;
    watch->too_long = false;
    if (too_long || pk_forward_request_find(text, &line) != PK_OK ||
        pk_forward_request_decode(line, ret) != PK_OK)
        return PK_NOT_FOUND;
    return PK_OK;
}

bool ssh_watch_wants_key(const struct ssh_watch *watch, const struct pk_forward_request *request)
{
    return request->kind == PK_FORWARD_CREATE && !watch->answered;
}

enum pk_status ssh_watch_answered(struct ssh_watch *watch, const struct pk_forward_request *request,
                                  struct pk_view output)
{
    watch->answered = true;
    memcpy(watch->nonce, request->nonce, sizeof(watch->nonce));
    while (output.len > 0) {
        struct pk_view text = pk_text_take_line(&output);
        PK_AUTO_FREE char *line = strndup((const char *)text.ptr, text.len);
        enum pk_status status = line ? pk_strings_add(&watch->lines, line) : PK_NO_MEMORY;

        if (status != PK_OK)
            return status;
    }
    return PK_OK;
}

const char *ssh_watch_line(const struct ssh_watch *watch, const struct pk_forward_request *request)
{
    size_t number = request->kind == PK_FORWARD_MORE ? request->part : 1;

    if (!watch->answered || request->kind == PK_FORWARD_GET ||
        memcmp(watch->nonce, request->nonce, sizeof(watch->nonce)) != 0 ||
        number > watch->lines.count)
        return NULL;
    return watch->lines.items[number - 1];
}
