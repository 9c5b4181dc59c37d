/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/methods/agent/keys.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "daemon/verify/sk_credential.h"

#include <string.h>

static void key_clear(struct agent_key *key)
{
    pk_bytes_clear(&key->blob);
    pk_bytes_clear(&key->public_key);
    free(key->comment);
}

void agent_keys_clear(struct agent_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        key_clear(&keys->items[i]);
    free(keys->items);
    *keys = (struct agent_keys){0};
}

enum pk_status agent_ask_keys(struct agent_connection *agent, agent_replied *replied, void *data)
{
    PK_AUTO_BYTES struct pk_bytes request = {0};
    enum pk_status status = pk_agent_request_identities(&request);

    return status ? status : agent_connection_ask(agent, pk_view_of(&request), replied, data);
}

static bool contains_key(const struct agent_keys *keys, struct pk_view blob)
{
    for (size_t i = 0; i < keys->count; i++)
        if (pk_view_equal(pk_view_of(&keys->items[i].blob), blob))
            return true;
    return false;
}

/* Cut at a NUL, which a comment that a person typed does not have. */
static char *copy_comment(struct pk_view comment)
{
    PK_AUTO_FREE char *text = strndup(comment.len ? (const char *)comment.ptr : "", comment.len);

    return text ? pk_text_printable(text, PK_CREDENTIAL_NAME_MAX) : NULL;
}

/* keys->items must have space for one more. */
static enum pk_status add_key(struct agent_keys *keys, const struct pk_agent_identity *identity)
{
    struct agent_key key = {0};
    enum pk_status status;

    if (pk_sk_key_parse(identity->blob, &key.key) || !sk_is_ssh(key.key.application))
        return PK_OK;
    if (contains_key(keys, identity->blob))
        return PK_OK;
    status = pk_bytes_copy(identity->blob, &key.blob);
    if (status == PK_OK)
        status = sk_public_key(&key.key, &key.public_key);
    key.comment = copy_comment(identity->comment);
    if (status == PK_OK && !key.comment)
        status = PK_NO_MEMORY;
    if (status != PK_OK) {
        key_clear(&key);
        return status;
    }
    keys->items[keys->count++] = key;
    return PK_OK;
}

enum pk_status agent_keys_parse(struct pk_view payload, struct agent_keys *ret)
{
    PK_AUTO_FREE struct pk_agent_identity *identities = NULL;
    AUTO_AGENT_KEYS struct agent_keys keys = {0};
    size_t count = 0;
    enum pk_status status = pk_agent_identities_parse(payload, &identities, &count);

    if (status != PK_OK)
        return status;
    keys.items = calloc(count + 1, sizeof(*keys.items));
    if (!keys.items)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < count && status == PK_OK; i++)
        status = add_key(&keys, &identities[i]);
    if (status != PK_OK)
        return status;
    *ret = keys;
    keys = (struct agent_keys){0};
    return PK_OK;
}

enum pk_status agent_ask_signature(struct agent_connection *agent, struct pk_view blob,
                                   const uint8_t message[PK_HASH_SIZE], agent_replied *replied,
                                   void *data)
{
    PK_AUTO_BYTES struct pk_bytes sshsig = {0};
    PK_AUTO_BYTES struct pk_bytes request = {0};
    enum pk_status status = pk_sshsig_compose(message, &sshsig);

    if (status == PK_OK)
        status = pk_agent_sign_request(blob, pk_view_of(&sshsig), &request);
    return status ? status : agent_connection_ask(agent, pk_view_of(&request), replied, data);
}

enum pk_status agent_signature_parse(struct pk_view payload, struct pk_sk_signature *ret)
{
    struct pk_view signature;
    enum pk_status status = pk_agent_signature_parse(payload, &signature);

    return status ? status : pk_sk_signature_parse(signature, ret);
}
