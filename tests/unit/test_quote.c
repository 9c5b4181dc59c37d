/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/hidden.h"
#include "common/base/quote.h"
#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_ 4096

static char *quoted(struct pk_view word)
{
    PK_AUTO_WRITER struct pk_writer writer = pk_writer_new(4 * word.len + 6);
    struct pk_bytes made = {0};

    pk_quote_word(&writer, word);
    pk_writer_u8(&writer, 0);
    assert_int_equal(pk_writer_finish(&writer, &made), PK_OK);
    return (char *)made.data;
}

static struct pk_bytes unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    struct pk_bytes bytes = {malloc(len + 1), len};

    assert_non_null(bytes.data);
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes.data[i] = (uint8_t)value;
    }
    return bytes;
}

/* tests/vectors/text/quoted.txt: a word in hex, a blank, and how it is written. */
static void words_are_written_as_the_vectors_say(void **state)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/tests/vectors/text/quoted.txt", getenv("srcdir"));
    PK_AUTO_FCLOSE FILE *file = fopen(path, "re");
    char line[LINE_MAX_];
    size_t count = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        PK_AUTO_BYTES struct pk_bytes word = {0};
        PK_AUTO_FREE char *is = NULL;
        char *should = strchr(line, ' ');

        if (line[0] == '#' || !should)
            continue;
        *should++ = 0;
        should[strcspn(should, "\n")] = 0;
        word = unhex(line);
        is = quoted(pk_view_of(&word));
        if (strcmp(is, should) != 0)
            fail_msg("%s: %s instead of %s", line, is, should);
        count++;
    }
    assert_int_equal(count, 46);
}

/* Every code point as a word: what is written can be seen, and tells them apart. */
static void nothing_hidden_is_written(void **state)
{
    (void)state;
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        uint8_t bytes[4];
        size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        PK_AUTO_FREE char *text = NULL;
        struct pk_view left;
        char digits[12];

        for (size_t i = 0; i < len; i++)
            bytes[len - 1 - i] = (uint8_t)(0x80 | ((code >> 6 * i) & 0x3f));
        if (len == 1)
            bytes[0] = (uint8_t)code;
        else
            bytes[0] = (uint8_t)((0xf00 >> len) & 0xff) | (uint8_t)(code >> 6 * (len - 1));
        text = quoted((struct pk_view){bytes, len});
        (void)snprintf(digits, sizeof(digits), "%x", (unsigned)(code));
        left = pk_view_string(text);
        while (left.len > 0) {
            uint32_t shown = 0;
            size_t taken = pk_utf8_take(left, &shown);

            if (taken == 0 || pk_is_hidden(shown))
                fail_msg("U+%04X is written as it is", (unsigned)code);
            left = (struct pk_view){left.ptr + taken, left.len - taken};
        }
        /* A surrogate is no UTF-8: its bytes are told. */
        if (pk_is_hidden(code) && (code < 0xd800 || code > 0xdfff) &&
            !strchr("\n\t\r", (int)code) && !strstr(text, digits))
            fail_msg("U+%04X is written %s", (unsigned)code, text);
    }
}

static void hidden_is_what_unicode_and_the_eye_say(void **state)
{
    static const uint32_t hidden[] = {
        0,       0x1b,    0x7f,    0x85,    0xa0,    0xad,    0x34f,   0x378,   0x61c,
        0x115f,  0x1160,  0x1680,  0x17b4,  0x180b,  0x180e,  0x200a,  0x200b,  0x2028,
        0x202e,  0x202f,  0x2060,  0x2066,  0x2800,  0x3000,  0x3164,  0xd800,  0xe000,
        0xfdd0,  0xfe0f,  0xfeff,  0xffa0,  0xfff9,  0xfffc,  0xffff,  0x1d159, 0x1d173,
        0x13441, 0x16fe4, 0xe0001, 0xe0041, 0xe0100, 0xe0fff, 0xf0000, 0x10ffff};
    static const uint32_t seen[] = {' ',    '!',    '~',    0xa1,   0xac,   0xae,   0xe4,
                                    0x2027, 0x20ac, 0x2801, 0x4e16, 0xac00, 0xfffd, 0x1f600};

    (void)state;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (!pk_is_hidden(hidden[i]))
            fail_msg("U+%04X", (unsigned)hidden[i]);
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        if (pk_is_hidden(seen[i]))
            fail_msg("U+%04X", (unsigned)seen[i]);
}

static void text_is_made_visible_without_quotes(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *shown;
    } cases[] = {
        {"", 9, ""},
        {"it's a \\ here", 99, "it's a \\ here"},
        {"a\nb\x1b[2J\xff", 99, "a\\nb\\x1b[2J\\xff"},
        {"x\xe2\x80\xaey", 99, "x\\u202ey"},
        {"x\xe2\x80\xaey", 7, "x\\u202e"},
        {"x\xe2\x80\xaey", 6, "x"},
        {"\xc3\xa4\xc3\xa4", 3, "\xc3\xa4"},
        {"a         b", 99, "a        \\x20b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *shown = pk_text_visible(pk_view_string(cases[i].text), cases[i].max);

        assert_string_equal(shown, cases[i].shown);
    }
}

static void pieces_lose_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "short",
        "exactly sixteen.",
        "words that go on and on behind sixteen bytes",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
        "x\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
        "xxxxxxxxxxxxx\\u202exxxxxxx",
        "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *text = texts[i];

        while (*text) {
            size_t len = pk_text_piece(text, 16);

            assert_in_range(len, 1, 16);
            assert_true(pk_utf8_valid((struct pk_view){(const uint8_t *)text, len}));
            assert_true(len <= strlen(text));
            text += len;
        }
    }
    assert_int_equal(pk_text_piece("", 16), 0);
    assert_int_equal(pk_text_piece(texts[2], 16), 16);
    assert_int_equal(pk_text_piece(texts[3], 16), strlen("words that go "));
    assert_int_equal(pk_text_piece(texts[7], 16), 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_written_as_the_vectors_say),
        cmocka_unit_test(nothing_hidden_is_written),
        cmocka_unit_test(hidden_is_what_unicode_and_the_eye_say),
        cmocka_unit_test(text_is_made_visible_without_quotes),
        cmocka_unit_test(pieces_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
