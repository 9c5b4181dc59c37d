/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl status and check: what there is, what is missing, and how to mend it. */
#include "client/ctl/check_files.h"
#include "client/ctl/commands.h"
#include "client/ctl/findings.h"
#include "client/passkeys.h"

#include "common/base/text.h"
#include "common/bus/calls.h"
#include "common/bus/names.h"

#include <stdio.h>
#include <string.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"

static json_t *fetch_status(struct session *session, enum pk_status *ret_status)
{
    PK_AUTO_FREE char *text = NULL;
    json_t *object;

    *ret_status = pk_daemon_status(session->bus, &text);
    if (*ret_status != PK_OK)
        return NULL;
    object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        *ret_status = PK_PROTOCOL;
        return NULL;
    }
    return object;
}

static void print_accounts(const json_t *accounts)
{
    size_t i;
    json_t *account;

    json_array_foreach(accounts, i, account)
    {
        (void)printf(
            "%-14s %s (%s): passkeys %lld, recovery codes %lld%s\n", i == 0 ? "accounts" : "",
            member_text(account, "user"), member_text(account, "rp"),
            (long long)json_integer_value(json_object_get(account, "passkeys")),
            (long long)json_integer_value(json_object_get(account, "recoveryCodes")),
            json_is_true(json_object_get(account, "orphaned"))
                ? "; orphaned: the name now means another uid, or nobody; they open nothing"
                : "");
    }
}

static void print_status(const json_t *object)
{
    const json_t *helper = json_object_get(object, "authenticator");
    size_t i;
    json_t *rp;

    (void)printf("%-14s %s\n", "version", member_text(object, "version"));
    json_array_foreach(json_object_get(object, "relyingParties"), i, rp)
    {
        (void)printf("%-14s %s: %s\n", i == 0 ? "relying party" : "", member_text(rp, "name"),
                     member_text(rp, "id"));
    }
    (void)printf("%-14s %s\n", "polkit",
                 json_is_true(json_object_get(object, "polkit")) ? "on the bus" : "not on the bus");
    (void)printf("%-14s %s%s\n", "authenticator", member_text(helper, "program"),
                 json_is_false(json_object_get(helper, "present")) ? " (cannot be run)" : "");
    print_accounts(json_object_get(object, "accounts"));
}

int command_status(struct session *session)
{
    json_t *object = NULL;
    enum pk_status status = session_open(session);

    if (status == PK_OK)
        object = fetch_status(session, &status);
    if (status != PK_OK)
        return session_fail(session, status, NULL);
    if (session->line.json) {
        print_json(object);
        return EXIT_DONE;
    }
    print_status(object);
    json_decref(object);
    return EXIT_DONE;
}

static bool name_there(struct session *session, const char *name)
{
    bool there = false;

    if (pk_bus_name_has_owner(session->bus, name, &there) == PK_OK && there)
        return true;
    return pk_bus_name_activatable(session->bus, name, &there) == PK_OK && there;
}

static bool check_bus(struct session *session, json_t *findings)
{
    enum pk_status status = terminal_prepare(&session->terminal);

    if (status == PK_OK)
        status = pk_bus_open_system(60, session->terminal.cancel_fd, &session->bus);
    if (status == PK_OK)
        finding_add(findings, "bus", FINDING_OK, "the system bus answers", NULL);
    else
        finding_add(findings, "bus", FINDING_FAIL, "the system bus does not answer",
                    "systemctl start dbus");
    return status == PK_OK;
}

static bool check_daemon(struct session *session, json_t *findings)
{
    PK_AUTO_FREE char *version = NULL;
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status;

    if (!name_there(session, PK_BUS_NAME)) {
        finding_add(findings, "daemon", FINDING_FAIL,
                    "passkeyd neither runs nor can be started by the bus",
                    "install its activation file, then: systemctl reload dbus");
        return false;
    }
    status = pk_daemon_version(session->bus, &version);
    if (status != PK_OK) {
        text = pk_text_format("passkeyd does not answer: %s", pk_bus_error_message(session->bus));
        finding_add(findings, "daemon", FINDING_FAIL, text,
                    "systemctl status passkeyd; journalctl -u passkeyd; passkeyd --check-config");
        return false;
    }
    if (strcmp(version, PACKAGE_VERSION) == 0)
        finding_add(findings, "daemon", FINDING_OK, "passkeyd answers", NULL);
    else
        finding_add(findings, "daemon", FINDING_WARN,
                    "passkeyd is of another version than this program",
                    "systemctl restart passkeyd");
    return true;
}

static void check_polkit(struct session *session, json_t *findings)
{
    if (name_there(session, POLKIT_NAME))
        finding_add(findings, "polkit", FINDING_OK, "polkit is on the bus", NULL);
    else
        finding_add(findings, "polkit", FINDING_WARN,
                    "there is no polkit: only root, or somebody with a ticket, can enrol",
                    "apt install polkitd pkexec");
}

static void check_helper(const json_t *status, json_t *findings)
{
    const json_t *helper = json_object_get(status, "authenticator");
    const json_t *present = json_object_get(helper, "present");
    PK_AUTO_FREE char *text =
        pk_text_format("the daemon cannot run its helper %s", member_text(helper, "program"));

    if (json_is_false(present))
        finding_add(findings, "authenticator", FINDING_FAIL, text,
                    "reinstall passkeyd, or mend [authenticator] program in passkeyd.conf");
    else
        finding_add(findings, "authenticator", FINDING_OK, "the daemon has its helper", NULL);
}

static void check_account(const json_t *account, json_t *findings)
{
    const char *user = member_text(account, "user");
    PK_AUTO_FREE char *orphaned =
        pk_text_format("the passkeys of \"%s\" belong to another uid and open nothing", user);
    PK_AUTO_FREE char *mend =
        pk_text_format("see: passkeyctl list --user %s; enrol anew, remove the old ones", user);

    if (json_is_true(json_object_get(account, "orphaned")))
        finding_add(findings, "account", FINDING_WARN, orphaned, mend);
}

static void check_accounts(const json_t *status, json_t *findings)
{
    json_int_t passkeys = 0;
    size_t i;
    json_t *account;

    json_array_foreach(json_object_get(status, "accounts"), i, account)
    {
        check_account(account, findings);
        if (!json_is_true(json_object_get(account, "orphaned")))
            passkeys += json_integer_value(json_object_get(account, "passkeys"));
    }
    if (passkeys > 0)
        finding_add(findings, "passkeys", FINDING_OK, "there are passkeys", NULL);
    else
        finding_add(findings, "passkeys", FINDING_WARN, "there are no passkeys yet",
                    "passkey-enroll");
}

static void check_service(struct session *session, json_t *findings)
{
    enum pk_status result = PK_OK;
    json_t *status;

    if (!check_bus(session, findings))
        return;
    check_polkit(session, findings);
    if (!check_daemon(session, findings))
        return;
    status = fetch_status(session, &result);
    if (!status) {
        finding_add(findings, "status", FINDING_FAIL, "passkeyd does not tell its status",
                    "journalctl -u passkeyd");
        return;
    }
    check_helper(status, findings);
    check_accounts(status, findings);
    json_decref(status);
}

int command_check(struct session *session)
{
    json_t *findings = json_array();
    bool good;

    check_service(session, findings);
    check_devices("/", findings);
    check_pam("/", findings);
    good = findings_good(findings);
    if (session->line.json)
        print_json(json_pack("{s:b, s:o}", "ok", good, "checks", findings));
    else {
        findings_print(findings);
        json_decref(findings);
    }
    return good ? EXIT_DONE : EXIT_REFUSED;
}
