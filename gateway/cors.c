/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/cors.h"

#include "common/base/text.h"
#include "gateway/gateway.h"

#define MAX_AGE_TEXT 16

bool cors_admit(struct exchange *exchange)
{
    const struct party *party = exchange_party(exchange);
    const char *origin = exchange_header(exchange, "origin");

    if (!origin)
        return true;
    if (!pk_strings_include(&party->origins, origin))
        return false;
    exchange_add_header(exchange, "Vary", "Origin");
    if (!party->dialect->cors)
        return true;
    exchange_add_header(exchange, "Access-Control-Allow-Origin", origin);
    if (party->dialect->cors->credentials)
        exchange_add_header(exchange, "Access-Control-Allow-Credentials", "true");
    return true;
}

void cors_preflight(struct exchange *exchange, const char *methods)
{
    const struct dialect_cors *cors = exchange_party(exchange)->dialect->cors;
    const char *asked = exchange_header(exchange, "access-control-request-headers");
    char max_age[MAX_AGE_TEXT];

    if (!exchange_header(exchange, "origin") ||
        !exchange_header(exchange, "access-control-request-method")) {
        exchange_add_header(exchange, "Allow", methods);
        gateway_refuse(exchange, 405);
        return;
    }
    if (!cors_admit(exchange) || !cors) {
        gateway_refuse(exchange, 403);
        return;
    }
    exchange_add_header(exchange, "Access-Control-Allow-Methods",
                        cors->methods ? cors->methods : methods);
    if (cors->headers || asked)
        exchange_add_header(exchange, "Access-Control-Allow-Headers",
                            cors->headers ? cors->headers : asked);
    if (cors->max_age > 0) {
        (void)snprintf(max_age, sizeof(max_age), "%u", cors->max_age);
        exchange_add_header(exchange, "Access-Control-Max-Age", max_age);
    }
    exchange_answer(exchange, 204, NULL);
}
