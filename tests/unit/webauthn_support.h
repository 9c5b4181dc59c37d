/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of common/webauthn share: hex into bytes, and the two checks every parser gets. */
#ifndef PK_TESTS_WEBAUTHN_SUPPORT_H
#define PK_TESTS_WEBAUTHN_SUPPORT_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define assert_status(status, expected)                                                            \
    assert_string_equal(pk_status_name(status), pk_status_name(expected))

/* Bytes from hex, with room for one more, which is zero. */
static inline struct pk_bytes unhex(const char *hex)
{
    struct pk_bytes bytes = {malloc(strlen(hex) / 2 + 1), strlen(hex) / 2};

    assert_non_null(bytes.data);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes.data[i] = (uint8_t)byte;
    }
    bytes.data[bytes.len] = 0;
    return bytes;
}

/* Whether a parser takes an input; every proper prefix and one byte more must be refused. */
typedef enum pk_status parse_any(struct pk_view input);

static inline void check_prefixes(parse_any *parse, const char *hex)
{
    PK_AUTO_BYTES struct pk_bytes bytes = unhex(hex);

    assert_status(parse(pk_view_of(&bytes)), PK_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        /* In a block of its own size, so that a sanitizer sees a read behind the end. */
        PK_AUTO_BYTES struct pk_bytes prefix = {0};

        assert_status(pk_bytes_copy((struct pk_view){bytes.data, len}, &prefix), PK_OK);
        if (parse(pk_view_of(&prefix)) == PK_OK)
            fail_msg("a prefix of %zu bytes was accepted", len);
    }
    if (parse((struct pk_view){bytes.data, bytes.len + 1}) == PK_OK)
        fail_msg("one byte more was accepted");
}

#endif
