/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first byte says what follows: the text of a QR code, digits, or CBOR. What is taken as digits
 * is encoded to the same again, and what is taken as CBOR can be written.
 */
#include "common/hybrid/qr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_cbor(struct pk_view cbor)
{
    PK_AUTO_SECRET struct pk_secret text = {0};
    struct pk_hybrid_qr qr;

    if (pk_hybrid_qr_parse(cbor, &qr) == PK_OK && pk_hybrid_qr_text(&qr, &text) != PK_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PK_AUTO_SECRET struct pk_secret bytes = {0};
    PK_AUTO_SECRET struct pk_secret again = {0};
    struct pk_view rest;

    if (size == 0)
        return 0;
    rest = (struct pk_view){data + 1, size - 1};
    if (data[0] == 't') {
        if (pk_hybrid_qr_text_decode(rest, &bytes) == PK_OK)
            use_cbor(pk_secret_view(&bytes));
    } else if (data[0] == 'd') {
        if (pk_hybrid_digits_decode(rest, &bytes) == PK_OK &&
            (pk_hybrid_digits_encode(pk_secret_view(&bytes), &again) != PK_OK ||
             !pk_view_equal(pk_secret_view(&again), rest)))
            abort();
    } else {
        use_cbor(rest);
    }
    return 0;
}
