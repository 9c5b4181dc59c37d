/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/accounts/decoy.h"

#include "common/base/cleanup.h"
#include "common/base/writer.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define DECOY_KEY_NAME "decoy-key"
#define PREIMAGE_MAX   4096

/* What a block of the keyed hash is used for; each use is a separate function of the name. */
enum use {
    USE_SHAPE = 1, /* how many credentials, and what they look like */
    USE_ID = 2,
};

#define OF_PHONE 0xff /* number of the one that has no place in a list */

#define SHAPES 16 /* divides 256, so that a random byte selects without bias */

enum {
    KEY_USB = PK_TRANSPORT_USB,
    KEY_NFC = PK_TRANSPORT_USB | PK_TRANSPORT_NFC,
    DEVICE = PK_TRANSPORT_INTERNAL,
    SYNCED = PK_TRANSPORT_INTERNAL | PK_TRANSPORT_HYBRID,
};

/*
 * What a page that asks for a passkey tells of each: the length of its id and its transports. The
 * common ones are there more often: security keys on sale, then what browsers have besides.
 */
#define PHONE_SHAPES 8 /* of browser_shapes, which begin with what phones have */
static const struct shape {
    uint8_t id_length;
    uint8_t transports;
} key_shapes[SHAPES] = {{48, KEY_USB}, {48, KEY_USB}, {48, KEY_NFC}, {48, KEY_NFC},
                        {64, KEY_USB}, {64, KEY_USB}, {64, KEY_USB}, {64, KEY_USB},
                        {64, KEY_NFC}, {64, KEY_NFC}, {64, KEY_NFC}, {64, KEY_NFC},
                        {80, KEY_USB}, {80, KEY_NFC}, {96, KEY_USB}, {96, KEY_NFC}},
  browser_shapes[SHAPES] = {{16, SYNCED},  {16, SYNCED},  {16, SYNCED},  {16, SYNCED},
                            {20, SYNCED},  {20, SYNCED},  {20, SYNCED},  {32, SYNCED},
                            {32, DEVICE},  {32, DEVICE},  {32, DEVICE},  {48, KEY_USB},
                            {48, KEY_NFC}, {64, KEY_USB}, {64, KEY_USB}, {64, KEY_NFC}};

/*
 * An ES256 public key without a known private key: its point was not computed from one. x is
 * SHA-256("passkeyd decoy public key 0"), y the even one of the curve's two points there.
 */
static const uint8_t public_key[] = {
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6d, 0x7b, 0x45, 0xae, 0x7a, 0x73,
    0x79, 0xa5, 0xa0, 0x47, 0xf0, 0x5b, 0x9d, 0x39, 0x1b, 0xf6, 0x5d, 0x5a, 0x0f, 0xb8, 0x0b, 0x5f,
    0x4b, 0x08, 0x1a, 0x79, 0x56, 0x96, 0x6c, 0x57, 0x3d, 0xf7, 0x22, 0x58, 0x20, 0x03, 0x57, 0x06,
    0xdb, 0x59, 0x18, 0x92, 0x05, 0x1a, 0x7a, 0x48, 0xf5, 0xe3, 0x0f, 0xac, 0x37, 0x34, 0xcc, 0xf4,
    0x67, 0xb6, 0x8a, 0x27, 0xd8, 0x63, 0xe6, 0x36, 0xd4, 0x85, 0xcf, 0x85, 0xdc};

enum pk_status decoy_key_load(struct store *store, uint8_t ret[DECOY_KEY_SIZE])
{
    PK_AUTO_BYTES struct pk_bytes stored = {0};
    enum pk_status status = store->verbs->get(store, DECOY_KEY_NAME, &stored);

    if (status == PK_OK && stored.len == DECOY_KEY_SIZE) {
        memcpy(ret, stored.data, DECOY_KEY_SIZE);
        return PK_OK;
    }
    pk_random(ret, DECOY_KEY_SIZE);
    if (status == PK_OK || status == PK_NOT_FOUND)
        status = store->verbs->put(store, DECOY_KEY_NAME, (struct pk_view){ret, DECOY_KEY_SIZE});
    return status;
}

/* HMAC(key, use ‖ number ‖ block ‖ relying party ‖ 0 ‖ name). */
static enum pk_status make_block(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                                 const uint8_t label[3], uint8_t ret[PK_HASH_SIZE])
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PREIMAGE_MAX);
    PK_AUTO_BYTES struct pk_bytes preimage = {0};
    enum pk_status status;

    pk_writer_put(&writer, (struct pk_view){label, 3});
    pk_writer_put(&writer, pk_view_string(account->rp));
    pk_writer_u8(&writer, 0);
    pk_writer_put(&writer, pk_view_string(account->name));
    status = pk_writer_finish(&writer, &preimage);
    if (status)
        return status;
    return pk_hmac_sha256((struct pk_view){key, DECOY_KEY_SIZE}, pk_view_of(&preimage), ret);
}

static enum pk_status make_id(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                              uint8_t number, struct pk_bytes *id)
{
    uint8_t block[PK_HASH_SIZE];

    for (size_t at = 0; at < id->len; at += PK_HASH_SIZE) {
        const uint8_t label[] = {USE_ID, number, (uint8_t)(at / PK_HASH_SIZE)};
        size_t left = id->len - at;
        enum pk_status status = make_block(key, account, label, block);

        if (status)
            return status;
        memcpy(id->data + at, block, left < PK_HASH_SIZE ? left : PK_HASH_SIZE);
    }
    return PK_OK;
}

static enum pk_status make_credential(const char *rp_id, const struct shape *shape,
                                      struct credential *ret)
{
    ret->rp_id = strdup(rp_id);
    ret->transports = shape->transports;
    ret->record.id = (struct pk_bytes){calloc(1, shape->id_length), shape->id_length};
    if (!ret->rp_id || !ret->record.id.data)
        return PK_NO_MEMORY;
    return pk_bytes_copy((struct pk_view){public_key, sizeof(public_key)}, &ret->record.public_key);
}

/*
 * 1 in three of four cases, one more in three of four of the others, and so on, to 9: a number that
 * no decoy has would show that the account exists.
 */
static size_t how_many(const uint8_t chosen[PK_HASH_SIZE])
{
    unsigned bits = 1U << 16 | (unsigned)chosen[PK_HASH_SIZE - 1] << 8 | chosen[0];

    return 1 + (size_t)__builtin_ctz(bits) / 2;
}

enum pk_status decoy_credentials(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                                 const char *rp_id, bool browsers, struct credential_list *ret)
{
    const struct shape *shapes = browsers ? browser_shapes : key_shapes;
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const uint8_t label[] = {USE_SHAPE, 0, 0};
    uint8_t chosen[PK_HASH_SIZE];
    enum pk_status status = make_block(key, account, label, chosen);
    size_t count;

    if (status)
        return status;
    count = how_many(chosen);
    list.items = calloc(count, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    for (size_t i = 0; i < count && !status; i++) {
        struct credential *credential = &list.items[list.count++];

        status = make_credential(rp_id, &shapes[chosen[1 + i] % SHAPES], credential);
        if (!status)
            status = make_id(key, account, (uint8_t)i, &credential->record.id);
    }
    if (status)
        return status;
    *ret = list;
    list = (struct credential_list){0};
    return PK_OK;
}

enum pk_status decoy_of_phone(const uint8_t key[DECOY_KEY_SIZE], const struct account *account,
                              const char *rp_id, struct credential_list *ret)
{
    AUTO_CREDENTIAL_LIST struct credential_list list = {0};
    const uint8_t label[] = {USE_SHAPE, OF_PHONE, 0};
    uint8_t chosen[PK_HASH_SIZE];
    enum pk_status status = make_block(key, account, label, chosen);

    if (status)
        return status;
    list.items = calloc(1, sizeof(*list.items));
    if (!list.items)
        return PK_NO_MEMORY;
    list.count = 1;
    status = make_credential(rp_id, &browser_shapes[chosen[0] % PHONE_SHAPES], list.items);
    if (!status)
        status = make_id(key, account, OF_PHONE, &list.items->record.id);
    if (status)
        return status;
    *ret = list;
    list = (struct credential_list){0};
    return PK_OK;
}
