/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an ssh-agent's answer; what is borrowed lies within it and accounts for all of it.
 */
#include "common/base/cleanup.h"
#include "common/wire/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view input = {data, size};
    PK_AUTO_FREE struct pk_agent_identity *items = NULL;
    struct pk_view signature;
    size_t count = 0;
    size_t message;

    if (pk_agent_message_size(input, &message) == PK_OK)
        check(message <= 4 + PK_AGENT_MESSAGE_MAX);
    if (pk_agent_identities_parse(input, &items, &count) == PK_OK) {
        size_t used = 5;

        check(count <= PK_AGENT_IDENTITIES_MAX);
        for (size_t i = 0; i < count; i++)
            used += 8 + items[i].blob.len + items[i].comment.len;
        check(used == size);
    }
    if (pk_agent_signature_parse(input, &signature) == PK_OK)
        check(signature.len + 5 == size);
    return 0;
}
