/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request presents: API keys and tokens, which the daemon judges. */
#ifndef GATEWAY_AUTHORITY_H
#define GATEWAY_AUTHORITY_H

#include "gateway/dialect.h"

/* Whether there is what a row of that kind needs, right or wrong. */
bool authority_suffices(const struct exchange *exchange, enum access access);

/* Whether Basic names the tenant of the exchange's relying party, which is no secret. */
bool authority_names_tenant(const struct exchange *exchange);

/*
 * What of that kind was presented, and the option that the daemon takes it in. NULL: nothing. The
 * caller's to give to authority_forget().
 */
char *authority_presented(const struct exchange *exchange, enum access access,
                          const char **ret_name);
void authority_forget(char *presented); /* NULL is taken */

#endif
