/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/webauthn/json_text.h"

#include <string.h>

uint8_t pk_json_meant_by(uint8_t letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* Whether one of eight bytes is wanted, eight times the same; some that are above it count too. */
/*@ assigns \nothing; */
static bool has_byte(uint64_t word, uint64_t wanted)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;

    word ^= wanted;
    return (word - ones) & ~word & tops;
}

/* Whether one of eight bytes is below 0x20. */
/*@ assigns \nothing; */
static bool has_control(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, tops = ones << 7;

    return (word - 0x20 * ones) & ~word & tops;
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

size_t pk_json_plain_length(struct pk_view text)
{
    const uint64_t ones = 0x0101010101010101;
    size_t len = 0;

    /*@ loop invariant 0 <= len <= text.len;
        loop assigns len;
        loop variant text.len - len; */
    for (; text.len - len >= sizeof(uint64_t); len += sizeof(uint64_t)) {
        uint64_t word = load_word(text.ptr + len);

        if (has_byte(word, '"' * ones) || has_byte(word, '\\' * ones) || has_control(word))
            break;
    }
    /*@ loop invariant 0 <= len <= text.len;
        loop assigns len;
        loop variant text.len - len; */
    while (len < text.len && text.ptr[len] >= 0x20 && text.ptr[len] != '"' && text.ptr[len] != '\\')
        len++;
    return len;
}
