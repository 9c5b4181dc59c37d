/* SPDX-License-Identifier: BSD-2-Clause */
/* What tokens say of a relying party: a copy of its configuration, which workers do not see. */
#ifndef PASSKEYD_TOKENS_PARTY_H
#define PASSKEYD_TOKENS_PARTY_H

#include "daemon/config/config.h"
#include "store/store.h"

struct token_party {
    enum pk_http http; /* the profile of its tokens */
    char *rp;          /* of the section; owned, as all of these */
    char *rp_id;
    char *url;    /* the first origin and the prefix: "https://portal.example.org/v1" */
    char *tenant; /* "" where none is set */
};

/* In the loop. On failure *ret is empty. PK_INVALID_ARGUMENT: it has no http; PK_NO_MEMORY. */
enum pk_status token_party_copy(const struct rp_config *rp, struct token_party *ret) PK_WARN_UNUSED;
void token_party_clear(struct token_party *party);
#define AUTO_TOKEN_PARTY __attribute__((cleanup(token_party_clear)))

#endif
