/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctl/check_host.h"

#include "client/capture.h"
#include "client/ctl/check_pam.h"
#include "client/ctl/check_sshd.h"
#include "client/ctl/findings.h"
#include "client/ssh_agent.h"
#include "common/base/cleanup.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define OUTPUT_MAX 65536 /* bytes of another program's */
#define PATIENCE   "10"  /* seconds for another program */
#define DAY        86400

/* What the program prints, NUL-terminated, the caller's to free; NULL: it cannot be run. */
static char *run(char *program, char *option, int *ret_exit)
{
    static char timeout[] = "timeout", patience[] = PATIENCE;
    char *const argv[] = {timeout, patience, program, option, NULL};
    const struct capture capture = {
        .program = timeout, .argv = argv, .errors = true, .max = OUTPUT_MAX};
    PK_AUTO_BYTES struct pk_bytes output = {0};

    if (capture_run(&capture, &output, ret_exit) != PK_OK || *ret_exit == 126 || *ret_exit == 127)
        return NULL;
    return strndup(output.data ? (const char *)output.data : "", output.len);
}

/* --- the configuration ------------------------------------------------------------------------ */

/* "FILE:LINE: what": the command that opens it there. */
static char *edit_command(struct pk_view line)
{
    const uint8_t *end = memchr(line.ptr, ':', line.len);

    if (line.ptr[0] != '/' || !end)
        return strdup("passkeyd --check-config  # says it again");
    return pk_text_format("editor %.*s && passkeyd --check-config && systemctl reload passkeyd",
                          (int)(end - line.ptr), (const char *)line.ptr);
}

void check_config(const char *program, json_t *findings)
{
    static const char warning[] = "warning: ";
    static char option[] = "--check-config";
    PK_AUTO_FREE char *path = strdup(program);
    int code = 0;
    PK_AUTO_FREE char *output = path ? run(path, option, &code) : NULL;
    struct pk_view rest = pk_view_string(output ? output : "");
    bool said = false;

    if (!output) {
        finding_add(findings, "configuration", FINDING_FAIL, "passkeyd cannot be run",
                    "passkeyd --version  # is it installed?");
        return;
    }
    while (rest.len > 0) {
        struct pk_view line = pk_text_trim(pk_text_take_line(&rest));
        bool mild = line.len > strlen(warning) && memcmp(line.ptr, warning, strlen(warning)) == 0;
        PK_AUTO_FREE char *text = NULL;
        PK_AUTO_FREE char *mend = NULL;

        if (mild)
            line = (struct pk_view){line.ptr + strlen(warning), line.len - strlen(warning)};
        if (line.len == 0)
            continue;
        text = pk_text_format("%.*s", (int)line.len, (const char *)line.ptr);
        mend = edit_command(line);
        finding_add(findings, "configuration", mild || code == 0 ? FINDING_WARN : FINDING_FAIL,
                    text ? text : "", mend);
        said = true;
    }
    if (code != 0 && !said)
        finding_add(findings, "configuration", FINDING_FAIL, "passkeyd --check-config fails",
                    "passkeyd --check-config");
    else if (!said)
        finding_add(findings, "configuration", FINDING_OK, "passkeyd finds nothing wrong with it",
                    NULL);
}

/* --- sshd and sudo ---------------------------------------------------------------------------- */

/* The value behind "KEYWORD " at the start of a line; empty: it is not there. */
static struct pk_view setting(const char *settings, const char *keyword)
{
    struct pk_view rest = pk_view_string(settings);
    size_t len = strlen(keyword);

    while (rest.len > 0) {
        struct pk_view line = pk_text_trim(pk_text_take_line(&rest));

        if (line.len > len && memcmp(line.ptr, keyword, len) == 0 && line.ptr[len] == ' ')
            return pk_text_trim((struct pk_view){line.ptr + len, line.len - len});
    }
    return (struct pk_view){0};
}

void check_sshd_settings(const char *settings, json_t *findings)
{
    struct pk_view pam = settings ? setting(settings, "usepam") : (struct pk_view){0};
    struct pk_view asks =
        settings ? setting(settings, "kbdinteractiveauthentication") : (struct pk_view){0};
    bool good = true;

    if (pam.len == 0) {
        finding_add(findings, "sshd", FINDING_NOTE, "sshd does not tell its settings",
                    "sudo passkeyctl check  # or: sudo sshd -T");
        return;
    }
    if (!pk_view_equal(pam, pk_view_string("yes"))) {
        good = false;
        finding_add(findings, "sshd", FINDING_FAIL,
                    "UsePAM is off: sshd never asks pam_passkey.so, which /etc/pam.d/sshd names",
                    "echo 'UsePAM yes' > /etc/ssh/sshd_config.d/00-passkey.conf && sshd -t && "
                    "systemctl reload ssh");
    }
    if (asks.len > 0 && !pk_view_equal(asks, pk_view_string("yes"))) {
        good = false;
        finding_add(findings, "sshd", FINDING_FAIL,
                    "KbdInteractiveAuthentication is off: no question of pam_passkey.so reaches "
                    "anybody",
                    "echo 'KbdInteractiveAuthentication yes' > "
                    "/etc/ssh/sshd_config.d/00-passkey.conf && sshd -t && systemctl reload ssh");
    }
    if (good)
        finding_add(findings, "sshd", FINDING_OK, "sshd passes on what PAM asks", NULL);
}

/* The names below "Environment variables to preserve:", each on a line of its own. */
static bool keeps(const char *settings, const char *name)
{
    static const char heading[] = "Environment variables to preserve:";
    const char *list = strstr(settings, heading);
    struct pk_view rest = pk_view_string(list ? list + strlen(heading) + 1 : "");

    while (rest.len > 0 && (rest.ptr[0] == '\t' || rest.ptr[0] == ' '))
        if (pk_view_equal(pk_text_trim(pk_text_take_line(&rest)), pk_view_string(name)))
            return true;
    return false;
}

void check_sudo_settings(const char *settings, json_t *findings)
{
    bool agent = keeps(settings, "SSH_AUTH_SOCK"), connection = keeps(settings, "SSH_CONNECTION");

    if (agent && connection)
        finding_add(findings, "sudo", FINDING_OK, "sudo keeps SSH_AUTH_SOCK and SSH_CONNECTION",
                    NULL);
    else
        finding_add(findings, "sudo", FINDING_NOTE,
                    agent ? "sudo does not keep SSH_CONNECTION, by which the module tells remote "
                            "sessions where there is no logind"
                          : "sudo does not keep SSH_AUTH_SOCK: the key behind a forwarded "
                            "ssh-agent is not asked",
                    "echo 'Defaults env_keep += \"SSH_AUTH_SOCK SSH_CONNECTION\"' | "
                    "(umask 337; cat > /etc/sudoers.d/passkey) && visudo -c");
}

/* sshd -T tells what holds for everybody; blocks for some can say otherwise. */
static void check_sshd_for_some(const char *settings, json_t *findings)
{
    static const char pam[] = "usepam", asks[] = "kbdinteractiveauthentication";
    struct pk_view no = pk_view_string("no"), text = pk_view_string(settings ? settings : "");
    const struct check_sshd_usual usual = {
        .pam = text.len == 0 || !pk_view_equal(setting(settings, pam), no),
        .asks = text.len == 0 || !pk_view_equal(setting(settings, asks), no),
    };

    check_sshd_blocks("", "/etc/ssh/sshd_config", &usual, findings);
}

void check_programs(json_t *findings)
{
    static char sshd[] = "/usr/sbin/sshd", extended[] = "-T", sudo[] = "sudo", version[] = "-V";
    bool root = geteuid() == 0;
    int code = 0;

    if (check_pam_service_asks("", "sshd") && access(sshd, X_OK) == 0) {
        PK_AUTO_FREE char *settings = root ? run(sshd, extended, &code) : NULL;

        check_sshd_settings(settings, findings);
        check_sshd_for_some(settings, findings);
    }
    if (check_pam_service_asks("", "sudo") && root) {
        PK_AUTO_FREE char *settings = run(sudo, version, &code);

        if (settings)
            check_sudo_settings(settings, findings);
    }
}

/* --- the agent, polkit, the clock ------------------------------------------------------------- */

void check_agent(json_t *findings)
{
    PK_AUTO_CLOSE int fd = -1;
    enum pk_status status = ssh_agent_connect(&fd);

    if (status == PK_OK)
        finding_add(findings, "agent", FINDING_OK, "an ssh-agent accepts connections", NULL);
    else if (status != PK_NOT_FOUND)
        finding_add(findings, "agent", FINDING_WARN,
                    "SSH_AUTH_SOCK names a socket where no ssh-agent accepts connections",
                    "eval \"$(ssh-agent)\"  # or, for a forwarded one, sign in again by ssh -A");
}

void check_polkit_actions(const char *root, json_t *findings)
{
    PK_AUTO_FREE char *path = pk_text_format("%s%s/org.passkeyd.policy", root, PK_POLKITACTIONSDIR);

    if (path && access(path, R_OK) == 0)
        return;
    finding_add(findings, "polkit", FINDING_WARN,
                "polkit does not know passkeyd's actions: it refuses every enrolment",
                "make install  # of passkeyd: " PK_POLKITACTIONSDIR "/org.passkeyd.policy");
}

void check_clock(time_t now, time_t known, bool synchronized, json_t *findings)
{
    struct tm tm;
    char date[32] = "?";
    PK_AUTO_FREE char *text = NULL;

    if (gmtime_r(&now, &tm))
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
    text = pk_text_format("the clock says %s, which has passed: tickets, attestation certificates "
                          "and the log depend on it",
                          date);
    if (now < known - DAY)
        finding_add(findings, "clock", FINDING_WARN, text ? text : "the clock is wrong",
                    "timedatectl set-ntp true  # or: date --set=...");
    else if (!synchronized)
        finding_add(findings, "clock", FINDING_NOTE, "nothing keeps the clock right",
                    "timedatectl set-ntp true");
    else
        finding_add(findings, "clock", FINDING_OK, "the clock is kept right", NULL);
}

void check_own_clock(json_t *findings)
{
    struct timex kernel = {0};
    struct stat program = {0};
    bool synchronized = adjtimex(&kernel) != TIME_ERROR;

    (void)stat("/proc/self/exe", &program);
    check_clock(time(NULL), program.st_mtime, synchronized, findings);
}
