/* SPDX-License-Identifier: BSD-2-Clause */
/* What the reader of json.h looks for in a string. */
#ifndef PK_WEBAUTHN_JSON_TEXT_H
#define PK_WEBAUTHN_JSON_TEXT_H

#include "common/base/bytes.h"

/* What the letter behind a backslash stands for; 0: nothing. */
/*@ assigns \nothing; */
uint8_t pk_json_meant_by(uint8_t letter);

/*
 * How many bytes stand for themselves: up to a quote, a backslash or a control character. Strings
 * are most of what is read, so they are looked at eight bytes at a time.
 */
/*@ requires readable(text);
    assigns \nothing;
    ensures \result <= text.len; */
size_t pk_json_plain_length(struct pk_view text);

#endif
