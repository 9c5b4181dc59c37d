/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard-interactive form. The first byte says what the rest is: a prompt, an answer's lines,
 * or the CBOR of a request or answer. What decodes encodes to the same bytes again.
 */
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/wire/forward.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void take_request(struct pk_view line)
{
    PK_AUTO_FORWARD_REQUEST struct pk_forward_request request = {0};
    PK_AUTO_FREE char *again = NULL;

    if (pk_forward_request_decode(line, &request) != PK_OK)
        return;
    check(pk_forward_request_encode(&request, &again) == PK_OK);
    check(pk_view_equal(pk_view_string(again), line));
}

/* Of text in upper case, of CBOR in lower case. */
static enum pk_forward_kind kind_of(uint8_t what)
{
    switch (what | 0x20) {
    case 'g':
        return PK_FORWARD_GET;
    case 'c':
        return PK_FORWARD_CREATE;
    case 'a':
        return PK_FORWARD_PAGE_GET;
    default:
        return PK_FORWARD_PAGE_CREATE;
    }
}

static void take_parts(enum pk_forward_kind kind, const struct pk_forward_parts *parts)
{
    PK_AUTO_FORWARD_ANSWER struct pk_forward_answer answer = {0};
    PK_AUTO_FORWARD_PARTS struct pk_forward_parts again = {0};
    struct pk_strings lines = {0};
    bool complete = false;

    if (pk_forward_answer_decode(kind, parts, &answer) != PK_OK)
        return;
    check(pk_forward_answer_encode(&answer, &lines) == PK_OK);
    for (size_t i = 0; i < lines.count; i++) {
        check(!complete && strlen(lines.items[i]) <= PK_FORWARD_LINE_MAX);
        check(pk_forward_parts_add(&again, pk_view_string(lines.items[i]), &complete) == PK_OK);
    }
    check(complete && pk_view_equal(pk_view_of(&again.text), pk_view_of(&parts->text)));
    pk_strings_clear(&lines);
}

static void take_lines(enum pk_forward_kind kind, struct pk_view lines)
{
    PK_AUTO_FORWARD_PARTS struct pk_forward_parts parts = {0};
    bool complete;

    while (lines.len > 0) {
        const uint8_t *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) : lines.len;

        if (pk_forward_parts_add(&parts, (struct pk_view){lines.ptr, len}, &complete) != PK_OK)
            break;
        len += end ? 1 : 0;
        lines = (struct pk_view){lines.ptr + len, lines.len - len};
    }
    take_parts(kind, &parts);
}

/* Past base64url, which a fuzzer seldom gets right. */
static void take_cbor(uint8_t what, struct pk_view cbor)
{
    PK_AUTO_FREE char *text = pk_base64url_encode(cbor);
    PK_AUTO_FREE char *line = text ? pk_text_format("%s%s", PK_FORWARD_PREFIX, text) : NULL;
    PK_AUTO_FORWARD_PARTS struct pk_forward_parts parts = {.count = 1, .total = 1};

    check(line != NULL);
    if (what == 'r') {
        take_request(pk_view_string(line));
        return;
    }
    check(pk_bytes_copy(pk_view_string(text), &parts.text) == PK_OK);
    take_parts(kind_of(what), &parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_view rest;
    struct pk_view line;

    if (size < 2)
        return 0;
    rest = (struct pk_view){data + 1, size - 1};
    if (data[0] == 'p') {
        if (pk_forward_request_find(rest, &line) == PK_OK)
            take_request(line);
    } else if (memchr("GCAN", data[0], 4)) {
        take_lines(kind_of(data[0]), rest);
    } else if (memchr("rgcan", data[0], 5)) {
        take_cbor(data[0], rest);
    }
    return 0;
}
