/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "daemon/config/domain.h"

#include <string.h>

static void names_are_told_apart(void **state)
{
    static const struct {
        const char *name;
        enum domain_kind kind;
    } rows[] = {
        {"web1.example.org", DOMAIN_USABLE},
        {"xn--bro-hoa.example.de", DOMAIN_USABLE},
        {"web1.local", DOMAIN_USABLE},
        {"1a.example.org", DOMAIN_USABLE},
        {"0123456789abcdef0123456789abcdef.passkeyd.invalid", DOMAIN_GENERATED},
        {"passkeyd.invalid", DOMAIN_SHARED},
        {"xpasskeyd.invalid", DOMAIN_SHARED},
        {"deb12box", DOMAIN_BARE},
        {"localhost", DOMAIN_SHARED},
        {"localhost.localdomain", DOMAIN_SHARED},
        {"web1.localdomain", DOMAIN_SHARED},
        {"a.localhost", DOMAIN_SHARED},
        {"localhost.example.org", DOMAIN_SHARED},
        {"com", DOMAIN_SUFFIX},
        {"co.uk", DOMAIN_SUFFIX},
        {"github.io", DOMAIN_SUFFIX},
        {"me.github.io", DOMAIN_USABLE},
        {"xn--p1ai", DOMAIN_SUFFIX},
        {"10.0.0.5", DOMAIN_ADDRESS},
        {"0x7f.1", DOMAIN_ADDRESS},
        {"host.0x7f", DOMAIN_ADDRESS},
        {"2130706433", DOMAIN_ADDRESS},
        {"host.1", DOMAIN_ADDRESS},
        {"::1", DOMAIN_ADDRESS},
        {"2001:db8::7", DOMAIN_ADDRESS},
        {"", DOMAIN_MALFORMED},
        {"(none)", DOMAIN_MALFORMED},
        {"my_laptop", DOMAIN_MALFORMED},
        {"web1.", DOMAIN_MALFORMED},
        {".web1", DOMAIN_MALFORMED},
        {"a..b", DOMAIN_MALFORMED},
        {"-a.example.org", DOMAIN_MALFORMED},
        {"a-.example.org", DOMAIN_MALFORMED},
        {"Web1.example.org", DOMAIN_MALFORMED},
        {"b\xc3\xbcro", DOMAIN_MALFORMED},
        {"a23456789012345678901234567890123456789012345678901234567890123.org", DOMAIN_USABLE},
        {"a234567890123456789012345678901234567890123456789012345678901234.org", DOMAIN_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum domain_kind kind = domain_examine(rows[i].name);

        if (kind != rows[i].kind)
            fail_msg("\"%s\": %d", rows[i].name, (int)kind);
        assert_int_equal(domain_kind_says(kind) == NULL,
                         kind == DOMAIN_USABLE || kind == DOMAIN_GENERATED);
    }
}

static void a_name_has_at_most_253_bytes(void **state)
{
    char name[256];

    (void)state;
    for (size_t i = 0; i < 254; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[253] = 0;
    assert_int_equal(domain_examine(name), DOMAIN_USABLE);
    name[253] = 'a';
    name[254] = 0;
    assert_int_equal(domain_examine(name), DOMAIN_MALFORMED);
}

static void names_become_a_labels(void **state)
{
    static const char *const rows[][2] = {
        {"web1", "web1"},
        {"Web1.Example.ORG.", "web1.example.org"},
        {"b\xc3\xbcro", "xn--bro-hoa"},
        {"B\xc3\x9cRO.example.de", "xn--bro-hoa.example.de"},
        {"bu\xcc\x88ro", "xn--bro-hoa"}, /* u and a combining diaeresis */
        {"stra\xc3\x9f"
         "e.de",
         "xn--strae-oqa.de"},
        {"(none)", NULL},
        {"my_laptop", NULL},
        {"", NULL},
        {".", NULL},
        {"a..b", NULL},
        {"b\xfcro", NULL}, /* Latin-1 */
        {"caf\xc3", NULL},
        {"a b", NULL},
        {"xn--a", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_AUTO_FREE char *ascii = NULL;
        enum pk_status status = domain_to_ascii(rows[i][0], &ascii);

        assert_int_equal(status, rows[i][1] ? PK_OK : PK_INVALID_INPUT);
        if (rows[i][1])
            assert_string_equal(ascii, rows[i][1]);
    }
}

static void within_is_by_labels(void **state)
{
    (void)state;
    assert_true(domain_is_within("example.org", "example.org"));
    assert_true(domain_is_within("a.example.org", "example.org"));
    assert_false(domain_is_within("aexample.org", "example.org"));
    assert_false(domain_is_within("example.org", "a.example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_told_apart),
        cmocka_unit_test(a_name_has_at_most_253_bytes),
        cmocka_unit_test(names_become_a_labels),
        cmocka_unit_test(within_is_by_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
