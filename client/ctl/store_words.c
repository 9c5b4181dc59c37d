/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/store_words.h"

#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"

#include <string.h>

/* Adds to the text, with a comma before; both are taken. NULL: no memory. */
static char *joined(char *text, char *more)
{
    PK_AUTO_FREE char *before = text;
    PK_AUTO_FREE char *after = more;

    return before && after ? pk_text_format("%s, %s", before, after) : NULL;
}

static bool has(const json_t *store, const char *member)
{
    return json_is_integer(json_object_get(store, member));
}

static long long number_of(const json_t *store, const char *member)
{
    return (long long)json_integer_value(json_object_get(store, member));
}

static bool answers(const json_t *store)
{
    return json_is_true(json_object_get(store, "answers"));
}

static bool is_cached(const json_t *store)
{
    return has(store, "cacheAge") &&
           (!has(store, "cacheLeft") || number_of(store, "cacheLeft") > 0);
}

/* Where it is, which root alone is told, or that it is nowhere now. */
static char *add_place(const json_t *store, char *text)
{
    const char *server = member_text(store, "server");

    if (!answers(store))
        return joined(text, strdup("no server answers"));
    return *server ? joined(text, pk_text_printable(server, PK_BUS_TEXT_MAX)) : text;
}

static char *add_lag(const json_t *store, char *text)
{
    if (!has(store, "lagMilliseconds"))
        return text;
    return joined(text, pk_text_format("its other servers are %lld ms behind",
                                       number_of(store, "lagMilliseconds")));
}

static char *add_cache(const json_t *store, char *text)
{
    if (!has(store, "cacheAge"))
        return text;
    text = joined(text, pk_text_format("its cache is %lld s old", number_of(store, "cacheAge")));
    if (answers(store) || !has(store, "cacheLeft"))
        return text;
    return joined(text, is_cached(store) ? pk_text_format("and serves for %lld s more",
                                                          number_of(store, "cacheLeft"))
                                         : strdup("and serves no more"));
}

char *store_words(const json_t *store)
{
    const char *kind = member_text(store, "kind");
    const char *failure = member_text(store, "failure");
    PK_AUTO_FREE char *why = pk_text_printable(failure, PK_BUS_TEXT_MAX);
    char *text;

    if (!json_is_object(store) || !why)
        return NULL;
    if (!*kind)
        return pk_text_format("does not answer%s%s", *why ? ": " : "", why);
    text = add_place(store, pk_text_printable(kind, PK_BUS_TEXT_MAX));
    return add_cache(store, add_lag(store, text));
}

char *store_trouble(const json_t *store, bool *ret_refuses)
{
    PK_AUTO_FREE char *words = NULL;

    if (!json_is_object(store) || answers(store))
        return NULL;
    *ret_refuses = !is_cached(store);
    words = store_words(store);
    return words ? pk_text_format("the store of the passkeys: %s%s", words,
                                  *ret_refuses ? "; nobody can sign in" : "")
                 : NULL;
}
