/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/keys/qr_code.h"

#include "common/base/cleanup.h"

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN      2  /* modules; the standard has four, which few readers need */
#define VERSION_MAX 10 /* 57 modules: what still fits a terminal of 80 columns and 33 lines */
#define DARK        1  /* libqrencode's bit of a module */
#define BLOCK_BYTES 3  /* of each half block in UTF-8 */

PK_DEFINE_CLEANUP(QRcode *, QRcode_free);

static bool is_light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return true;
    return !(code->data[y * code->width + x] & DARK);
}

/* Behind the last row there is nothing. */
static const char *half_blocks(const QRcode *code, int x, int y, int end, bool on_light)
{
    bool above = is_light(code, x, y) != on_light;
    bool below = y + 1 < end && is_light(code, x, y + 1) != on_light;

    if (above && below)
        return "\u2588";
    if (above)
        return "\u2580";
    return below ? "\u2584" : " ";
}

/* libqrencode wipes nothing: what is left of a secret in freed memory is of one use, and old soon.
 */
char *pk_qr_code_text(const char *content, bool on_light)
{
    /* Digits and capitals take half the room of other text: the code says which follow. */
    PK_CLEANUP(QRcode_free)
    QRcode *code = QRcode_encodeString(content, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    int end;
    size_t side;
    char *text, *at;

    if (!code || code->version > VERSION_MAX)
        return NULL;
    end = code->width + MARGIN;
    side = (size_t)code->width + 2 * MARGIN;
    text = malloc(((side + 1) / 2) * (side * BLOCK_BYTES + 1) + 1);
    if (!text)
        return NULL;
    at = text;
    for (int y = -MARGIN; y < end; y += 2) {
        for (int x = -MARGIN; x < end; x++)
            at = stpcpy(at, half_blocks(code, x, y, end, on_light));
        *at++ = '\n';
    }
    at[-1] = '\0'; /* lines are between, not behind */
    return text;
}
