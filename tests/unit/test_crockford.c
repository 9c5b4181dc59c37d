/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/crockford.h"

#include <string.h>

#define COUNT 6

static void test_random(void **state)
{
    char first[COUNT + 1], second[COUNT + 1];
    bool differ = false;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        pk_crockford_random(first, COUNT);
        pk_crockford_random(second, COUNT);
        assert_int_equal(strlen(first), COUNT);
        assert_int_equal(strspn(first, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), COUNT);
        differ |= strcmp(first, second) != 0;
    }
    assert_true(differ);
}

static void test_spellings(void **state)
{
    static const char *const good[] = {"01ABYZ",      "01abyz",   "oiabyz", "OLABYZ",
                                       "0-1 a-b\tyz", " 01ABYZ ", "01AB-YZ"};
    char read[COUNT + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(pk_crockford_read(pk_view_string(good[i]), read, COUNT), PK_OK);
        assert_string_equal(read, "01ABYZ");
    }
}

static void test_others(void **state)
{
    static const char *const bad[] = {"",       "01ABY",         "01ABYZ0", "01ABUZ",
                                      "01AB.Z", "01ABY\xc3\xa9", "------"};
    static const uint8_t nul[] = {'0', '1', 0, 'B', 'Y', 'Z'};
    char read[COUNT + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pk_crockford_read(pk_view_string(bad[i]), read, COUNT), PK_INVALID_INPUT);
    assert_int_equal(pk_crockford_read((struct pk_view){nul, sizeof(nul)}, read, COUNT),
                     PK_INVALID_INPUT);
}

/* Nothing is written behind the characters and their NUL. */
static void test_room(void **state)
{
    char read[COUNT + 2] = {[COUNT + 1] = '!'};

    (void)state;
    assert_int_equal(pk_crockford_read(pk_view_string("01ABYZ0123"), read, COUNT),
                     PK_INVALID_INPUT);
    assert_int_equal(pk_crockford_read(pk_view_string("01ABYZ"), read, COUNT), PK_OK);
    assert_int_equal(pk_crockford_read(pk_view_string("01ABYZ0"), read, COUNT), PK_INVALID_INPUT);
    assert_int_equal(read[COUNT + 1], '!');
}

static void test_matches(void **state)
{
    (void)state;
    assert_true(pk_crockford_matches(pk_view_string("ol-abyz"), "01ABYZ", COUNT));
    assert_false(pk_crockford_matches(pk_view_string("01ABYZ0"), "01ABYZ", COUNT));
    assert_false(pk_crockford_matches(pk_view_string("01ABY"), "01ABYZ", COUNT));
    assert_false(pk_crockford_matches(pk_view_string(""), "01ABYZ", COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        char other[] = "01ABYZ";

        other[i] = '7';
        assert_false(pk_crockford_matches(pk_view_string(other), "01ABYZ", COUNT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),  cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_others),  cmocka_unit_test(test_room),
        cmocka_unit_test(test_matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
