/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/wire/creation.h"

static uint8_t handle[] = "handle", first[] = "first", second[] = "second";
static char rp_id[] = "example.org", rp_name[] = "Example", name[] = "alice", display[] = "Alice";
static struct pk_descriptor exclude[] = {
    {.id = {first, 5}, .transports = PK_TRANSPORT_USB},
    {.id = {second, 6}},
};

static void every_field_is_copied(void **state)
{
    const struct pk_creation creation = {
        .rp_id = rp_id,
        .rp_name = rp_name,
        .user_handle = {handle, 6},
        .user_name = name,
        .user_display_name = display,
        .algorithms = {-7, -257},
        .algorithm_count = 2,
        .exclude = exclude,
        .exclude_count = 2,
        .user_verification = PK_REQUIRED,
        .resident_key = PK_PREFERRED,
        .attestation = PK_ATTESTATION_DIRECT,
        .cred_protect = 3,
    };
    PK_AUTO_CREATION struct pk_creation copy = {0};

    (void)state;
    assert_int_equal(pk_creation_copy(&creation, &copy), PK_OK);
    assert_ptr_not_equal(copy.rp_id, rp_id);
    assert_string_equal(copy.rp_id, rp_id);
    assert_string_equal(copy.rp_name, rp_name);
    assert_true(pk_view_equal(pk_view_of(&copy.user_handle), (struct pk_view){handle, 6}));
    assert_string_equal(copy.user_name, name);
    assert_string_equal(copy.user_display_name, display);
    assert_int_equal(copy.algorithm_count, 2);
    assert_int_equal(copy.algorithms[0], -7);
    assert_int_equal(copy.algorithms[1], -257);
    assert_int_equal(copy.exclude_count, 2);
    assert_ptr_not_equal(copy.exclude[0].id.data, first);
    assert_memory_equal(copy.exclude[0].id.data, first, 5);
    assert_int_equal(copy.exclude[0].transports, PK_TRANSPORT_USB);
    assert_int_equal(copy.exclude[1].id.len, 6);
    assert_int_equal(copy.user_verification, PK_REQUIRED);
    assert_int_equal(copy.resident_key, PK_PREFERRED);
    assert_int_equal(copy.attestation, PK_ATTESTATION_DIRECT);
    assert_int_equal(copy.cred_protect, 3);
}

static void what_is_absent_stays_absent(void **state)
{
    const struct pk_creation creation = {.rp_id = rp_id};
    PK_AUTO_CREATION struct pk_creation copy = {0};

    (void)state;
    assert_int_equal(pk_creation_copy(&creation, &copy), PK_OK);
    assert_null(copy.rp_name);
    assert_null(copy.user_name);
    assert_null(copy.exclude);
    assert_int_equal(copy.exclude_count, 0);
    assert_int_equal(copy.user_handle.len, 0);
}

static void a_cleared_one_is_empty(void **state)
{
    const struct pk_creation creation = {.rp_id = rp_id, .exclude = exclude, .exclude_count = 1};
    struct pk_creation copy = {0};

    (void)state;
    assert_int_equal(pk_creation_copy(&creation, &copy), PK_OK);
    pk_creation_clear(&copy);
    assert_null(copy.rp_id);
    assert_null(copy.exclude);
    assert_int_equal(copy.exclude_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_copied),
        cmocka_unit_test(what_is_absent_stays_absent),
        cmocka_unit_test(a_cleared_one_is_empty),
    };

    return cmocka_run_group_tests_name("creation", tests, NULL, NULL);
}
