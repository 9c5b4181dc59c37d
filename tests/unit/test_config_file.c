/* SPDX-License-Identifier: BSD-2-Clause */
/* Which configuration files may be missing. What is in one: test_config.c, test_gateway_config.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/config_file.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

static void the_standard_one_may_be_missing_and_no_other(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *named = NULL;
    PK_AUTO_FREE char *why = NULL;
    PK_AUTO_FREE char *expected = NULL;

    (void)state;
    scratch_new(folder);
    named = pk_text_format("%s/named.conf", folder);
    expected = pk_text_format("%s: No such file or directory", named);
    assert_int_equal(config_file_expected(named, named, &why), PK_OK);
    assert_null(why);
    assert_int_equal(config_file_expected(named, "/etc/standard.conf", &why), PK_CONFIG);
    assert_string_equal(why, expected);
    scratch_write(folder, "named.conf", "", 0);
    assert_int_equal(config_file_expected(named, "/etc/standard.conf", &why), PK_OK);
    scratch_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_one_may_be_missing_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
