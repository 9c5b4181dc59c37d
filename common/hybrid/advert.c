/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/advert.h"

#include "common/hybrid/crypto.h"
#include "common/hybrid/derive.h"
#include "common/webauthn/crypto.h"

#include <string.h>

#define TAG_SIZE (PK_HYBRID_ADVERT_SIZE - PK_HYBRID_PLAIN_SIZE)
/* Where the parts of the plaintext stand; the byte before them is reserved. */
#define AT_ROUTING (1 + PK_HYBRID_NONCE_SIZE)
#define AT_DOMAIN  (AT_ROUTING + PK_HYBRID_ROUTING_SIZE)

void pk_hybrid_advert_clear(struct pk_hybrid_advert *advert)
{
    pk_secret_clear(&advert->plaintext);
}

static enum pk_status check_tag(struct pk_view eid_key, struct pk_view service_data)
{
    const struct pk_view key = {eid_key.ptr + PK_AES_KEY_SIZE, eid_key.len - PK_AES_KEY_SIZE};
    const struct pk_view block = {service_data.ptr, PK_HYBRID_PLAIN_SIZE};
    const struct pk_view tag = {service_data.ptr + PK_HYBRID_PLAIN_SIZE, TAG_SIZE};
    uint8_t mac[PK_HASH_SIZE];
    enum pk_status status = pk_hmac_sha256(key, block, mac);

    if (status == PK_OK && !pk_view_equal_secret((struct pk_view){mac, TAG_SIZE}, tag))
        status = PK_NO_MATCH;
    return status;
}

static enum pk_status read_plaintext(struct pk_hybrid_advert *advert, unsigned allowed)
{
    const uint8_t *plain = advert->plaintext.data;
    char domain[PK_HYBRID_DOMAIN_SIZE];

    if (plain[0] != 0)
        return PK_UNSUPPORTED;
    memcpy(advert->routing_id, plain + AT_ROUTING, sizeof(advert->routing_id));
    advert->domain = (uint16_t)(plain[AT_DOMAIN] | plain[AT_DOMAIN + 1] << 8);
    return pk_hybrid_domain(advert->domain, allowed, domain);
}

enum pk_status pk_hybrid_advert_open(struct pk_view eid_key, struct pk_view service_data,
                                     unsigned allowed, struct pk_hybrid_advert *ret)
{
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    enum pk_status status;

    if (eid_key.len != PK_HYBRID_EID_KEY_SIZE)
        return PK_INVALID_ARGUMENT;
    if (service_data.len < PK_HYBRID_ADVERT_SIZE)
        return PK_TRUNCATED;
    if (service_data.len > PK_HYBRID_ADVERT_MAX)
        return PK_TOO_LARGE;
    status = check_tag(eid_key, service_data);
    if (status == PK_OK)
        status = pk_secret_new(PK_HYBRID_PLAIN_SIZE, &advert.plaintext);
    if (status == PK_OK)
        status = pk_aes_decrypt_block(eid_key.ptr, service_data.ptr, advert.plaintext.data);
    if (status == PK_OK)
        status = read_plaintext(&advert, allowed);
    if (status != PK_OK)
        return status;
    advert.suffix = (struct pk_view){service_data.ptr + PK_HYBRID_ADVERT_SIZE,
                                     service_data.len - PK_HYBRID_ADVERT_SIZE};
    *ret = advert;
    advert = (struct pk_hybrid_advert){0};
    return PK_OK;
}

enum pk_status pk_hybrid_advert_read(struct pk_view plaintext, unsigned allowed,
                                     struct pk_hybrid_advert *ret)
{
    PK_AUTO_ADVERT struct pk_hybrid_advert advert = {0};
    enum pk_status status;

    if (plaintext.len != PK_HYBRID_PLAIN_SIZE)
        return PK_INVALID_ARGUMENT;
    status = pk_secret_copy(plaintext, &advert.plaintext);
    if (status == PK_OK)
        status = read_plaintext(&advert, allowed);
    if (status != PK_OK)
        return status;
    *ret = advert;
    advert = (struct pk_hybrid_advert){0};
    return PK_OK;
}
