/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/gateway_config.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <string.h>

static char folder[SCRATCH_PATH_MAX];
static char path[SCRATCH_PATH_MAX + 32];
static struct gateway_config *config;
static struct pk_strings problems;

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    (void)snprintf(path, sizeof(path), "%s/gateway.conf", folder);
    return 0;
}

static void forget(void)
{
    gateway_config_free(config);
    config = NULL;
    pk_strings_clear(&problems);
}

static int tear_down(void **state)
{
    (void)state;
    forget();
    scratch_remove(folder);
    return 0;
}

static void read_text(const char *text)
{
    forget();
    scratch_write(folder, "gateway.conf", text, strlen(text));
    assert_int_equal(gateway_config_read(path, &config, &problems), PK_OK);
}

static void good(const char *text)
{
    read_text(text);
    if (problems.count > 0)
        fail_msg("%s", problems.items[0]);
}

static void bad(const char *text, unsigned line, const char *what)
{
    char where[sizeof(path) + 16];

    read_text(text);
    if (problems.count != 1)
        fail_msg("%zu problems with %s", problems.count, text);
    if (line > 0) {
        (void)snprintf(where, sizeof(where), "%s:%u: ", path, line);
        assert_ptr_equal(strstr(problems.items[0], where), problems.items[0]);
    }
    assert_non_null(strstr(problems.items[0], what));
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(gateway_config_read(path, &config, &problems), PK_OK); /* no such file */
    assert_int_equal(problems.count, 0);
    assert_int_equal(config->listen.count, 0);
    assert_int_equal(config->trusted_proxies.count, 0);
    assert_true(config->access_log);
    assert_int_equal(config->limits.connections, 2048);
    assert_int_equal(config->limits.address_rate, 200);
}

static void every_key(void **state)
{
    (void)state;
    good("[gateway]\n"
         "listen = 127.0.0.1:8080, [::1]:8080, unix:/run/x, systemd\n"
         "tls-listen = 0.0.0.0:443\n"
         "tls-certificate = /a\n"
         "tls-key = /b\n"
         "admin-listen = 127.0.0.1:9180\n"
         "trusted-proxies = unix, 10.0.0.0/8, ::1\n"
         "server-names = a.example, b.example\n"
         "access-log = no\n"
         "debug = yes\n"
         "[limits]\n"
         "connections = 16\n"
         "connections-per-address = 1\n"
         "requests-per-second-per-address = 2\n"
         "requests-per-second-per-key = 3\n"
         "header-seconds = 4\n"
         "body-seconds = 5\n"
         "idle-seconds = 6\n"
         "call-seconds = 7\n"
         "stop-seconds = 8\n");
    assert_int_equal(config->listen.count, 4);
    assert_int_equal(config->tls_listen.count, 1);
    assert_string_equal(config->tls_certificate, "/a");
    assert_string_equal(config->tls_key, "/b");
    assert_int_equal(config->admin_listen.count, 1);
    assert_int_equal(config->trusted_proxies.count, 3);
    assert_int_equal(config->server_names.count, 2);
    assert_false(config->access_log);
    assert_true(config->debug);
    assert_int_equal(config->limits.connections, 16);
    assert_int_equal(config->limits.address_connections, 1);
    assert_int_equal(config->limits.address_rate, 2);
    assert_int_equal(config->limits.key_rate, 3);
    assert_int_equal(config->limits.header_seconds, 4);
    assert_int_equal(config->limits.body_seconds, 5);
    assert_int_equal(config->limits.idle_seconds, 6);
    assert_int_equal(config->limits.call_seconds, 7);
    assert_int_equal(config->limits.stop_seconds, 8);
}

static void mistakes(void **state)
{
    (void)state;
    bad("[gateway]\nlisten = 0.0.0.0:80\n", 2, "listen: allowed are");
    bad("[gateway]\nadmin-listen = 192.0.2.1:80\n", 2, "admin-listen: allowed are");
    bad("[gateway]\nlisten = ,\n", 2, "listen");
    bad("[gateway]\ntrusted-proxies = 10.0.0.1/8\n", 2, "trusted-proxies");
    bad("[gateway]\nserver-names = A\n", 2, "server-names");
    bad("[gateway]\nx = 1\n", 2, "no key x");
    bad("[gateway x]\ndebug = no\n", 2, "[gateway x] is not known");
    bad("[other]\ndebug = no\n", 2, "[other] is not known");
    bad("[limits]\nconnections = 15\n", 2, "16 to 65536");
    bad("[limits]\nconnections = 65537\n", 2, "16 to 65536");
    bad("[limits]\nstop-seconds = 1s\n", 2, "stop-seconds");
    bad("[limits]\nstop-seconds = -1\n", 2, "stop-seconds");
    bad("[limits]\nstop-seconds = 99999999999999\n", 2, "stop-seconds");
    bad("[gateway]\ntls-listen = 127.0.0.1:443\n", 0, "needs tls-certificate and tls-key");
    bad("[gateway]\ntls-certificate = /a\n", 0, "need each other");
    bad("[gateway]\ntls-certificate = /a\ntls-key = /b\n", 0, "without tls-listen");
    bad("[gateway]\nadmin-listen = systemd\n", 0, "systemd's sockets are for listen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
