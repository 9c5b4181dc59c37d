/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/keys/messages.h"

#include <string.h>

static void touch_names_keys_that_differ(void **state)
{
    char blue[] = "Blue", red[] = "Red", black[] = "Black";
    char *items[] = {blue, red, black};
    struct pk_strings names = {items, 1};
    PK_AUTO_FREE char *one = pk_message_touch(&names, "now");
    PK_AUTO_FREE char *two = NULL, *three = NULL, *alike = NULL;

    (void)state;
    names.count = 2;
    two = pk_message_touch(&names, "now");
    names.count = 3;
    three = pk_message_touch(&names, "now");
    items[1] = items[2] = blue;
    alike = pk_message_touch(&names, "now");
    assert_string_equal(one, "Touch your security key now");
    assert_string_equal(two, "Touch one of your security keys (Blue or Red) now");
    assert_string_equal(three, "Touch one of your security keys (Blue, Red or Black) now");
    assert_string_equal(alike, "Touch one of your security keys now");
}

static void insert_says_what_for(void **state)
{
    PK_AUTO_FREE char *none = pk_message_insert(false, "to sign in");
    PK_AUTO_FREE char *stranger = pk_message_insert(true, "to sign in");

    (void)state;
    assert_string_equal(none, "Insert your security key to sign in");
    assert_string_equal(stranger,
                        "This security key is not enrolled. Insert the one that is, to sign in");
}

static void device_names(void **state)
{
    char empty[] = "", product[] = "Key\x07 5", maker[] = "Maker";
    struct pk_device device = {.manufacturer = maker, .product = product};
    PK_AUTO_FREE char *by_product = pk_message_device_name(&device);
    PK_AUTO_FREE char *by_maker = NULL, *by_nothing = NULL;

    (void)state;
    device.product = empty;
    by_maker = pk_message_device_name(&device);
    device.manufacturer = empty;
    by_nothing = pk_message_device_name(&device);
    assert_string_equal(by_product, "Key? 5");
    assert_string_equal(by_maker, "Maker");
    assert_string_equal(by_nothing, "security key");
}

static void every_outcome_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(pk_message_outcome(PK_OK), "");
    for (int status = PK_OK + 1; status < PK_STATUS_COUNT; status++)
        assert_true(strlen(pk_message_outcome((enum pk_status)status)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touch_names_keys_that_differ),
        cmocka_unit_test(insert_says_what_for),
        cmocka_unit_test(device_names),
        cmocka_unit_test(every_outcome_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
