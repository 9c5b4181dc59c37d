/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/party.h"

#include "common/base/text.h"

#include <stdlib.h>

void token_party_clear(struct token_party *party)
{
    free(party->rp);
    free(party->rp_id);
    free(party->url);
    free(party->tenant);
    *party = (struct token_party){0};
}

enum pk_status token_party_copy(const struct rp_config *rp, struct token_party *ret)
{
    struct token_party party = {.http = rp->http};
    enum pk_status status;

    *ret = (struct token_party){0};
    if (rp->http == PK_HTTP_NONE || rp->system_accounts || !rp->id || !rp->http_prefix)
        return PK_INVALID_ARGUMENT;
    status = pk_text_copy(rp->name, &party.rp);
    if (status == PK_OK)
        status = pk_text_copy(rp->id, &party.rp_id);
    if (status == PK_OK)
        status = pk_text_copy(rp->tenant_id ? rp->tenant_id : "", &party.tenant);
    if (status == PK_OK)
        party.url = rp->origins.count > 0
                        ? pk_text_format("%s%s", rp->origins.items[0], rp->http_prefix)
                        : pk_text_format("https://%s%s", rp->id, rp->http_prefix);
    if (!party.url) {
        token_party_clear(&party);
        return PK_NO_MEMORY;
    }
    *ret = party;
    return PK_OK;
}
