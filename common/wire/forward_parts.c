/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/wire/forward_parts.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/wire/forward.h"

#include <stdlib.h>
#include <string.h>

#define PART_PREFIX "passkey1/"

/* What is in front of an answer, of the two numbers of a part and of its text. */
static const char answer_prefix[] = PK_FORWARD_PREFIX;
static const char part_prefix[] = PART_PREFIX;
static const char of_total[] = "/";
static const char of_text[] = ":";

_Static_assert(PK_FORWARD_PART_TEXT == PK_FORWARD_LINE_MAX - (sizeof(PART_PREFIX "64/64:") - 1),
               "the longest part fits its line");

static enum pk_status add_line(struct pk_strings *lines, char *made)
{
    PK_AUTO_FREE char *line = made;

    return line ? pk_strings_add(lines, line) : PK_NO_MEMORY;
}

enum pk_status pk_forward_parts_make(const char *text, struct pk_strings *ret_lines)
{
    struct pk_strings lines = {0};
    size_t len = strlen(text);
    size_t total = (len + PK_FORWARD_PART_TEXT - 1) / PK_FORWARD_PART_TEXT;
    enum pk_status status = PK_OK;

    if (total > PK_FORWARD_PARTS_MAX)
        return PK_TOO_LARGE;
    if (sizeof(PK_FORWARD_PREFIX) - 1 + len <= PK_FORWARD_LINE_MAX)
        status = add_line(&lines, pk_text_format("%s%s", PK_FORWARD_PREFIX, text));
    else
        for (size_t i = 0; i < total && status == PK_OK; i++)
            status = add_line(&lines, pk_text_format("%s%zu/%zu:%.*s", PART_PREFIX, i + 1, total,
                                                     PK_FORWARD_PART_TEXT,
                                                     text + i * PK_FORWARD_PART_TEXT));
    if (status != PK_OK) {
        pk_strings_clear(&lines);
        return status;
    }
    *ret_lines = lines;
    return PK_OK;
}

void pk_forward_parts_clear(struct pk_forward_parts *parts)
{
    pk_bytes_clear(&parts->text);
    *parts = (struct pk_forward_parts){0};
}

struct part {
    unsigned number;
    unsigned total;
    struct pk_view text;
};

/* Cuts that beginning off. */
/*@ requires \valid(text) && readable(*text) && is_string(beginning);
    assigns *text;
    ensures readable(*text) && text->len <= \old(text->len);
    ensures !\result ==> *text == \old(*text); */
static bool skip(struct pk_view *text, const char *beginning)
{
    size_t len = strlen(beginning);

    if (text->len < len || memcmp(text->ptr, beginning, len) != 0)
        return false;
    text->ptr += len;
    text->len -= len;
    return true;
}

/* Cuts a number of one or two digits off, which does not begin with 0; 0 when there is none. */
/*@ requires \valid(text) && readable(*text);
    assigns *text;
    ensures readable(*text) && text->len <= \old(text->len);
    ensures \result <= 99; */
static unsigned skip_number(struct pk_view *text)
{
    unsigned value = 0;

    /*@ loop invariant 0 <= digits <= 2 && readable(*text) && text->len <= \at(text->len, Pre);
        loop invariant value <= (digits == 0 ? 0 : digits == 1 ? 9 : 99);
        loop assigns digits, value, *text;
        loop variant 2 - digits; */
    for (int digits = 0; digits < 2 && text->len > 0; digits++) {
        uint8_t c = text->ptr[0];

        if (c < '0' || c > '9' || (c == '0' && digits == 0))
            break;
        value = value * 10 + (c - '0');
        text->ptr++;
        text->len--;
    }
    return value;
}

/*@ requires readable(line) && \valid(ret);
    assigns *ret;
    ensures \result ==> readable(ret->text) && 0 < ret->text.len <= line.len;
    ensures \result ==> 1 <= ret->number <= 99;
    ensures !\result ==> *ret == \old(*ret); */
static bool parse_part(struct pk_view line, struct part *ret)
{
    struct part part = {1, 1, line};

    if (!skip(&part.text, answer_prefix)) {
        if (!skip(&part.text, part_prefix))
            return false;
        part.number = skip_number(&part.text);
        if (!skip(&part.text, of_total))
            return false;
        part.total = skip_number(&part.text);
        /* One part has the other form. */
        if (!skip(&part.text, of_text) || part.number == 0 || part.total < 2)
            return false;
    }
    if (part.text.len == 0)
        return false;
    *ret = part;
    return true;
}

/* Every part but the last is full: what a line is can be told from its length. */
/*@ requires \valid_read(part);
    assigns \nothing; */
static bool is_full_or_last(const struct part *part)
{
    return part->total == 1 || part->text.len == PK_FORWARD_PART_TEXT ||
           (part->number == part->total && part->text.len < PK_FORWARD_PART_TEXT);
}

enum pk_status pk_forward_parts_add(struct pk_forward_parts *parts, struct pk_view line,
                                    bool *ret_complete)
{
    struct part part;
    uint8_t *text;

    line = pk_text_trim(line);
    if (line.len > PK_FORWARD_LINE_MAX)
        return PK_TOO_LARGE;
    if (!parse_part(line, &part))
        return PK_INVALID_INPUT;
    if (part.total > PK_FORWARD_PARTS_MAX)
        return PK_TOO_LARGE;
    if (part.number != parts->count + 1 || part.number > part.total ||
        (parts->count > 0 && part.total != parts->total) || !is_full_or_last(&part))
        return PK_PROTOCOL;
    /* Bounded by the number of parts and the length of a line. */
    text = realloc(parts->text.data, parts->text.len + part.text.len);
    if (!text)
        return PK_NO_MEMORY;
    memcpy(text + parts->text.len, part.text.ptr, part.text.len);
    parts->text = (struct pk_bytes){text, parts->text.len + part.text.len};
    parts->count = part.number;
    parts->total = part.total;
    *ret_complete = part.number == part.total;
    return PK_OK;
}
