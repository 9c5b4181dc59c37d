/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/cose.h"

#include "common/base/cbor.h"

/* Labels (IANA "COSE Key Common Parameters" and "COSE Key Type Parameters"). */
enum {
    LABEL_KTY = 1,
    LABEL_ALG = 3,
    /* EC2 and OKP */
    LABEL_CRV = -1,
    LABEL_X = -2,
    LABEL_Y = -3,
    /* RSA */
    LABEL_N = -1,
    LABEL_E = -2,
    /* AKP */
    LABEL_PUB = -1,
};

/* The values of the five labels that can occur, still encoded; empty: absent. */
struct parameters {
    struct pk_view kty, alg;
    struct pk_view specific[3]; /* -1, -2, -3: their meaning depends on kty */
};

/*@ predicate encoded(struct parameters parameters, struct pk_view cose) =
      lent(parameters.kty, cose) && lent(parameters.alg, cose) &&
      lent(parameters.specific[0], cose) && lent(parameters.specific[1], cose) &&
      lent(parameters.specific[2], cose); */

/*@ assigns \nothing;
    ensures \result <==> label == LABEL_KTY || label == LABEL_ALG || -3 <= label <= -1; */
static bool known(int64_t label)
{
    return label == LABEL_KTY || label == LABEL_ALG || (label <= -1 && label >= -3);
}

/*@ requires label == LABEL_KTY || label == LABEL_ALG || -3 <= label <= -1;
    assigns \nothing;
    ensures \forall struct pk_view cose;
      encoded(parameters, cose) && lent(value, cose) ==> encoded(\result, cose); */
static struct parameters with_value(struct parameters parameters, int64_t label,
                                    struct pk_view value)
{
    if (label == LABEL_KTY)
        parameters.kty = value;
    else if (label == LABEL_ALG)
        parameters.alg = value;
    else
        parameters.specific[-1 - label] = value;
    return parameters;
}

/*@ requires readable(cose) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> encoded(*ret, cose); */
static enum pk_status collect(struct pk_view cose, struct parameters *ret)
{
    struct pk_reader reader = pk_reader_new(cose);
    struct parameters parameters = {0};
    size_t pairs = pk_cbor_map(&reader);

    /*@ loop invariant 0 <= i <= pairs;
        loop invariant sound(&reader);
        loop invariant \base_addr(reader.ptr) == \base_addr(cose.ptr);
        loop invariant encoded(parameters, cose);
        loop assigns i, reader, parameters;
        loop variant pairs - i; */
    for (size_t i = 0; i < pairs && reader.status == PK_OK; i++) {
        struct pk_view value;
        int64_t label;

        if (pk_cbor_peek(&reader) > PK_CBOR_NEGATIVE)
            return PK_KEY_PARAMETER_UNKNOWN;
        label = pk_cbor_int(&reader);
        if (reader.status != PK_OK)
            break;
        if (!known(label))
            return PK_KEY_PARAMETER_UNKNOWN;
        value = pk_cbor_item(&reader);
        /*@ assert sound(&reader) && lent(value, cose); */
        parameters = with_value(parameters, label, value);
    }
    if (pk_reader_finish(&reader) != PK_OK)
        return PK_KEY_MALFORMED;
    *ret = parameters;
    return PK_OK;
}

/*@ requires readable(item) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ==> item.len > 0;
    ensures \result == PK_OK || *ret == \old(*ret); */
static enum pk_status as_int(struct pk_view item, int64_t *ret)
{
    struct pk_reader reader = pk_reader_new(item);
    int64_t value = pk_cbor_int(&reader);

    if (pk_reader_finish(&reader) != PK_OK)
        return PK_KEY_MALFORMED;
    *ret = value;
    return PK_OK;
}

/*@ requires readable(item) && \valid(ret);
    assigns *ret;
    ensures \result == PK_OK ? lent(*ret, item) && ret->len < item.len : *ret == \old(*ret); */
static enum pk_status as_bytes(struct pk_view item, struct pk_view *ret)
{
    struct pk_reader reader = pk_reader_new(item);
    struct pk_view value = pk_cbor_bytes(&reader);

    if (pk_reader_finish(&reader) != PK_OK)
        return PK_KEY_MALFORMED;
    *ret = value;
    return PK_OK;
}

/*@ requires \valid_read(algorithm) && readable(item);
    assigns \nothing; */
static enum pk_status check_curve(const struct pk_algorithm *algorithm, struct pk_view item)
{
    int64_t curve;
    enum pk_status status = as_int(item, &curve);

    if (status != PK_OK)
        return status;
    return curve == algorithm->curve ? PK_OK : PK_KEY_CURVE_MISMATCH;
}

/*
 * What a function that takes a key apart is given, and leaves in every case. That a value is of the
 * input and not of a variable is said by what the key's type, which is there, borrows from.
 */
/*@ predicate key_of(struct pk_cose_key *key, struct parameters *parameters) =
      \valid_read(parameters) && encoded(*parameters, parameters->kty) && \valid(key) &&
      \valid_read(key->algorithm) && key_lent(*key, parameters->kty) &&
      \separated(parameters, key); */

/*@ requires key_of(key, parameters);
    assigns *key;
    ensures key_of(key, parameters) && key->algorithm == \old(key->algorithm);
    ensures \result == PK_OK ==> key->x.len == key->algorithm->key_size;
    ensures \result == PK_OK ==> key->y.len == key->algorithm->key_size; */
static enum pk_status parse_ec2(const struct parameters *parameters, struct pk_cose_key *key)
{
    enum pk_status status = check_curve(key->algorithm, parameters->specific[0]);

    if (status == PK_OK)
        status = as_bytes(parameters->specific[1], &key->x);
    if (status != PK_OK)
        return status;
    /* A compressed point has a boolean for y; WebAuthn 5.8.5 forbids it. */
    if (parameters->specific[2].len == 1 && parameters->specific[2].ptr[0] >> 5 == PK_CBOR_SIMPLE)
        return PK_KEY_LENGTH_INVALID;
    status = as_bytes(parameters->specific[2], &key->y);
    if (status != PK_OK)
        return status;
    if (key->x.len != key->algorithm->key_size || key->y.len != key->algorithm->key_size)
        return PK_KEY_LENGTH_INVALID;
    return PK_OK;
}

/*@ requires key_of(key, parameters);
    assigns *key;
    ensures key_of(key, parameters) && key->algorithm == \old(key->algorithm);
    ensures \result == PK_OK ==> key->x.len == key->algorithm->key_size; */
static enum pk_status parse_okp(const struct parameters *parameters, struct pk_cose_key *key)
{
    enum pk_status status = check_curve(key->algorithm, parameters->specific[0]);

    if (status == PK_OK)
        status = as_bytes(parameters->specific[1], &key->x);
    if (status == PK_OK && parameters->specific[2].len > 0)
        status = PK_KEY_PARAMETER_UNKNOWN;
    if (status != PK_OK)
        return status;
    return key->x.len == key->algorithm->key_size ? PK_OK : PK_KEY_LENGTH_INVALID;
}

enum { MODULUS_BITS_MIN = 2048, MODULUS_BITS_MAX = 8192, EXPONENT_MIN = 65537 };

/*@ requires readable(number) && number.len > 0 && number.ptr[0] != 0;
    assigns \nothing; */
static size_t bit_length(struct pk_view number)
{
    size_t bits = number.len * 8;

    /*@ loop invariant 0 < top < 256;
        loop assigns top, bits;
        loop variant 256 - top; */
    for (unsigned top = number.ptr[0]; top < 0x80; top *= 2)
        bits--;
    return bits;
}

/*@ requires readable(number);
    assigns \nothing;
    ensures \result ==> number.len > 0 && number.ptr[0] != 0; */
static bool odd_without_leading_zero(struct pk_view number)
{
    return number.len > 0 && number.ptr[0] != 0 && (number.ptr[number.len - 1] & 1);
}

/* RFC 8230 section 4 wants none, but early versions of Windows Hello wrote them. */
/*@ requires \valid(number) && readable(*number);
    assigns *number;
    ensures readable(*number) && number->len <= \old(number->len);
    ensures \base_addr(number->ptr) == \base_addr(\old(number->ptr)); */
static void drop_leading_zeros(struct pk_view *number)
{
    /*@ loop invariant readable(*number) && number->len <= \at(number->len, Pre);
        loop invariant \base_addr(number->ptr) == \base_addr(\at(number->ptr, Pre));
        loop assigns *number;
        loop variant number->len; */
    while (number->len > 0 && number->ptr[0] == 0) {
        number->ptr++;
        number->len--;
    }
}

/*@ requires readable(modulus) && readable(exponent);
    assigns \nothing;
    ensures \result == PK_OK ==> modulus.len > 0 && 1 <= exponent.len <= 8; */
static enum pk_status check_rsa(struct pk_view modulus, struct pk_view exponent)
{
    uint64_t value = 0;

    if (!odd_without_leading_zero(modulus) || bit_length(modulus) < MODULUS_BITS_MIN ||
        bit_length(modulus) > MODULUS_BITS_MAX)
        return PK_KEY_RSA_MODULUS;
    if (!odd_without_leading_zero(exponent) || exponent.len > sizeof(value))
        return PK_KEY_RSA_EXPONENT;
    /*@ loop invariant 0 <= i <= exponent.len;
        loop assigns i, value;
        loop variant exponent.len - i; */
    for (size_t i = 0; i < exponent.len; i++)
        value = value << 8 | exponent.ptr[i];
    return value >= EXPONENT_MIN ? PK_OK : PK_KEY_RSA_EXPONENT;
}

/*@ requires key_of(key, parameters);
    assigns *key;
    ensures key_of(key, parameters) && key->algorithm == \old(key->algorithm);
    ensures \result == PK_OK ==> key->modulus.len > 0 && 1 <= key->exponent.len <= 8; */
static enum pk_status parse_rsa(const struct parameters *parameters, struct pk_cose_key *key)
{
    enum pk_status status = as_bytes(parameters->specific[0], &key->modulus);

    if (status == PK_OK)
        status = as_bytes(parameters->specific[1], &key->exponent);
    if (status == PK_OK && parameters->specific[2].len > 0)
        status = PK_KEY_PARAMETER_UNKNOWN;
    drop_leading_zeros(&key->exponent);
    return status == PK_OK ? check_rsa(key->modulus, key->exponent) : status;
}

/*@ requires key_of(key, parameters);
    assigns *key;
    ensures key_of(key, parameters) && key->algorithm == \old(key->algorithm);
    ensures \result == PK_OK ==> key->pub.len == key->algorithm->key_size; */
static enum pk_status parse_akp(const struct parameters *parameters, struct pk_cose_key *key)
{
    enum pk_status status = as_bytes(parameters->specific[0], &key->pub);

    if (status != PK_OK)
        return status;
    if (parameters->specific[1].len > 0 || parameters->specific[2].len > 0)
        return PK_KEY_PARAMETER_UNKNOWN;
    return key->pub.len == key->algorithm->key_size ? PK_OK : PK_KEY_LENGTH_INVALID;
}

/*@ requires key_of(key, parameters);
    assigns *key;
    ensures key_of(key, parameters) && key->algorithm == \old(key->algorithm); */
static enum pk_status parse_specific(const struct parameters *parameters, struct pk_cose_key *key)
{
    switch (key->algorithm->key_type) {
    case PK_KEY_EC2:
        return parse_ec2(parameters, key);
    case PK_KEY_OKP:
        return parse_okp(parameters, key);
    case PK_KEY_RSA:
        return parse_rsa(parameters, key);
    case PK_KEY_AKP:
        return parse_akp(parameters, key);
    }
    return PK_INTERNAL;
}

enum pk_status pk_cose_key_parse(struct pk_view cose, struct pk_cose_key *ret)
{
    struct parameters parameters = {0};
    struct pk_cose_key key = {0};
    int64_t type, number;
    enum pk_status status = pk_cbor_check(cose);

    if (status == PK_OK)
        status = collect(cose, &parameters);
    if (status == PK_OK)
        status = as_int(parameters.kty, &type);
    if (status == PK_OK)
        status = as_int(parameters.alg, &number);
    if (status != PK_OK)
        return status;
    /*@ assert parameters.kty.len > 0 && lent(parameters.kty, cose); */
    /*@ assert encoded(parameters, parameters.kty); */
    key.algorithm = pk_algorithm_find(number);
    if (!key.algorithm)
        return PK_ALGORITHM_UNSUPPORTED;
    if (type != key.algorithm->key_type)
        return PK_KEY_TYPE_MISMATCH;
    status = parse_specific(&parameters, &key);
    /*@ assert key_lent(key, parameters.kty) && key_lent(key, cose); */
    if (status != PK_OK)
        return status;
    *ret = key;
    /*@ assert key_lent(*ret, cose); */
    return PK_OK;
}
