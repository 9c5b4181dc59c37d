/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/terms.h"

static void strings_are_copied_in_order(void **state)
{
    char text[] = "first";
    struct pk_strings strings = {0};

    (void)state;
    assert_int_equal(pk_strings_add(&strings, text), PK_OK);
    text[0] = 'x';
    for (int i = 0; i < 100; i++)
        assert_int_equal(pk_strings_add(&strings, "more"), PK_OK);
    assert_int_equal(strings.count, 101);
    assert_string_equal(strings.items[0], "first");
    assert_string_equal(strings.items[100], "more");
    pk_strings_clear(&strings);
    assert_null(strings.items);
    assert_int_equal(strings.count, 0);
    pk_strings_clear(&strings);
}

static void transports_are_separate_bits(void **state)
{
    (void)state;
    assert_int_equal(PK_TRANSPORT_USB | PK_TRANSPORT_NFC | PK_TRANSPORT_BLE |
                         PK_TRANSPORT_SMART_CARD | PK_TRANSPORT_HYBRID | PK_TRANSPORT_INTERNAL,
                     0x3f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_copied_in_order),
        cmocka_unit_test(transports_are_separate_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
