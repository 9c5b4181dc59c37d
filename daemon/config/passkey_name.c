/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config/passkey_name.h"

#include "common/base/cleanup.h"
#include "common/base/hidden.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>
#include <utf8proc.h>

/* A name that is taken apart (Unicode's NFD) has at most three times the bytes, UAX #15. */
#define GIVEN_MAX (3 * (size_t)PK_CREDENTIAL_NAME_MAX)

static bool is_blank(uint32_t code_point)
{
    return utf8proc_category((utf8proc_int32_t)code_point) == UTF8PROC_CATEGORY_ZS;
}

static bool ends_line(uint32_t code_point)
{
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code_point);

    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

/* Cuts the blanks around the text off, and says whether there is anything to be seen in between. */
static enum pk_status cut(struct pk_view *text, bool *ret_visible)
{
    size_t first = 0, last = 0;
    bool visible = false;

    for (size_t at = 0, taken; at < text->len; at += taken) {
        uint32_t code_point = 0;

        taken = pk_utf8_take((struct pk_view){text->ptr + at, text->len - at}, &code_point);
        if (taken == 0 || ends_line(code_point))
            return PK_INVALID_INPUT;
        if (is_blank(code_point)) {
            if (last == 0)
                first = at + taken;
            continue;
        }
        last = at + taken;
        visible |= !pk_is_hidden(code_point);
    }
    *text = (struct pk_view){text->ptr + first, last > first ? last - first : 0};
    *ret_visible = visible;
    return PK_OK;
}

static enum pk_status compose(struct pk_view text, char **ret)
{
    utf8proc_uint8_t *composed = NULL;
    const utf8proc_ssize_t len = utf8proc_map(text.ptr, (utf8proc_ssize_t)text.len, &composed,
                                              UTF8PROC_STABLE | UTF8PROC_COMPOSE);

    if (len < 0)
        return len == UTF8PROC_ERROR_NOMEM ? PK_NO_MEMORY : PK_INVALID_INPUT;
    if (len > PK_CREDENTIAL_NAME_MAX) {
        free(composed);
        return PK_TOO_LARGE;
    }
    *ret = (char *)composed;
    return PK_OK;
}

enum pk_status passkey_name_read(const char *given, char **ret)
{
    struct pk_view text = pk_view_string(given);
    bool visible = false;
    enum pk_status status = cut(&text, &visible);

    if (status)
        return status;
    if (!visible)
        return PK_TRUNCATED;
    return text.len > GIVEN_MAX ? PK_TOO_LARGE : compose(text, ret);
}

bool passkey_name_valid(const char *given)
{
    PK_AUTO_FREE char *name = NULL;

    return passkey_name_read(given, &name) == PK_OK;
}
