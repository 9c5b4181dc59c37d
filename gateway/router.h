/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which relying party and which row of its dialect a request is for: the one table of all paths,
 * made of the dialects' rows below the relying parties' prefixes. Pure.
 */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include "gateway/dialect.h"
#include "gateway/parties.h"
#include "gateway/target.h"

#define ROUTER_METHODS_SIZE 64

enum router_outcome {
    ROUTER_FOUND,
    ROUTER_NO_PATH,
    ROUTER_NO_METHOD,
};

struct router_match {
    const struct party *party;                   /* NULL: the path is in nobody's prefix */
    const struct route *route;                   /* ROUTER_FOUND */
    const char *captures[EXCHANGE_CAPTURES_MAX]; /* borrowed from the target */
    char methods[ROUTER_METHODS_SIZE]; /* that the path takes, "GET, POST"; "": no such path */
};

/* HEAD is served as GET is. */
enum router_outcome router_find(const struct parties *parties, const char *method,
                                const struct target *target, struct router_match *ret);

/*
 * A relying party whose dialect has words for tenants that there are none of, where the path,
 * which is nobody's, would be one of that dialect's below such a tenant's name, its first segment.
 * NULL: there is none.
 */
const struct party *router_find_tenantless(const struct parties *parties,
                                           const struct target *target);

#endif
