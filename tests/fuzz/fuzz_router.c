/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any target of a request: refused, or segments and arguments in which nothing is left that another
 * program could read in another way, and which lead to the same row when they are written again.
 */
#include "common/base/text.h"
#include "gateway/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char shallow[] = "/a";
static char deep[] = "/a/b";
static char none[] = "";
static struct party items[] = {
    {.prefix = deep, .dialect = &dialect_standard},
    {.prefix = shallow, .dialect = &dialect_standard},
    {.prefix = none, .dialect = &dialect_standard},
};
static const struct parties parties = {1, items, 3};

static void check_text(const char *text, bool path)
{
    if (!pk_utf8_valid(pk_view_string(text)))
        abort();
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || (path && strchr("/\\", *text)))
            abort();
}

/* Every octet as an escape. */
static void escape(char **to, const char *text)
{
    for (; *text; text++)
        *to += sprintf(*to, "%%%02X", (unsigned char)*text);
}

static void write_again(const struct target *target, char *to)
{
    *to = '/';
    to[1] = 0;
    for (size_t i = 0; i < target->segment_count; i++) {
        *to++ = '/';
        escape(&to, target->segments[i]);
        *to = 0;
    }
}

static void check_same(const struct target *target, const char *method,
                       const struct router_match *match, enum router_outcome outcome)
{
    static char text[3 * TARGET_MAX + TARGET_SEGMENTS_MAX + 2];
    struct router_match other;
    struct target again;

    write_again(target, text);
    if (strlen(text) > TARGET_MAX)
        return;
    if (target_read(text, &again) != PK_OK || again.segment_count != target->segment_count)
        abort();
    if (router_find(&parties, method, &again, &other) != outcome || other.route != match->route ||
        other.party != match->party)
        abort();
    target_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"};
    char *raw = strndup((const char *)data, size);
    struct target target;
    struct router_match match;

    if (raw && target_read(raw, &target) == PK_OK) {
        for (size_t i = 0; i < target.segment_count; i++) {
            check_text(target.segments[i], true);
            if (strcmp(target.segments[i], ".") == 0 || strcmp(target.segments[i], "..") == 0)
                abort();
        }
        for (size_t i = 0; i < target.argument_count; i++) {
            check_text(target.arguments[i].name, false);
            check_text(target.arguments[i].value, false);
        }
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
            enum router_outcome outcome = router_find(&parties, methods[i], &target, &match);

            if ((outcome == ROUTER_FOUND) != (match.route != NULL))
                abort();
            check_same(&target, methods[i], &match, outcome);
        }
        target_clear(&target);
    }
    free(raw);
    return 0;
}
