/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone/code.h"

#include "common/base/clock.h"
#include "common/hybrid/derive.h"
#include "common/hybrid/qr.h"

#define TRIES 4 /* random bytes are a key but once in 2^32 */

void code_clear(struct code *code)
{
    pk_p256_clear(&code->own);
    pk_secret_clear(&code->secret);
    pk_secret_clear(&code->eid_key);
    pk_secret_clear(&code->text);
}

enum pk_status code_make_key(struct pk_p256 *ret)
{
    PK_AUTO_SECRET struct pk_secret scalar = {0};
    enum pk_status status = pk_secret_new(PK_P256_SCALAR_SIZE, &scalar);

    if (status != PK_OK)
        return status;
    status = PK_KEY_MALFORMED;
    for (int i = 0; i < TRIES && status == PK_KEY_MALFORMED; i++) {
        pk_random(scalar.data, scalar.len);
        status = pk_p256_load(pk_secret_view(&scalar), ret);
    }
    return status;
}

static enum pk_status make_text(const char *hint, struct code *code)
{
    uint8_t compressed[PK_HYBRID_COMPRESSED_SIZE];
    const struct pk_hybrid_qr qr = {
        .public_key = {compressed, sizeof(compressed)},
        .secret = pk_secret_view(&code->secret),
        .domains = PK_HYBRID_DOMAINS,
        .time = (uint64_t)pk_clock_now(),
        .has_state_assisted = true,
        .hint = pk_view_string(hint),
    };

    pk_p256_compress(code->own.point, compressed);
    return pk_hybrid_qr_text(&qr, &code->text);
}

enum pk_status code_make(const char *hint, struct code *ret)
{
    AUTO_CODE struct code code = {.own = {.scalar = {0}}};
    enum pk_status status = code_make_key(&code.own);

    if (status == PK_OK)
        status = pk_secret_new(PK_HYBRID_SECRET_SIZE, &code.secret);
    if (status != PK_OK)
        return status;
    pk_random(code.secret.data, code.secret.len);
    status = pk_hybrid_derive(pk_secret_view(&code.secret), (struct pk_view){NULL, 0},
                              PK_HYBRID_EID_KEY, PK_HYBRID_EID_KEY_SIZE, &code.eid_key);
    if (status == PK_OK)
        status = make_text(hint, &code);
    if (status != PK_OK)
        return status;
    *ret = code;
    code = (struct code){.own = {.scalar = {0}}};
    return PK_OK;
}
