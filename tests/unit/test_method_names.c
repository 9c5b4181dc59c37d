/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/methods.h"

static void lists_are_parsed_in_their_order(void **state)
{
    static const char *const spellings[] = {"recovery,local", "recovery , local",
                                            " recovery\tlocal ", "recovery ,local  "};
    const char *unserved = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        struct pk_methods methods = {.count = 4};

        assert_int_equal(pk_methods_parse(spellings[i], &methods, &unserved), PK_OK);
        assert_int_equal(methods.count, 2);
        assert_int_equal(methods.items[0], PK_METHOD_RECOVERY);
        assert_int_equal(methods.items[1], PK_METHOD_LOCAL);
        assert_null(unserved);
    }
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",     " ",      ",",         "local,", ",local",        "local,,ssh", "Local",
        "loca", "locals", "local;ssh", "usb",    "ssh,agent,ssh", "local\nssh", "local , , ssh",
        "-"};
    struct pk_methods methods = {.count = 3};
    const char *unserved = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (pk_methods_parse(wrong[i], &methods, &unserved) != PK_INVALID_INPUT)
            fail_msg("taken: \"%s\"", wrong[i]);
    assert_int_equal(methods.count, 3);
    assert_null(unserved);
}

static void names_and_methods_agree(void **state)
{
    const struct pk_methods served = pk_methods_served();

    (void)state;
    assert_true(served.count > 0);
    for (int i = 0; i < PK_METHOD_COUNT; i++) {
        enum pk_method method = (enum pk_method)i;
        struct pk_methods one;
        const char *unserved;

        assert_non_null(pk_method_name(method));
        assert_int_equal(pk_methods_parse(pk_method_name(method), &one, &unserved),
                         pk_method_is_served(method) ? PK_OK : PK_UNSUPPORTED);
        assert_int_equal(pk_methods_include(&served, method), pk_method_is_served(method));
        assert_int_equal(strstr(PK_METHODS_SERVED, pk_method_name(method)) != NULL,
                         pk_method_is_served(method));
    }
    assert_null(pk_method_name(PK_METHOD_COUNT));
    assert_false(pk_method_is_served(PK_METHOD_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_parsed_in_their_order),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(names_and_methods_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
