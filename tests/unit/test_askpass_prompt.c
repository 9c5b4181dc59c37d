/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/ask.h"
#include "client/askpass/prompt.h"

#include "common/base/cleanup.h"

#include <string.h>

static void the_prefix_is_parted(void **state)
{
    static const struct {
        const char *prompt;
        const char *user;
        const char *host;
    } cases[] = {
        {"(alice@web1.example.org) Password: ", "alice", "web1.example.org"},
        {"(alice@WEB1.Example.ORG.) x", "alice", "web1.example.org"},
        {"(alice@127.0.0.1) ", "alice", "127.0.0.1"},
        {"(alice@::1) x", "alice", "::1"},
        {"(alice@fe80::1%eth0) x", "alice", "fe80::1%eth0"},
        /* The last '@' parts, and the first ')' ends. */
        {"(alice@corp.example@web1) x", "alice@corp.example", "web1"},
        {"(CORP\\\\alice@web1) x", "CORP\\\\alice", "web1"},
        {"(a@b) (c@d) x", "a", "b"},
        {"(a@my_host-2) x\n(c@d) passkey1:", "a", "my_host-2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};

        if (askpass_prefix_parse(cases[i].prompt, &prefix) != PK_OK)
            fail_msg("%s", cases[i].prompt);
        assert_string_equal(prefix.user, cases[i].user);
        assert_string_equal(prefix.host, cases[i].host);
    }
}

static void what_is_no_prefix_is_told_from_a_bad_one(void **state)
{
    static const struct {
        const char *prompt;
        enum pk_status status;
    } cases[] = {
        {"", PK_NOT_FOUND},
        {"Password: ", PK_NOT_FOUND},
        {" (a@b) x", PK_NOT_FOUND},
        {"\n(a@b) x", PK_NOT_FOUND},
        {"x(a@b) x", PK_NOT_FOUND},
        {"(a@b)", PK_NOT_FOUND},
        {"(a@b", PK_NOT_FOUND},
        {"(a@b)x", PK_NOT_FOUND},
        {"(ab) x@y", PK_NOT_FOUND},
        {"() x", PK_NOT_FOUND},
        {"(a) @b) x", PK_NOT_FOUND},
        {"(@b) x", PK_INVALID_INPUT},
        {"(a@) x", PK_INVALID_INPUT},
        {"(a@.) x", PK_INVALID_INPUT},
        {"(a@b/c) x", PK_INVALID_INPUT},
        {"(a@b c) x", PK_INVALID_INPUT},
        {"(a@b\"c) x", PK_INVALID_INPUT},
        {"(a@b..c) x", PK_INVALID_INPUT},
        {"(a@.b) x", PK_INVALID_INPUT},
        {"(a@b..) x", PK_INVALID_INPUT},
        {"(a@[b]) x", PK_INVALID_INPUT},
        {"(a@b\303\244) x", PK_INVALID_INPUT},
        {"(a b@c) x", PK_INVALID_INPUT},
        {"(a(b@c) x", PK_INVALID_INPUT},
        {"(a\tb@c) x", PK_INVALID_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};

        if (askpass_prefix_parse(cases[i].prompt, &prefix) != cases[i].status)
            fail_msg("%s", cases[i].prompt);
        assert_null(prefix.host);
    }
}

/* Cut short anywhere, it is never a prefix of another host. */
static void no_beginning_of_a_prefix_is_one(void **state)
{
    static const char whole[] = "(alice@web1.example.org) x";

    (void)state;
    for (size_t len = 0; len < strlen("(alice@web1.example.org) "); len++) {
        AUTO_ASKPASS_PREFIX struct askpass_prefix prefix = {0};
        PK_AUTO_FREE char *cut = strndup(whole, len);

        assert_int_equal(askpass_prefix_parse(cut, &prefix), PK_NOT_FOUND);
    }
}

static void the_body_is_the_servers(void **state)
{
    static const char *const cases[][2] = {
        {"(alice@web1) passkey1:AA", "passkey1:AA"},
        {"(alice@web1) (b@c) x", "(b@c) x"},
        {"(alice@we/b1) x", "x"},
        {"(alice@web1)x", "(alice@web1)x"},
        {"passkey1:AA", "passkey1:AA"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(askpass_prompt_body(cases[i][0]), cases[i][1]);
}

static void hosts_have_limits(void **state)
{
    PK_AUTO_FREE char *host = NULL;
    char name[256];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[254] = 0;
    assert_int_equal(askpass_host_parse(pk_view_string(name), &host), PK_INVALID_INPUT);
    name[253] = 0;
    assert_int_equal(askpass_host_parse(pk_view_string(name), &host), PK_OK);
    assert_string_equal(host, name);
    free(host);
    assert_int_equal(askpass_host_parse(pk_view_string("[FE80::1]"), &host), PK_OK);
    assert_string_equal(host, "fe80::1");
    free(pk_steal(host));
    assert_int_equal(askpass_host_parse(pk_view_string("[]"), &host), PK_INVALID_INPUT);
    assert_int_equal(askpass_host_parse((struct pk_view){0}, &host), PK_INVALID_INPUT);
    assert_int_equal(askpass_host_parse((struct pk_view){(const uint8_t *)"a\0b", 3}, &host),
                     PK_INVALID_INPUT);
}

static void origins_bracket_ipv6(void **state)
{
    static const char *const cases[][2] = {{"web1.example.org", "ssh://web1.example.org"},
                                           {"127.0.0.1", "ssh://127.0.0.1"},
                                           {"::1", "ssh://[::1]"},
                                           {"fe80::1%eth0", "ssh://[fe80::1%eth0]"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *origin = askpass_origin(cases[i][0]);

        assert_string_equal(origin, cases[i][1]);
    }
}

static void an_rp_id_belongs_to_its_hosts_only(void **state)
{
    static const struct {
        const char *rp_id;
        const char *host;
        bool belongs;
    } cases[] = {
        {"web1.example.org", "web1.example.org", true},
        {"example.org", "web1.example.org", true},
        {"example.org", "a.b.example.org", true},
        {"web1", "web1", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"::1", "::1", true},
        {"org", "web1.example.org", false},
        {"web1", "web1.example.org", false},
        {"xample.org", "web1.example.org", false},
        {"1.example.org", "web1.example.org", false},
        {".example.org", "web1.example.org", false},
        {"example.org", "example.org.evil.example", false},
        {"example.org", "evilexample.org", false},
        {"web1.example.org", "example.org", false},
        {"web2.example.org", "web1.example.org", false},
        {"0.0.1", "127.0.0.1", false},
        {"0.1", "0x7f.0.0.1", false},
        {"a.0x7f", "b.a.0x7f", false},
        {"1.2", "::1.2", false},
        {"a..org", "b.a..org", false},
        {"", "web1", false},
        {"", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (askpass_rp_id_belongs(cases[i].rp_id, cases[i].host) != cases[i].belongs)
            fail_msg("%s on %s", cases[i].rp_id, cases[i].host);
}

static void only_what_is_no_secret_is_echoed(void **state)
{
    static const struct {
        const char *prompt;
        bool echo;
    } cases[] = {
        {"The authenticity of host 'a (::1)' can't be established.\nED25519 key fingerprint is x.\n"
         "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
         true},
        {"Are you sure you want to continue connecting (yes/no)? ", true},
        {"Please type 'yes', 'no' or the fingerprint: ", true},
        {"Accept updated hostkeys? (yes/no): ", true},
        {"Enter passphrase for key '/home/a/.ssh/id_ed25519': ", false},
        {"Enter passphrase for key 'yes': ", false},
        {"Enter passphrase for key '(yes/no)': ", false},
        {"alice@web1's password: ", false},
        {"(alice@web1) Are you sure (yes/no)? ", false},
        {"(@web1) Are you sure (yes/no)? ", false},
        {"Username for 'https://forge.example.org': ", true},
        {"Username for 'https://forge.example.org:8443/a%27b.git': ", true},
        {"Username for \"https://forge.example.org\"", true},
        {"Username: ", true},
        {"username:", true},
        {"User name: ", true},
        {"Login: ", true},
        {"login", true},
        {"Username for 'x'", true},
        {"Password for 'https://alice@forge.example.org': ", false},
        {"Password for \"https://alice@forge.example.org\"", false},
        {"Password for 'https://Username for 'x'': ", false},
        {"Password: ", false},
        {"Username for 'x'@web1's password: ", false},
        {"Username for 'x\nPassword for 'y': ", false},
        {"Username: \nPassword: ", false},
        {"Username and password: ", false},
        {"Username for 'x\": ", false},
        {"Username for '", false},
        {"Username for ", false},
        {"Usernam", false},
        {" Username: ", false},
        {"login password: ", false},
        {"(alice@web1) Username: ", false},
        {"(alice@web1) Username for 'x': ", false},
        {"Enter passphrase for key 'Username: ': ", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (askpass_may_be_seen(cases[i].prompt) != cases[i].echo)
            fail_msg("%s", cases[i].prompt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prefix_is_parted),
        cmocka_unit_test(what_is_no_prefix_is_told_from_a_bad_one),
        cmocka_unit_test(no_beginning_of_a_prefix_is_one),
        cmocka_unit_test(the_body_is_the_servers),
        cmocka_unit_test(hosts_have_limits),
        cmocka_unit_test(origins_bracket_ipv6),
        cmocka_unit_test(an_rp_id_belongs_to_its_hosts_only),
        cmocka_unit_test(only_what_is_no_secret_is_echoed),
    };

    return cmocka_run_group_tests_name("askpass_prompt", tests, NULL, NULL);
}
