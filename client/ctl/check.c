/* SPDX-License-Identifier: BSD-2-Clause */
/* passkeyctl status and check: what there is, what is missing, and how to mend it. */
#include "client/ctl/check_files.h"
#include "client/ctl/check_host.h"
#include "client/ctl/check_pam.h"
#include "client/ctl/check_phone.h"
#include "client/ctl/commands.h"
#include "client/ctl/findings.h"
#include "client/ctl/store_words.h"
#include "client/passkeys.h"

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/bus/calls.h"
#include "common/bus/names.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLUEZ_NAME  "org.bluez"
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
    const char *failure = member_text(helper, "failure");
    PK_AUTO_FREE char *store = store_words(json_object_get(object, "store"));
    size_t i;
    json_t *rp;

    (void)printf("%-14s %s\n", "version", member_text(object, "version"));
    json_array_foreach(json_object_get(object, "relyingParties"), i, rp)
    {
        const char *problem = member_text(rp, "idProblem");
        bool generated = strcmp(member_text(rp, "idSource"), "generated") == 0;

        (void)printf("%-14s %s: %s%s%s%s\n", i == 0 ? "relying party" : "", member_text(rp, "name"),
                     member_text(rp, "id"),
                     generated ? " (made for this host, whose name cannot be an id)" : "",
                     *problem ? ", which " : "", problem);
    }
    (void)printf("%-14s %s\n", "polkit",
                 json_is_true(json_object_get(object, "polkit")) ? "on the bus" : "not on the bus");
    if (json_is_false(json_object_get(helper, "present")))
        failure = "it is not there";
    (void)printf("%-14s %s%s%s%s\n", "authenticator", member_text(helper, "program"),
                 *failure ? " (does not run: " : "", failure, *failure ? ")" : "");
    if (store)
        (void)printf("%-14s %s\n", "store", store);
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

/* Each of these follows from it, and is no trouble of its own. */
static void add_consequences(json_t *findings)
{
    static const char mend[] = "systemctl start dbus  # then: passkeyctl check";
    static const char *const rows[][2] = {
        {"daemon", "without the system bus passkeyd does not start: nobody is asked for a passkey, "
                   "and PAM goes on to what follows pam_passkey.so, or refuses"},
        {"polkit", "without the system bus polkit cannot be asked: enrolments need root or a "
                   "ticket"},
        {"logind", "without the system bus logind cannot be asked who sits at this computer"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        finding_add(findings, rows[i][0], FINDING_FAIL, rows[i][1], mend);
}

static bool check_bus(struct session *session, json_t *findings)
{
    enum pk_status status = terminal_prepare(&session->terminal);

    if (status == PK_OK)
        status = pk_bus_open_system(60, session->terminal.cancel_fd, &session->bus);
    if (status == PK_OK) {
        finding_add(findings, "bus", FINDING_OK, "the system bus answers", NULL);
        return true;
    }
    finding_add(findings, "bus", FINDING_FAIL, "the system bus does not answer",
                "systemctl start dbus");
    add_consequences(findings);
    return false;
}

static bool check_daemon(struct session *session, json_t *findings)
{
    PK_AUTO_FREE char *version = NULL;
    PK_AUTO_FREE char *text = NULL;
    enum pk_status status;

    if (!name_there(session, PK_BUS_NAME)) {
        finding_add(findings, "daemon", FINDING_FAIL,
                    "passkeyd neither runs nor can be started by the bus",
                    "systemctl reload dbus  # once its activation file is installed");
        return false;
    }
    status = pk_daemon_version(session->bus, &version);
    if (status != PK_OK) {
        text = pk_text_format("passkeyd does not answer: %s", pk_bus_error_message(session->bus));
        finding_add(findings, "daemon", FINDING_FAIL, text,
                    "journalctl -u passkeyd -n 20; passkeyd --check-config");
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
                    "apt install polkitd pkexec  # or, as root: passkeyctl ticket --user NAME");
}

/* The daemon has just tried it. */
static void check_helper(const json_t *status, json_t *findings)
{
    const json_t *helper = json_object_get(status, "authenticator");
    const char *program = member_text(helper, "program");
    const char *failure = member_text(helper, "failure");
    PK_AUTO_FREE char *absent = pk_text_format("the daemon cannot run its helper %s", program);
    PK_AUTO_FREE char *broken = pk_text_format(
        "the daemon's helper %s does not run: %s; no key is asked", program, failure);
    PK_AUTO_FREE char *try_it =
        pk_text_format("journalctl -u passkeyd -n 20; %s --version  # is the program right, and "
                       "does this kernel, or container, allow seccomp?",
                       program);

    if (json_is_false(json_object_get(helper, "present")))
        finding_add(findings, "authenticator", FINDING_FAIL, absent ? absent : "",
                    "passkeyd --check-config  # reinstall passkeyd, or mend [authenticator] "
                    "program");
    else if (json_is_false(json_object_get(helper, "runs")))
        finding_add(findings, "authenticator", FINDING_FAIL, broken ? broken : "", try_it);
    else
        finding_add(findings, "authenticator", FINDING_OK, "the daemon's helper runs", NULL);
}

static void check_relying_party(const json_t *rp, json_t *findings)
{
    const char *name = member_text(rp, "name"), *id = member_text(rp, "id");
    const char *problem = member_text(rp, "idProblem");
    bool recorded = strcmp(member_text(rp, "idSource"), "recorded") == 0;
    bool generated = strcmp(member_text(rp, "idSource"), "generated") == 0;
    PK_AUTO_FREE char *bad =
        pk_text_format("the id of [rp %s], \"%s\", %s%s", name, id, problem,
                       recorded ? "; it was recorded when passkeyd first started, and is kept for "
                                  "the passkeys that are made with it"
                                : "");
    PK_AUTO_FREE char *made =
        pk_text_format("the id of [rp %s], \"%s\", was made for this host, whose name cannot be "
                       "one; it serves here, and no browser",
                       name, id);
    PK_AUTO_FREE char *mend =
        pk_text_format("editor " PK_SYSCONFDIR "/passkeyd.conf && systemctl reload passkeyd  # [rp "
                       "%s] id = host.example.org; then enrol anew: passkey-enroll",
                       name);

    if (*problem)
        finding_add(findings, "id", FINDING_WARN, bad ? bad : "", mend);
    else if (generated)
        finding_add(findings, "id", FINDING_NOTE, made ? made : "", mend);
}

static void check_relying_parties(const json_t *status, json_t *findings)
{
    size_t i;
    json_t *rp;

    json_array_foreach(json_object_get(status, "relyingParties"), i, rp)
    {
        check_relying_party(rp, findings);
    }
}

static void check_account(const json_t *account, json_t *findings)
{
    const char *user = member_text(account, "user");
    bool orphaned = json_is_true(json_object_get(account, "orphaned"));
    bool last = json_integer_value(json_object_get(account, "passkeys")) == 1 &&
                json_integer_value(json_object_get(account, "recoveryCodes")) == 0;
    PK_AUTO_FREE char *stale =
        pk_text_format("the passkeys of \"%s\" belong to another uid and open nothing", user);
    PK_AUTO_FREE char *adopt = pk_text_format(
        "passkeyctl list --user %s; passkeyctl adopt %s  # or remove them, and enrol anew", user,
        user);
    PK_AUTO_FREE char *single =
        pk_text_format("\"%s\" has one passkey and no recovery codes: if it is lost, it is all "
                       "that is left",
                       user);
    PK_AUTO_FREE char *second =
        geteuid() == 0 ? pk_text_format("passkey-enroll --user %s  # a second key; or: passkeyctl "
                                        "recovery-codes --user %s",
                                        user, user)
                       : strdup("passkey-enroll  # a second key; or: passkeyctl recovery-codes");

    if (orphaned)
        finding_add(findings, "account", FINDING_WARN, stale ? stale : "", adopt);
    else if (last)
        finding_add(findings, "account", FINDING_WARN, single ? single : "", second);
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

/* false: what is in it cannot be said. */
static bool check_store(const json_t *status, json_t *findings)
{
    bool refuses = false;
    PK_AUTO_FREE char *trouble = store_trouble(json_object_get(status, "store"), &refuses);

    if (trouble)
        finding_add(findings, "store", refuses ? FINDING_FAIL : FINDING_WARN, trouble,
                    "systemctl status 'passkey-store-*'; journalctl -u passkeyd -n 20");
    return !refuses;
}

/* How the seat table of passkeyd(8) judges this very process; an older daemon does not say. */
static void check_seat(const json_t *status, json_t *findings)
{
    const json_t *seat = json_object_get(status, "seat");
    bool local = json_is_true(json_object_get(seat, "local"));
    PK_AUTO_FREE char *text = pk_text_format(
        "row %s: %s: a key in this computer %s where this command was typed",
        member_text(seat, "row"), member_text(seat, "why"), local ? "may be used" : "is not asked");

    if (!json_is_object(seat))
        return;
    finding_add(findings, "seat", local ? FINDING_OK : FINDING_NOTE, text ? text : "",
                local ? NULL : "man passkeyd  # \"Local and remote sessions\" has the rows");
}

/* *ret_status: the daemon's; the caller's to json_decref(). NULL: it does not tell. */
static void check_service(struct session *session, json_t *findings, json_t **ret_status)
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
                    "journalctl -u passkeyd -n 20");
        return;
    }
    check_helper(status, findings);
    check_relying_parties(status, findings);
    check_seat(status, findings);
    if (check_store(status, findings))
        check_accounts(status, findings);
    *ret_status = status;
}

/* As plugins of monitoring systems have it. */
static int exit_code(enum finding worst)
{
    if (worst == FINDING_FAIL)
        return 2;
    return worst == FINDING_WARN ? 1 : 0;
}

int command_check(struct session *session)
{
    static const char *const words[] = {"ok", "warning", "critical"};
    json_t *findings = json_array();
    json_t *status = NULL;
    int code;

    check_service(session, findings, &status);
    check_config(PK_SBINDIR "/passkeyd", findings);
    check_devices("", findings);
    check_pam("", json_object_get(status, "relyingParties"), findings);
    check_programs(findings);
    check_polkit_actions("", findings);
    check_agent(findings);
    check_own_clock(findings);
    if (session->line.phone)
        check_phone(session->bus && name_there(session, BLUEZ_NAME), findings);
    json_decref(status);
    code = exit_code(findings_worst(findings));
    if (session->line.json) {
        print_json(
            json_pack("{s:b, s:s, s:o}", "ok", code < 2, "state", words[code], "checks", findings));
    } else {
        findings_print(findings);
        json_decref(findings);
    }
    return code;
}
