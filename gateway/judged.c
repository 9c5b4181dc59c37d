/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/judged.h"

#include "gateway/exchange_private.h"

static bool needs_judging(const struct exchange *exchange)
{
    switch (exchange->route->access) {
    case ACCESS_API_KEY:
    case ACCESS_SECRET:
    case ACCESS_BEARER:
    case ACCESS_BEARER_OR_API_KEY:
    case ACCESS_BEARER_OR_TENANT:
        return true;
    case ACCESS_PUBLIC:
    case ACCESS_TENANT:
        break;
    }
    return false;
}

static void on_judged(struct exchange *exchange, const struct party_answer *answer)
{
    switch (answer->outcome) {
    case PARTY_NOT_SIGNED_IN:
    case PARTY_TOKEN_EXPIRED:
    case PARTY_WRONG_TOKEN:
        exchange_forget_answer(exchange, exchange->lines_before);
        exchange->party->dialect->refuse_caller(exchange, answer);
        break;
    default: /* where the daemon has no word, the handler's stands */
        exchange_release_answer(exchange);
    }
}

void judged_refusal(struct exchange *exchange, size_t headers)
{
    struct party_request request = {.call = PARTY_CHECK_TOKEN, .id = "", .answered = on_judged};

    if (!exchange->answered || exchange->asked || !needs_judging(exchange))
        return;
    request.options = json_object();
    if (!dialect_add_authority(exchange, exchange->route->access, request.options)) {
        json_decref(request.options);
        return;
    }
    exchange->answered = false;
    exchange->lines_before = headers;
    party_call(exchange, &request);
}
