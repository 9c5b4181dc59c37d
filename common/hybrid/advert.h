/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a phone that has read a QR code sends over Bluetooth, as service data of the UUIDs below: a
 * block encrypted with a key from the code's secret, and the beginning of its MAC. Who hears it is
 * near the phone, and its plaintext goes into the handshake.
 */
#ifndef PK_HYBRID_ADVERT_H
#define PK_HYBRID_ADVERT_H

#include "common/hybrid/domain.h"

#include "common/base/bytes.h"
#include "common/base/limits.h"

/* As BlueZ spells them; phones use either. */
#define PK_HYBRID_UUID_FIDO   "0000fff9-0000-1000-8000-00805f9b34fb"
#define PK_HYBRID_UUID_GOOGLE "0000fde2-0000-1000-8000-00805f9b34fb"

#define PK_HYBRID_ADVERT_SIZE  20 /* at least; a suffix may follow */
#define PK_HYBRID_PLAIN_SIZE   16
#define PK_HYBRID_NONCE_SIZE   10
#define PK_HYBRID_ROUTING_SIZE 3

struct pk_hybrid_advert {
    struct pk_secret plaintext; /* PK_HYBRID_PLAIN_SIZE: what the handshake's PSK is salted with */
    uint8_t routing_id[PK_HYBRID_ROUTING_SIZE];
    uint16_t domain; /* see domain.h */
    /* What follows, borrowed: CBOR of other channels (CTAP 2.3), which no MAC covers. Nothing here
     * reads it; L2CAP would. */
    struct pk_view suffix;
};

void pk_hybrid_advert_clear(struct pk_hybrid_advert *advert);
#define PK_AUTO_ADVERT __attribute__((cleanup(pk_hybrid_advert_clear)))

/*
 * Opens service data with the EID key (PK_HYBRID_EID_KEY_SIZE bytes). PK_NO_MATCH: it is not of
 * this QR code, which is the usual case and costs one HMAC. PK_TRUNCATED, PK_TOO_LARGE over
 * PK_HYBRID_ADVERT_MAX. Of this QR code, and yet of no use: PK_UNSUPPORTED where its reserved byte
 * is not zero, PK_NOT_FOUND or PK_DENIED as of pk_hybrid_domain(). PK_INVALID_ARGUMENT for a key of
 * another size; PK_NO_MEMORY, PK_INTERNAL.
 */
enum pk_status pk_hybrid_advert_open(struct pk_view eid_key, struct pk_view service_data,
                                     unsigned allowed, struct pk_hybrid_advert *ret) PK_WARN_UNUSED;

/*
 * The same of a plaintext that another process has opened, without the suffix. PK_INVALID_ARGUMENT
 * for another size; as above where it is of no use; PK_NO_MEMORY.
 */
enum pk_status pk_hybrid_advert_read(struct pk_view plaintext, unsigned allowed,
                                     struct pk_hybrid_advert *ret) PK_WARN_UNUSED;

#endif
