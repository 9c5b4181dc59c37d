/* SPDX-License-Identifier: BSD-2-Clause */
/* A list that is shown with numbers, of which one is typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "daemon/dialogue/conversation.h"
#include "daemon/dialogue/numbered_choice.h"
#include "tests/unit/bare_daemon.h"

/* --- a conversation about nothing ------------------------------------------------------------- */

static void answered(void *data, struct pk_secret *answer)
{
    (void)data, (void)answer;
}

static void stopped(void *data, enum pk_status why)
{
    (void)data, (void)why;
}

static void release(void *data)
{
    (void)data;
}

static const char *on_behalf_of(const void *data)
{
    (void)data;
    return NULL;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void numbers_of_lines(void **state)
{
    static const struct {
        const char *typed;
        size_t index;
    } cases[] = {{"1", 0}, {"3", 2},  {" 2", 1}, {"0", 3},  {"4", 3},
                 {"", 3},  {"-1", 3}, {"1x", 3}, {"1 ", 3}, {"18446744073709551617", 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_SECRET struct pk_secret typed = {0};

        assert_int_equal(pk_secret_copy(pk_view_string(cases[i].typed), &typed), PK_OK);
        assert_int_equal(numbered_choice_read(&typed, 3), cases[i].index);
    }
}

static void a_choice_is_shown_with_its_numbers(void **state)
{
    static const struct conversation_ops ops = {answered,     stopped, release,
                                                on_behalf_of, NULL,    NULL};
    struct pk_strings items = {0};
    struct conversation *conversation =
        conversation_open(bare_daemon(), call_from(ALICE, SENDER), 60, &ops, NULL);

    (void)state;
    assert_non_null(conversation);
    assert_int_equal(pk_strings_add(&items, "blue"), PK_OK);
    assert_int_equal(pk_strings_add(&items, "red"), PK_OK);
    assert_int_equal(numbered_choice_ask(conversation, "key", "Which?", &items), PK_OK);
    assert_next(NULL, "ask", "key");
    assert_string_equal(seen()->text, "Which?\n  1  blue\n  2  red\nNumber: ");
    pk_strings_clear(&items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_lines),
        cmocka_unit_test_setup_teardown(a_choice_is_shown_with_its_numbers, bare_daemon_set_up,
                                        bare_daemon_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
