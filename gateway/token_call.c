/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway/token_call.h"

#include "gateway/members.h"

static void on_token(struct exchange *exchange, const struct party_answer *answer)
{
    static const unsigned statuses[PARTY_OUTCOMES] = {
        [PARTY_MALFORMED] = 400,     [PARTY_NOT_SIGNED_IN] = 401, [PARTY_WRONG_TOKEN] = 401,
        [PARTY_TOKEN_EXPIRED] = 401, [PARTY_LIMITED] = 429,       [PARTY_UNAVAILABLE] = 503,
    };
    unsigned status = statuses[answer->outcome];

    if (answer->outcome == PARTY_DONE)
        exchange_answer(exchange, 200, json_deep_copy(answer->result));
    else
        exchange_party(exchange)->dialect->refuse(exchange, status ? status : 500);
}

void token_call(struct exchange *exchange)
{
    static const struct text_rule rules[] = {
        {"userId", true, 0},
        {"userName", false, 0},
        {"displayName", false, 0},
        {"email", false, 0},
    };
    struct party_request request = {.call = PARTY_ISSUE_TOKEN, .answered = on_token};
    const json_t *body = NULL;
    const char *why = NULL;
    AUTO_JSON json_t *options = json_object();

    if (exchange_json(exchange, &body, &why) != PK_OK || !options) {
        exchange_party(exchange)->dialect->refuse(exchange, 400);
        return;
    }
    for (size_t i = 0; i < MEMBERS_COUNT(rules); i++) {
        const char *text = NULL;

        if (members_text(body, &rules[i], &text) != TEXT_FINE) {
            exchange_party(exchange)->dialect->refuse(exchange, 400);
            return;
        }
        members_set_text(options, rules[i].name, text);
    }
    (void)dialect_add_authority(exchange, ACCESS_API_KEY, options);
    request.options = json_incref(options);
    party_call(exchange, &request);
}
