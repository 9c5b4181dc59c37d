/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct literal {
    const char *bytes;
    size_t len;
};
#define LITERAL(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static struct pk_view view_of(const struct literal *literal)
{
    return (struct pk_view){(const uint8_t *)literal->bytes, literal->len};
}

static void utf8_is_accepted(void **state)
{
    static const struct literal valid[] = {
        LITERAL(""),
        LITERAL("a\0b"),
        LITERAL("\x7f"),
        LITERAL("\xc2\x80"),         /* U+0080, the first of two bytes */
        LITERAL("\xdf\xbf"),         /* U+07FF */
        LITERAL("\xe0\xa0\x80"),     /* U+0800 */
        LITERAL("\xed\x9f\xbf"),     /* U+D7FF, before the surrogates */
        LITERAL("\xee\x80\x80"),     /* U+E000, after them */
        LITERAL("\xef\xbf\xbf"),     /* U+FFFF */
        LITERAL("\xf0\x90\x80\x80"), /* U+10000 */
        LITERAL("\xf4\x8f\xbf\xbf"), /* U+10FFFF, the last */
        LITERAL("\xef\xbb\xbf"),     /* U+FEFF */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++)
        if (!pk_utf8_valid(view_of(&valid[i])))
            fail_msg("row %zu", i);
    assert_true(pk_utf8_valid((struct pk_view){NULL, 0}));
}

static void broken_utf8_is_refused(void **state)
{
    static const struct literal broken[] = {
        LITERAL("\x80"),             /* continuation first */
        LITERAL("\xbf"),             /* continuation first */
        LITERAL("\xc2"),             /* ends early */
        LITERAL("\xe2\x82"),         /* ends early */
        LITERAL("\xf0\x9f\x98"),     /* ends early */
        LITERAL("\xc2z"),            /* no continuation */
        LITERAL("\xe2z\x82"),        /* no continuation */
        LITERAL("\xe2\x82z"),        /* no continuation */
        LITERAL("\xc0\x80"),         /* NUL in two bytes */
        LITERAL("\xc1\xbf"),         /* U+007F in two */
        LITERAL("\xe0\x9f\xbf"),     /* U+07FF in three */
        LITERAL("\xf0\x8f\xbf\xbf"), /* U+FFFF in four */
        LITERAL("\xed\xa0\x80"),     /* U+D800 */
        LITERAL("\xed\xbf\xbf"),     /* U+DFFF */
        LITERAL("\xf4\x90\x80\x80"), /* U+110000 */
        LITERAL("\xf5\x80\x80\x80"),
        LITERAL("\xf8\x88\x80\x80\x80"),
        LITERAL("\xfe"),
        LITERAL("\xff"),
        LITERAL("fine until \xff"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++)
        if (pk_utf8_valid(view_of(&broken[i])))
            fail_msg("row %zu", i);
}

/* RFC 4648 section 10, and rows that need the last two letters of each alphabet. */
static const struct {
    struct literal bytes;
    const char *url;
    const char *standard;
} base64_rows[] = {
    {LITERAL(""), "", ""},
    {LITERAL("f"), "Zg", "Zg=="},
    {LITERAL("fo"), "Zm8", "Zm8="},
    {LITERAL("foo"), "Zm9v", "Zm9v"},
    {LITERAL("foob"), "Zm9vYg", "Zm9vYg=="},
    {LITERAL("fooba"), "Zm9vYmE", "Zm9vYmE="},
    {LITERAL("foobar"), "Zm9vYmFy", "Zm9vYmFy"},
    {LITERAL("\xfb\xff\xbf"), "-_-_", "+/+/"},
    {LITERAL("\xff\xff"), "__8", "//8="},
    {LITERAL("\0\0\0\0"), "AAAAAA", "AAAAAA=="},
};

static void base64_goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(base64_rows); i++) {
        struct pk_view bytes = view_of(&base64_rows[i].bytes);
        PK_AUTO_FREE char *url = pk_base64url_encode(bytes);
        PK_AUTO_FREE char *standard = pk_base64_encode(bytes);
        PK_AUTO_BYTES struct pk_bytes from_url = {0};
        PK_AUTO_BYTES struct pk_bytes from_standard = {0};

        assert_string_equal(url, base64_rows[i].url);
        assert_string_equal(standard, base64_rows[i].standard);
        assert_int_equal(pk_base64url_decode(pk_view_string(url), bytes.len, &from_url), PK_OK);
        assert_true(pk_view_equal(pk_view_of(&from_url), bytes));
        assert_int_equal(pk_base64_decode(pk_view_string(standard), bytes.len, &from_standard),
                         PK_OK);
        assert_true(pk_view_equal(pk_view_of(&from_standard), bytes));
    }
}

static void every_byte_survives_base64(void **state)
{
    uint8_t all[256];

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    for (size_t len = 0; len <= sizeof(all); len++) {
        PK_AUTO_FREE char *text = pk_base64url_encode((struct pk_view){all, len});
        PK_AUTO_BYTES struct pk_bytes back = {0};

        assert_int_equal(pk_base64url_decode(pk_view_string(text), len, &back), PK_OK);
        assert_true(pk_view_equal(pk_view_of(&back), (struct pk_view){all, len}));
    }
}

static void loose_base64url_is_refused(void **state)
{
    static const struct literal rows[] = {
        LITERAL("Zg=="),        /* padding */
        LITERAL("Zm8="),        /* padding */
        LITERAL("="),           /* padding alone */
        LITERAL("Z"),           /* six bits are no byte */
        LITERAL("Zm9vY"),       /* six bits are no byte */
        LITERAL("Zh"),          /* stray bits */
        LITERAL("Zm9"),         /* stray bits */
        LITERAL("__9"),         /* stray bits */
        LITERAL("+/+/"),        /* the other alphabet */
        LITERAL("Zm9v\n"),      /* white space */
        LITERAL(" Zm9v"),       /* white space */
        LITERAL("Zm 9v"),       /* white space */
        LITERAL("Zm9v\0"),      /* NUL */
        LITERAL("Zm\0v"),       /* NUL */
        LITERAL("Zm9\xc3\xa9"), /* foreign */
        LITERAL("Zm.v"),        /* foreign */
        LITERAL("Zm@v"),        /* next to 'A' */
        LITERAL("Zm[v"),        /* next to 'Z' */
        LITERAL("Zm`v"),        /* next to 'a' */
        LITERAL("Zm{v"),        /* next to 'z' */
        LITERAL("Zm:v"),        /* next to '9' */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pk_bytes untouched = {0};

        if (pk_base64url_decode(view_of(&rows[i]), 100, &untouched) != PK_INVALID_INPUT)
            fail_msg("row %zu", i);
        assert_null(untouched.data);
    }
}

static void loose_base64_is_refused(void **state)
{
    static const struct literal rows[] = {
        LITERAL("Zg"),       /* padding is missing */
        LITERAL("Zm8"),      /* padding is missing */
        LITERAL("Zg="),      /* half of it is missing */
        LITERAL("Z==="),     /* three */
        LITERAL("===="),     /* four */
        LITERAL("Zm9v===="), /* a group of padding */
        LITERAL("Zh=="),     /* stray bits */
        LITERAL("Zm9="),     /* stray bits */
        LITERAL("-_-_"),     /* the other alphabet */
        LITERAL("Zg==Zg=="), /* padding in the middle */
        LITERAL("Z=g="),     /* padding in the middle */
        LITERAL("Zm9v\n"),   /* white space */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pk_bytes untouched = {0};

        if (pk_base64_decode(view_of(&rows[i]), 100, &untouched) != PK_INVALID_INPUT)
            fail_msg("row %zu", i);
        assert_null(untouched.data);
    }
}

static void base64_limits_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(base64_rows); i++) {
        struct pk_bytes untouched = {0};
        size_t len = base64_rows[i].bytes.len;

        if (len == 0)
            continue;
        assert_int_equal(
            pk_base64url_decode(pk_view_string(base64_rows[i].url), len - 1, &untouched),
            PK_TOO_LARGE);
        assert_int_equal(
            pk_base64_decode(pk_view_string(base64_rows[i].standard), len - 1, &untouched),
            PK_TOO_LARGE);
        assert_null(untouched.data);
    }
}

static void hex_is_lower_case(void **state)
{
    PK_AUTO_FREE char *text = pk_hex_encode((struct pk_view){(const uint8_t *)"\0\x0f\xa5\xff", 4});
    PK_AUTO_FREE char *empty = pk_hex_encode((struct pk_view){NULL, 0});

    (void)state;
    assert_string_equal(text, "000fa5ff");
    assert_string_equal(empty, "");
}

static void printable_text_shows_no_control(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91"},
        {"a\tb\nc\rd", "a?b?c?d"},
        {"\x1b[31m", "?[31m"},
        {"\x7f", "?"},
        {"\xc2\x9b", "?"},       /* U+009B, a one-character escape */
        {"\xc2\xa0", "?"},       /* no-break space */
        {"\xe3\x85\xa4", "?"},   /* Hangul filler */
        {"\xef\xb8\x8f", "?"},   /* variation selector */
        {"\xe2\x80\xae", "?"},   /* right-to-left override */
        {"\xe2\x81\xa6", "?"},   /* left-to-right isolate */
        {"\xd8\x9c", "?"},       /* Arabic letter mark */
        {"\xe2\x80\x8b", "?"},   /* zero width space */
        {"\xe2\x80\xa8", "?"},   /* line separator */
        {"\xef\xbb\xbf", "?"},   /* byte order mark */
        {"\xff\xfe", "??"},      /* not UTF-8 */
        {"\xe2\x82", "??"},      /* ends early */
        {"\xed\xa0\x80", "???"}, /* a surrogate */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        PK_AUTO_FREE char *shown = pk_text_printable(rows[i].text, 100);

        assert_string_equal(shown, rows[i].shown);
    }
}

static void printable_text_is_cut_between_characters(void **state)
{
    static const char *const cut[] = {"", "a", "a", "a\xc3\xa9", "a\xc3\xa9z"};

    (void)state;
    for (size_t max = 0; max < COUNT(cut); max++) {
        PK_AUTO_FREE char *shown = pk_text_printable("a\xc3\xa9zz", max);

        assert_string_equal(shown, cut[max]);
    }
    {
        PK_AUTO_FREE char *whole = pk_text_printable("abc", 3);
        PK_AUTO_FREE char *huge = pk_text_printable("abc", SIZE_MAX);

        assert_string_equal(whole, "abc");
        assert_string_equal(huge, "abc");
    }
}

static void formatting_allocates(void **state)
{
    PK_AUTO_FREE char *text = pk_text_format("%s-%d", "a", 7);

    (void)state;
    assert_string_equal(text, "a-7");
}

static void blanks_are_trimmed(void **state)
{
    static const char *const cases[][2] = {
        {"", ""}, {" \t\r\n ", ""}, {"a", "a"}, {" a", "a"}, {"a\r\n", "a"}, {"\t a b \n", "a b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_true(
            pk_view_equal(pk_text_trim(pk_view_string(cases[i][0])), pk_view_string(cases[i][1])));
    assert_int_equal(pk_text_trim((struct pk_view){(const uint8_t *)"\0 ", 2}).len, 1);
}

static void lines_are_taken_one_by_one(void **state)
{
    struct pk_view text = pk_view_string("one\n\ntwo\r\nend");

    (void)state;
    assert_true(pk_view_equal(pk_text_take_line(&text), pk_view_string("one")));
    assert_true(pk_view_equal(pk_text_take_line(&text), pk_view_string("")));
    assert_true(pk_view_equal(pk_text_take_line(&text), pk_view_string("two\r")));
    assert_true(pk_view_equal(pk_text_take_line(&text), pk_view_string("end")));
    assert_int_equal(text.len, 0);
    assert_int_equal(pk_text_take_line(&text).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_accepted),
        cmocka_unit_test(broken_utf8_is_refused),
        cmocka_unit_test(base64_goes_both_ways),
        cmocka_unit_test(every_byte_survives_base64),
        cmocka_unit_test(loose_base64url_is_refused),
        cmocka_unit_test(loose_base64_is_refused),
        cmocka_unit_test(base64_limits_are_exact),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(printable_text_shows_no_control),
        cmocka_unit_test(printable_text_is_cut_between_characters),
        cmocka_unit_test(formatting_allocates),
        cmocka_unit_test(blanks_are_trimmed),
        cmocka_unit_test(lines_are_taken_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
