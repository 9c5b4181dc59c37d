/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the QR code of the hybrid transport says: "FIDO:/" and digits, which are CBOR. The code has
 * a secret in it, so that the text and the CBOR are secrets. Reading is for tests and software
 * phones.
 */
#ifndef PK_HYBRID_QR_H
#define PK_HYBRID_QR_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/status.h"

#define PK_HYBRID_SECRET_SIZE     16
#define PK_HYBRID_COMPRESSED_SIZE 33 /* a point of P-256, SEC 1 section 2.3.3 */
#define PK_HYBRID_DOMAINS         2  /* the assigned tunnel domains that we know */

/* How the phone words its first screen; it binds nobody. */
#define PK_HYBRID_HINT_GET  "ga"
#define PK_HYBRID_HINT_MAKE "mc"

/* Borrowed. */
struct pk_hybrid_qr {
    struct pk_view public_key; /* PK_HYBRID_COMPRESSED_SIZE; made anew for every code */
    struct pk_view secret;     /* PK_HYBRID_SECRET_SIZE; likewise */
    uint64_t domains;          /* how many assigned domains the client knows */
    uint64_t time;             /* seconds since 1970 */
    bool has_state_assisted;   /* to be sent: phones take its absence for an older protocol */
    bool state_assisted;       /* whether the client stores linking information */
    struct pk_view hint;       /* one of the above; unknown ones count as PK_HYBRID_HINT_GET */
};

/* PK_INVALID_ARGUMENT for sizes that are not the above, or a key that is not compressed. */
enum pk_status pk_hybrid_qr_cbor(const struct pk_hybrid_qr *qr,
                                 struct pk_secret *ret) PK_WARN_UNUSED;

/*
 * *ret borrows from cbor. Keys that it does not know are passed over; time is 0 and the hint
 * PK_HYBRID_HINT_GET where they are missing. PK_CBOR_*, PK_INVALID_INPUT for a key or secret that
 * is missing or has another size, PK_TOO_LARGE over PK_HYBRID_QR_MAX.
 */
enum pk_status pk_hybrid_qr_parse(struct pk_view cbor, struct pk_hybrid_qr *ret) PK_WARN_UNUSED;

/* Seventeen digits for every seven bytes, fewer for the rest. PK_TOO_LARGE over PK_HYBRID_QR_MAX.
 */
enum pk_status pk_hybrid_digits_encode(struct pk_view bytes, struct pk_secret *ret) PK_WARN_UNUSED;

/*
 * PK_INVALID_INPUT for what is no digit, a number of digits that none is encoded to, or a group
 * whose value does not fit its bytes; PK_TOO_LARGE over PK_HYBRID_QR_MAX.
 */
enum pk_status pk_hybrid_digits_decode(struct pk_view digits, struct pk_secret *ret) PK_WARN_UNUSED;

/* The code's text, in the capitals that make it small. As pk_hybrid_qr_cbor(). */
enum pk_status pk_hybrid_qr_text(const struct pk_hybrid_qr *qr,
                                 struct pk_secret *ret) PK_WARN_UNUSED;

/* The CBOR of a text; its scheme may be in small letters. As pk_hybrid_digits_decode(). */
enum pk_status pk_hybrid_qr_text_decode(struct pk_view text, struct pk_secret *ret) PK_WARN_UNUSED;

#endif
