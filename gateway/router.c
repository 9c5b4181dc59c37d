/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/router.h"

#include <string.h>

/* Cuts the first segment off a pattern or a prefix; false: there is none. */
static bool take_segment(const char **rest, const char **ret, size_t *ret_len)
{
    const char *at = *rest;

    if (*at != '/')
        return false;
    *ret = at + 1;
    *ret_len = strcspn(at + 1, "/");
    *rest = at + 1 + *ret_len;
    return true;
}

/* How many of the target's segments the prefix is; -1: the path is not below it. */
static int prefix_segments(const char *prefix, const struct target *target)
{
    const char *segment = NULL;
    size_t len = 0;
    size_t count = 0;

    while (take_segment(&prefix, &segment, &len)) {
        if (count >= target->segment_count || strlen(target->segments[count]) != len ||
            memcmp(target->segments[count], segment, len) != 0)
            return -1;
        count++;
    }
    return (int)count;
}

static bool pattern_fits(const char *pattern, const struct target *target, size_t first,
                         struct router_match *match)
{
    const char *segment = NULL;
    size_t len = 0;
    size_t captures = 0;
    size_t at = first;

    while (take_segment(&pattern, &segment, &len)) {
        const char *given = at < target->segment_count ? target->segments[at++] : NULL;

        /* Only a pattern that ends in a '/' fits a path that does. */
        if (!given || (!*given && len > 0))
            return false;
        if (segment[0] == '{' && captures < EXCHANGE_CAPTURES_MAX)
            match->captures[captures++] = given;
        else if (strlen(given) != len || memcmp(given, segment, len) != 0)
            return false;
    }
    return at == target->segment_count;
}

static void add_method(struct router_match *match, const char *method)
{
    size_t len = strlen(match->methods);

    if (!strstr(match->methods, method) && len + strlen(method) + 3 <= sizeof(match->methods))
        (void)snprintf(match->methods + len, sizeof(match->methods) - len, "%s%s",
                       len > 0 ? ", " : "", method);
}

static bool methods_fit(const char *asked, const char *row)
{
    return strcmp(asked, row) == 0 || (strcmp(asked, "HEAD") == 0 && strcmp(row, "GET") == 0);
}

/* Looks at all rows, so that match->methods has every method of the path. */
static bool find_route(const struct party *party, const char *method, const struct target *target,
                       struct router_match *ret)
{
    int first = prefix_segments(party->prefix, target);

    for (size_t i = 0; first >= 0 && i < party->dialect->route_count; i++) {
        const struct route *route = &party->dialect->routes[i];
        struct router_match match = {.party = party};

        if (!pattern_fits(route->pattern, target, (size_t)first, &match))
            continue;
        add_method(ret, route->method);
        if (ret->route || !methods_fit(method, route->method))
            continue;
        ret->route = route;
        (void)memcpy(ret->captures, match.captures, sizeof(ret->captures));
    }
    return ret->methods[0];
}

enum router_outcome router_find(const struct parties *parties, const char *method,
                                const struct target *target, struct router_match *ret)
{
    *ret = (struct router_match){0};
    for (size_t i = 0; i < parties->count; i++) {
        const struct party *party = &parties->items[i];

        if (find_route(party, method, target, ret)) {
            ret->party = party;
            return ret->route ? ROUTER_FOUND : ROUTER_NO_METHOD;
        }
        if (!ret->party && prefix_segments(party->prefix, target) >= 0)
            ret->party = party;
    }
    return ROUTER_NO_PATH;
}

/* Whether the prefix is the tenant's name alone. */
static bool is_below_tenant(const struct party *party)
{
    return *party->tenant && party->prefix[0] == '/' &&
           strcmp(party->prefix + 1, party->tenant) == 0;
}

const struct party *router_find_tenantless(const struct parties *parties,
                                           const struct target *target)
{
    for (size_t i = 0; i < parties->count; i++) {
        const struct party *party = &parties->items[i];

        if (!party->dialect->refuse_tenant || !is_below_tenant(party))
            continue;
        for (size_t j = 0; j < party->dialect->route_count; j++) {
            struct router_match match = {.party = party};

            if (target->segment_count > 0 &&
                pattern_fits(party->dialect->routes[j].pattern, target, 1, &match))
                return party;
        }
    }
    return NULL;
}
