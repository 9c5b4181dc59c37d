/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of passkeys. Were this broken, two of an account's would look the same in a list from
 * which one of them is to be removed.
 */
#include "daemon/config/passkey_name.h"

#include "common/base/cleanup.h"
#include "common/base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names_are_kept_in_one_form(void **state)
{
    static const struct {
        const char *given, *kept;
    } rows[] = {
        {"blue", "blue"},
        {"blue ", "blue"},
        {"  the blue key  ", "the blue key"},
        {"blue\u00a0", "blue"},
        {"\u3000blue\u2003", "blue"},
        {"blu\u0308e", "bl\u00fce"},
        {"A\u030a", "\u00c5"},
        {"\u212b", "\u00c5"},
        {"\u1112\u1161\u11ab", "\ud55c"},
        {"\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"},
        {"\u2764\ufe0f", "\u2764\ufe0f"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_AUTO_FREE char *name = NULL;

        assert_int_equal(passkey_name_read(rows[i].given, &name), PK_OK);
        assert_string_equal(name, rows[i].kept);
    }
}

static void what_is_no_name(void **state)
{
    static const struct {
        const char *given;
        enum pk_status status;
    } rows[] = {
        {"", PK_TRUNCATED},
        {" ", PK_TRUNCATED},
        {"\u00a0\u3000", PK_TRUNCATED},
        {"\u200b", PK_TRUNCATED},
        {" \u3164\u2800\ufe0f ", PK_TRUNCATED},
        {"\U000e0041", PK_TRUNCATED},
        {"a\nb", PK_INVALID_INPUT},
        {"blue\t", PK_INVALID_INPUT},
        {"blue\x7f", PK_INVALID_INPUT},
        {"\x1b[31m", PK_INVALID_INPUT},
        {"\xc2\x85", PK_INVALID_INPUT}, /* a control character of Latin 1 */
        {"a\u2028b", PK_INVALID_INPUT},
        {"a\u2029", PK_INVALID_INPUT},
        {"\xff", PK_INVALID_INPUT},
        {"blue\xc3", PK_INVALID_INPUT},
        {"\xed\xa0\x80", PK_INVALID_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *name = NULL;

        assert_int_equal(passkey_name_read(rows[i].given, &name), rows[i].status);
        assert_null(name);
        assert_false(passkey_name_valid(rows[i].given));
    }
}

/* Counted as it is kept: without the blanks, and composed. */
static void how_long_it_may_be(void **state)
{
    char text[4 * PK_CREDENTIAL_NAME_MAX] = "";

    (void)state;
    (void)memset(text, 'n', PK_CREDENTIAL_NAME_MAX);
    assert_true(passkey_name_valid(text));
    text[PK_CREDENTIAL_NAME_MAX] = ' ';
    assert_true(passkey_name_valid(text));
    text[PK_CREDENTIAL_NAME_MAX] = 'n';
    assert_false(passkey_name_valid(text));
    text[0] = 0;
    for (size_t i = 0; i < PK_CREDENTIAL_NAME_MAX / 2; i++)
        (void)strcat(text, "u\u0308");
    assert_true(passkey_name_valid(text));
    (void)strcat(text, "u\u0308");
    assert_false(passkey_name_valid(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_kept_in_one_form),
        cmocka_unit_test(what_is_no_name),
        cmocka_unit_test(how_long_it_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
