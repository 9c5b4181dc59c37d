/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/hybrid/qr.h"

#include "common/base/cbor.h"

#include <string.h>
#include <strings.h>

#define SCHEME       "FIDO:/"
#define GROUP        7  /* bytes */
#define GROUP_DIGITS 17 /* that the largest number of so many bytes has */

/* Digits of a group by its bytes. */
static const uint8_t group_digits[GROUP + 1] = {0, 3, 5, 8, 10, 13, 15, GROUP_DIGITS};

enum key {
    KEY_PUBLIC = 0,
    KEY_SECRET = 1,
    KEY_DOMAINS = 2,
    KEY_TIME = 3,
    KEY_STATE_ASSISTED = 4,
    KEY_HINT = 5,
    /* 6, an array of channels, is left out: phones of before CTAP 2.3 take it for a boolean. */
};

/* What the writer has, as a secret; the writer wipes its own copy. */
static enum pk_status finish(const struct pk_writer *writer, struct pk_secret *ret)
{
    if (writer->status != PK_OK)
        return writer->status;
    return pk_secret_copy((struct pk_view){writer->data, writer->len}, ret);
}

static bool key_well_formed(struct pk_view key)
{
    return key.len == PK_HYBRID_COMPRESSED_SIZE && (key.ptr[0] == 2 || key.ptr[0] == 3);
}

static void write_cbor(struct pk_writer *writer, const struct pk_hybrid_qr *qr)
{
    pk_cbor_write_map(writer, qr->has_state_assisted ? 6 : 5);
    pk_cbor_write_unsigned(writer, KEY_PUBLIC);
    pk_cbor_write_bytes(writer, qr->public_key);
    pk_cbor_write_unsigned(writer, KEY_SECRET);
    pk_cbor_write_bytes(writer, qr->secret);
    pk_cbor_write_unsigned(writer, KEY_DOMAINS);
    pk_cbor_write_unsigned(writer, qr->domains);
    pk_cbor_write_unsigned(writer, KEY_TIME);
    pk_cbor_write_unsigned(writer, qr->time);
    if (qr->has_state_assisted) {
        pk_cbor_write_unsigned(writer, KEY_STATE_ASSISTED);
        pk_cbor_write_bool(writer, qr->state_assisted);
    }
    pk_cbor_write_unsigned(writer, KEY_HINT);
    pk_cbor_write_text(writer, qr->hint);
}

enum pk_status pk_hybrid_qr_cbor(const struct pk_hybrid_qr *qr, struct pk_secret *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_QR_MAX);

    if (!key_well_formed(qr->public_key) || qr->secret.len != PK_HYBRID_SECRET_SIZE)
        return PK_INVALID_ARGUMENT;
    write_cbor(&writer, qr);
    return finish(&writer, ret);
}

static void read_pair(struct pk_reader *reader, struct pk_hybrid_qr *qr)
{
    uint64_t key;

    /* A key that is no number is for somebody else. */
    if (pk_cbor_peek(reader) != PK_CBOR_UNSIGNED) {
        (void)pk_cbor_item(reader);
        (void)pk_cbor_item(reader);
        return;
    }
    key = pk_cbor_unsigned(reader);
    if (key == KEY_PUBLIC) {
        qr->public_key = pk_cbor_bytes(reader);
    } else if (key == KEY_SECRET) {
        qr->secret = pk_cbor_bytes(reader);
    } else if (key == KEY_DOMAINS) {
        qr->domains = pk_cbor_unsigned(reader);
    } else if (key == KEY_TIME) {
        qr->time = pk_cbor_unsigned(reader);
    } else if (key == KEY_STATE_ASSISTED) {
        qr->has_state_assisted = true;
        qr->state_assisted = pk_cbor_bool(reader);
    } else if (key == KEY_HINT) {
        qr->hint = pk_cbor_text(reader);
    } else {
        (void)pk_cbor_item(reader);
    }
}

enum pk_status pk_hybrid_qr_parse(struct pk_view cbor, struct pk_hybrid_qr *ret)
{
    struct pk_reader reader = pk_reader_new(cbor);
    struct pk_hybrid_qr qr = {.hint = pk_view_string(PK_HYBRID_HINT_GET)};
    enum pk_status status;

    if (cbor.len > PK_HYBRID_QR_MAX)
        return PK_TOO_LARGE;
    status = pk_cbor_check(cbor);
    if (status != PK_OK)
        return status;
    for (size_t left = pk_cbor_map(&reader); left > 0 && reader.status == PK_OK; left--)
        read_pair(&reader, &qr);
    status = pk_reader_finish(&reader);
    if (status == PK_OK &&
        (!key_well_formed(qr.public_key) || qr.secret.len != PK_HYBRID_SECRET_SIZE))
        status = PK_INVALID_INPUT;
    if (status == PK_OK)
        *ret = qr;
    return status;
}

/* ---- digits ---- */

static void write_group(struct pk_writer *writer, struct pk_view group)
{
    char digits[GROUP_DIGITS];
    size_t count = group_digits[group.len];
    uint64_t value = 0;

    for (size_t i = group.len; i > 0; i--)
        value = value << 8 | group.ptr[i - 1];
    for (size_t i = count; i > 0; i--) {
        digits[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    pk_writer_put(writer, (struct pk_view){(const uint8_t *)digits, count});
    explicit_bzero(digits, sizeof(digits));
}

static void write_digits(struct pk_writer *writer, struct pk_view bytes)
{
    while (bytes.len > 0) {
        size_t len = bytes.len < GROUP ? bytes.len : GROUP;

        write_group(writer, (struct pk_view){bytes.ptr, len});
        bytes = (struct pk_view){bytes.ptr + len, bytes.len - len};
    }
}

/* As many digits as so many bytes of CBOR become. */
#define TEXT_MAX (sizeof(SCHEME) + (PK_HYBRID_QR_MAX / GROUP + 1) * GROUP_DIGITS)

enum pk_status pk_hybrid_digits_encode(struct pk_view bytes, struct pk_secret *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(TEXT_MAX);

    if (bytes.len > PK_HYBRID_QR_MAX)
        return PK_TOO_LARGE;
    write_digits(&writer, bytes);
    return finish(&writer, ret);
}

/* How many bytes so many digits are of; 0: none are. */
static size_t bytes_of(size_t digits)
{
    size_t len = GROUP;

    while (len > 0 && group_digits[len] != digits)
        len--;
    return len;
}

static enum pk_status read_group(struct pk_view digits, struct pk_writer *writer)
{
    size_t len = bytes_of(digits.len);
    uint64_t value = 0;

    if (len == 0)
        return PK_INVALID_INPUT;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return PK_INVALID_INPUT;
        value = value * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    for (; len > 0; len--, value >>= 8)
        pk_writer_u8(writer, (uint8_t)value);
    return value == 0 ? writer->status : PK_INVALID_INPUT;
}

enum pk_status pk_hybrid_digits_decode(struct pk_view digits, struct pk_secret *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(PK_HYBRID_QR_MAX);

    while (digits.len > 0) {
        size_t count = digits.len < GROUP_DIGITS ? digits.len : GROUP_DIGITS;
        enum pk_status status = read_group((struct pk_view){digits.ptr, count}, &writer);

        if (status != PK_OK)
            return status;
        digits = (struct pk_view){digits.ptr + count, digits.len - count};
    }
    return finish(&writer, ret);
}

enum pk_status pk_hybrid_qr_text(const struct pk_hybrid_qr *qr, struct pk_secret *ret)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(TEXT_MAX);
    PK_AUTO_SECRET struct pk_secret cbor = {0};
    enum pk_status status = pk_hybrid_qr_cbor(qr, &cbor);

    if (status != PK_OK)
        return status;
    pk_writer_put(&writer, pk_view_string(SCHEME));
    write_digits(&writer, pk_secret_view(&cbor));
    return finish(&writer, ret);
}

enum pk_status pk_hybrid_qr_text_decode(struct pk_view text, struct pk_secret *ret)
{
    const size_t len = strlen(SCHEME);

    if (text.len < len || strncasecmp((const char *)text.ptr, SCHEME, len) != 0)
        return PK_INVALID_INPUT;
    return pk_hybrid_digits_decode((struct pk_view){text.ptr + len, text.len - len}, ret);
}
