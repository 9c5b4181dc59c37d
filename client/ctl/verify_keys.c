/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/verify_keys.h"

#define HASHED 64 /* bytes: keys differ in their last ones */

/* FNV-1a. Keys made to collide slow down only the input that they are in. */
static size_t slot_of(struct pk_view cose)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = cose.len > HASHED ? cose.len - HASHED : 0; i < cose.len; i++)
        hash = (hash ^ cose.ptr[i]) * 0x100000001b3;
    return hash % VERIFY_KEYS_MAX;
}

enum pk_status verify_keys_find(struct verify_keys *keys, struct pk_view cose,
                                struct pk_public_key **ret)
{
    size_t slot = slot_of(cose);
    struct pk_bytes *cached = &keys->slots[slot].cose;
    PK_AUTO_PUBLIC_KEY struct pk_public_key *key = NULL;
    enum pk_status status;

    if (keys->slots[slot].key && pk_view_equal(pk_view_of(cached), cose)) {
        *ret = keys->slots[slot].key;
        return PK_OK;
    }
    status = pk_public_key_parse(cose, &key);
    if (status != PK_OK)
        return status;
    pk_bytes_clear(cached);
    pk_public_key_free(keys->slots[slot].key);
    keys->slots[slot].key = NULL;
    status = pk_bytes_copy(cose, cached);
    if (status == PK_OK)
        *ret = keys->slots[slot].key = pk_steal(key);
    return status;
}

void verify_keys_clear(struct verify_keys *keys)
{
    for (size_t i = 0; i < VERIFY_KEYS_MAX; i++) {
        pk_bytes_clear(&keys->slots[i].cose);
        pk_public_key_free(keys->slots[i].key);
        keys->slots[i].key = NULL;
    }
}
