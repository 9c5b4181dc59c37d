/* SPDX-License-Identifier: BSD-2-Clause */
/* DER (X.690) on the bounded reader, for the extensions that OpenSSL does not know. */
#ifndef PK_WEBAUTHN_DER_H
#define PK_WEBAUTHN_DER_H

#include "common/base/reader.h"

enum { /* classes and universal tags, X.680 section 8 */
       PK_DER_UNIVERSAL = 0,
       PK_DER_CONTEXT = 2,
       PK_DER_INTEGER = 2,
       PK_DER_OCTET_STRING = 4,
       PK_DER_ENUMERATED = 10,
       PK_DER_SEQUENCE = 16,
       PK_DER_SET = 17,
};

enum { PK_DER_DEPTH_MAX = 32 };

struct pk_der {
    unsigned tag_class;
    bool constructed;
    uint32_t tag;
    struct pk_view value; /* borrowed */
};

/* The next element, lengths and tag numbers in their shortest form. PK_INVALID_INPUT, PK_TRUNCATED.
 */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures readable(\result.value) && \result.value.len <= \old(reader->remaining);
    ensures reader->status != PK_OK ==> \result.value.len == 0; */
struct pk_der pk_der_read(struct pk_reader *reader);

/*
 * The next element's value, which must have that universal tag; SEQUENCE and SET are constructed,
 * the others primitive.
 */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures readable(\result);
    ensures reader->status != PK_OK ==> \result.len == 0; */
struct pk_view pk_der_expect(struct pk_reader *reader, uint32_t tag);

/*
 * Exactly one element, and every element within constructed ones, at most PK_DER_DEPTH_MAX levels:
 * for what goes on to OpenSSL, which takes BER as well. PK_INVALID_INPUT, PK_TRUNCATED,
 * PK_TRAILING_DATA.
 */
/*@ requires readable(input);
    assigns \nothing;
    ensures \result == PK_OK ==> input.len > 0; */
enum pk_status pk_der_check(struct pk_view input) PK_WARN_UNUSED;

/* A non-negative INTEGER of at most 32 bits in its shortest form. */
/*@ requires sound(reader);
    assigns *reader;
    ensures sound(reader) && went_on{Pre, Post}(reader);
    ensures reader->status == PK_OK ==> reader->remaining < \old(reader->remaining);
    ensures reader->status != PK_OK ==> \result == 0; */
uint32_t pk_der_uint32(struct pk_reader *reader);

#endif
