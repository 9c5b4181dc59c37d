/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/methods.h"

#include <string.h>

#define BLANKS " \t"

enum { SERVED = true, UNSERVED = false };

static const struct {
    const char *name;
    bool served;
} table[PK_METHOD_COUNT] = {
#define ROW(symbol, name, served) [PK_METHOD_##symbol] = {#name, served},
    PK_METHOD_LIST(ROW)
#undef ROW
};

const char *pk_method_name(enum pk_method method)
{
    return (size_t)method < PK_METHOD_COUNT ? table[method].name : NULL;
}

bool pk_method_is_served(enum pk_method method)
{
    return (size_t)method < PK_METHOD_COUNT && table[method].served;
}

bool pk_methods_include(const struct pk_methods *methods, enum pk_method method)
{
    for (size_t i = 0; i < methods->count; i++)
        if (methods->items[i] == method)
            return true;
    return false;
}

static enum pk_status add(const char *name, size_t len, struct pk_methods *methods,
                          const char **ret_unserved)
{
    for (size_t i = 0; i < PK_METHOD_COUNT; i++) {
        if (strlen(table[i].name) != len || memcmp(table[i].name, name, len) != 0)
            continue;
        if (pk_methods_include(methods, (enum pk_method)i))
            return PK_INVALID_INPUT;
        methods->items[methods->count++] = (enum pk_method)i;
        if (table[i].served)
            return PK_OK;
        *ret_unserved = table[i].name;
        return PK_UNSUPPORTED;
    }
    return PK_INVALID_INPUT;
}

/* Skips blanks with at most one comma among them. */
static const char *skip_separator(const char *at)
{
    at += strspn(at, BLANKS);
    if (*at == ',')
        at += 1 + strspn(at + 1, BLANKS);
    return at;
}

enum pk_status pk_methods_parse(const char *text, struct pk_methods *ret, const char **ret_unserved)
{
    struct pk_methods methods = {0};
    const char *at = text + strspn(text, BLANKS);
    bool more = true; /* another name must follow, also behind a last comma */

    while (more) {
        size_t len = strcspn(at, "," BLANKS);
        enum pk_status status = add(at, len, &methods, ret_unserved);
        const char *next;

        if (status != PK_OK)
            return status;
        next = skip_separator(at + len);
        more = *next || strchr(at + len, ',');
        at = next;
    }
    *ret = methods;
    return PK_OK;
}

struct pk_methods pk_methods_served(void)
{
    struct pk_methods methods = {0};

    for (size_t i = 0; i < PK_METHOD_COUNT; i++)
        if (table[i].served)
            methods.items[methods.count++] = (enum pk_method)i;
    return methods;
}
