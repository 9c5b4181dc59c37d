/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/tokens/keys.h"

#include "common/base/text.h"
#include "daemon/tokens/profiles.h"
#include "daemon/tokens/signing.h"

#include <stdio.h>
#include <string.h>

void token_uuid(char ret[TOKEN_UUID_SIZE])
{
    uint8_t id[16];

    pk_random(id, sizeof(id));
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    (void)snprintf(ret, TOKEN_UUID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0],
                   id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11],
                   id[12], id[13], id[14], id[15]);
}

static enum pk_status describe(const struct token_party *party, const char *algorithm, int64_t now,
                               struct signing_key *key)
{
    char kid[TOKEN_UUID_SIZE];
    enum pk_status status = pk_text_copy(party->rp, &key->rp);

    token_uuid(kid);
    key->created = now;
    if (status == PK_OK)
        status = pk_text_copy(kid, &key->kid);
    return status == PK_OK ? pk_text_copy(algorithm, &key->algorithm) : status;
}

static enum pk_status find(struct store *store, const struct token_party *party,
                           const char *algorithm, int64_t now, struct signing_key *ret)
{
    AUTO_SIGNING_KEY_LIST struct signing_key_list list = {0};
    enum pk_status status = store->verbs->signing_key_list(store, party->rp, now, &list);

    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < list.count; i++) {
        struct signing_key *key = &list.items[i];

        if (key->retired != 0 || strcmp(key->algorithm, algorithm) != 0)
            continue;
        *ret = *key;
        *key = (struct signing_key){0};
        return PK_OK;
    }
    return PK_NOT_FOUND;
}

enum pk_status keys_signing(struct store *store, const struct token_party *party, int64_t now,
                            struct signing_key *ret)
{
    const struct token_profile *profile = token_profile(party->http);
    AUTO_SIGNING_KEY struct signing_key key = {0};
    enum pk_status status;

    if (!profile)
        return PK_INVALID_ARGUMENT;
    status = find(store, party, profile->algorithm, now, ret);
    if (status != PK_NOT_FOUND)
        return status;
    if (profile->shared)
        return PK_UNAVAILABLE;
    status = describe(party, profile->algorithm, now, &key);
    if (status == PK_OK)
        status = signing_generate(profile->algorithm, SIGNING_RSA_BITS, &key.jwk);
    if (status == PK_OK)
        status = store->verbs->signing_key_add(store, &key, SIGNING_KEY_FIRST, 0);
    /* Another thread was first: its key is the one. */
    if (status == PK_EXISTS)
        return find(store, party, profile->algorithm, now, ret);
    if (status != PK_OK)
        return status;
    *ret = key;
    key = (struct signing_key){0};
    return PK_OK;
}

enum pk_status keys_replace(struct store *store, const struct token_party *party,
                            const struct key_change *change, int64_t now, struct signing_key *ret)
{
    const struct token_profile *profile = token_profile(party->http);
    AUTO_SIGNING_KEY struct signing_key key = {.imported = change->secret.len > 0};
    enum pk_status status;

    if (!profile)
        return PK_INVALID_ARGUMENT;
    if (profile->shared != key.imported)
        return PK_UNSUPPORTED;
    if (change->bits && strcmp(profile->algorithm, "RS256") != 0)
        return PK_INVALID_ARGUMENT;
    status = describe(party, profile->algorithm, now, &key);
    if (status == PK_OK)
        status = key.imported
                     ? signing_from_bytes(change->secret, &key.jwk)
                     : signing_generate(profile->algorithm,
                                        change->bits ? change->bits : SIGNING_RSA_BITS, &key.jwk);
    if (status == PK_OK)
        status =
            store->verbs->signing_key_add(store, &key, SIGNING_KEY_REPLACE,
                                          change->at_once ? now : token_profile_last(profile, now));
    if (status != PK_OK)
        return status;
    *ret = key;
    key = (struct signing_key){0};
    return PK_OK;
}

/* All of them are compared, in constant time. PK_NOT_FOUND. */
static enum pk_status find_mark(const struct signing_key_list *keys,
                                const uint8_t mark[PK_HASH_SIZE])
{
    bool found = false;

    for (size_t i = 0; i < keys->count; i++) {
        uint8_t one[PK_HASH_SIZE];
        enum pk_status status;

        if (!keys->items[i].imported)
            continue;
        status = signing_shared_mark(&keys->items[i].jwk, one);
        if (status != PK_OK)
            return status;
        if (pk_view_equal_secret((struct pk_view){one, PK_HASH_SIZE},
                                 (struct pk_view){mark, PK_HASH_SIZE}))
            found = true;
    }
    return found ? PK_OK : PK_NOT_FOUND;
}

enum pk_status keys_find_shared(struct store *store, const struct pk_strings *rps,
                                struct pk_view secret, int64_t now, const char **ret_rp)
{
    PK_AUTO_SECRET struct pk_secret jwk = {0};
    uint8_t mark[PK_HASH_SIZE];
    enum pk_status status = signing_from_bytes(secret, &jwk);

    if (status == PK_OK)
        status = signing_shared_mark(&jwk, mark);
    if (status != PK_OK)
        return status;
    for (size_t i = 0; i < rps->count; i++) {
        AUTO_SIGNING_KEY_LIST struct signing_key_list keys = {0};

        status = store->verbs->signing_key_list(store, rps->items[i], now, &keys);
        if (status == PK_OK)
            status = find_mark(&keys, mark);
        if (status == PK_OK)
            *ret_rp = rps->items[i];
        if (status != PK_NOT_FOUND)
            return status;
    }
    return PK_NOT_FOUND;
}
