/* SPDX-License-Identifier: BSD-2-Clause */
/* Any token: refused, or three parts that are the whole of it; its claims are read as a bearer's by
 * each kind of relying party, and as an answer about a password. */
#include "common/base/cleanup.h"
#include "daemon/tokens/claims.h"
#include "daemon/tokens/password.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const struct token_text *token)
{
    AUTO_PASSWORD_ANSWER struct password_answer answer = {0};

    if (password_answer_claims(token, 1700000000, &answer) == PK_OK &&
        (!answer.user || !*answer.user || !answer.nonce || !*answer.nonce))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_TOKEN_TEXT struct token_text token = {0};

    if (token_text_parse((struct pk_view){data, size}, &token) != PK_OK)
        return 0;
    if (token.protected.len + token.payload.len + token.signature.len + 2 != size)
        abort();
    read_answer(&token);
    for (int http = PK_HTTP_STANDARD; http < PK_HTTP_COUNT; http++) {
        const struct token_party party = {.http = (enum pk_http)http,
                                          .rp = (char[]){"rp"},
                                          .rp_id = (char[]){"example.org"},
                                          .url = (char[]){"https://example.org/v1"},
                                          .tenant = (char[]){"t"}};
        AUTO_TOKEN_CLAIMS struct token_claims claims = {0};

        if (claims_read(&party, &token, 1700000000, &claims) != PK_OK)
            continue;
        if (!claims.user || !*claims.user || !claims.kid || !claims.json ||
            claims.expires <= 1700000000)
            abort();
    }
    return 0;
}
