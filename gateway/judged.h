/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of what a request is refused for: who calls comes before what the call says, as at the
 * services that the dialects stand in for. The daemon judges callers, and handlers read bodies
 * before they ask it; so an answer that was given without asking waits for its word.
 */
#ifndef GATEWAY_JUDGED_H
#define GATEWAY_JUDGED_H

#include "gateway/exchange.h"

/*
 * Behind the handler. Where it has refused, and has asked the daemon nothing, though its row needs
 * a key or a token, the answer is held back until the daemon has judged that. headers: the lines
 * that the answer had before the handler.
 */
void judged_refusal(struct exchange *exchange, size_t headers);

#endif
