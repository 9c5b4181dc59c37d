/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/target.h"

#include <string.h>

static void paths_are_cut_and_decoded_once(void **state)
{
    struct target target;

    (void)state;
    assert_int_equal(target_read("/a/b%20c/%2541?x=1+2%26&y&z=", &target), PK_OK);
    assert_int_equal(target.segment_count, 3);
    assert_string_equal(target.segments[0], "a");
    assert_string_equal(target.segments[1], "b c");
    assert_string_equal(target.segments[2], "%41");
    assert_int_equal(target.argument_count, 3);
    assert_string_equal(target_argument(&target, "x"), "1 2&");
    assert_string_equal(target_argument(&target, "y"), "");
    assert_string_equal(target_argument(&target, "z"), "");
    assert_null(target_argument(&target, "a"));
    target_clear(&target);
    assert_int_equal(target_read("/", &target), PK_OK);
    assert_int_equal(target.segment_count, 0);
    target_clear(&target);
    assert_int_equal(target_read("/a/", &target), PK_OK);
    assert_int_equal(target.segment_count, 2);
    assert_string_equal(target.segments[1], "");
    target_clear(&target);
    assert_int_equal(target_read("/%C3%B6?%c3%b6=%C3%B6", &target), PK_OK);
    assert_string_equal(target.segments[0], "ö");
    assert_string_equal(target_argument(&target, "ö"), "ö");
    target_clear(&target);
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",          "a",       "*",           "http://a/",    "//",
        "//a",       "/a//b",   "/a//",        "/.",           "/..",
        "/a/./b",    "/a/../b", "/a/..",       "/%2e%2E",      "/%2e",
        "/a%2fb",    "/a%2Fb",  "/a%5Cb",      "/a\\b",        "/%00",
        "/%01",      "/%7f",    "/%",          "/%4",          "/%4g",
        "/%g4",      "/a b",    "/\"",         "/<",           "/a#b",
        "/%ff",      "/%c0%af", "/%ed%a0%80",  "/\xc3\xb6",    "/a?b=%00",
        "/a?b=%ff",  "/a?b=%",  "/a?b=1&b=2",  "/a?b=1&%62=2", "/a?b#c",
        "/a?b=\x7f", "/a?[=1",  "/a?b=%0d%0a",
    };
    struct target target = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (target_read(wrong[i], &target) != PK_INVALID_INPUT)
            fail_msg("%s was taken", wrong[i]);
    assert_null(target.text);
}

static void limits(void **state)
{
    static char text[TARGET_MAX + 2];
    struct target target = {0};

    (void)state;
    (void)memset(text, 'a', sizeof(text) - 1);
    text[0] = '/';
    assert_int_equal(target_read(text, &target), PK_TOO_LARGE);
    text[TARGET_MAX] = 0;
    assert_int_equal(target_read(text, &target), PK_OK);
    target_clear(&target);
    for (size_t i = 0; i < 2 * TARGET_SEGMENTS_MAX; i += 2)
        text[i] = '/';
    text[(size_t)2 * TARGET_SEGMENTS_MAX] = 0;
    assert_int_equal(target_read(text, &target), PK_OK);
    assert_int_equal(target.segment_count, TARGET_SEGMENTS_MAX);
    target_clear(&target);
    (void)strcpy(text + 2 * TARGET_SEGMENTS_MAX, "/a");
    assert_int_equal(target_read(text, &target), PK_TOO_LARGE);
    assert_int_equal(target_read("/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p", &target), PK_OK);
    target_clear(&target);
    assert_int_equal(target_read("/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", &target), PK_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_cut_and_decoded_once),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
