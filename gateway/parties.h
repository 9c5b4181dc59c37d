/* SPDX-License-Identifier: BSD-2-Clause */
/* The relying parties that the gateway serves: what RelyingParties of the daemon gave. */
#ifndef GATEWAY_PARTIES_H
#define GATEWAY_PARTIES_H

#include "gateway/party.h"

#define PARTIES_MAX 256

/* Exchanges keep the list that they were routed by, while a newer one is fetched. */
struct parties {
    unsigned references;
    struct party *items; /* longest prefix first */
    size_t count;
};

/*
 * Of the daemon's JSON. A relying party that cannot be served is left out, and *ret_left_out says
 * why, the caller's to free, or NULL. PK_INVALID_INPUT: it is not what RelyingParties gives.
 * PK_TOO_LARGE, PK_NO_MEMORY.
 */
enum pk_status parties_read(const char *text, struct parties **ret,
                            char **ret_left_out) PK_WARN_UNUSED;
struct parties *parties_ref(struct parties *parties);
void parties_unref(struct parties *parties); /* NULL is taken */

#endif
