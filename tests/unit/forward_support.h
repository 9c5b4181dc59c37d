/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the keyboard-interactive form share. */
#ifndef PK_TESTS_FORWARD_SUPPORT_H
#define PK_TESTS_FORWARD_SUPPORT_H

#include "common/wire/forward.h"
#include "tests/unit/wire_support.h"

#define PREFIX_SIZE (sizeof(PK_FORWARD_PREFIX) - 1)

/* A vector without the newline at its end. */
static inline struct pk_view line_of(const struct pk_bytes *content)
{
    assert_true(content->len > 0 && content->data[content->len - 1] == '\n');
    return (struct pk_view){content->data, content->len - 1};
}

/* Any text of the form, from its CBOR. */
static inline char *line_from(const char *prefix, struct pk_view cbor)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(cbor);
    char *line = pk_text_format("%s%s", prefix, text);

    assert_non_null(line);
    return line;
}

#endif
