/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/signature_edwards.h"

#include "common/base/cleanup.h"

#include <openssl/bn.h>

/*
 * The curves are a x^2 + y^2 = 1 + d x^2 y^2 over GF(p). A key is y with the sign of x, so x^2
 * follows: x^2 = (1 - y^2) / (a - d y^2). It is a point when that is a square, and since the y
 * coordinate of a doubled point needs only squares, small order can be told without x itself.
 */
struct curve {
    size_t size; /* of an encoded point */
    const char *p;
    int a;
    bool d_is_fraction; /* -121665/121666; else -39081 */
    int cofactor_log2;
};

static const struct curve edwards25519 = {
    32, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", -1, true, 3};
static const struct curve edwards448 = {57,
                                        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
                                        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                        1, false, 2};

struct field {
    BN_CTX *context;
    BIGNUM *p;
};

static BIGNUM *number(struct field *field)
{
    return BN_CTX_get(field->context);
}

static bool set_signed(struct field *field, BIGNUM *result, long value)
{
    if (!result || !BN_set_word(result, (BN_ULONG)(value < 0 ? -value : value)))
        return false;
    return value >= 0 || BN_sub(result, field->p, result);
}

/* result = top / bottom; false when bottom is zero. */
static bool divide(struct field *field, BIGNUM *result, const BIGNUM *top, const BIGNUM *bottom)
{
    BIGNUM *inverse = number(field);

    return inverse && !BN_is_zero(bottom) &&
           BN_mod_inverse(inverse, bottom, field->p, field->context) &&
           BN_mod_mul(result, top, inverse, field->p, field->context);
}

/* The curve's a or d as a number of the field. */
static bool curve_d(struct field *field, const struct curve *curve, BIGNUM *result)
{
    BIGNUM *top = number(field), *bottom = number(field);

    if (!curve->d_is_fraction)
        return set_signed(field, result, -39081);
    return set_signed(field, top, -121665) && set_signed(field, bottom, 121666) &&
           divide(field, result, top, bottom);
}

/* x2 = (1 - y2) / (a - d y2) */
static bool x_squared(struct field *field, const struct curve *curve, const BIGNUM *y2, BIGNUM *x2)
{
    BIGNUM *top = number(field), *bottom = number(field), *d = number(field), *a = number(field);

    return a && curve_d(field, curve, d) && set_signed(field, a, curve->a) &&
           BN_mod_mul(bottom, d, y2, field->p, field->context) &&
           BN_mod_sub(bottom, a, bottom, field->p, field->context) &&
           BN_mod_sub(top, BN_value_one(), y2, field->p, field->context) &&
           divide(field, x2, top, bottom);
}

/* y of the doubled point: (y2 - a x2) / (2 - a x2 - y2) */
static bool double_y(struct field *field, const struct curve *curve, BIGNUM *y)
{
    BIGNUM *y2 = number(field), *ax2 = number(field), *top = number(field);
    BIGNUM *bottom = number(field);

    if (!bottom || !BN_mod_sqr(y2, y, field->p, field->context) ||
        !x_squared(field, curve, y2, ax2))
        return false;
    if (curve->a < 0 && !BN_mod_sub(ax2, field->p, ax2, field->p, field->context))
        return false;
    return BN_mod_sub(top, y2, ax2, field->p, field->context) && set_signed(field, bottom, 2) &&
           BN_mod_sub(bottom, bottom, ax2, field->p, field->context) &&
           BN_mod_sub(bottom, bottom, y2, field->p, field->context) &&
           divide(field, y, top, bottom);
}

static bool on_curve(struct field *field, const struct curve *curve, const BIGNUM *y, bool sign)
{
    BIGNUM *y2 = number(field), *x2 = number(field);

    if (!x2 || !BN_mod_sqr(y2, y, field->p, field->context) || !x_squared(field, curve, y2, x2))
        return false;
    /* x = 0 has no sign. */
    if (BN_is_zero(x2))
        return !sign;
    return BN_kronecker(x2, field->p, field->context) == 1;
}

static bool point_valid(struct field *field, const struct curve *curve, struct pk_view encoded)
{
    uint8_t bytes[57];
    BIGNUM *y = number(field);
    bool sign;

    for (size_t i = 0; i < curve->size; i++)
        bytes[i] = encoded.ptr[i];
    sign = bytes[curve->size - 1] & 0x80;
    bytes[curve->size - 1] &= 0x7f;
    if (!y || !BN_lebin2bn(bytes, (int)curve->size, y) || BN_cmp(y, field->p) >= 0 ||
        !on_curve(field, curve, y, sign))
        return false;
    for (int i = 0; i < curve->cofactor_log2; i++)
        if (!double_y(field, curve, y))
            return false;
    return !BN_is_one(y);
}

PK_DEFINE_CLEANUP(BN_CTX *, BN_CTX_free);
PK_DEFINE_CLEANUP(BIGNUM *, BN_free);

bool pk_edwards_point_valid(struct pk_view encoded)
{
    const struct curve *curve = encoded.len == edwards25519.size ? &edwards25519 : &edwards448;
    PK_CLEANUP(BN_CTX_free) BN_CTX *context = BN_CTX_new();
    PK_CLEANUP(BN_free) BIGNUM *p = NULL;
    struct field field;
    bool valid;

    if (encoded.len != curve->size || !context || !BN_hex2bn(&p, curve->p))
        return false;
    field = (struct field){context, p};
    BN_CTX_start(context);
    valid = point_valid(&field, curve, encoded);
    BN_CTX_end(context);
    return valid;
}
