/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of other origins (the Fetch standard, section 3.2): a relying party's own, exactly. */
#ifndef GATEWAY_CORS_H
#define GATEWAY_CORS_H

#include "gateway/exchange.h"

/* false: the request is from a page that has no business here. Otherwise the headers are added. */
bool cors_admit(struct exchange *exchange);

/* Answers OPTIONS for a path that takes these methods. */
void cors_preflight(struct exchange *exchange, const char *methods);

#endif
