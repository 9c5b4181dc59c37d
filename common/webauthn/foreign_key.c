/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/foreign_key.h"

#include "common/base/cbor.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/webauthn/der.h"
#include "common/webauthn/signature.h"

#include <string.h>
#include <strings.h>

#define COORDINATE_SIZE   32
#define POINT_SIZE        65 /* uncompressed: 04, x, y */
#define RSA_MODULUS_SIZE  256
#define RSA_EXPONENT_SIZE 3
#define RSA_MODULUS_MAX   1024
#define FIELDS_MAX        4

/* COSE numbers (IANA "COSE Algorithms", "COSE Elliptic Curves") */
enum {
    ALGORITHM_ES256 = -7,
    ALGORITHM_EDDSA = -8,
    ALGORITHM_RS256 = -257,
    CURVE_P256 = 1,
    CURVE_ED25519 = 6,
};

void pk_foreign_key_clear(struct pk_foreign_key *key)
{
    pk_bytes_clear(&key->id);
    pk_bytes_clear(&key->public_key);
    *key = (struct pk_foreign_key){0};
}

/* --- keys as COSE_Key (RFC 9052 section 7), in canonical order -------------------------------- */

static void write_head(struct pk_writer *writer, size_t members, int type, int algorithm)
{
    pk_cbor_write_map(writer, members);
    pk_cbor_write_int(writer, 1);
    pk_cbor_write_int(writer, type);
    pk_cbor_write_int(writer, 3);
    pk_cbor_write_int(writer, algorithm);
}

static void write_bytes(struct pk_writer *writer, int label, struct pk_view bytes)
{
    pk_cbor_write_int(writer, label);
    pk_cbor_write_bytes(writer, bytes);
}

/* Checks what was written as any key that is enrolled. */
static enum pk_status finish(struct pk_writer *writer, struct pk_foreign_key *key)
{
    PK_AUTO_PUBLIC_KEY struct pk_public_key *parsed = NULL;
    enum pk_status status = pk_writer_finish(writer, &key->public_key);

    if (status == PK_OK)
        status = pk_public_key_parse(pk_view_of(&key->public_key), &parsed);
    if (status == PK_OK)
        key->algorithm = pk_public_key_algorithm(parsed)->number;
    return status;
}

/* x and y. */
static enum pk_status take_p256(struct pk_view point, struct pk_foreign_key *key)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_PUBLIC_KEY_MAX);

    if (point.len != 2 * (size_t)COORDINATE_SIZE)
        return PK_INVALID_INPUT;
    write_head(&writer, 5, PK_KEY_EC2, ALGORITHM_ES256);
    pk_cbor_write_int(&writer, -1);
    pk_cbor_write_int(&writer, CURVE_P256);
    write_bytes(&writer, -2, (struct pk_view){point.ptr, COORDINATE_SIZE});
    write_bytes(&writer, -3, (struct pk_view){point.ptr + COORDINATE_SIZE, COORDINATE_SIZE});
    return finish(&writer, key);
}

static enum pk_status take_uncompressed(struct pk_view point, struct pk_foreign_key *key)
{
    if (point.len != POINT_SIZE || point.ptr[0] != 4)
        return PK_INVALID_INPUT;
    return take_p256((struct pk_view){point.ptr + 1, point.len - 1}, key);
}

static enum pk_status take_ed25519(struct pk_view public, struct pk_foreign_key *key)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_PUBLIC_KEY_MAX);

    if (public.len != COORDINATE_SIZE)
        return PK_INVALID_INPUT;
    write_head(&writer, 4, PK_KEY_OKP, ALGORITHM_EDDSA);
    pk_cbor_write_int(&writer, -1);
    pk_cbor_write_int(&writer, CURVE_ED25519);
    write_bytes(&writer, -2, public);
    return finish(&writer, key);
}

static enum pk_status take_rsa(struct pk_view modulus, struct pk_view exponent,
                               struct pk_foreign_key *key)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_PUBLIC_KEY_MAX);

    write_head(&writer, 4, PK_KEY_RSA, ALGORITHM_RS256);
    write_bytes(&writer, -1, modulus);
    write_bytes(&writer, -2, exponent);
    return finish(&writer, key);
}

/* --- fields ----------------------------------------------------------------------------------- */

struct fields {
    struct pk_view items[FIELDS_MAX];
    size_t count;
};

/* At the commas; PK_INVALID_INPUT where there are too many. */
static enum pk_status split(struct pk_view text, struct fields *ret)
{
    struct fields fields = {0};

    for (bool more = true; more;) {
        const uint8_t *comma = text.len > 0 ? memchr(text.ptr, ',', text.len) : NULL;
        size_t len = comma ? (size_t)(comma - text.ptr) : text.len;

        if (fields.count == FIELDS_MAX)
            return PK_INVALID_INPUT;
        fields.items[fields.count++] = (struct pk_view){text.ptr, len};
        more = comma != NULL;
        if (more)
            text = (struct pk_view){comma + 1, text.len - len - 1};
    }
    *ret = fields;
    return PK_OK;
}

static bool is(struct pk_view text, const char *word)
{
    return pk_view_equal(text, pk_view_string(word));
}

static enum pk_status take_id(struct pk_view encoded, struct pk_foreign_key *key)
{
    enum pk_status status = pk_base64_decode(encoded, PK_CREDENTIAL_ID_MAX, &key->id);

    return status == PK_OK && key->id.len == 0 ? PK_INVALID_INPUT : status;
}

/* --- pam_u2f ---------------------------------------------------------------------------------- */

/* Base64url, with or without the padding that some versions wrote. */
static enum pk_status take_old_id(struct pk_view encoded, struct pk_foreign_key *key)
{
    enum pk_status status;

    for (size_t i = 0; i < 2 && encoded.len > 0 && encoded.ptr[encoded.len - 1] == '='; i++)
        encoded.len--;
    status = pk_base64url_decode(encoded, PK_CREDENTIAL_ID_MAX, &key->id);
    return status == PK_OK && key->id.len == 0 ? PK_INVALID_INPUT : status;
}

static int hex_digit(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | ((c & 0x40) >> 1)) : NULL;

    return found ? (int)(found - digits) : -1;
}

static enum pk_status take_old_key(struct pk_view hex, struct pk_foreign_key *key)
{
    uint8_t point[POINT_SIZE];

    if (hex.len != 2 * sizeof(point))
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < sizeof(point); i++) {
        int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return PK_INVALID_INPUT;
        point[i] = (uint8_t)(high << 4 | low);
    }
    return take_uncompressed((struct pk_view){point, sizeof(point)}, key);
}

static enum pk_status take_key_of_type(struct pk_view type, struct pk_view encoded,
                                       struct pk_foreign_key *key)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    enum pk_status status;

    if (!is(type, "es256") && !is(type, "eddsa") && !is(type, "rs256"))
        return PK_UNSUPPORTED;
    status = pk_base64_decode(encoded, RSA_MODULUS_SIZE + RSA_EXPONENT_SIZE, &bytes);
    if (status != PK_OK)
        return status;
    if (is(type, "es256"))
        return take_p256(pk_view_of(&bytes), key);
    if (is(type, "eddsa"))
        return take_ed25519(pk_view_of(&bytes), key);
    if (bytes.len != RSA_MODULUS_SIZE + RSA_EXPONENT_SIZE)
        return PK_INVALID_INPUT;
    return take_rsa((struct pk_view){bytes.data, RSA_MODULUS_SIZE},
                    (struct pk_view){bytes.data + RSA_MODULUS_SIZE, RSA_EXPONENT_SIZE}, key);
}

/* "+presence+pin". What this does not know might ask for more than is known. */
static enum pk_status take_options(struct pk_view text, struct pk_foreign_key *key)
{
    static const struct {
        const char *word;
        bool verification;
    } known[] = {{"presence", false}, {"verification", true}, {"pin", true}};

    while (text.len > 0) {
        const uint8_t *next;
        struct pk_view word = {text.ptr + 1, text.len - 1};
        size_t i = 0;

        if (text.ptr[0] != '+')
            return PK_INVALID_INPUT;
        next = word.len > 0 ? memchr(word.ptr, '+', word.len) : NULL;
        text = next ? (struct pk_view){next, text.len - (size_t)(next - text.ptr)}
                    : (struct pk_view){0};
        word.len = next ? (size_t)(next - word.ptr) : word.len;
        while (i < sizeof(known) / sizeof(known[0]) && !is(word, known[i].word))
            i++;
        if (i == sizeof(known) / sizeof(known[0]))
            return PK_INVALID_INPUT;
        key->verification |= known[i].verification;
    }
    return PK_OK;
}

static enum pk_status read_u2f(const struct fields *fields, struct pk_foreign_key *key,
                               const char **why)
{
    const struct pk_view *items = fields->items;
    bool old = fields->count == 2;
    enum pk_status status = PK_OK;

    *why = "the key handle is not base64";
    if (!is(items[0], "*"))
        status = old ? take_old_id(items[0], key) : take_id(items[0], key);
    else if (old)
        status = PK_INVALID_INPUT;
    if (status != PK_OK)
        return status;
    *why = old ? "the public key is not an uncompressed point of P-256 in hex"
               : "the public key is not one of its type (es256, eddsa, rs256), or no valid one";
    status = old ? take_old_key(items[1], key) : take_key_of_type(items[2], items[1], key);
    if (status == PK_UNSUPPORTED)
        *why = "the type of the key is none of es256, eddsa and rs256";
    if (status != PK_OK || fields->count < 4)
        return status;
    *why = "an option is none of +presence, +verification and +pin";
    return take_options(items[3], key);
}

enum pk_status pk_u2f_key_parse(struct pk_view text, struct pk_foreign_key *ret,
                                const char **ret_why)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};
    const char *why = "a credential is keyHandle,publicKey,type,options";
    struct fields fields;
    enum pk_status status = split(text, &fields);

    if (status == PK_OK && fields.count < 2)
        status = PK_INVALID_INPUT;
    if (status == PK_OK)
        status = read_u2f(&fields, &key, &why);
    if (status != PK_OK) {
        *ret_why = why;
        return status;
    }
    *ret = key;
    key = (struct pk_foreign_key){0};
    return PK_OK;
}

/* --- sssd ------------------------------------------------------------------------------------- */

/* INTEGER above zero, in its shortest form, without the zero that keeps it from being negative. */
static struct pk_view read_number(struct pk_reader *reader)
{
    struct pk_view number = pk_der_expect(reader, PK_DER_INTEGER);

    if (reader->status != PK_OK)
        return (struct pk_view){0};
    if (number.len > 1 && number.ptr[0] == 0 && (number.ptr[1] & 0x80))
        return (struct pk_view){number.ptr + 1, number.len - 1};
    if (number.len == 0 || number.ptr[0] == 0 || (number.ptr[0] & 0x80))
        pk_reader_fail(reader, PK_INVALID_INPUT);
    return number;
}

/* RFC 8017 appendix A.1.1: modulus and exponent. */
static enum pk_status take_rsa_der(struct pk_view der, struct pk_foreign_key *key)
{
    struct pk_reader reader = pk_reader_new(der);
    struct pk_reader inside = pk_reader_new(pk_der_expect(&reader, PK_DER_SEQUENCE));
    struct pk_view modulus = read_number(&inside);
    struct pk_view exponent = read_number(&inside);
    enum pk_status status = pk_reader_finish(&reader);

    if (status == PK_OK)
        status = pk_reader_finish(&inside);
    if (status == PK_OK && modulus.len > RSA_MODULUS_MAX)
        status = PK_TOO_LARGE;
    return status == PK_OK ? take_rsa(modulus, exponent, key) : status;
}

/* The algorithm identifiers' contents, DER: RFC 5480, RFC 8410, RFC 3279. */
static const uint8_t p256[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                               0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t rsa[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                              0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
#define BYTES(array)   ((struct pk_view){array, sizeof(array)})
#define DER_BIT_STRING 3

static enum pk_status take_public_key_info(struct pk_view der, struct pk_foreign_key *key)
{
    struct pk_reader reader = pk_reader_new(der);
    struct pk_reader inside = pk_reader_new(pk_der_expect(&reader, PK_DER_SEQUENCE));
    struct pk_view algorithm = pk_der_expect(&inside, PK_DER_SEQUENCE);
    struct pk_view bits = pk_der_expect(&inside, DER_BIT_STRING);
    enum pk_status status = pk_reader_finish(&reader);

    if (status == PK_OK)
        status = pk_reader_finish(&inside);
    if (status != PK_OK)
        return status;
    if (bits.len == 0 || bits.ptr[0] != 0)
        return PK_INVALID_INPUT;
    bits = (struct pk_view){bits.ptr + 1, bits.len - 1};
    if (pk_view_equal(algorithm, BYTES(p256)))
        return take_uncompressed(bits, key);
    if (pk_view_equal(algorithm, BYTES(ed25519)))
        return take_ed25519(bits, key);
    return pk_view_equal(algorithm, BYTES(rsa)) ? take_rsa_der(bits, key) : PK_UNSUPPORTED;
}

static const char prefix[] = "passkey:";

bool pk_is_passkey_mapping(struct pk_view text)
{
    return text.len >= strlen(prefix) &&
           strncasecmp((const char *)text.ptr, prefix, strlen(prefix)) == 0;
}

static enum pk_status read_mapping(struct pk_view text, struct pk_foreign_key *key,
                                   const char **why)
{
    PK_AUTO_BYTES struct pk_bytes der = {0};
    struct fields fields;
    enum pk_status status;

    *why = "a mapping is passkey:credentialId,publicKey";
    if (!pk_is_passkey_mapping(text))
        return PK_INVALID_INPUT;
    text = (struct pk_view){text.ptr + strlen(prefix), text.len - strlen(prefix)};
    status = split(text, &fields);
    if (status == PK_OK &&
        (fields.count < 2 || fields.count > 3 || (fields.count == 3 && fields.items[2].len == 0)))
        status = PK_INVALID_INPUT;
    if (status != PK_OK)
        return status;
    *why = "the credential id is not base64";
    status = take_id(fields.items[0], key);
    if (status != PK_OK)
        return status;
    *why = "the public key is not a SubjectPublicKeyInfo in base64, of P-256, Ed25519 or RSA, or "
           "no valid one";
    status = pk_base64_decode(fields.items[1], PK_PUBLIC_KEY_MAX, &der);
    if (status != PK_OK)
        return status;
    /* The design of FreeIPA shows a bare x and y. */
    if (der.len == 2 * (size_t)COORDINATE_SIZE)
        return take_p256(pk_view_of(&der), key);
    return take_public_key_info(pk_view_of(&der), key);
}

enum pk_status pk_passkey_mapping_parse(struct pk_view text, struct pk_foreign_key *ret,
                                        const char **ret_why)
{
    PK_AUTO_FOREIGN_KEY struct pk_foreign_key key = {0};
    const char *why = "";
    enum pk_status status = read_mapping(text, &key, &why);

    if (status != PK_OK) {
        *ret_why = why;
        return status;
    }
    *ret = key;
    key = (struct pk_foreign_key){0};
    return PK_OK;
}
