/* SPDX-License-Identifier: BSD-2-Clause */
/* Which virtual console the kernel says is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/bus/console.h"

#include <string.h>

static void consoles(void **state)
{
    (void)state;
    assert_int_equal(console_parse(pk_view_string("tty1\n")), 1);
    assert_int_equal(console_parse(pk_view_string("tty12\n")), 12);
    assert_int_equal(console_parse(pk_view_string("tty63")), 63);
}

static void what_is_no_console(void **state)
{
    static const char *const texts[] = {
        "",        "\n",     "tty",     "tty\n",    "tty0\n",  "tty01\n", "tty64\n",    "tty100\n",
        "ttyS0\n", "pty1\n", "tty1x\n", "tty1\n\n", " tty1\n", "tty-1\n", "tty1 tty2\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(console_parse(pk_view_string(texts[i])), 0);
    assert_int_equal(console_parse((struct pk_view){NULL, 0}), 0);
    assert_int_equal(console_parse((struct pk_view){(const uint8_t *)"tty1\0", 5}), 0);
}

/* No prefix names a console that the whole does not, but for the line's end. */
static void every_prefix(void **state)
{
    static const char text[] = "tty2\n";

    (void)state;
    for (size_t len = 0; len < strlen("tty2"); len++)
        assert_int_equal(console_parse((struct pk_view){(const uint8_t *)text, len}), 0);
}

static void one_that_does_not_exist(void **state)
{
    (void)state;
    assert_true(console_owner(4000000000U) == (uid_t)-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consoles),
        cmocka_unit_test(what_is_no_console),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(one_that_does_not_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
