/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of a forwarded answer, each of at most PK_FORWARD_LINE_MAX characters: one
 * "passkey1:…", or parts "passkey1/K/N:…" (K from 1 to N), of which every part but the last has
 * PK_FORWARD_PART_TEXT characters behind the colon.
 */
#ifndef PK_WIRE_FORWARD_PARTS_H
#define PK_WIRE_FORWARD_PARTS_H

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/terms.h"

/* Of an answer in base64url. PK_TOO_LARGE over PK_FORWARD_PARTS_MAX lines, PK_NO_MEMORY. */
enum pk_status pk_forward_parts_make(const char *text, struct pk_strings *ret_lines) PK_WARN_UNUSED;

/* Parts being put together; {0} is empty. */
struct pk_forward_parts {
    struct pk_bytes text; /* base64url so far */
    unsigned count;       /* parts taken */
    unsigned total;       /* 0: none came yet */
};

/*@ predicate gathered(struct pk_forward_parts *parts) =
      held(parts->text) && parts->count <= parts->total <= PK_FORWARD_PARTS_MAX &&
      parts->text.len <= parts->count * PK_FORWARD_LINE_MAX; */

/*@ requires \valid(parts);
    assigns *parts;
    ensures gathered(parts) && parts->count == 0; */
void pk_forward_parts_clear(struct pk_forward_parts *parts);
#define PK_AUTO_FORWARD_PARTS __attribute__((cleanup(pk_forward_parts_clear)))

/*
 * Takes the next line of an answer, blanks around it cut off. *ret_complete: it was the last one.
 * PK_INVALID_INPUT for what is no such line, PK_PROTOCOL for a part out of order, of another
 * total, or not full and not the last, PK_TOO_LARGE, PK_NO_MEMORY; parts are as before then.
 * Whether the text is base64url is seen when the answer is decoded.
 */
/*@ requires \valid(parts) && gathered(parts) && readable(line) && \valid(ret_complete);
    requires \separated(parts, ret_complete, &heap);
    assigns *parts, *ret_complete, heap[..];
    ensures gathered(parts);
    ensures \result == PK_OK ==> parts->count == \old(parts->count) + 1;
    ensures \result == PK_OK ==> (*ret_complete <==> parts->count == parts->total);
    ensures \result != PK_OK ==> *parts == \old(*parts);
    ensures \result != PK_OK ==> *ret_complete == \old(*ret_complete); */
enum pk_status pk_forward_parts_add(struct pk_forward_parts *parts, struct pk_view line,
                                    bool *ret_complete) PK_WARN_UNUSED;

#endif
