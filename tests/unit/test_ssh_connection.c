/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/ssh_connection.h"

#include <stdio.h>
#include <string.h>

static void clients_address_is_the_first_word(void **state)
{
    static const struct {
        const char *connection, *address;
    } cases[] = {
        {"192.0.2.7 50022 192.0.2.1 22", "192.0.2.7"},
        {"192.0.2.7", "192.0.2.7"},
        {"::1 50022 ::1 22", "::1"},
        {"2001:db8::7 50022 2001:db8::1 22", "2001:db8::7"},
        {"fe80::1%eth0 50022 fe80::2%eth0 22", "fe80::1%eth0"},
        {"fe80::1%br-0.7_a@if3 1 ::1 22", "fe80::1%br-0.7_a@if3"},
        {"2001:0db8:0000:0000:0000:0000:192.100.200.255 1 ::1 22",
         "2001:0db8:0000:0000:0000:0000:192.100.200.255"},
        {"127.0.0.1 anything else", "127.0.0.1"},
    };
    char address[PK_SSH_ADDRESS_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(pk_ssh_client_address(cases[i].connection, address), PK_OK);
        assert_string_equal(address, cases[i].address);
    }
}

static void everything_else_is_refused(void **state)
{
    static const char *const connections[] = {
        "UNKNOWN 65535 UNKNOWN 65535",
        "laptop.example.org 1 ::1 22",
        "192.0.2 1 ::1 22",
        "192.0.2.7\n1 ::1 22",
        "192.0.2.7\t1",
        "192.0.2.256 1",
        "0x7f.0.0.1 1",
        "127.1 1",
        "[::1] 1 ::1 22",
        "::1% 1",
        "::1%eth0/.. 1",
        "::1%abcdefghijklmnop 1",
        "::1%eth0%eth1 1",
        "192.0.2.7%eth0 1",
        "%eth0 1",
        ":0",
        "1",
        "\x1b[31m",
        "\xff",
        "2001:0db8:0000:0000:0000:0000:192.100.200.255%000000000000000000000000 1"};
    char address[PK_SSH_ADDRESS_MAX + 1] = "untouched";

    (void)state;
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        if (pk_ssh_client_address(connections[i], address) != PK_INVALID_INPUT)
            fail_msg("\"%s\" was taken", connections[i]);
        assert_string_equal(address, "untouched");
    }
}

/* Cut short anywhere or with a byte too many, an address is another one or none. */
static void every_prefix_and_one_byte_more(void **state)
{
    static const char whole[] = "192.0.2.77";
    char text[sizeof(whole) + 1];
    char address[PK_SSH_ADDRESS_MAX + 1];

    (void)state;
    for (size_t len = 1; len < sizeof(whole); len++) {
        (void)memcpy(text, whole, len);
        text[len] = '\0';
        assert_int_equal(pk_ssh_client_address(text, address),
                         len >= sizeof("192.0.2.7") - 1 ? PK_OK : PK_INVALID_INPUT);
    }
    for (int byte = 1; byte < 256; byte++) {
        (void)snprintf(text, sizeof(text), "%s%c", whole, byte);
        if (byte == ' ')
            assert_int_equal(pk_ssh_client_address(text, address), PK_OK);
        else
            assert_int_equal(pk_ssh_client_address(text, address), PK_INVALID_INPUT);
    }
}

static void nothing_is_not_found(void **state)
{
    char address[PK_SSH_ADDRESS_MAX + 1] = "untouched";

    (void)state;
    assert_int_equal(pk_ssh_client_address(NULL, address), PK_NOT_FOUND);
    assert_int_equal(pk_ssh_client_address("", address), PK_NOT_FOUND);
    assert_int_equal(pk_ssh_client_address(" 192.0.2.7", address), PK_NOT_FOUND);
    assert_string_equal(address, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_address_is_the_first_word),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(every_prefix_and_one_byte_more),
        cmocka_unit_test(nothing_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
