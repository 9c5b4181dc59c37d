/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON as Go writes it: what a transaction's challenge is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/canonical_json.h"
#include "gateway/members.h"

static void test_values(void **state)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"{}", "{}"},
        {"[ ]", "[]"},
        {"{\"b\": 1, \"a\" : [true, false, null]}", "{\"a\":[true,false,null],\"b\":1}"},
        {"{\"a\":1,\"B\":2,\"\xc3\xa9\":3,\"aa\":4}", "{\"B\":2,\"a\":1,\"aa\":4,\"\xc3\xa9\":3}"},
        {"\"<a href='x'>&</a>\"", "\"\\u003ca href='x'\\u003e\\u0026\\u003c/a\\u003e\""},
        {"\"\\u2028\\u2029\\u202a\"", "\"\\u2028\\u2029\xe2\x80\xaa\""},
        {"\"\\\"\\\\\\/\\n\\r\\t\\b\\f\\u001f\\u007f\"", "\"\\\"\\\\/\\n\\r\\t\\b\\f\\u001f\x7f\""},
        {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
        {"0", "0"},
        {"-0.0", "-0"},
        {"12.50", "12.5"},
        {"0.1", "0.1"},
        {"-1.5", "-1.5"},
        {"1e2", "100"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"1.25e-10", "1.25e-10"},
        {"9007199254740993", "9007199254740992"},
        {"123456789012345678", "123456789012345680"},
        {"1e20", "100000000000000000000"},
        {"1e21", "1e+21"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"5e-324", "5e-324"},
        {"0.30000000000000004", "0.30000000000000004"},
    };

    (void)state;
    for (size_t i = 0; i < MEMBERS_COUNT(cases); i++) {
        AUTO_JSON json_t *value = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
        PK_AUTO_FREE char *text = NULL;

        assert_non_null(value);
        text = canonical_json(value);
        assert_non_null(text);
        assert_string_equal(text, cases[i].canonical);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
