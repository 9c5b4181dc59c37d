/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/tpm.h"

#include "common/base/reader.h"

enum { /* TPM_ALG_ID, part 2 section 6.3 */
       ALG_RSA = 0x0001,
       ALG_SHA1 = 0x0004,
       ALG_SHA256 = 0x000b,
       ALG_SHA384 = 0x000c,
       ALG_SHA512 = 0x000d,
       ALG_NULL = 0x0010,
       ALG_RSAES = 0x0015,
       ALG_ECDAA = 0x001a,
       ALG_ECC = 0x0023,
};

enum { /* TPM_ECC_CURVE, part 2 section 6.4 */
       CURVE_P256 = 0x0003,
       CURVE_P384 = 0x0004,
       CURVE_P521 = 0x0005,
};

static const uint32_t generated_value = 0xff544347; /* TPM_GENERATED_VALUE */
enum { ST_ATTEST_CERTIFY = 0x8017, CLOCK_INFO_SIZE = 17 };

/* TPM2B_…: a 16-bit size and that many bytes. */
static struct pk_view read_sized(struct pk_reader *reader)
{
    return pk_reader_take(reader, pk_reader_u16(reader));
}

static enum pk_hash hash_of(uint16_t algorithm)
{
    switch (algorithm) {
    case ALG_SHA1:
        return PK_HASH_SHA1;
    case ALG_SHA256:
        return PK_HASH_SHA256;
    case ALG_SHA384:
        return PK_HASH_SHA384;
    case ALG_SHA512:
        return PK_HASH_SHA512;
    default:
        return PK_HASH_NONE;
    }
}

/* TPMT_SYM_DEF_OBJECT: the key bits and the mode follow unless there is no algorithm. */
static void skip_symmetric(struct pk_reader *reader)
{
    if (pk_reader_u16(reader) != ALG_NULL)
        (void)pk_reader_take(reader, 4);
}

/* TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME: a hash follows most of them. */
static void skip_scheme(struct pk_reader *reader)
{
    uint16_t scheme = pk_reader_u16(reader);

    if (scheme == ALG_ECDAA)
        (void)pk_reader_take(reader, 4); /* and a count */
    else if (scheme != ALG_NULL && scheme != ALG_RSAES)
        (void)pk_reader_take(reader, 2);
}

static void read_rsa(struct pk_reader *reader, struct pk_tpm_public *tpm)
{
    skip_symmetric(reader);
    skip_scheme(reader);
    tpm->rsa_bits = pk_reader_u16(reader);
    tpm->rsa_exponent = pk_reader_u32(reader);
    if (tpm->rsa_exponent == 0)
        tpm->rsa_exponent = 65537;
    tpm->modulus = read_sized(reader);
}

static void read_ecc(struct pk_reader *reader, struct pk_tpm_public *tpm)
{
    skip_symmetric(reader);
    skip_scheme(reader);
    tpm->ecc_curve = pk_reader_u16(reader);
    skip_scheme(reader); /* of key derivation */
    tpm->x = read_sized(reader);
    tpm->y = read_sized(reader);
}

enum pk_status pk_tpm_public_parse(struct pk_view pub_area, struct pk_tpm_public *ret)
{
    struct pk_reader reader = pk_reader_new(pub_area);
    struct pk_tpm_public tpm = {0};
    uint16_t type = pk_reader_u16(&reader);

    tpm.rsa = type == ALG_RSA;
    tpm.name_hash = hash_of(pk_reader_u16(&reader));
    (void)pk_reader_u32(&reader); /* objectAttributes */
    (void)read_sized(&reader);    /* authPolicy */
    if (type == ALG_RSA)
        read_rsa(&reader, &tpm);
    else if (type == ALG_ECC)
        read_ecc(&reader, &tpm);
    else
        return PK_TPM_PUB_AREA_MALFORMED;
    if (pk_reader_finish(&reader) != PK_OK || tpm.name_hash == PK_HASH_NONE)
        return PK_TPM_PUB_AREA_MALFORMED;
    *ret = tpm;
    return PK_OK;
}

static struct pk_view without_leading_zeros(struct pk_view number)
{
    while (number.len > 0 && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    return number;
}

static bool same_number(struct pk_view a, struct pk_view b)
{
    return pk_view_equal(without_leading_zeros(a), without_leading_zeros(b));
}

static bool same_exponent(uint32_t exponent, struct pk_view bytes)
{
    uint8_t encoded[4];

    for (int i = 0; i < 4; i++)
        encoded[i] = (uint8_t)(exponent >> (24 - 8 * i));
    return same_number((struct pk_view){encoded, sizeof(encoded)}, bytes);
}

/* The COSE curve of a TPM one; 0: none that both have. */
static int cose_curve(uint16_t curve)
{
    switch (curve) {
    case CURVE_P256:
        return 1;
    case CURVE_P384:
        return 2;
    case CURVE_P521:
        return 3;
    default:
        return 0;
    }
}

bool pk_tpm_public_is(const struct pk_tpm_public *tpm, const struct pk_cose_key *key)
{
    if (tpm->rsa)
        return key->algorithm->key_type == PK_KEY_RSA &&
               (tpm->rsa_bits + 7U) / 8 == key->modulus.len &&
               pk_view_equal(tpm->modulus, key->modulus) &&
               same_exponent(tpm->rsa_exponent, key->exponent);
    return key->algorithm->key_type == PK_KEY_EC2 &&
           cose_curve(tpm->ecc_curve) == key->algorithm->curve && tpm->x.len <= key->x.len &&
           tpm->y.len <= key->y.len && same_number(tpm->x, key->x) && same_number(tpm->y, key->y);
}

enum pk_status pk_tpm_attest_parse(struct pk_view cert_info, struct pk_tpm_attest *ret)
{
    struct pk_reader reader = pk_reader_new(cert_info);
    uint32_t magic = pk_reader_u32(&reader);
    uint16_t type = pk_reader_u16(&reader);
    struct pk_tpm_attest attest;

    if (reader.status != PK_OK)
        return PK_TPM_CERT_INFO_MALFORMED;
    if (magic != generated_value)
        return PK_TPM_MAGIC;
    if (type != ST_ATTEST_CERTIFY)
        return PK_TPM_ATTEST_TYPE;
    (void)read_sized(&reader); /* qualifiedSigner */
    attest.extra_data = read_sized(&reader);
    (void)pk_reader_take(&reader, CLOCK_INFO_SIZE);
    (void)pk_reader_u64(&reader); /* firmwareVersion */
    attest.name = read_sized(&reader);
    (void)read_sized(&reader); /* qualifiedName */
    if (pk_reader_finish(&reader) != PK_OK)
        return PK_TPM_CERT_INFO_MALFORMED;
    *ret = attest;
    return PK_OK;
}
