/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON (RFC 8259) from outside, for responses and client data. The daemon writes JSON with jansson;
 * reading with it took two fifths of a whole RS256 verification, so responses are read by this
 * smaller reader: it copies no string that has no escapes, keeps its values in one arena, and
 * refuses what is not UTF-8, a member that comes twice, escapes of lone surrogates, more than
 * PK_JSON_DEPTH_MAX levels, PK_JSON_VALUES_MAX values or PK_JSON_MEMBERS_MAX members in one object.
 */
#ifndef PK_WEBAUTHN_JSON_H
#define PK_WEBAUTHN_JSON_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"

enum pk_json_type {
    PK_JSON_NULL,
    PK_JSON_FALSE,
    PK_JSON_TRUE,
    PK_JSON_NUMBER,
    PK_JSON_STRING,
    PK_JSON_ARRAY,
    PK_JSON_OBJECT,
};

/* All views borrow from the text or its struct pk_json. */
struct pk_json_value {
    enum pk_json_type type;
    struct pk_view key;                /* of a member, escapes resolved */
    struct pk_view raw;                /* the value as it was written */
    struct pk_view text;               /* of a string, escapes resolved; may hold NULs */
    const struct pk_json_value *first; /* element or member */
    const struct pk_json_value *next;  /* in the same array or object */
    size_t count;                      /* elements or members */
};

/*@ predicate readable_value(struct pk_json_value *value) =
      value == \null ||
      (\valid_read(value) && readable(value->key) && readable(value->raw) &&
       readable(value->text) && (value->type == PK_JSON_NUMBER ==> value->raw.len > 0)); */

struct pk_json;

/*
 * Exactly one object, with white space around it at most. The text must outlive *ret.
 * PK_INVALID_INPUT, PK_EXISTS when a member comes twice at any depth, PK_TOO_LARGE over a limit,
 * PK_NO_MEMORY.
 */
/*@ requires readable(text) && \valid(ret) && \separated(ret, &heap);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> *ret != \null;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_json_parse(struct pk_view text, struct pk_json **ret) PK_WARN_UNUSED;
void pk_json_free(struct pk_json *json);
PK_DEFINE_CLEANUP(struct pk_json *, pk_json_free);
#define PK_AUTO_JSON PK_CLEANUP(pk_json_free)

/*@ requires json != \null;
    assigns \nothing;
    ensures readable_value(\result) && \result != \null; */
const struct pk_json_value *pk_json_root(const struct pk_json *json);

/* These take NULL for "absent" and then give NULL, false or PK_RESPONSE_MALFORMED. */

/*@ requires readable_value(object);
    assigns \nothing;
    ensures readable_value(\result); */
const struct pk_json_value *pk_json_get(const struct pk_json_value *object, const char *name);

/* For optional members: null is absent, as libraries that fill in every member write it. */
/*@ requires readable_value(object);
    assigns \nothing;
    ensures readable_value(\result);
    ensures \result == \null || \result->type != PK_JSON_NULL; */
const struct pk_json_value *pk_json_optional(const struct pk_json_value *object, const char *name);

/*@ requires readable_value(value);
    assigns \nothing;
    ensures \result <==> value != \null && value->type == type; */
bool pk_json_is(const struct pk_json_value *value, enum pk_json_type type);
/*@ requires readable_value(value);
    assigns \nothing;
    ensures \result <==>
      value != \null && (value->type == PK_JSON_TRUE || value->type == PK_JSON_FALSE); */
bool pk_json_is_bool(const struct pk_json_value *value);
/*@ requires readable_value(value) && \valid(ret);
    assigns *ret;
    ensures \result <==> value != \null && value->type == PK_JSON_STRING;
    ensures *ret == (\result ? \old(value->text) : \old(*ret)); */
bool pk_json_string(const struct pk_json_value *value, struct pk_view *ret) PK_WARN_UNUSED;

/* A number without fraction and exponent that int64_t can hold. */
/*@ requires readable_value(value) && \valid(ret);
    assigns *ret;
    ensures \result ==> value != \null && value->type == PK_JSON_NUMBER;
    ensures \result || *ret == \old(*ret); */
bool pk_json_integer(const struct pk_json_value *value, int64_t *ret) PK_WARN_UNUSED;

/*
 * Bytes from a string in base64url. PK_RESPONSE_MALFORMED for another type,
 * PK_BASE64URL_MALFORMED, PK_TOO_LARGE over max, PK_NO_MEMORY.
 */
/*@ requires readable_value(value) && \valid(ret);
    assigns *ret, heap[..];
    ensures \result == PK_OK ==> value != \null && value->type == PK_JSON_STRING;
    ensures \result == PK_OK ==> held(*ret) && ret->len <= max;
    ensures \result != PK_OK ==> *ret == \old(*ret); */
enum pk_status pk_json_bytes(const struct pk_json_value *value, size_t max,
                             struct pk_bytes *ret) PK_WARN_UNUSED;

#endif
