/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct address address(const char *text)
{
    struct address parsed;

    assert_true(address_parse(pk_view_string(text), &parsed));
    return parsed;
}

static void addresses(void **state)
{
    static const char *const good[] = {"127.0.0.1", "0.0.0.0", "::1", "2001:db8::1", "fe80::1"};
    static const char *const bad[] = {
        "",         "1.2.3", "1.2.3.4.5", "256.0.0.1",  "01.2.3.4", "[::1]", "::1%eth0",
        "1.2.3.4 ", " ::1",  "localhost", "1.2.3.4:80", "::g",      "unix",  "1::2::3"};
    char text[ADDRESS_TEXT_SIZE];
    struct address parsed;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        parsed = address(good[i]);
        address_text(&parsed, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (address_parse(pk_view_string(bad[i]), &parsed))
            fail_msg("%s was taken", bad[i]);
    assert_false(address_parse((struct pk_view){(const uint8_t *)"::1\0", 4}, &parsed));
}

static void the_mapped_form_is_the_same_address(void **state)
{
    struct address a = address("::ffff:192.0.2.1");
    struct address b = address("192.0.2.1");

    (void)state;
    assert_true(address_equal(&a, &b));
}

static void what_is_counted_together(void **state)
{
    struct address a = address("2001:db8:1:2:3:4:5:6");
    struct address b = address("2001:db8:1:2::1");
    struct address c = address("2001:db8:1:3::1");
    struct address v4 = address("192.0.2.1");
    struct address v4_other = address("192.0.2.2");

    (void)state;
    a = address_counted(&a);
    b = address_counted(&b);
    c = address_counted(&c);
    v4 = address_counted(&v4);
    v4_other = address_counted(&v4_other);
    assert_true(address_equal(&a, &b));
    assert_false(address_equal(&a, &c));
    assert_false(address_equal(&v4, &v4_other));
}

static void what_one_customer_has(void **state)
{
    struct address a = address("2001:db8:1:2:3:4:5:6");
    struct address b = address("2001:db8:1:3::1");
    struct address c = address("2001:db8:2:2::1");
    struct address zero = address("2001:db8:1::");
    struct address v4 = address("192.0.2.1");
    struct address local = {.local = true};
    struct address site;

    (void)state;
    zero = address_counted(&zero);
    assert_true(address_site(&a, &a));
    assert_true(address_site(&b, &b));
    assert_true(address_site(&c, &c));
    assert_true(address_equal(&a, &b));
    assert_false(address_equal(&a, &c));
    /* Nobody's own bucket is everybody's. */
    assert_false(address_equal(&a, &zero));
    assert_false(address_site(&v4, &site));
    assert_false(address_site(&local, &site));
}

static bool is_in(const char *network, const char *text)
{
    struct network parsed;
    struct networks list = {&parsed, 1};
    struct address member = {.local = true};

    if (!network_parse(pk_view_string(network), &parsed))
        fail_msg("%s is a network", network);
    if (strcmp(text, "unix") != 0)
        member = address(text);
    return networks_include(&list, &member);
}

static void networks(void **state)
{
    static const char *const bad[] = {
        "",           "10.0.0.1/8",  "10.0.0.0/33",  "10.0.0.0/", "10.0.0.0/-1", "::/129",
        "::1/64",     "10.0.0.0/08", "10.0.0.0/8/8", "unix/8",    "example.org", "/8",
        "10.0.0.0/8 "};
    struct network parsed;

    (void)state;
    assert_true(is_in("10.0.0.0/8", "10.255.255.255"));
    assert_false(is_in("10.0.0.0/8", "11.0.0.0"));
    assert_true(is_in("192.0.2.128/25", "192.0.2.255"));
    assert_false(is_in("192.0.2.128/25", "192.0.2.127"));
    assert_true(is_in("192.0.2.1", "192.0.2.1"));
    assert_false(is_in("192.0.2.1", "192.0.2.0"));
    assert_true(is_in("0.0.0.0/0", "1.2.3.4"));
    assert_false(is_in("0.0.0.0/0", "::1"));
    assert_true(is_in("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(is_in("unix", "unix"));
    assert_false(is_in("unix", "::"));
    assert_false(is_in("::/0", "unix"));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (network_parse(pk_view_string(bad[i]), &parsed))
            fail_msg("%s was taken", bad[i]);
}

static void whom_proxies_name(void **state)
{
    static const struct {
        const char *peer;
        const char *header;
        const char *client;
    } rows[] = {
        {"192.0.2.1", "10.0.0.9", "192.0.2.1"}, /* no proxy: whatever it says */
        {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
        {"10.0.0.1", " 192.0.2.9 ,\t192.0.2.1 ", "192.0.2.1"},
        {"10.0.0.1", "192.0.2.9, 10.0.0.2", "192.0.2.9"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        {"10.0.0.1", "192.0.2.9, x, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "192.0.2.9:80", "10.0.0.1"},
        {"10.0.0.1", ",,,", "10.0.0.1"},
    };
    struct network network;
    struct networks trusted = {&network, 1};

    (void)state;
    assert_true(network_parse(pk_view_string("10.0.0.0/8"), &network));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address peer = address(rows[i].peer);
        struct address client = address_forwarded(&peer, rows[i].header, &trusted);
        char text[ADDRESS_TEXT_SIZE];

        address_text(&client, text);
        assert_string_equal(text, rows[i].client);
    }
}

static void places_to_listen_at(void **state)
{
    static const struct {
        const char *text;
        enum endpoint_kind kind;
        bool local;
    } good[] = {
        {"127.0.0.1:8080", ENDPOINT_TCP, true}, {"127.9.9.9:1", ENDPOINT_TCP, true},
        {"[::1]:65535", ENDPOINT_TCP, true},    {"0.0.0.0:80", ENDPOINT_TCP, false},
        {"[::]:80", ENDPOINT_TCP, false},       {"192.0.2.1:443", ENDPOINT_TCP, false},
        {"unix:/run/x", ENDPOINT_UNIX, true},   {"systemd", ENDPOINT_SYSTEMD, true},
    };
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[127.0.0.1]:80",
        ":80",
        "localhost:80",
        "unix:",
        "unix:x",
        "unix:/",
        "127.0.0.1:080",
        "systemd:1",
        "127.0.0.1:8o",
        "[]:80",
        "127.0.0.1:80 ",
    };
    char path[200] = "unix:/";
    struct endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(endpoint_parse(pk_view_string(good[i].text), &endpoint));
        assert_int_equal(endpoint.kind, good[i].kind);
        assert_int_equal(endpoint_is_local(&endpoint), good[i].local);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (endpoint_parse(pk_view_string(bad[i]), &endpoint))
            fail_msg("%s was taken", bad[i]);
    (void)memset(path + 6, 'x', sizeof(((struct sockaddr_un *)NULL)->sun_path) - 2);
    assert_true(endpoint_parse(pk_view_string(path), &endpoint));
    path[strlen(path)] = 'x';
    assert_false(endpoint_parse(pk_view_string(path), &endpoint));
}

static void addresses_of_sockets(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct address found = address_of((const struct sockaddr *)&in);

    (void)state;
    assert_true(address_is_loopback(&found));
    found = address_of((const struct sockaddr *)&in6);
    assert_true(address_is_loopback(&found));
    found = address_of((const struct sockaddr *)&un);
    assert_true(found.local);
    assert_false(address_is_loopback(&found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(the_mapped_form_is_the_same_address),
        cmocka_unit_test(what_is_counted_together),
        cmocka_unit_test(what_one_customer_has),
        cmocka_unit_test(networks),
        cmocka_unit_test(whom_proxies_name),
        cmocka_unit_test(places_to_listen_at),
        cmocka_unit_test(addresses_of_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
