/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/webauthn/crypto.h"
#include "daemon/verify/context.h"

#include <stdlib.h>
#include <string.h>

static const struct context sudo = {
    .act = "authenticate",
    .user = "alice",
    .service = "sudo",
    .host = "web1",
    .tty = "/dev/pts/3",
    .rhost = "",
    .command = "apt \"upgrade\"",
    .target = "root",
};

static void json_is_canonical(void **state)
{
    char *json = context_json(&sudo);

    (void)state;
    assert_string_equal(json, "{\"act\":\"authenticate\",\"command\":\"apt \\\"upgrade\\\"\","
                              "\"host\":\"web1\",\"rhost\":\"\",\"service\":\"sudo\","
                              "\"target\":\"root\",\"tty\":\"/dev/pts/3\",\"user\":\"alice\"}");
    free(json);
}

static void json_has_what_else_is_known(void **state)
{
    struct context more = sudo;
    PK_AUTO_FREE char *json = NULL;

    (void)state;
    more.act = "approve";
    more.digest = "00ff";
    more.group = "adm";
    more.folder = "/home/alice";
    more.root = "/mnt";
    more.environment = "A=b";
    more.files = "/etc/hosts";
    more.ruser = "bob";
    more.dialog = "/usr/bin/agent";
    json = context_json(&more);
    assert_string_equal(json,
                        "{\"act\":\"approve\",\"chroot\":\"/mnt\","
                        "\"command\":\"apt \\\"upgrade\\\"\",\"cwd\":\"/home/alice\","
                        "\"dialog\":\"/usr/bin/agent\",\"digest\":\"00ff\",\"environment\":\"A=b\","
                        "\"files\":\"/etc/hosts\",\"group\":\"adm\",\"host\":\"web1\","
                        "\"rhost\":\"\",\"ruser\":\"bob\","
                        "\"service\":\"sudo\",\"target\":\"root\",\"tty\":\"/dev/pts/3\","
                        "\"user\":\"alice\"}");
}

static void json_refuses_what_is_not_utf8(void **state)
{
    struct context odd = sudo;

    (void)state;
    odd.command = "rm \xff";
    assert_null(context_json(&odd));
}

static void client_data_has_the_local_origin(void **state)
{
    static const char text[] = "{\"type\":\"webauthn.get\",\"challenge\":\"AQID\","
                               "\"origin\":\"local://web1.example\",\"crossOrigin\":false}";
    const uint8_t challenge[] = {1, 2, 3};
    uint8_t expected[PK_HASH_SIZE];
    uint8_t hash[PK_HASH_SIZE];

    (void)state;
    pk_sha256(pk_view_string(text), expected);
    assert_int_equal(context_local_client_data_hash(
                         PK_AUTHENTICATION, (struct pk_view){challenge, 3}, "web1.example", hash),
                     PK_OK);
    assert_memory_equal(hash, expected, sizeof(hash));
    assert_int_equal(context_local_client_data_hash(PK_AUTHENTICATION,
                                                    (struct pk_view){challenge, 3}, "a\"b", hash),
                     PK_INVALID_ARGUMENT);
}

static void remote_is_whatever_has_a_host(void **state)
{
    static const struct {
        const char *rhost;
        bool remote;
    } cases[] = {
        {"", false},    {":0", false},     {":10", false},      {":0.1", false},
        {":", true},    {":x", true},      {":0x", true},       {":0.", true},
        {":0.x", true}, {":.0", true},     {":0:0", true},      {"::1", true},
        {"0", true},    {"web1", true},    {"localhost", true}, {"localhost:10.0", true},
        {" ", true},    {"unknown", true}, {"127.0.0.1", true}, {"192.0.2.1", true},
    };
    struct context context = sudo;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        context.rhost = cases[i].rhost;
        assert_int_equal(context_is_remote(&context), cases[i].remote);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_canonical),
        cmocka_unit_test(json_has_what_else_is_known),
        cmocka_unit_test(json_refuses_what_is_not_utf8),
        cmocka_unit_test(client_data_has_the_local_origin),
        cmocka_unit_test(remote_is_whatever_has_a_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
