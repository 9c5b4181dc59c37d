/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/base/text.h"

#include "common/base/cleanup.h"
#include "common/base/hidden.h"

#include <stdarg.h>
#include <string.h>

size_t pk_utf8_take(struct pk_view text, uint32_t *ret_code_point)
{
    static const uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first;
    size_t len;
    uint32_t code;

    if (text.len == 0)
        return 0;
    first = text.ptr[0];
    if (first < 0x80) {
        *ret_code_point = first;
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        len = 2;
        code = first & 0x1f;
    } else if (first >= 0xe0 && first <= 0xef) {
        len = 3;
        code = first & 0x0f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        len = 4;
        code = first & 0x07;
    } else {
        return 0;
    }
    if (len > text.len)
        return 0;
    /*@ loop invariant 1 <= i <= len;
        loop assigns i, code;
        loop variant len - i; */
    for (size_t i = 1; i < len; i++) {
        if ((text.ptr[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text.ptr[i] & 0x3f);
    }
    if (code < shortest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code_point = code;
    return len;
}

/* The prover knows no bytes of a number: this function's contract is taken on trust. */
/*@ requires \valid_read(at + (0 .. sizeof(uint64_t) - 1));
    assigns \nothing; */
static uint64_t load_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}
/* How many bytes of plain ASCII text begins with: most of it, most of the time. */
/*@ requires readable(text);
    assigns \nothing;
    ensures \result <= text.len; */
static size_t ascii_length(struct pk_view text)
{
    const uint64_t tops = 0x8080808080808080;
    size_t len = 0;

    /*@ loop invariant 0 <= len <= text.len;
        loop assigns len;
        loop variant text.len - len; */
    while (text.len - len >= sizeof(uint64_t) && !(load_word(text.ptr + len) & tops))
        len += sizeof(uint64_t);
    /*@ loop invariant 0 <= len <= text.len;
        loop assigns len;
        loop variant text.len - len; */
    while (len < text.len && text.ptr[len] < 0x80)
        len++;
    return len;
}

bool pk_utf8_valid(struct pk_view text)
{
    uint32_t code_point;
    size_t ascii = ascii_length(text);

    if (ascii == text.len)
        return true;
    text = (struct pk_view){text.ptr + ascii, text.len - ascii};
    /*@ loop invariant readable(text);
        loop assigns text, code_point;
        loop variant text.len; */
    while (text.len > 0) {
        size_t len = pk_utf8_take(text, &code_point);

        if (len == 0)
            return false;
        text.ptr += len;
        text.len -= len;
    }
    return true;
}

static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/*@ requires readable(bytes) && bytes.len <= PTRDIFF_MAX;
    requires \valid_read(alphabet + (0 .. 63));
    assigns heap[..];
    ensures \result == \null || on_heap(\result); */
static char *encode(struct pk_view bytes, const char *alphabet, bool padded)
{
    char *text = malloc(bytes.len / 3 * 4 + 5);
    char *at = text;

    if (!text)
        return NULL;
    /*@ loop invariant i % 3 == 0 && i <= bytes.len + 2;
        loop invariant \base_addr(at) == \base_addr(text) && 0 <= at - text <= i / 3 * 4;
        loop assigns i, at, heap[..];
        loop variant bytes.len - i; */
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.ptr[i] << 16;

        if (left > 1)
            group |= (uint32_t)bytes.ptr[i + 1] << 8;
        if (left > 2)
            group |= bytes.ptr[i + 2];
        *at++ = alphabet[group >> 18 & 63];
        *at++ = alphabet[group >> 12 & 63];
        if (left > 1)
            *at++ = alphabet[group >> 6 & 63];
        else if (padded)
            *at++ = '=';
        if (left > 2)
            *at++ = alphabet[group & 63];
        else if (padded)
            *at++ = '=';
    }
    *at = 0;
    return text;
}

/* One more than what a character of either alphabet stands for; 0: it is of none. */
/* clang-format off */
static const uint8_t values[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 63,  0, 63,  0, 64,
    53, 54, 55, 56, 57, 58, 59, 60, 61, 62,  0,  0,  0,  0,  0,  0,
     0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,  0,  0,  0,  0, 64,
     0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,  0,  0,  0,  0,  0,
};
/* clang-format on */

/* The two characters of the other alphabet. */
/*@ requires readable(text) && \valid_read(characters + (0 .. 1));
    assigns \nothing; */
static bool has_either(struct pk_view text, const char *characters)
{
    return text.len > 0 &&
           (memchr(text.ptr, characters[0], text.len) || memchr(text.ptr, characters[1], text.len));
}

enum { NO = 0x80 };

/* The bits of four characters; the top bit of wrong: one is of no alphabet. */
/*@ requires \valid_read(text + (0 .. 3)) && \valid(wrong);
    assigns *wrong; */
static uint32_t group_of(const uint8_t *text, uint8_t *wrong)
{
    uint8_t a = (uint8_t)(values[text[0]] - 1), b = (uint8_t)(values[text[1]] - 1),
            c = (uint8_t)(values[text[2]] - 1), d = (uint8_t)(values[text[3]] - 1);

    *wrong |= a | b | c | d;
    return (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
}

/* Text without padding. */
/*@ requires readable(text) && \valid_read(foreign + (0 .. 1)) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> held(*ret) && ret->len <= max;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
static enum pk_status decode(struct pk_view text, const char *foreign, size_t max,
                             struct pk_bytes *ret)
{
    PK_AUTO_BYTES struct pk_bytes bytes = {0};
    size_t whole = text.len / 4, rest = text.len % 4;
    size_t decoded = whole * 3 + (rest > 0 ? rest - 1 : 0);
    uint8_t last[4] = "AAAA", *at, wrong = 0;
    uint32_t group;

    if (rest == 1)
        return PK_INVALID_INPUT;
    if (decoded > max)
        return PK_TOO_LARGE;
    if (has_either(text, foreign))
        return PK_INVALID_INPUT;
    bytes = (struct pk_bytes){malloc(decoded > 0 ? decoded : 1), decoded};
    if (!bytes.data)
        return PK_NO_MEMORY;
    at = bytes.data;
    /*@ loop invariant 0 <= i <= whole && at == bytes.data + 3 * i;
        loop assigns i, at, group, wrong, heap[..];
        loop variant whole - i; */
    for (size_t i = 0; i < whole; i++) {
        group = group_of(text.ptr + 4 * i, &wrong);
        *at++ = (uint8_t)(group >> 16);
        *at++ = (uint8_t)(group >> 8);
        *at++ = (uint8_t)group;
    }
    if (rest > 0)
        memcpy(last, text.ptr + 4 * whole, rest);
    group = group_of(last, &wrong);
    /*@ loop invariant 1 <= i && (rest > 0 ==> i <= rest);
        loop invariant at == bytes.data + 3 * whole + i - 1;
        loop assigns i, at, group, heap[..];
        loop variant rest - i; */
    for (size_t i = 1; i < rest; i++, group = group << 8 & 0xffffff)
        *at++ = (uint8_t)(group >> 16);
    if ((wrong & NO) || group != 0) /* bits behind the last byte */
        return PK_INVALID_INPUT;
    *ret = bytes;
    bytes = (struct pk_bytes){0};
    return PK_OK;
}

char *pk_base64url_encode(struct pk_view bytes)
{
    return encode(bytes, alphabet_url, false);
}

char *pk_base64_encode(struct pk_view bytes)
{
    return encode(bytes, alphabet_standard, true);
}

enum pk_status pk_base64url_decode(struct pk_view text, size_t max, struct pk_bytes *ret)
{
    return decode(text, "+/", max, ret);
}

enum pk_status pk_base64_decode(struct pk_view text, size_t max, struct pk_bytes *ret)
{
    if (text.len % 4 != 0)
        return PK_INVALID_INPUT;
    /*@ loop invariant 0 <= i <= 2 && readable(text);
        loop assigns i, text.len;
        loop variant 2 - i; */
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode(text, "-_", max, ret);
}

char *pk_hex_encode(struct pk_view bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(bytes.len * 2 + 1);

    if (!text)
        return NULL;
    /*@ loop invariant 0 <= i <= bytes.len;
        loop assigns i, heap[..];
        loop variant bytes.len - i; */
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.ptr[i] / 16];
        text[2 * i + 1] = digits[bytes.ptr[i] % 16];
    }
    text[bytes.len * 2] = 0;
    return text;
}

char *pk_text_printable(const char *text, size_t max)
{
    struct pk_view left = pk_view_string(text);
    char *printable = malloc((left.len < max ? left.len : max) + 1);
    size_t used = 0;

    if (!printable)
        return NULL;
    /*@ loop invariant readable(left) && used <= max;
        loop invariant used + left.len <= \at(left.len, LoopEntry);
        loop assigns left, used, heap[..];
        loop variant left.len; */
    while (left.len > 0) {
        uint32_t code_point = 0;
        size_t len = pk_utf8_take(left, &code_point);
        bool shown = len > 0 && !pk_is_hidden(code_point);
        size_t taken = len > 0 ? len : 1;

        if ((shown ? len : 1) > max - used)
            break;
        if (shown) {
            memcpy(printable + used, left.ptr, len);
            used += len;
        } else {
            printable[used++] = '?';
        }
        left.ptr += taken;
        left.len -= taken;
    }
    printable[used] = 0;
    return printable;
}

/*@ assigns \nothing; */
static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct pk_view pk_text_trim(struct pk_view text)
{
    /*@ loop invariant readable(text) && text.len <= \at(text.len, Pre);
        loop assigns text.len;
        loop variant text.len; */
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    /*@ loop invariant readable(text) && text.len <= \at(text.len, Pre);
        loop assigns text;
        loop variant text.len; */
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    return text;
}

struct pk_view pk_text_take_line(struct pk_view *text)
{
    const uint8_t *newline = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    struct pk_view line = {text->ptr, newline ? (size_t)(newline - text->ptr) : text->len};
    size_t taken = line.len + (newline ? 1 : 0);

    text->ptr += taken;
    text->len -= taken;
    return line;
}

enum pk_status pk_text_copy(const char *text, char **ret)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        return PK_NO_MEMORY;
    *ret = copy;
    return PK_OK;
}

char *pk_text_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int len;

    va_start(arguments, format);
    len = vasprintf(&text, format, arguments);
    va_end(arguments);
    return len < 0 ? NULL : text;
}
