/* SPDX-License-Identifier: BSD-2-Clause */
/* What passkeyctl check makes of what other programs print, and of the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/ctl/check_host.h"
#include "client/ctl/check_sshd.h"
#include "client/ctl/findings.h"
#include "client/passkeys.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The finding at index has that state and text, and a remedy unless nothing is wrong. */
static void assert_finding(const json_t *findings, size_t index, const char *state,
                           const char *text)
{
    const json_t *finding = json_array_get(findings, index);

    assert_non_null(finding);
    assert_string_equal(member_text(finding, "state"), state);
    if (!strstr(member_text(finding, "text"), text))
        fail_msg("%s", member_text(finding, "text"));
    assert_int_equal(*member_text(finding, "mend") != 0, strcmp(state, "ok") != 0);
}

static void sshd_settings(void **state)
{
    static const struct {
        const char *settings, *state, *text;
    } rows[] = {
        {"port 22\nusepam yes\nkbdinteractiveauthentication yes\n", "ok", "passes on"},
        {"usepam no\nkbdinteractiveauthentication yes\n", "fail", "UsePAM is off"},
        {"usepam yes\nkbdinteractiveauthentication no\n", "fail", "KbdInteractive"},
        {"xusepam yes\n", "note", "does not tell"},
        {NULL, "note", "does not tell"},
        {"sshd: no hostkeys available -- exiting.\n", "note", "does not tell"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *findings = json_array();

        check_sshd_settings(rows[i].settings, findings);
        assert_int_equal(json_array_size(findings), 1);
        assert_finding(findings, 0, rows[i].state, rows[i].text);
        json_decref(findings);
    }
}

/* How sshd_config is found, with what /etc/ssh/more.d/1.conf says; NULL: it is not there. */
static json_t *blocks_of(const char *text, const char *included, bool pam, bool asks)
{
    const struct check_sshd_usual usual = {pam, asks};
    json_t *findings = json_array();
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *etc = NULL;
    PK_AUTO_FREE char *ssh = NULL;
    PK_AUTO_FREE char *more = NULL;

    scratch_new(folder);
    etc = pk_text_format("%s/etc", folder);
    ssh = pk_text_format("%s/ssh", etc);
    more = pk_text_format("%s/more.d", ssh);
    assert_int_equal(mkdir(etc, 0700) | mkdir(ssh, 0700) | mkdir(more, 0700), 0);
    if (text)
        scratch_write(ssh, "sshd_config", text, strlen(text));
    if (included)
        scratch_write(more, "1.conf", included, strlen(included));
    check_sshd_blocks(folder, "/etc/ssh/sshd_config", &usual, findings);
    scratch_remove(folder);
    return findings;
}

static void sshd_blocks(void **state)
{
    static const struct {
        const char *text, *included, *state, *found; /* NULL: nothing is found */
        bool asks;
    } rows[] = {
        {"Match User git\n  KbdInteractiveAuthentication no\n", NULL, "warn",
         "/etc/ssh/sshd_config:2: KbdInteractiveAuthentication is off for those whom \"Match User "
         "git\" fits",
         true},
        {"match address 10.0.0.0/8\nCHALLENGERESPONSEAUTHENTICATION=No\n", NULL, "warn",
         "\"Match address 10.0.0.0/8\"", true},
        {"Match all\n\"UsePAM\" \"no\"\n", NULL, "warn", ":2: UsePAM is off", true},
        {"Match User a\n\nMatch User b\nUsePAM no", NULL, "warn",
         ":4: UsePAM is off for those "
         "whom \"Match User b\"",
         true},
        {"Match User a\nKbdInteractiveAuthentication yes\n", NULL, "note", "is on for those",
         false},
        {"Match User a\nKbdInteractiveAuthentication yes\n", NULL, NULL, NULL, true},
        {"Match User a\nKbdInteractiveAuthentication no\n", NULL, NULL, NULL, false},
        {"Match User a\nKbdInteractiveAuthentication perhaps\nKbdInteractive no\n", NULL, NULL,
         NULL, true},
        {"#Match User a\nKbdInteractiveAuthentication no\n", NULL, NULL, NULL, true},
        {"Include more.d/*.conf\nUsePAM no\n", "Match User a\nUsePAM no\n", "warn",
         "/etc/ssh/more.d/1.conf:2: UsePAM", true},
        /* a block ends with its file */
        {"Include more.d/*.conf\nUsePAM no\n", "Match User a\n", NULL, NULL, true},
        {"Match User a\nInclude /etc/ssh/more.d/1.conf\n", "UsePAM no\n", "warn",
         "/etc/ssh/more.d/1.conf:1: UsePAM is off for those whom \"Match User a\"", true},
        {"Match User a\n", "UsePAM no\n", NULL, NULL, true},
        {"Include more.d/2.conf nowhere\n", NULL, NULL, NULL, true},
        {"", NULL, NULL, NULL, true},
        {NULL, NULL, NULL, NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *findings = blocks_of(rows[i].text, rows[i].included, true, rows[i].asks);

        assert_int_equal(json_array_size(findings), rows[i].state ? 1 : 0);
        if (rows[i].state)
            assert_finding(findings, 0, rows[i].state, rows[i].found);
        json_decref(findings);
    }
}

/* Every beginning of a file, and files that include each other for ever. */
static void sshd_files_of_any_kind(void **state)
{
    static const char text[] = "Include more.d/*.conf\nMatch User \"a b\"\nUsePAM = \"no\"\n\"";
    json_t *findings;

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        PK_AUTO_FREE char *part = strndup(text, len);

        findings = blocks_of(part, "Include more.d/1.conf\nMatch \nUsePAM no\n\xff", true, true);
        assert_true(json_array_size(findings) <= 1);
        json_decref(findings);
    }
    findings = blocks_of(text, NULL, true, true);
    assert_finding(findings, 0, "warn", "\"Match User \"a b\"\"");
    json_decref(findings);
}

static void sudo_settings(void **state)
{
    static const char heading[] = "Sudo version 1.9.13p3\nEnvironment variables to remove:\n"
                                  "\tSSH_AUTH_SOCK\n\tSSH_CONNECTION\n";
    static const struct {
        const char *kept, *state, *text;
    } rows[] = {
        {"\tSSH_CONNECTION\n\tHOME\n\tSSH_AUTH_SOCK\nLocale\n", "ok", "keeps"},
        {"\tSSH_CONNECTION\nLocale\n\tSSH_AUTH_SOCK\n", "note", "SSH_AUTH_SOCK"},
        {"\tSSH_AUTH_SOCK\n", "note", "SSH_CONNECTION"},
        {"", "note", "SSH_AUTH_SOCK"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *findings = json_array();
        PK_AUTO_FREE char *text =
            pk_text_format("%sEnvironment variables to preserve:\n%s", heading, rows[i].kept);

        check_sudo_settings(text, findings);
        assert_int_equal(json_array_size(findings), 1);
        assert_finding(findings, 0, rows[i].state, rows[i].text);
        json_decref(findings);
    }
}

static void the_clock(void **state)
{
    json_t *findings = json_array();

    (void)state;
    check_clock(0, 1790000000, true, findings);
    check_clock(1790000000 - 90000, 1790000000, true, findings);
    check_clock(1790000000, 1790000000, false, findings);
    check_clock(1790000000 - 3600, 1790000000, true, findings);
    assert_finding(findings, 0, "warn", "the clock says 1970-01-01 00:00 UTC");
    assert_finding(findings, 1, "warn", "the clock says 2026-");
    assert_finding(findings, 2, "note", "nothing keeps the clock right");
    assert_finding(findings, 3, "ok", "kept right");
    json_decref(findings);
}

static void the_configuration(void **state)
{
    static const struct {
        const char *script, *state, *text;
    } rows[] = {
        {"exit 0", "ok", "nothing wrong"},
        {"echo '/etc/p.conf:3: debug cannot be' >&2; exit 1", "fail", "/etc/p.conf:3: debug"},
        {"echo 'warning: /etc/p.conf:2: id' >&2", "warn", "/etc/p.conf:2: id"},
        {"exit 3", "fail", "passkeyd --check-config fails"},
    };
    char folder[SCRATCH_PATH_MAX];
    PK_AUTO_FREE char *path = NULL;
    json_t *findings = json_array();

    (void)state;
    scratch_new(folder);
    path = pk_text_format("%s/passkeyd", folder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PK_AUTO_FREE char *script = pk_text_format(
            "#!/bin/sh\n[ \"$1\" = --check-config ] || exit 9\n%s\n", rows[i].script);

        scratch_write(folder, "passkeyd", script, strlen(script));
        assert_int_equal(chmod(path, 0755), 0);
        json_array_clear(findings);
        check_config(path, findings);
        assert_int_equal(json_array_size(findings), 1);
        assert_finding(findings, 0, rows[i].state, rows[i].text);
    }
    assert_int_equal(unlink(path), 0);
    json_array_clear(findings);
    check_config(path, findings);
    assert_finding(findings, 0, "fail", "passkeyd cannot be run");
    json_decref(findings);
    scratch_remove(folder);
}

static void the_agent(void **state)
{
    char folder[SCRATCH_PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    json_t *findings = json_array();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    scratch_new(folder);
    (void)unsetenv("SSH_AUTH_SOCK");
    check_agent(findings);
    assert_int_equal(json_array_size(findings), 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/agent", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setenv("SSH_AUTH_SOCK", address.sun_path, 1), 0);
    check_agent(findings);
    assert_finding(findings, 0, "warn", "SSH_AUTH_SOCK names a socket");
    assert_int_equal(listen(fd, 1), 0);
    check_agent(findings);
    assert_finding(findings, 1, "ok", "an ssh-agent accepts");
    (void)close(fd);
    json_decref(findings);
    scratch_remove(folder);
}

/* What is quoted of a file or a variable is harmless on a terminal, and JSON whatever it is. */
static void findings_are_text(void **state)
{
    json_t *findings = json_array();

    (void)state;
    finding_add(findings, "pam", FINDING_WARN, "a\x1b[2J\xff", "b\x07");
    assert_string_equal(member_text(json_array_get(findings, 0), "text"), "a?[2J?");
    assert_string_equal(member_text(json_array_get(findings, 0), "mend"), "b?");
    finding_add_once(findings, "pam", FINDING_FAIL, "one", NULL);
    finding_add_once(findings, "pam", FINDING_FAIL, "one", NULL);
    assert_int_equal(json_array_size(findings), 2);
    assert_int_equal(findings_worst(findings), FINDING_FAIL);
    json_decref(findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sshd_settings), cmocka_unit_test(sudo_settings),
        cmocka_unit_test(sshd_blocks),   cmocka_unit_test(sshd_files_of_any_kind),
        cmocka_unit_test(the_clock),     cmocka_unit_test(the_configuration),
        cmocka_unit_test(the_agent),     cmocka_unit_test(findings_are_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
