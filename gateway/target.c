/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/target.h"

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 3986 section 3.3: pchar without escapes; section 3.4 has two more. */
static bool may_stand(char c, bool query)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c && (strchr("-._~!$&'()*+,;=:@", c) || (query && strchr("/?", c)));
}

/* Whether a decoded octet may be in a path or an argument. */
static bool is_plain(unsigned char c, bool query)
{
    return c >= 0x20 && c != 0x7f && (query || (c != '/' && c != '\\'));
}

/* Decodes in place. false: see target_read(). */
static bool decode(char *text, bool query)
{
    const char *from = text;
    char *to = text;

    while (*from) {
        int high = -1;
        int low = -1;
        char c = *from++;

        if (c == '%') {
            high = hex_digit(*from);
            low = high >= 0 ? hex_digit(from[1]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            from += 2;
            if (!is_plain((unsigned char)c, query))
                return false;
        } else if (!may_stand(c, query)) {
            return false;
        } else if (query && c == '+') {
            c = ' ';
        }
        *to++ = c;
    }
    *to = 0;
    return pk_utf8_valid(pk_view_string(text));
}

static enum pk_status read_path(char *path, struct target *target)
{
    char *rest = path + 1;

    while (rest && (*rest || target->segment_count > 0)) {
        char *segment = strsep(&rest, "/");

        if (!decode(segment, false) || (!*segment && rest) || strcmp(segment, ".") == 0 ||
            strcmp(segment, "..") == 0)
            return PK_INVALID_INPUT;
        if (target->segment_count == TARGET_SEGMENTS_MAX)
            return PK_TOO_LARGE;
        target->segments[target->segment_count++] = segment;
    }
    return PK_OK;
}

static enum pk_status read_arguments(char *query, struct target *target)
{
    while (query && *query) {
        char *value = strsep(&query, "&");
        const char *name = strsep(&value, "=");

        if (!*name && !value)
            continue;
        if (!decode((char *)(uintptr_t)name, true) || (value && !decode(value, true)) ||
            target_argument(target, name))
            return PK_INVALID_INPUT;
        if (target->argument_count == TARGET_ARGUMENTS_MAX)
            return PK_TOO_LARGE;
        target->arguments[target->argument_count].name = name;
        target->arguments[target->argument_count++].value = value ? value : "";
    }
    return PK_OK;
}

enum pk_status target_read(const char *raw, struct target *ret)
{
    struct target target = {0};
    char *query;
    enum pk_status status;

    if (strnlen(raw, TARGET_MAX + 1) > TARGET_MAX)
        return PK_TOO_LARGE;
    if (raw[0] != '/' || raw[1] == '/')
        return PK_INVALID_INPUT;
    target.text = strdup(raw);
    if (!target.text)
        return PK_NO_MEMORY;
    query = strchr(target.text, '?');
    if (query)
        *query++ = 0;
    status = read_path(target.text, &target);
    if (status == PK_OK)
        status = read_arguments(query, &target);
    if (status == PK_OK)
        *ret = target;
    else
        target_clear(&target);
    return status;
}

void target_clear(struct target *target)
{
    free(target->text);
    *target = (struct target){0};
}

const char *target_argument(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->argument_count; i++)
        if (strcmp(target->arguments[i].name, name) == 0)
            return target->arguments[i].value;
    return NULL;
}
