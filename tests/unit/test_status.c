/* SPDX-License-Identifier: BSD-2-Clause */
/* The list's form: stable kebab-case names, each once, each with what it enforces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/status.h"

#include <stdbool.h>
#include <string.h>

static bool kebab_case(const char *name)
{
    bool after_letter = false;

    for (; *name; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9');

        if (!letter && (*name != '-' || !after_letter))
            return false;
        after_letter = letter;
    }
    return after_letter;
}

static void names_are_kebab_case(void **state)
{
    (void)state;
    for (int i = 0; i < PK_STATUS_COUNT; i++)
        if (!kebab_case(pk_status_name((enum pk_status)i)))
            fail_msg("%d: \"%s\"", i, pk_status_name((enum pk_status)i));
    assert_false(kebab_case(""));
    assert_false(kebab_case("a--b"));
    assert_false(kebab_case("-a"));
    assert_false(kebab_case("a-"));
    assert_false(kebab_case("A"));
}

static void names_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < PK_STATUS_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(pk_status_name((enum pk_status)i),
                                    pk_status_name((enum pk_status)j));
}

static void every_value_names_what_it_enforces(void **state)
{
    (void)state;
    for (int i = 0; i < PK_STATUS_COUNT; i++)
        assert_true(strlen(pk_status_clause((enum pk_status)i)) > 0);
}

static void names_lead_back_to_their_values(void **state)
{
    (void)state;
    for (int i = 0; i < PK_STATUS_COUNT; i++)
        assert_int_equal(pk_status_from_name(pk_status_name((enum pk_status)i)), i);
    assert_int_equal(pk_status_from_name("no-such-status"), PK_INTERNAL);
    assert_int_equal(pk_status_from_name(""), PK_INTERNAL);
    assert_int_equal(pk_status_from_name("OK"), PK_INTERNAL);
}

static void numbers_outside_the_list_are_internal(void **state)
{
    (void)state;
    assert_string_equal(pk_status_name(PK_STATUS_COUNT), "internal");
    assert_string_equal(pk_status_clause(PK_STATUS_COUNT), pk_status_clause(PK_INTERNAL));
    assert_string_equal(pk_status_name((enum pk_status)(-1)), "internal");
    assert_string_equal(pk_status_clause((enum pk_status)(-1)), pk_status_clause(PK_INTERNAL));
}

/*
 * The names of a few statuses of each part: rows in another order than the enum would shift them.
 */
static void values_have_their_own_names(void **state)
{
    (void)state;
    assert_string_equal(pk_status_name(PK_NO_MEMORY), "no-memory");
    assert_string_equal(pk_status_name(PK_INTERNAL), "internal");
    assert_string_equal(pk_status_name(PK_NAME_TAKEN), "name-taken");
    assert_string_equal(pk_status_name(PK_ANSWER_REFUSED), "answer-refused");
    assert_string_equal(pk_status_name(PK_TOUCH_TIMEOUT), "touch-timeout");
    assert_string_equal(pk_status_name(PK_PHONE_NO_ADAPTER), "phone-no-adapter");
    assert_string_equal(pk_status_name(PK_PHONE_TOO_OLD), "phone-too-old");
    assert_string_equal(pk_status_name(PK_STATUS_WEBAUTHN_FIRST), "response-malformed");
    assert_string_equal(pk_status_name(PK_CBOR_TAG), "cbor-tag");
    assert_string_equal(pk_status_name(PK_COUNTER_REGRESSED), "counter-regressed");
    assert_string_equal(pk_status_name(PK_STATUS_COUNT - 1), "compound-malformed");
}

static void zero_is_the_one_success(void **state)
{
    (void)state;
    assert_int_equal(PK_OK, 0);
    assert_string_equal(pk_status_name(PK_OK), "ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_kebab_case),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(every_value_names_what_it_enforces),
        cmocka_unit_test(names_lead_back_to_their_values),
        cmocka_unit_test(numbers_outside_the_list_are_internal),
        cmocka_unit_test(values_have_their_own_names),
        cmocka_unit_test(zero_is_the_one_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
