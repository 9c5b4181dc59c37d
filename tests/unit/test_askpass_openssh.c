/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/askpass/openssh.h"
#include "client/ssh/environment.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[SCRATCH_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    scratch_new(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static void versions_are_read(void **state)
{
    static const struct {
        const char *text;
        enum pk_status status;
        bool writes_prefix;
    } cases[] = {
        {"OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.22\n", PK_OK, true},
        {"OpenSSH_8.5p1", PK_OK, true},
        {"OpenSSH_8.5", PK_OK, true},
        {"OpenSSH_10.0p2, LibreSSL", PK_OK, true},
        {"OpenSSH_8.4p1 Debian", PK_OK, false},
        {"OpenSSH_7.9", PK_OK, false},
        {"OpenSSH_9999.1", PK_INVALID_INPUT, false},
        {"OpenSSH_9.1000", PK_INVALID_INPUT, false},
        {"OpenSSH_.5", PK_INVALID_INPUT, false},
        {"OpenSSH_-9.5", PK_INVALID_INPUT, false},
        {"OpenSSH_ 9.5", PK_INVALID_INPUT, false},
        {"OpenSSH_8.", PK_INVALID_INPUT, false},
        {"OpenSSH_", PK_INVALID_INPUT, false},
        {"OpenSSH 9.2", PK_INVALID_INPUT, false},
        {"Dropbear v2022.83", PK_INVALID_INPUT, false},
        {"", PK_INVALID_INPUT, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct askpass_openssh version = {0};

        if (askpass_openssh_parse(cases[i].text, &version) != cases[i].status ||
            askpass_openssh_writes_prefix(&version) != cases[i].writes_prefix)
            fail_msg("%s", cases[i].text);
    }
}

static char *program(const char *name, const char *text)
{
    char *path = pk_text_format("%s/%s", folder, name);

    scratch_write(folder, name, text, strlen(text));
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static void programs_are_asked(void **state)
{
    PK_AUTO_FREE char *good = program("a", "#!/bin/sh\necho OpenSSH_8.9p1 \"$@\" >&2\n");
    PK_AUTO_FREE char *other = program("b", "#!/bin/sh\nyes | head -c 100000\n");
    PK_AUTO_FREE char *silent = program("c", "#!/bin/sh\nexit 1\n");
    struct askpass_openssh version = {0};

    (void)state;
    assert_int_equal(askpass_openssh_ask(good, &version), PK_OK);
    assert_int_equal(version.major, 8);
    assert_int_equal(version.minor, 9);
    assert_int_equal(askpass_openssh_ask(other, &version), PK_INVALID_INPUT);
    assert_int_equal(askpass_openssh_ask(silent, &version), PK_INVALID_INPUT);
    assert_int_equal(askpass_openssh_ask("/nowhere/ssh", &version), PK_NOT_FOUND);
}

static void only_an_ssh_that_would_ask_it_has_a_fallback(void **state)
{
    static const struct {
        const char *askpass;
        const char *require;
        const char *display;
        bool without_terminal;
        bool with_terminal;
    } cases[] = {
        {NULL, NULL, ":0", false, false},  {"", "force", ":0", false, false},
        {"a", NULL, NULL, false, false},   {"a", NULL, ":0", true, false},
        {"a", "", ":0", true, false},      {"a", "never", ":0", false, false},
        {"a", "prefer", ":0", true, true}, {"a", "prefer", NULL, false, false},
        {"a", "force", NULL, true, true},
    };
    static const char *const names[] = {"SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY"};

    (void)state;
    assert_int_equal(unsetenv("WAYLAND_DISPLAY"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const values[] = {cases[i].askpass, cases[i].require, cases[i].display};

        for (size_t j = 0; j < 3; j++)
            assert_int_equal(values[j] ? setenv(names[j], values[j], 1) : unsetenv(names[j]), 0);
        assert_int_equal(ssh_would_use_askpass(false), cases[i].without_terminal);
        assert_int_equal(ssh_would_use_askpass(true), cases[i].with_terminal);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_read),
        IN_FOLDER(programs_are_asked),
        cmocka_unit_test(only_an_ssh_that_would_ask_it_has_a_fallback),
    };

    return cmocka_run_group_tests_name("openssh", tests, NULL, NULL);
}
